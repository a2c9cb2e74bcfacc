"""`llmgen eval BENCHMARK --model M`: one subcommand a benchmark, made from its option Struct."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import click
from click.core import ParameterSource

from llmgen.benchmarks import BENCHMARKS
from llmgen.benchmarks.base import Spec
from llmgen.cli.eval_flags import ASKING, CALL, LIMITS, NEW, PLAN
from llmgen.cli.main import run_async, settings_of
from llmgen.cli.options import struct_options, struct_values
from llmgen.contamination.base import Options as ContaminationOptions
from llmgen.errors import UsageError
from llmgen.extract.options import Options as ExtractorOptions
from llmgen.plan import RECORDED, CacheMode, Overrides, Plan
from llmgen.subset import read_subset


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
