"""A comparison as a page: the view's sentences and tables, plots, cards of the runs, disagreements."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import ascii_uppercase

from llmgen.assets import asset_dir
from llmgen.cli.compare_view import METHODS, findings, letter_of, lines_of, name_of, tables, unlike, warnings
from llmgen.compare import Against, Asked, Compared, Flip
from llmgen.reports.comparison import render_comparison
from llmgen.reports.formats import dollars, moment, span
from llmgen.reports.render import write_report
from llmgen.reports.views import Bar, ComparisonPage, FlipGroup, FlipView, RunCard


def write_page(path: Path, compared: Compared, flipped: Sequence[Sequence[Flip]], command: str) -> None:
    """Writes the HTML page. Raises StoreError when it cannot be written."""
    filled = page(compared, flipped, command)
    write_report(path, render_comparison(filled, asset_dir("reports/templates")))


def page(compared: Compared, flipped: Sequence[Sequence[Flip]], command: str) -> ComparisonPage:
    """Everything for the HTML page."""
    models = dict.fromkeys(asked.run.model for asked in compared.runs)
    return ComparisonPage(
        title=f"{' against '.join(models)} on {compared.asked.run.benchmark}",
        unlike=unlike(compared),
        warnings=warnings(compared),
        findings=findings(compared),
        bars=_bars(compared),
        tables=tables(compared)[1:],  # the runs have cards of their own
        runs=tuple(
            _card(letter, asked) for letter, asked in zip(ascii_uppercase, compared.runs, strict=False)
        ),
        flips=tuple(
            _flip_group(letter_of(index), against, flips)
            for index, (against, flips) in enumerate(zip(compared.others, flipped, strict=True))
            if flips
        ),
        methods=METHODS,
        command=command,
    )


def _bars(compared: Compared) -> tuple[Bar, ...]:
    bars = []
    for index, against in enumerate(compared.others):
        for finding in lines_of(against):
            result = finding.comparison
            if result.difference is None:
                continue
            name = name_of(finding, against)
            label = f"A - {letter_of(index)} · {name}" if len(compared.others) > 1 else name
            bars.append(
                Bar(label=label, mean=result.difference, low=result.low, high=result.high, n=f"{result.n:,}")
            )
    return tuple(bars)


def _card(letter: str, asked: Asked) -> RunCard:
    run = asked.run
    took = None if run.ended_at is None else run.ended_at - run.started_at
    return RunCard(
        letter=letter,
        run_id=run.id,
        model=run.model,
        facts=(
            ("Endpoint", run.endpoint or "unknown"),
            ("Started", moment(run.started_at)),
            ("Took", span(took)),
            ("State", run.state),
            ("Cost", dollars(run.cost_usd)),
            ("Latency, median", span(asked.latency_p50_s)),
            ("Latency, 95th percentile", span(asked.latency_p95_s)),
        ),
    )


def _flip_group(letter: str, against: Against, flips: Sequence[Flip]) -> FlipGroup:
    result = against.overall.comparison
    return FlipGroup(
        title=f"Samples on which A and {letter} disagree",
        n=len(result.better_a) + len(result.better_b),
        flips=tuple(
            FlipView(
                sample_id=flip.a.sample_id,
                letter="A" if flip.better == "a" else letter,
                gold=flip.a.target,
                said=(
                    (f"A ({flip.a.outcome})", flip.a.text),
                    (f"{letter} ({flip.b.outcome})", flip.b.text),
                ),
            )
            for flip in flips
        ),
    )
