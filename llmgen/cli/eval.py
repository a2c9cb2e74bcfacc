"""`llmgen eval BENCHMARK --model M`: one subcommand a benchmark, made from its option Struct."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast, get_args

import click
from click.core import ParameterSource

from llmgen.benchmarks import BENCHMARKS
from llmgen.benchmarks.base import Spec
from llmgen.cli.main import run_async, settings_of
from llmgen.cli.options import split_commas, struct_options, struct_values
from llmgen.contamination.base import Options as ContaminationOptions
from llmgen.errors import UsageError
from llmgen.extract.options import Options as ExtractorOptions
from llmgen.plan import RECORDED, CacheMode, Overrides, Plan
from llmgen.subset import read_subset

RETRY = click.Choice(["refused", "truncated", "unparsed"])

# what is asked: stored with the run, and the same again when it is resumed
PLAN: list[Callable[[], click.Option]] = [
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
        ["--contamination", "--detector", "detectors"],
        multiple=True,
        callback=split_commas,
        help="Contamination detectors: cdd, ted, ... (comma-separated, or repeated).",
    ),
    lambda: click.Option(
        ["--base-url", "base_urls"], multiple=True, help="Server URL; several are balanced."
    ),
    lambda: click.Option(["--limit"], type=click.IntRange(1), help="Ask only the first N samples."),
    lambda: click.Option(
        ["--items-from"],
        type=click.Path(dir_okay=False, resolve_path=True),
        help="Ask only the items that `llmgen analyse subset --out FILE` chose.",
    ),
    lambda: click.Option(
        ["--repeats"], type=click.IntRange(1), default=1, show_default=True, help="Draws per sample."
    ),
    lambda: click.Option(
        ["--vote"], is_flag=True, help="Grade what most repeats of a sample answer; a tie is no answer."
    ),
    lambda: click.Option(["--temperature"], type=click.FloatRange(0), help="Overrides the benchmark's own."),
    lambda: click.Option(["--top-p"], type=click.FloatRange(0, 1), help="Overrides the benchmark's own."),
    lambda: click.Option(["--max-tokens"], type=click.IntRange(1), help="Longest answer, in tokens."),
    lambda: click.Option(["--seed"], type=int, help="Sampling seed, where the vendor takes one."),
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
        ["--record"],
        type=click.Path(dir_okay=False, resolve_path=True),
        help="Write every exchange to FILE, redacted.",
    ),
    lambda: click.Option(
        ["--recording"],
        type=click.Path(dir_okay=False, resolve_path=True),
        help="Answer from such a FILE (--model replay/NAME).",
    ),
]

# flags that say nothing where no model is asked
ASKING = frozenset(
    {
        *("model", "base", "base_urls", "repeats", "vote", "temperature", "top_p", "max_tokens", "seed"),
        *("drop_unsupported", "record", "recording"),
    }
)

# how fast, and how much: of one call; a run that is resumed may get other values
LIMITS: list[Callable[[], click.Option]] = [
    lambda: click.Option(["--max-in-flight"], type=click.IntRange(1), help="Most requests at once."),
    lambda: click.Option(["--rpm"], type=click.FloatRange(0, min_open=True), help="Requests per minute."),
    lambda: click.Option(["--tpm"], type=click.FloatRange(0, min_open=True), help="Tokens per minute."),
    lambda: click.Option(
        ["--max-usd"], type=click.FloatRange(0, min_open=True), help="Stop the run before it costs more."
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
]

CALL: list[Callable[[], click.Option]] = [
    lambda: click.Option(
        ["--resume"],
        is_flag=False,
        flag_value="last",
        help="Go on with RUN (default: the last unfinished one).",
    ),
    lambda: click.Option(
        ["--retry"], multiple=True, type=RETRY, help="On resume also ask again the answers with this outcome."
    ),
    lambda: click.Option(
        ["--json", "as_json"], is_flag=True, help="One JSON summary on stdout, nothing else."
    ),
]

NEW: list[Callable[[], click.Option]] = [
    lambda: click.Option(["--run-id"], help="Name of the run (default: date and six hex digits)."),
    lambda: click.Option(["--dry-run"], is_flag=True, help="Show prompts and estimate, send nothing."),
]


class EvalGroup(click.Group):
    """Subcommands are the rows of the benchmark table."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """The names of the benchmarks."""
        return BENCHMARKS.names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of one benchmark, made from its options. Raises UsageError for an unknown name."""
        if ctx.resilient_parsing and cmd_name not in BENCHMARKS.names():
            return None  # a shell asks how to go on
        return _benchmark_command(cmd_name, BENCHMARKS.load(cmd_name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the benchmarks without importing them."""
        with formatter.section("Benchmarks"):
            formatter.write_dl(
                [(name, f"See `{ctx.command_path} {name} --help`.") for name in BENCHMARKS.names()]
            )


def _resume_only(**values: Any) -> None:
    """Ask a model a benchmark, grade, store, report."""
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is not None:
        if given := _given(ctx, list(values)):
            raise UsageError(f"{', '.join(given)}: write it after {ctx.invoked_subcommand}")
        return
    if values["resume"] is None:
        raise UsageError(
            "name a benchmark, or --resume RUN", hint=f"benchmarks: {', '.join(BENCHMARKS.names())}"
        )
    _execute(ctx, None, values)


eval_group = EvalGroup(
    "eval",
    params=[make() for make in (*LIMITS, *CALL)],
    callback=_resume_only,
    help=_resume_only.__doc__,
    invoke_without_command=True,
)


def _benchmark_command(name: str, spec: Spec) -> click.Command:
    own = [
        flag
        for struct in (ExtractorOptions, ContaminationOptions, spec.options)
        for flag in struct_options(struct)
    ]
    task = f"Evaluate a model on {name}. " if spec.asks_model else ""
    plan_flags = [flag for flag in (make() for make in PLAN) if spec.asks_model or flag.name not in ASKING]

    def callback(**values: Any) -> None:
        ctx = click.get_current_context()
        if not spec.asks_model and not values["resume"]:
            values["model"] = RECORDED
        if values.get("model"):
            _execute(ctx, _plan(name, spec, values), values)
            return
        if not values["resume"]:
            raise UsageError("--model is missing", hint="for example --model local/smollm2-135m")
        if given := _given(ctx, [flag.name or "" for flag in (*plan_flags, *own)]):
            raise UsageError(
                f"{', '.join(given)}: a resumed run keeps its own settings",
                hint="leave it out, or name --model too to have all settings compared",
            )
        _execute(ctx, None, values)

    return click.Command(
        name,
        params=[*plan_flags, *(make() for make in (*LIMITS, *NEW, *CALL)), *own],
        callback=callback,
        help=f"{task}{(spec.options.__doc__ or '').strip()}",
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _given(ctx: click.Context, names: Sequence[str]) -> list[str]:
    """The flags among `names` that the user typed, as typed."""
    typed = {name for name in names if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    return [flag.opts[0] for flag in ctx.command.params if flag.name in typed]


def _plan(name: str, spec: Spec, values: dict[str, Any]) -> Plan:
    if values.get("vote") and values["repeats"] == 1:
        raise UsageError("--vote counts the answers of several draws", hint="add --repeats N")
    return Plan(
        benchmark=name,
        model=values["model"],
        options=struct_values(spec.options, values),
        base=values.get("base"),
        judge=values["judge"],
        extractors=values["extractors"],
        extractor_options=struct_values(ExtractorOptions, values),
        detectors=values["detectors"],
        contamination=_contamination(spec, values),
        base_urls=values.get("base_urls", ()),
        limit=values["limit"],
        items_from=values["items_from"],
        items_hash=_items_hash(values["items_from"]),
        repeats=values.get("repeats", 1),
        vote=values.get("vote", False),
        cache=cast("CacheMode", values["cache"]),
        record=values.get("record"),
        recording=values.get("recording"),
        drop_unsupported=values.get("drop_unsupported", False),
        sampling=Overrides(
            temperature=values.get("temperature"),
            top_p=values.get("top_p"),
            max_tokens=values.get("max_tokens"),
            seed=values.get("seed"),
        ),
    )


def _items_hash(path: str | None) -> str | None:
    return None if path is None else read_subset(Path(path)).ids_hash


def _contamination(spec: Spec, values: dict[str, Any]) -> dict[str, Any]:
    """The chosen options of detectors. Raises UsageError when no detector is there to read them."""
    chosen = struct_values(ContaminationOptions, values)
    if chosen and not (values["detectors"] or spec.detectors):
        raise UsageError(
            f"--{next(iter(chosen)).replace('_', '-')} is for contamination detectors",
            hint="add --contamination cdd",
        )
    return chosen


def _execute(ctx: click.Context, plan: Plan | None, values: dict[str, Any]) -> None:
    """Runs the story, prints its outcome once, and ends with the story's exit code."""
    from llmgen.cli import show
    from llmgen.preview import preview
    from llmgen.runs import Controls, conduct

    new = [flag for flag in ("run_id", "dry_run") if values.get(flag)]
    if values["resume"] and new:
        raise UsageError(f"--{new[0].replace('_', '-')} is for a new run, --resume goes on with an old one")
    if values["retry"] and not values["resume"]:
        raise UsageError("--retry is for --resume RUN")
    controls = Controls(
        resume=values["resume"],
        retry=values["retry"],
        run_id=values.get("run_id"),
        max_in_flight=values["max_in_flight"],
        rpm=values["rpm"],
        tpm=values["tpm"],
        max_usd=values["max_usd"],
        max_total_tokens=values["max_total_tokens"],
        max_requests=values["max_requests"],
        allow_unpriced=values["allow_unpriced"],
        command=_command(ctx, values),
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


def _command(ctx: click.Context, values: dict[str, Any]) -> str:
    """How to call `llmgen eval` on the same home with the same limits."""
    config, home = ctx.find_root().obj or (None, None)
    words = ["llmgen"]
    words += ["--config", str(config)] if config else []
    words += ["--home", str(home)] if home else []
    words.append("eval")
    for limit in (make() for make in LIMITS):
        value = values[limit.name or ""]
        if value is True:
            words.append(limit.opts[0])
        elif value:
            words += [limit.opts[0], f"{value:g}"]
    return shlex.join(words)
