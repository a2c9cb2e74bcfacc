"""A page on difficulty from the store: runs of easy2hard, the newest calibration, audit and ranking.

runs -> summed up again -> curves, bins, grids; views -> item map, abilities, suspect items, ranks -> HTML
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llmgen.assets import asset_dir
from llmgen.errors import UsageError
from llmgen.reports.charts import Line
from llmgen.reports.easy2hard import Easy2HardPage, Heat, ItemMap, Question, Ranks, RunLine, render_easy2hard
from llmgen.reports.formats import moment
from llmgen.reports.render import write_report
from llmgen.reports.views import Bar
from llmgen.results import Result, sum_up
from llmgen.store import queries
from llmgen.store.difficulty import Calibration, RankedModels, newest_calibration, newest_ranking, ratings
from llmgen.summary import Table
from llmgen.types import Run

BENCHMARK = "easy2hard"
SUSPECTS = 30
_BINS = "Accuracy by bins of difficulty"
_EXAMPLES = ("Hard items with examples", "Supervision gap recovered")


def report(home: Path, names: Sequence[str], target: Path | None, command: str) -> Path:
    """Writes the page on the runs `names` (all stored ones of easy2hard without any) and returns its path.

    Raises UsageError when there is no such run, StoreError when the page cannot be written.
    """
    behind = queries.catch_up(home)
    results = [sum_up(home, run.id) for run in _runs(home, names)]
    calibration = newest_calibration(home, BENCHMARK, SUSPECTS)
    ranking = newest_ranking(home, BENCHMARK)
    page = Easy2HardPage(
        runs=_run_table(results),
        ratings={
            name: tuple(found) for name, found in ratings(home, [one.run.id for one in results]).items()
        },
        curves=_curves(results),
        bins=_together(results, _BINS),
        tables=tuple(table for title in _EXAMPLES if (table := _together(results, title)).rows),
        heats=tuple(heat for result in results for heat in _heats(result)),
        item_map=_item_map(calibration),
        suspects=_suspects(calibration),
        n_suspects=calibration.n_suspects if calibration else 0,
        ranks=_ranks(ranking),
        notes=tuple(
            dict.fromkeys(
                [*([behind] if behind else []), *(note for one in results for note in one.run.notes)]
            )
        ),
        warnings=_warnings(results),
        command=command,
    )
    path = target or home / "reports" / f"{BENCHMARK}.html"
    write_report(path, render_easy2hard(page, asset_dir("reports/templates")))
    return path


def _runs(home: Path, names: Sequence[str]) -> list[Run]:
    """The named runs, or all that are no new grades of another; oldest first."""
    if names:
        runs = [queries.run(home, name) for name in names]
        for run in runs:
            if run.benchmark != BENCHMARK:
                raise UsageError(f"run {run.id} is of {run.benchmark}, not of {BENCHMARK}")
        return runs
    runs = [run for run in queries.runs(home, benchmark=BENCHMARK) if run.parent_run is None]
    if not runs:
        raise UsageError(f"no run of {BENCHMARK} in {home}", hint=f"llmgen eval {BENCHMARK} --model M")
    return runs[::-1]


def _name(place: int, result: Result) -> str:
    return f"{place + 1}. {result.run.model}"


def _run_table(results: Sequence[Result]) -> Table:
    rows = tuple(
        (
            str(place + 1),
            result.run.model,
            result.run.id,
            moment(result.run.started_at),
            f"{result.score.n_graded}/{result.score.n}",
            *_estimate(result.score.mean, result.score.low, result.score.high),
        )
        for place, result in enumerate(results)
    )
    return Table(
        title="Runs",
        columns=("", "model", "run", "started", "graded", "accuracy", "95 % interval"),
        rows=rows,
        note="over all items that were asked without examples",
    )


def _sets(result: Result) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = result.summary.metrics.get("sets", {})
    return found


def _curves(results: Sequence[Result]) -> dict[str, tuple[RunLine, ...]]:
    curves: dict[str, list[RunLine]] = {}
    for place, result in enumerate(results):
        for name, found in _sets(result).items():
            if (curve := found["curve"]) is not None:
                points = {key: tuple(curve[key]) for key in ("at", "value", "low", "high")}
                curves.setdefault(name, []).append(
                    RunLine(run=place, line=Line(label=_name(place, result), **points))
                )
    return {name: tuple(lines) for name, lines in sorted(curves.items())}


def _together(results: Sequence[Result], title: str) -> Table:
    """The tables of one title of all runs, one below the other, with the run in front."""
    parts = [
        (_name(place, result), table)
        for place, result in enumerate(results)
        for table in result.summary.tables
        if table.title == title
    ]
    return Table(
        title=title,
        columns=("run", *(parts[0][1].columns if parts else ())),
        rows=tuple((name, *row) for name, table in parts for row in table.rows),
        note=parts[0][1].note if parts else "",
    )


def _heats(result: Result) -> list[Heat]:
    return [
        _heat(f"{result.run.model}, {name}", found["grid"])
        for name, found in _sets(result).items()
        if "grid" in found
    ]


def _heat(title: str, grid: Mapping[str, Any]) -> Heat:
    cells = {(cell["train_bin"], cell["test_bin"]): cell for cell in grid["cells"]}
    tests = sorted({test for _, test in cells})
    trains = sorted({train for train, _ in cells}, key=lambda train: train or 0)
    decay = ", ".join(f"{one['gap']}: {one['accuracy']:.2f}" for one in grid["decay"])
    holes = len(grid["holes"])
    return Heat(
        title=title,
        columns=tuple(f"items {test}" for test in tests),
        rows=tuple("no examples" if train is None else f"examples {train}" for train in trains),
        cells=tuple(tuple(_cell(cells[train, test]) for test in tests) for train in trains),
        note=f"mean by distance in bins: {decay or 'unknown'}"
        + (f"; {holes} cells lack answers" if holes else ""),
    )


def _cell(cell: Mapping[str, Any]) -> tuple[float | None, str]:
    if cell["accuracy"] is None:
        return None, "no answers"
    gap = (
        ""
        if cell["sgr"] is None
        else f"; SGR {cell['sgr']:.2f} ({cell['sgr_low']:.2f} to {cell['sgr_high']:.2f})"
    )
    missing = f"; {cell['missing']} answers are missing" if cell["missing"] else ""
    return cell["accuracy"], f"{cell['low']:.2f} to {cell['high']:.2f}, {cell['n']} items{gap}{missing}"


def _item_map(found: Calibration | None) -> ItemMap | None:
    if found is None:
        return None
    without = f" {found.n_without_b} items are too flat to have a difficulty." if found.n_without_b else ""
    return ItemMap(
        about=f"{found.model_name} of {found.n_models} models and {found.n_items} items of "
        f"{', '.join(found.benchmarks) or 'unknown benchmarks'}, fit {found.fit_id}, {moment(found.created)}",
        difficulties=found.difficulties,
        abilities=tuple(
            Bar(label=one.model, mean=one.theta, low=one.low, high=one.high) for one in found.abilities
        ),
        note=f"Items stand where models of that ability are right half of the time, guessing aside.{without}",
    )


def _suspects(found: Calibration | None) -> tuple[Question, ...]:
    return tuple(
        Question(
            sample_id=one.sample_id if one.benchmark == BENCHMARK else f"{one.benchmark}: {one.sample_id}",
            why=", ".join(one.flags) or "its key is more likely wrong than not",
            question=one.question or "",
            facts=tuple(
                (name, value)
                for name, value in (
                    ("Key", one.target or ""),
                    ("Commonest wrong answer", one.top_wrong or ""),
                    ("Models right", "" if one.n_right is None else str(one.n_right)),
                    ("Models wrong", "" if one.n_wrong is None else str(one.n_wrong)),
                    ("Suspicion", "" if one.suspect is None else f"{one.suspect:.2f}"),
                )
                if value
            ),
        )
        for one in (found.suspects if found else ())
    )


def _ranks(found: RankedModels | None) -> Ranks | None:
    if found is None:
        return None
    return Ranks(
        about=f"{found.method} over {', '.join(found.benchmarks)}, {moment(found.created)}",
        bars=tuple(
            Bar(
                label=f"{one.model} (best in {100 * one.p_best:.0f} %)",
                mean=one.rank,
                low=one.low,
                high=one.high,
            )
            for one in found.places
        ),
    )


def _warnings(results: Sequence[Result]) -> tuple[str, ...]:
    """What single runs warn of."""
    return tuple(
        f"{_name(place, result)}: {line}"
        for place, result in enumerate(results)
        for line in result.summary.warnings
    )


def _estimate(value: float | None, low: float | None, high: float | None) -> tuple[str, str]:
    return ("-", "-") if value is None else (f"{value:.3f}", f"{low:.3f} to {high:.3f}")
