"""`llmgen eval BENCHMARK --model M`: one subcommand a benchmark, made from its option Struct."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast, get_args

import click

from llmgen.benchmarks import BENCHMARKS
from llmgen.benchmarks.base import Spec
from llmgen.cli.main import run_async, settings_of
from llmgen.cli.options import struct_options, struct_values
from llmgen.errors import UsageError
from llmgen.plan import CacheMode, Overrides, Plan

RETRY = click.Choice(["refused", "truncated", "unparsed"])

COMMON: list[Callable[[], click.Option]] = [
    lambda: click.Option(
        ["--model"], help="Model to ask: row/name; bare gpt-*, o*, ft:*, gemini-* work too."
    ),
    lambda: click.Option(
        ["--base"], help="Untuned model (or a finished run id) to compare with, item by item."
    ),
    lambda: click.Option(["--judge"], help="Model that judges answers where the benchmark needs one."),
    lambda: click.Option(
        ["--extractor", "extractors"], multiple=True, help="Answer extractor; the first grades."
    ),
    lambda: click.Option(
        ["--base-url", "base_urls"], multiple=True, help="Server URL; several are balanced."
    ),
    lambda: click.Option(["--limit"], type=click.IntRange(1), help="Ask only the first N samples."),
    lambda: click.Option(
        ["--repeats"], type=click.IntRange(1), default=1, show_default=True, help="Draws per sample."
    ),
    lambda: click.Option(["--temperature"], type=click.FloatRange(0), help="Overrides the benchmark's own."),
    lambda: click.Option(["--top-p"], type=click.FloatRange(0, 1), help="Overrides the benchmark's own."),
    lambda: click.Option(["--max-tokens"], type=click.IntRange(1), help="Longest answer, in tokens."),
    lambda: click.Option(["--seed"], type=int, help="Sampling seed, where the vendor takes one."),
    lambda: click.Option(["--max-in-flight"], type=click.IntRange(1), help="Most requests at once."),
    lambda: click.Option(["--rpm"], type=click.FloatRange(0, min_open=True), help="Requests per minute."),
    lambda: click.Option(["--tpm"], type=click.FloatRange(0, min_open=True), help="Tokens per minute."),
    lambda: click.Option(
        ["--max-usd"], type=click.FloatRange(0, min_open=True), help="Stop before costing more."
    ),
    lambda: click.Option(
        ["--max-total-tokens"], type=click.IntRange(1), help="Stop before using more tokens."
    ),
    lambda: click.Option(
        ["--max-requests"], type=click.IntRange(1), help="Stop before sending more requests."
    ),
    lambda: click.Option(
        ["--allow-unpriced"], is_flag=True, help="Allow --max-usd with a model of unknown price."
    ),
    lambda: click.Option(
        ["--drop-unsupported"], is_flag=True, help="Leave out parameters the vendor refuses, and say so."
    ),
    lambda: click.Option(
        ["--cache"],
        type=click.Choice(get_args(CacheMode)),
        default="rw",
        show_default=True,
        help="Response cache: read and write, read, write, off, or answer from it only.",
    ),
    lambda: click.Option(
        ["--record"], type=click.Path(dir_okay=False), help="Write every exchange to FILE, redacted."
    ),
    lambda: click.Option(
        ["--recording"],
        type=click.Path(dir_okay=False),
        help="Answer from such a FILE (--model replay/NAME).",
    ),
    lambda: click.Option(["--run-id"], help="Name of the run (default: date and six hex digits)."),
    lambda: click.Option(
        ["--resume"],
        is_flag=False,
        flag_value="last",
        help="Go on with RUN (default: the last unfinished one).",
    ),
    lambda: click.Option(
        ["--retry"], multiple=True, type=RETRY, help="On resume also ask again the answers with this outcome."
    ),
    lambda: click.Option(["--dry-run"], is_flag=True, help="Show prompts and estimate, send nothing."),
    lambda: click.Option(
        ["--json", "as_json"], is_flag=True, help="One JSON summary on stdout, nothing else."
    ),
]


class EvalGroup(click.Group):
    """Subcommands are the rows of the benchmark table."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """The names of the benchmarks."""
        return BENCHMARKS.names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of one benchmark, made from its options."""
        return _benchmark_command(cmd_name, BENCHMARKS.load(cmd_name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the benchmarks without importing them."""
        with formatter.section("Benchmarks"):
            formatter.write_dl(
                [(name, f"See `{ctx.command_path} {name} --help`.") for name in BENCHMARKS.names()]
            )


@click.group(cls=EvalGroup, invoke_without_command=True)
@click.option(
    "--resume", is_flag=False, flag_value="last", help="Go on with RUN (default: the last unfinished one)."
)
@click.option(
    "--retry", multiple=True, type=RETRY, help="On resume also ask again the answers with this outcome."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON summary on stdout, nothing else.")
@click.pass_context
def eval_group(ctx: click.Context, resume: str | None, retry: tuple[str, ...], *, as_json: bool) -> None:
    """Ask a model a benchmark, grade, store, report."""
    if ctx.invoked_subcommand is not None:
        return
    if resume is None:
        raise UsageError(
            "name a benchmark, or --resume RUN", hint=f"benchmarks: {', '.join(BENCHMARKS.names())}"
        )
    _execute(ctx, None, {"resume": resume, "retry": retry, "as_json": as_json})


def _benchmark_command(name: str, spec: Spec) -> click.Command:
    own = struct_options(spec.options)

    def callback(**values: Any) -> None:
        ctx = click.get_current_context()
        plan = _plan(name, spec, values) if values["model"] else None
        if plan is None and not values["resume"]:
            raise UsageError("--model is missing", hint="for example --model local/smollm2-135m")
        _execute(ctx, plan, values)

    return click.Command(
        name,
        params=[*(make() for make in COMMON), *own],
        callback=callback,
        help=f"Evaluate a model on {name}. {(spec.options.__doc__ or '').strip()}",
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _plan(name: str, spec: Spec, values: dict[str, Any]) -> Plan:
    return Plan(
        benchmark=name,
        model=values["model"],
        options=struct_values(spec.options, values),
        base=values["base"],
        judge=values["judge"],
        extractors=values["extractors"],
        base_urls=values["base_urls"],
        limit=values["limit"],
        repeats=values["repeats"],
        cache=cast("CacheMode", values["cache"]),
        record=values["record"],
        recording=values["recording"],
        drop_unsupported=values["drop_unsupported"],
        sampling=Overrides(
            temperature=values["temperature"],
            top_p=values["top_p"],
            max_tokens=values["max_tokens"],
            seed=values["seed"],
        ),
    )


def _execute(ctx: click.Context, plan: Plan | None, values: dict[str, Any]) -> None:
    """Runs the story, prints its outcome once, and ends with the story's exit code."""
    from llmgen.cli import show
    from llmgen.runs import Controls, conduct, preview

    controls = Controls(
        resume=values.get("resume"),
        retry=values["retry"],
        run_id=values.get("run_id"),
        max_in_flight=values.get("max_in_flight"),
        rpm=values.get("rpm"),
        tpm=values.get("tpm"),
        max_usd=values.get("max_usd"),
        max_total_tokens=values.get("max_total_tokens"),
        max_requests=values.get("max_requests"),
        allow_unpriced=bool(values.get("allow_unpriced")),
    )
    settings = settings_of(ctx)
    if values.get("dry_run"):
        if plan is None:
            raise UsageError("--dry-run needs --model")
        show.preview(run_async(preview(settings, plan, controls)), as_json=values["as_json"])
        return
    ending = run_async(conduct(settings, plan, controls, show.ProgressLine()))
    show.ending(ending, as_json=values["as_json"])
    ctx.exit(ending.exit_code)
