"""A stored run to numbers and a report: read the rows, let the benchmark sum them up, write HTML."""

from __future__ import annotations

import importlib
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from llmgen.analysis.contamination.section import section
from llmgen.analysis.intervals import mean_interval
from llmgen.analysis.subset.section import with_full_score
from llmgen.analysis.vote import voted
from llmgen.assets import asset_dir
from llmgen.benchmarks import BENCHMARKS
from llmgen.benchmarks.base import Spec
from llmgen.child import in_child
from llmgen.contamination.companions import ROLE
from llmgen.errors import EXIT_DONE, EXIT_FAILED_SAMPLES, EXIT_GATE, BudgetReached, RunStopped
from llmgen.plan import stored_plan
from llmgen.reports.run import render_run, write_report
from llmgen.reports.tally import tally
from llmgen.reports.views import Score
from llmgen.store import queries
from llmgen.store.fold import fold
from llmgen.store.reading import records
from llmgen.store.summaries import store_summary
from llmgen.store.verdicts import store_verdicts
from llmgen.subset import Subset
from llmgen.summary import ScoredRow, Section, Summary
from llmgen.types import Run, Struct

UNGRADED = ("error", "refused", "truncated", "unparsed")


class Result(Struct):
    """Everything that is printed about a run. `exclusions` counts the samples without a grade, by outcome.

    `contamination` is what detectors found, None when none looked.
    """

    run: Run
    score: Score
    exclusions: dict[str, int]
    summary: Summary
    contamination: Section | None = None
    report: str | None = None


class Ending(Struct):
    """How a run ended: its numbers, why it stopped early if it did, exit code, and advice (how to resume)."""

    result: Result
    exit_code: int
    stopped: RunStopped | None = None
    advice: tuple[str, ...] = ()


def sum_up(home: Path, run_id: str) -> Result:
    """The numbers of a folded run. Raises UsageError when there is no such run."""
    run = queries.run(home, run_id)
    spec: Spec = BENCHMARKS.load(run.benchmark)
    plan = stored_plan(run)
    examined = bool(plan.detectors or spec.detectors)
    everything = list(queries.scored_rows(home, run.id, evidence=examined))
    rows = [row for row in everything if not row.tags.get(ROLE)]
    base = None
    if run.base_run:
        base = [row for row in queries.scored_rows(home, run.base_run) if not row.tags.get(ROLE)]
    counted = voted(rows) if plan.vote else rows
    if base is not None and plan.vote:
        base = voted(base)
    module, _, attribute = spec.summarise.partition(":")
    summarise = getattr(importlib.import_module(module), attribute)
    summary: Summary = summarise(counted, base, context_of(run))
    if plan.vote:
        said = f"a sample counts by the answer that most of its {plan.repeats} repeats give; a tie is none"
        summary = msgspec.structs.replace(summary, warnings=(*summary.warnings, said))
    if (subset := _subset_of(home, run)) is not None:
        summary = with_full_score(summary, subset, counted)
    return Result(
        run=run,
        score=headline(counted),
        exclusions=exclusions(rows),
        summary=summary,
        # a benchmark that measures detectors has its own word on them
        contamination=section(everything) if examined and spec.asks_model else None,
    )


def conclude(home: str, run_id: str) -> Result:
    """Folds the run, sums it up and writes its report."""
    folder = Path(home)
    fold(folder, run_id)
    result = sum_up(folder, run_id)
    found = result.contamination
    if found is not None:
        store_verdicts(folder, result.run.id, found.items, found.models)
    if result.summary.stored:
        store_summary(folder, result.run.id, result.summary.stored)
    return msgspec.structs.replace(result, report=str(write_html(folder, result)))


def conclude_in_child(home: Path, run_id: str) -> Result:
    """`conclude` in a process of its own, so that a run over many samples stays small to its end."""
    return in_child(Result, "llmgen.results:conclude", str(home), run_id)


def context_of(run: Run) -> dict[str, Any]:
    """The facts about the loaded data that the benchmark stored with the run."""
    context: dict[str, Any] = run.settings.get("context", {})
    return context


def _subset_of(home: Path, run: Run) -> Subset | None:
    """The subset that was asked, which a run with new grades has from the run whose answers it grades."""
    source = run if run.parent_run is None else queries.run(home, run.parent_run)
    stored = source.settings.get("subset")
    return None if stored is None else msgspec.convert(stored, Subset)


def headline(rows: list[ScoredRow]) -> Score:
    """Mean grade with its interval; repeats are averaged inside a sample, clusters kept together.

    Samples of diagnostic splits (tag `role`) are counted in the tables only: they never rank a model.
    """
    rows = [row for row in rows if row.tags.get("role") != "diagnostic"]
    values: dict[str, list[float]] = {}
    clusters: dict[str, str] = {}
    for row in rows:
        if row.value is not None:
            values.setdefault(row.sample_id, []).append(row.value)
            clusters[row.sample_id] = row.cluster or row.sample_id
    n = len({row.sample_id for row in rows})
    means = [sum(draws) / len(draws) for draws in values.values()]
    interval = mean_interval(means, [clusters[sample_id] for sample_id in values])
    unknown = interval.mean is None
    return Score(
        n=n,
        n_graded=len(means),
        mean=interval.mean,
        low=None if unknown else interval.low,
        high=None if unknown else interval.high,
        method=interval.method,
        n_clusters=interval.n_clusters,
    )


def exclusions(rows: list[ScoredRow]) -> dict[str, int]:
    """How many (sample, repeat) pairs have no grade, by outcome; always the same keys, so that 0 is said."""
    counts = Counter[str](row.outcome for row in rows if row.value is None)
    return {name: counts.get(name, 0) for name in UNGRADED}


def write_html(home: Path, result: Result) -> Path:
    """Renders the run's report into the data home and returns its path."""
    path = home / "reports" / f"{result.run.id}.html"
    own = (record for record in records(home, result.run.id) if not record.sample.tags.get(ROLE))
    counted = tally(own)
    templates = asset_dir("reports/templates")
    page = render_run(result.run, result.summary, result.score, counted, templates, result.contamination)
    write_report(path, page)
    return path


def ending_of(result: Result, stopped: RunStopped | None, command: str) -> Ending:
    """The ending of a run that is summed up; `command` is how to call `llmgen eval` here."""
    lines = []
    if stopped is not None:
        hint = f" ({stopped.hint})" if stopped.hint else ""
        lines.append(f"stopped: {stopped.message}{hint}")
    if stopped is not None or _has_failed(result):
        how = "resume, with a higher cap" if isinstance(stopped, BudgetReached) else "resume with"
        lines.append(f"{how}: {command} --resume {result.run.id}")
    return Ending(result=result, exit_code=exit_code(result, stopped), stopped=stopped, advice=tuple(lines))


def exit_code(result: Result, stopped: RunStopped | None) -> int:
    """130 over 2 over 4 over 1 over 3 over 0."""
    if stopped is not None:
        return stopped.exit_code
    if result.summary.metrics.get("check", {}).get("ok") is False:
        return EXIT_GATE
    return EXIT_FAILED_SAMPLES if _has_failed(result) else EXIT_DONE


def _has_failed(result: Result) -> bool:
    """Whether something has to be asked again: a sample without a grade, or a detector without its draws."""
    return bool(result.exclusions["error"]) or result.run.state == "failed_samples"
