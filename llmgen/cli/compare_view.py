"""A comparison as people read it: sentences, tables, a page; and as one JSON object."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

import click
import msgspec

from llmgen.analysis.paired import Side
from llmgen.cli.tables import print_table
from llmgen.compare import Against, Compared, Finding, Flip
from llmgen.reports.formats import dollars, excerpt, share, span
from llmgen.summary import Table
from llmgen.types import Run

ALPHA = 0.05
SMALLEST_P = 0.0001  # four decimals are shown
_TESTS = {
    "mcnemar": "exact McNemar test",
    "sign-flip": "sign-flip permutation test",
    "welch": "Welch's t test, unpaired",
    "none": "no test",
}
METHODS = (
    """The difference is A - B of the mean grades; repeats are averaged within a sample first. Intervals are
    at 95 %: Student's t on the standard error of the paired differences, samples of one cluster kept
    together, and beside it the percentile bootstrap (clusters drawn, 10,000 times); Wilson for single 0/1
    scores.""",
    """p: exact McNemar for 0/1 grades of independent samples, otherwise a sign-flip permutation of cluster
    sums; Welch's t when unpaired. Holm: adjusted over all runs (overall) or over all tasks of all runs.
    MDE: the true difference that a study of this size finds with 80 % power at the 5 % level.""",
    """Samples without a grade (error, refused, truncated, unparsed) are not wrong answers: they are left
    out, unless asked otherwise, and counted. After Miller, "Adding Error Bars to Evals", 2024
    (arXiv 2411.00640).""",
)


def print_comparison(compared: Compared, flipped: Sequence[Sequence[Flip]]) -> None:
    """Prints to stdout what differs besides the model, then tables, findings, notes and flipped samples."""
    for line in unlike(compared):
        click.echo(f"differs: {line}")
    for table in tables(compared):
        print_table(table)
    notes = (f"note: {line}" for line in warnings(compared))
    for line in (*findings(compared), *notes, *flip_lines(compared, flipped)):
        click.echo(line)


def unlike(compared: Compared) -> tuple[str, ...]:
    """In what each run differs from the first, besides the model."""
    several = len(compared.others) > 1
    return tuple(
        f"{letter_of(index)}: {line}" if several else line
        for index, against in enumerate(compared.others)
        for line in against.unlike
    )


def findings(compared: Compared) -> tuple[str, ...]:
    """The overall result of each comparison, one sentence each."""
    return tuple(
        _sentence(compared.asked.run, letter_of(index), against)
        for index, against in enumerate(compared.others)
    )


def warnings(compared: Compared) -> tuple[str, ...]:
    """What a reader has to know: notes of the store and of the runs, few clusters, nothing to compare."""
    of_runs = dict.fromkeys(note for asked in compared.runs for note in asked.run.notes)
    of_findings = (
        f"A - {letter_of(index)}, {name_of(finding, against)}: {line}"
        for index, against in enumerate(compared.others)
        for finding in lines_of(against)
        for line in finding.comparison.warnings
    )
    return (*compared.notes, *of_runs, *of_findings)


def tables(compared: Compared) -> tuple[Table, ...]:
    """The runs; for each comparison both sides' scores, the differences, what ungraded samples change."""
    made = [_runs(compared)]
    for index, against in enumerate(compared.others):
        letter = letter_of(index)
        made += [_scores(compared.asked.run, letter, against), _differences(letter, against)]
        other = _other_figures(letter, against)
        made += [other] if other else []
    return tuple(made)


