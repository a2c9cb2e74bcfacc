"""`llmgen models pull|list|prices`: weights on this machine, models elsewhere, what they cost."""

from __future__ import annotations

from typing import Any

import click

from llmgen.cli.main import run_async, settings_of
from llmgen.config import Settings
from llmgen.errors import UsageError
from llmgen.summary import Table

DEFAULT = "smollm2-135m"


@click.group()
def models() -> None:
    """Pull, list and price models."""


@models.command()
@click.argument("name", default=DEFAULT)
@click.pass_context
def pull(ctx: click.Context, *, name: str) -> None:
    """Fetch the weights of a local model (default: smollm2-135m) and verify them."""
    from llmgen.gateway.engines.pull import pull as fetch
    from llmgen.gateway.engines.weights import known

    path = run_async(fetch(known(name), settings_of(ctx).home_path, _say))
    click.echo(str(path))


@models.command("list")
@click.option("--endpoint", metavar="PROVIDER", help="Instead: what this provider says it serves.")
@click.option("--base-url", help="With --endpoint: another address than the provider's own.")
@click.pass_context
def list_models(ctx: click.Context, *, endpoint: str | None, base_url: str | None) -> None:
    """List the local models, pulled or not, or what an endpoint serves."""
    from llmgen.cli.tables import print_table

    settings = settings_of(ctx)
    if endpoint is None:
        print_table(_local(settings))
        return
    served = run_async(_served(endpoint, settings, {"base_url": base_url} if base_url else {}))
    if served is None:
        raise UsageError(f"{endpoint} cannot list its models", hint="see the vendor's pages")
    for name in served:
        click.echo(f"{endpoint}/{name}")


@models.command()
@click.option("--filter", "word", default="", metavar="TEXT", help="Only names that contain TEXT.")
@click.pass_context
def prices(ctx: click.Context, *, word: str) -> None:
    """Print the prices in force: llmgen.toml, the home's prices.json, the packaged table."""
    from llmgen.cli.tables import print_table
    from llmgen.gateway.prices import load_prices
    from llmgen.gateway.providers.table import ROWS, row_of

    settings = settings_of(ctx)
    table = load_prices(settings, {name: row_of(name, settings) for name in (*ROWS, *settings.providers)})
    chosen = [row for row in table.rows() if word.lower() in row.name.lower()]
    if not chosen:
        raise UsageError(
            f"no price for a model named like {word!r}", hint="add one to [prices] of llmgen.toml"
        )
    columns = ("model", "input", "cached", "output", "origin", "as of", "source")
    rows = tuple(
        (
            row.name,
            f"{row.price.input:g}",
            "" if row.price.cached_input is None else f"{row.price.cached_input:g}",
            f"{row.price.output:g}",
            row.origin,
            row.as_of,
            row.price.source,
        )
        for row in chosen
    )
    print_table(Table(title="US dollars per million tokens", columns=columns, rows=rows))


def _local(settings: Settings) -> Table:
    from llmgen.gateway.engines.weights import KNOWN, find

    places = {name: find(weights, settings.home_path) for name, weights in KNOWN.items()}
    rows = tuple(
        (
            f"local/{name}",
            f"{weights.size / 1e6:.0f} MB",
            weights.licence,
            str(places[name] or f"not here: llmgen models pull {name}"),
            weights.about,
        )
        for name, weights in KNOWN.items()
    )
    return Table(title="Local models", columns=("model", "size", "licence", "file", "about"), rows=rows)


async def _served(endpoint: str, settings: Settings, options: dict[str, Any]) -> list[str] | None:
    """The names an endpoint lists, sorted; None when it cannot say."""
    from llmgen.errors import ProviderError
    from llmgen.gateway.engines.records import load_all
    from llmgen.gateway.providers.table import open_provider, row_of

    if endpoint == "vllm" and not options:
        running = [record for record in load_all(settings.home_path) if record.is_alive]
        if running:
            return sorted(name for record in running for name in record.identities)
    if endpoint in {"local", "transformers"}:
        raise UsageError(f"{endpoint} loads what you name", hint="llmgen models list")
    row_of(endpoint, settings)
    provider = await open_provider(f"{endpoint}/*", settings, options)
    try:
        served = await provider.models()
    except ProviderError as error:
        raise UsageError(f"{endpoint}: {error.message}", hint="is it running, is the key right?") from error
    finally:
        await provider.aclose()
    return None if served is None else sorted(info.id for info in served)


def _say(line: str) -> None:
    click.echo(line, err=True)
