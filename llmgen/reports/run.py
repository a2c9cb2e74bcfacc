"""The page of one run: the score with its error bar, what is missing, what went wrong, who was asked."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from llmgen.reports import reliability
from llmgen.reports.forest import plot_of
from llmgen.reports.histogram import HEIGHT, WIDTH, picture_of
from llmgen.reports.reliability import diagrams_of
from llmgen.reports.render import render, write_report
from llmgen.reports.reproduce import command_of
from llmgen.reports.views import MEANINGS, Score, Tally
from llmgen.summary import Section, Summary
from llmgen.types import Run

__all__ = ["render_run", "write_report"]

_METHODS = {
    "wilson": "the Wilson score interval, for samples that are independent of each other",
    "t": "Student's t on the standard error of the mean, samples of one cluster kept together",
    "none": "no interval: there are too few graded samples for one",
}


def render_run(  # noqa: PLR0913, PLR0917  # the parts of the page
    run: Run,
    summary: Summary,
    score: Score,
    tally: Tally,
    templates: Path,
    contamination: Section | None = None,
) -> str:
    """One HTML page that needs nothing else to be read. Raises StoreError when the templates are missing."""
    counts = {**tally.outcomes, **tally.exclusions}
    return render(
        "run.html.j2",
        templates,
        run=run,
        summary=summary,
        score=score,
        tally=tally,
        command=command_of(run),
        tables=[
            (table, None if (drawn := diagrams_of(table)) else plot_of(table), drawn)
            for table in summary.tables
        ],
        diagram=(reliability.WIDTH, reliability.HEIGHT, reliability.TICKS),
        outcomes=_outcomes(tally),
        excluded=sum(tally.exclusions.values()),
        groups=[
            (outcome, counts[outcome], list(examples))
            for outcome, examples in groupby(tally.examples, key=lambda example: example.outcome)
        ],
        method=_METHODS[score.method],
        contamination=contamination,
        warnings=run.notes + summary.warnings + (contamination.warnings if contamination else ()),
        contamination_tables=[(table, plot_of(table)) for table in contamination.tables]
        if contamination
        else [],
        pictures=[picture for drawn in contamination.histograms if (picture := picture_of(drawn))]
        if contamination
        else [],
        width=WIDTH,
        height=HEIGHT,
    )


def _outcomes(tally: Tally) -> list[tuple[str, int, float, bool, str]]:
    """(outcome, answers, share of all answers, is in the score, meaning); exclusions are always listed."""
    rows = [(name, count, True) for name, count in tally.outcomes.items()]
    rows += [(name, count, False) for name, count in tally.exclusions.items()]
    total = sum(count for _, count, _ in rows)
    return [(name, count, count / max(total, 1), graded, MEANINGS[name]) for name, count, graded in rows]