def flip_lines(compared: Compared, flipped: Sequence[Sequence[Flip]]) -> tuple[str, ...]:
    """The flipped samples as short lines for the terminal."""
    lines: list[str] = []
    for index, (against, flips) in enumerate(zip(compared.others, flipped, strict=True)):
        if not flips:
            continue
        total = len(against.overall.comparison.better_a) + len(against.overall.comparison.better_b)
        lines.append(f"A and {letter_of(index)} disagree on {total} samples; the first {len(flips)}:")
        for flip in flips:
            better = "A" if flip.better == "a" else letter_of(index)
            lines.append(f"  {flip.a.sample_id}: {better} is better; gold: {excerpt(flip.a.target or '-')}")
            lines.append(f"    A ({flip.a.outcome}): {excerpt(flip.a.text or '-')}")
            lines.append(f"    {letter_of(index)} ({flip.b.outcome}): {excerpt(flip.b.text or '-')}")
    return tuple(lines)


def as_plain(compared: Compared) -> dict[str, Any]:
    """The JSON object: the terms, and for each other run what differs and every finding."""
    terms = compared.terms
    return {
        "run_a": compared.asked.run.id,
        "missing": terms.missing,
        "cluster": terms.cluster,
        "pairing": terms.pairing,
        "comparisons": [
            {
                "run_b": against.asked.run.id,
                "unlike": against.unlike,
                "overall": _plain_finding(against.overall),
                "tasks": {finding.task: _plain_finding(finding) for finding in against.tasks},
            }
            for against in compared.others
        ],
    }


def _plain_finding(finding: Finding) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(finding.comparison)
    return {**plain, "p_holm": finding.p_holm}


def letter_of(index: int) -> str:
    """B, C, ... for the runs after the first."""
    return ascii_uppercase[(index + 1) % len(ascii_uppercase)]


def _sentence(first: Run, letter: str, against: Against) -> str:
    result, p_holm = against.overall.comparison, against.overall.p_holm
    sides = f"A ({first.model}) and {letter} ({against.asked.run.model})"
    if result.difference is None or result.p is None or p_holm is None:
        return f"{sides} cannot be compared: too few samples were graded on both sides."
    number = f"A - {letter} = {result.difference:+.3f} [{result.low:+.3f}, {result.high:+.3f}]"
    unit = "pairs" if result.paired else "samples on the smaller side"
    adjusted = f", after Holm {_p(p_holm)}" if p_holm != result.p else ""
    detail = f"{number}, {_equals(result.p)}{adjusted} ({_TESTS[result.test]}, {result.n:,} {unit})"
    if p_holm <= ALPHA:
        verdict = f"{'A' if result.difference > 0 else letter} scores higher"
        return f"{sides}: {verdict}. {detail}."
    power = "" if result.mde is None else f" A study of this size finds differences from {result.mde:.3f} on."
    return f"{sides}: no difference shown. {detail}.{power}"


def _runs(compared: Compared) -> Table:
    return Table(
        title="Runs",
        columns=("run", "id", "model", "state", "cost", "median latency", "95th percentile"),
        rows=tuple(
            (
                letter,
                asked.run.id,
                asked.run.model,
                asked.run.state,
                dollars(asked.run.cost_usd),
                "-" if asked.latency_p50_s is None else span(asked.latency_p50_s),
                "-" if asked.latency_p95_s is None else span(asked.latency_p95_s),
            )
            for letter, asked in zip(ascii_uppercase, compared.runs, strict=False)
        ),
    )


def _scores(first: Run, letter: str, against: Against) -> Table:
    rows: list[tuple[str, ...]] = []
    for finding in lines_of(against):
        task = name_of(finding, against)
        rows.append((task, "A", *_side_cells(finding.comparison.a, letter)))
        rows.append((task, letter, *_side_cells(finding.comparison.b, "A")))
    wrong = against.overall.comparison.missing == "wrong"
    return Table(
        title=f"Scores of A ({first.model}) and {letter} ({against.asked.run.model})",
        columns=("task", "run", "n", "score", "95% interval", "samples", "missing"),
        rows=tuple(rows),
        note=f"n: samples in the comparison. Missing: samples of the run without a grade, by reason "
        f"({'counted as wrong' if wrong else 'left out'}), and samples that the other run does not have.",
    )


