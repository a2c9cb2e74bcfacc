"""`llmgen vllm up|status|down`: managed vLLM servers on this machine."""

from __future__ import annotations

import json
from typing import Any

import click
import msgspec

from llmgen.cli.main import run_async, settings_of
from llmgen.errors import UsageError


@click.group()
def vllm() -> None:
    """Start, stop and look at managed vLLM servers."""


@vllm.command()
@click.argument("model")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--adapter",
    "adapters",
    multiple=True,
    metavar="NAME=FOLDER",
    help="Also serve this LoRA adapter as NAME.",
)
@click.option("--port", type=click.IntRange(1, 65535), help="Port on 127.0.0.1 (default: a free one).")
@click.option("--max-model-len", type=click.IntRange(1), metavar="TOKENS", help="Longest prompt plus answer.")
@click.option("--python", metavar="PATH", help="Who has vLLM (default: $LLMGEN_VLLM_PYTHON, else ours).")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Return only when it is ready.")
@click.pass_context
def up(ctx: click.Context, /, *, wait: bool, **given: Any) -> None:
    """Start a server for MODEL: smollm2-135m, a saved model's folder, or a name on the hub.

    Words after `--` go to vLLM as they are: llmgen vllm up MODEL -- --enforce-eager
    """
    from llmgen.gateway.engines.vllm_command import Spec

    home = settings_of(ctx).home_path
    given["adapters"] = tuple(_pair(adapter) for adapter in given["adapters"])
    record = run_async(_up(Spec(**given), home, wait=wait))
    for name in record.identities:
        click.echo(f"vllm/{name}")
    state = "ready" if wait else "starting"
    click.echo(
        f"{record.id} is {state} at {record.base_url}; end it with: llmgen vllm down {record.id}", err=True
    )


@vllm.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout, nothing else.")
@click.pass_context
def status(ctx: click.Context, *, as_json: bool) -> None:
    """List the managed servers: ready, starting or dead."""
    from llmgen.cli.tables import print_table
    from llmgen.gateway.engines.records import load_all
    from llmgen.summary import Table

    records = load_all(settings_of(ctx).home_path)
    states = run_async(_states(records))
    if as_json:
        plain = zip(map(msgspec.to_builtins, records), states, strict=True)
        click.echo(json.dumps([_without_key(record) | {"state": state} for record, state in plain]))
        return
    if not records:
        _say("no managed vLLM server (start one: llmgen vllm up MODEL)")
        return
    rows = tuple(
        (r.id, state, ", ".join(r.identities), r.base_url, str(r.leader.pid), r.log)
        for r, state in zip(records, states, strict=True)
    )
    print_table(Table(title="vLLM", columns=("id", "state", "models", "address", "pid", "log"), rows=rows))


@vllm.command()
@click.argument("server", required=False, metavar="[ID]")
@click.option("--all", "every", is_flag=True, help="Every managed server of this data home.")
@click.pass_context
def down(ctx: click.Context, *, server: str | None, every: bool) -> None:
    """Stop a server (SIGTERM, 30 s, SIGKILL) and forget it."""
    from llmgen.gateway.engines.records import load, load_all

    home = settings_of(ctx).home_path
    if (server is None) != every:
        raise UsageError("name one server, or use --all", hint="llmgen vllm status lists them")
    records = load_all(home) if server is None else [load(server, home)]
    for record in records:
        run_async(_down(record, home))
        click.echo(f"{record.id} is down", err=True)


async def _up(spec: Any, home: Any, *, wait: bool) -> Any:
    from llmgen.gateway.engines import vllm_server
    from llmgen.gateway.engines.vllm_command import prepare

    launch = await prepare(spec, home, _say)
    record = await vllm_server.start(launch, home)
    if not wait:
        return record
    _say(f"starting {record.id}, log: {record.log}")
    return await vllm_server.wait_ready(record, home)


async def _states(records: list[Any]) -> list[str]:
    from llmgen.gateway.engines.vllm_server import is_healthy

    return [
        "dead" if not record.is_alive else "ready" if await is_healthy(record) else "starting"
        for record in records
    ]


async def _down(record: Any, home: Any) -> None:
    from llmgen.gateway.engines.vllm_server import stop

    await stop(record, home)


def _without_key(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "key"}


def _say(line: str) -> None:
    click.echo(line, err=True)


def _pair(adapter: str) -> tuple[str, str]:
    name, separator, folder = adapter.partition("=")
    if not (name and separator and folder):
        raise UsageError(f"--adapter {adapter!r} is not NAME=FOLDER")
    return name, folder
