"""`llmgen runs list|show|rm|export`, and `llmgen fold`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from llmgen.cli.main import settings_of
from llmgen.errors import UsageError

_SUFFIXES = {".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl"}


@click.group()
def runs() -> None:
    """List, show, export or remove runs. RUN is an id, a unique beginning of one, or `last`."""


@runs.command("list")
@click.option("--benchmark", help="Only runs of this benchmark.")
@click.option("--model", help="Only runs of this model.")
@click.option("--state", help="Only runs in this state (done, interrupted, ...).")
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout, nothing else.")
@click.pass_context
def list_runs(
    ctx: click.Context, /, *, benchmark: str | None, model: str | None, state: str | None, as_json: bool
) -> None:
    """List the runs, newest first."""
    from llmgen.store import queries

    home = _caught_up(ctx)
    found = queries.runs(home, benchmark=benchmark, model=model, state=state)
    scores = _scores(home, found)
    if as_json:
        click.echo(json.dumps([_as_json(run, scores[run.id]) for run in found], indent=2))
        return
    if not found:
        click.echo(f"no runs in {home} (start one with `llmgen eval`)", err=True)
        return
    from llmgen.cli.tables import print_table
    from llmgen.reports.formats import dollars, moment, share
    from llmgen.summary import Table

    columns = (
        "run",
        "started",
        "benchmark",
        "model",
        "state",
        "n",
        "graded",
        "mean",
        "95 % interval",
        "cost",
    )
    rows = []
    for run in found:
        score = scores[run.id]
        interval = "-" if score.mean is None else f"[{share(score.ci_low)}, {share(score.ci_high)}]"
        mean = "-" if score.mean is None else share(score.mean)
        cost = "unknown" if run.cost_usd is None else dollars(run.cost_usd)
        counted = (str(score.n), str(score.n_graded), mean, interval, cost)
        rows.append((run.id, moment(run.started_at), run.benchmark, run.model, run.state, *counted))
    print_table(Table(title="", columns=columns, rows=tuple(rows)))


@runs.command()
@click.argument("run", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.pass_context
def show(ctx: click.Context, /, *, run: str, as_json: bool) -> None:
    """Show what RUN asked, how it ended and what it scored."""
    from llmgen.store import queries

    home = _caught_up(ctx)
    found = queries.run(home, run)
    told = {
        **_as_json(found, _scores(home, [found])[found.id]),
        "outcomes": queries.counts(home, found.id).outcomes,
    }
    if as_json:
        click.echo(json.dumps(told, indent=2))
        return
    for name, value in told.items():
        for field, inner in value.items() if isinstance(value, dict) else [("", value)]:
            label = f"{name}.{field}" if field else name
            shown = inner if isinstance(inner, str) else json.dumps(inner, ensure_ascii=False)
            click.echo(f"{label:24} {shown}")


@runs.command()
@click.argument("names", metavar="RUN...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def rm(ctx: click.Context, /, *, names: tuple[str, ...], yes: bool) -> None:
    """Remove runs for good: their rows and their journals. The response cache stays."""
    from llmgen.store import queries

    home = _caught_up(ctx)
    found = [queries.run(home, name) for name in names]
    for run in found:
        if not yes:
            click.confirm(f"remove {run.id} ({run.benchmark}, {run.model})?", abort=True, err=True)
        queries.delete_run(home, run.id)
        click.echo(f"removed {run.id}", err=True)


@runs.command()
@click.argument("run", metavar="RUN")
@click.option(
    "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The file to write."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "csv", "jsonl"]),
    help="Default: by the file's ending.",
)
@click.pass_context
def export(ctx: click.Context, /, *, run: str, output: Path, form: str | None) -> None:
    """Write one row per answer of RUN, with question, answer, grade, tokens and cost."""
    from llmgen.store import queries

    chosen: Any = form or _SUFFIXES.get(output.suffix)
    if chosen is None:
        raise UsageError(
            f"what format is {output.name}?", hint="end it in .parquet, .csv or .jsonl, or give --format"
        )
    home = _caught_up(ctx)
    found = queries.run(home, run)
    written = queries.export_run(home, found.id, output, chosen)
    click.echo(f"{written:,} answers of {found.id} in {output}", err=True)


@click.command()
@click.argument("run", metavar="[RUN]", required=False)
@click.pass_context
def fold(ctx: click.Context, /, *, run: str | None) -> None:
    """Fold the journals (or that of RUN) into the database; rebuilds it when it was deleted."""
    from llmgen.store.fold import fold as fold_journals

    home = settings_of(ctx).home_path
    counts = fold_journals(home, run)
    click.echo(f"{counts.records:,} answers from {counts.journals} journals folded into {home}", err=True)
    if counts.unreadable:
        click.echo(f"{counts.unreadable} unreadable lines left out: see journal/*.bad.jsonl", err=True)


def _caught_up(ctx: click.Context) -> Path:
    """The data home, after folding what a killed run left behind."""
    from llmgen.store.queries import catch_up

    home = settings_of(ctx).home_path
    if note := catch_up(home):
        click.echo(f"note: {note}", err=True)
    return home


def _scores(home: Path, runs: list[Any]) -> dict[str, Any]:
    """The score of each run by its id; an empty one for a run that is not in the database yet."""
    from llmgen.store.queries import Score, leaderboard

    known = leaderboard(home) if runs else {}
    return {
        run.id: known.get(run.id) or Score(benchmark=run.benchmark, model=run.model, run_id=run.id)
        for run in runs
    }


def _as_json(run: Any, score: Any) -> dict[str, Any]:
    import msgspec

    told: dict[str, Any] = {field: getattr(run, field) for field in run.__struct_fields__ if field != "id"}
    scored = {field: getattr(score, field) for field in score.__struct_fields__}
    same = ("run_id", "benchmark", "model")
    told = {"run_id": run.id, **told, "score": {key: scored[key] for key in scored if key not in same}}
    builtins: dict[str, Any] = msgspec.to_builtins(told)
    return builtins