def _side_cells(side: Side, other: str) -> tuple[str, ...]:
    score = side.score
    missing = [f"{count:,} {name}" for name, count in side.excluded.items()]
    if side.n_unmatched:
        missing.append(f"{side.n_unmatched:,} not in {other}")
    if side.n_partial:
        missing.append(f"{side.n_partial:,} in part")
    return (
        f"{score.n:,}",
        "-" if score.mean is None else share(score.mean),
        f"[{score.low:.3f}, {score.high:.3f}]",
        f"{side.n:,}",
        ", ".join(missing) or "none",
    )


def _differences(letter: str, against: Against) -> Table:
    clustered = any(line.comparison.n_clusters != line.comparison.n for line in lines_of(against))
    return Table(
        title=f"Differences A - {letter}",
        columns=(
            "task",
            "n",
            *(("clusters",) if clustered else ()),
            f"A - {letter}",
            "95% interval",
            "bootstrap 95%",
            "p",
            "p (Holm)",
            f"A/{letter} better",
            "MDE",
        ),
        rows=tuple(
            (name_of(line, against), *_difference_cells(line, clustered=clustered))
            for line in lines_of(against)
        ),
        note=f"A/{letter} better: samples graded higher for A and for {letter} (discordant pairs). "
        f"Tests: {_tests(against)}.",
    )


def _difference_cells(finding: Finding, *, clustered: bool) -> tuple[str, ...]:
    result = finding.comparison
    return (
        f"{result.n:,}",
        *((f"{result.n_clusters:,}",) if clustered else ()),
        "-" if result.difference is None else f"{result.difference:+.3f}",
        f"[{result.low:+.3f}, {result.high:+.3f}]",
        "-" if result.bootstrap is None else "[{:+.3f}, {:+.3f}]".format(*result.bootstrap),
        "-" if result.p is None else _p(result.p),
        "-" if finding.p_holm is None else _p(finding.p_holm),
        f"{len(result.better_a):,}/{len(result.better_b):,}" if result.paired else "-",
        "-" if result.mde is None else share(result.mde),
    )


def _other_figures(letter: str, against: Against) -> Table | None:
    """What the other treatment of ungraded samples says, for the tasks where it says something else."""
    moved = [(finding, other) for finding in lines_of(against) if (other := finding.comparison.other)]
    if not moved:
        return None
    how = "counted as wrong" if moved[0][1].missing == "wrong" else "left out"
    return Table(
        title=f"Ungraded samples matter: with them {how}",
        columns=("task", "n", "A", letter, f"A - {letter}"),
        rows=tuple(
            (
                name_of(finding, against),
                f"{other.n:,}",
                share(other.mean_a),
                share(other.mean_b),
                f"{other.difference:+.3f}",
            )
            for finding, other in moved
        ),
        note="Tasks in which a mean or the difference moves by more than one point.",
    )


def name_of(finding: Finding, against: Against) -> str:
    """The line's task, or what the overall line is about."""
    return finding.task or ("all tasks" if against.tasks else "all samples")


def lines_of(against: Against) -> tuple[Finding, ...]:
    """The tasks, then everything together."""
    return (*against.tasks, against.overall)


def _tests(against: Against) -> str:
    """The tests behind the table's p values, with the lines they belong to when there are several."""
    used: dict[str, list[str]] = {}
    for finding in lines_of(against):
        used.setdefault(_TESTS[finding.comparison.test], []).append(name_of(finding, against))
    if len(used) == 1:
        return next(iter(used))
    return "; ".join(f"{test} ({', '.join(names)})" for test, names in used.items())


def _equals(p: float) -> str:
    return f"p < {SMALLEST_P}" if p < SMALLEST_P else f"p = {_p(p)}"


def _p(value: float) -> str:
    return f"<{SMALLEST_P}" if value < SMALLEST_P else f"{value:.4f}"
