"""Compare runs: read both, refuse what is not alike, test the difference per task and overall.

runs -> differences in data, prompts, settings -> pairs -> difference, interval, p -> Holm
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from llmgen.analysis.intervals import holm
from llmgen.analysis.paired import Comparison, Missing, compare_rows, compare_unpaired
from llmgen.errors import UsageError
from llmgen.plan import differences
from llmgen.reports.tally import tally
from llmgen.store import queries
from llmgen.summary import ScoredRow
from llmgen.types import Run, Struct

Pairing = Literal["alike", "shared", "none"]
_SHOWN_HASH = 12


class Terms(Struct):
    """How runs are compared.

    `missing`: leave ungraded samples out, or count them as wrong. `cluster` is the tag whose values group
    samples that are not independent ("" = as the benchmark says). `pairing`: "alike" demands the same
    samples, data and prompts; "shared" pairs the samples that both runs have, whatever else differs;
    "none" compares the means.
    """

    missing: Missing = "drop"
    cluster: str = ""
    pairing: Pairing = "alike"


class Asked(Struct):
    """A run, and how long its answers took (seconds, of answers that were waited for; None without any)."""

    run: Run
    latency_p50_s: float | None
    latency_p95_s: float | None


class Finding(Struct):
    """The comparison of one task, or of everything (`task` is ""). `p_holm` is p after Holm's adjustment.

    Overall findings are adjusted over the compared runs, task findings over all tasks of all runs.
    """

    task: str
    comparison: Comparison
    p_holm: float | None


class Against(Struct):
    """The first run against one other.

    `unlike` says in what the two differ besides the model; `tasks` is empty when there is one task only.
    """

    asked: Asked
    unlike: tuple[str, ...]
    overall: Finding
    tasks: tuple[Finding, ...]


class Compared(Struct):
    """The first run, what came of comparing it with each of the others, and on which terms.

    `notes` say what the store could not show yet.
    """

    asked: Asked
    others: tuple[Against, ...]
    terms: Terms
    notes: tuple[str, ...] = ()

    @property
    def runs(self) -> tuple[Asked, ...]:
        """All runs, the first one first."""
        return (self.asked, *(against.asked for against in self.others))


class Flip(Struct):
    """A sample that one run graded higher than the other: `better` says which ("a" or "b")."""

    better: Literal["a", "b"]
    a: ScoredRow
    b: ScoredRow


def compare(home: Path, run_a: str, others: Sequence[str], terms: Terms) -> Compared:
    """Compares run `run_a` with each of `others` (ids, prefixes or `last`).

    Raises UsageError when runs are unlike, naming in what, or when no sample has the cluster's tag.
    """
    behind = queries.catch_up(home)
    first = queries.run(home, run_a)
    rows = _rows(home, first, terms.cluster)
    drafts = [_against(home, first, rows, queries.run(home, name), terms) for name in others]
    return Compared(
        asked=_asked(home, first),
        others=_adjusted(drafts),
        terms=terms,
        notes=(behind,) if behind else (),
    )


def flips(home: Path, compared: Compared, against: Against, limit: int) -> tuple[Flip, ...]:
    """The first `limit` samples on which the runs disagree, in order, with what both said (first draw)."""
    overall = against.overall.comparison
    better: dict[str, Literal["a", "b"]] = {
        **dict.fromkeys(overall.better_a, "a"),
        **dict.fromkeys(overall.better_b, "b"),
    }
    theirs = _first_draws(queries.scored_rows(home, against.asked.run.id), better)
    mine = _first_draws(queries.scored_rows(home, compared.asked.run.id), better)
    shown = list(mine.items())[:limit]
    return tuple(Flip(better=better[name], a=row, b=theirs[name]) for name, row in shown)


def task_of(row: ScoredRow) -> str:
    """The task that a sample belongs to, from the benchmark's own tags; "" when it names none."""
    if "task" in row.tags:
        return row.tags["task"]
    return "/".join(row.tags[name] for name in ("domain", "split") if name in row.tags)


def _against(home: Path, first: Run, rows: list[ScoredRow], other: Run, terms: Terms) -> Against:
    """One comparison, before Holm's adjustment."""
    if other.id == first.id:
        raise UsageError(f"run {other.id} cannot be compared with itself", hint="see `llmgen runs list`")
    other_rows = _rows(home, other, terms.cluster)
    obstacles = _obstacles(first, other, rows, other_rows)
    if obstacles and terms.pairing == "alike":
        raise UsageError(
            f"the runs are not alike: {'; '.join(obstacles)}",
            hint="--allow-differences pairs the samples that both have, --unpaired compares the means",
        )
    test = compare_unpaired if terms.pairing == "none" else compare_rows

    def finding(task: str, a: Sequence[ScoredRow], b: Sequence[ScoredRow]) -> Finding:
        return Finding(task=task, comparison=test(a, b, missing=terms.missing), p_holm=None)

    mine, theirs = _by_task(rows), _by_task(other_rows)
    tasks = sorted(mine.keys() | theirs.keys())
    return Against(
        asked=_asked(home, other),
        unlike=(*obstacles, *_settings_differences(first, other)),
        overall=finding("", rows, other_rows),
        tasks=tuple(finding(task, mine.get(task, ()), theirs.get(task, ())) for task in tasks)
        if len(tasks) > 1
        else (),
    )


def _asked(home: Path, run: Run) -> Asked:
    counted = tally(queries.records(home, run.id), shown=0)
    return Asked(run=run, latency_p50_s=counted.latency_p50_s, latency_p95_s=counted.latency_p95_s)


def _rows(home: Path, run: Run, cluster: str) -> list[ScoredRow]:
    """The run's graded samples; with `cluster`, grouped by that tag (a sample without it stands alone)."""
    rows = list(queries.scored_rows(home, run.id))
    if not rows:
        raise UsageError(f"run {run.id} has no answers yet", hint=f"llmgen eval --resume {run.id}")
    if not cluster:
        return rows
    if not any(cluster in row.tags for row in rows):
        known = sorted({name for row in rows for name in row.tags})
        raise UsageError(
            f"no sample of run {run.id} has the tag {cluster!r}", hint=f"tags: {', '.join(known) or 'none'}"
        )
    return [msgspec.structs.replace(row, cluster=row.tags.get(cluster, "")) for row in rows]


def _obstacles(a: Run, b: Run, rows_a: Sequence[ScoredRow], rows_b: Sequence[ScoredRow]) -> list[str]:
    """What forbids pairing unless the user says otherwise."""
    lines = [f"benchmark: {a.benchmark} -> {b.benchmark}"] if a.benchmark != b.benchmark else []
    for what, one, two in (
        ("data set", a.dataset_hash, b.dataset_hash),
        ("prompts", a.prompt_hash, b.prompt_hash),
    ):
        if one != two:
            lines.append(f"{what}: {one[:_SHOWN_HASH] or 'unknown'} -> {two[:_SHOWN_HASH] or 'unknown'}")
    ids_a, ids_b = ({row.sample_id for row in rows} for rows in (rows_a, rows_b))
    if ids_a != ids_b:
        lines.append(
            f"samples: {len(ids_a - ids_b)} only in {a.id}, {len(ids_b - ids_a)} only in {b.id}, "
            f"{len(ids_a & ids_b)} in both"
        )
    return lines


def _settings_differences(a: Run, b: Run) -> list[str]:
    """Other things that can move a score: how the models were asked, and by which version."""
    plans = [run.settings.get("plan", {}) for run in (a, b)]
    plain = [{key: value for key, value in plan.items() if key != "model"} for plan in plans]
    facts = [{"llmgen": run.code_version, "repeats": run.n_repeats, "state": run.state} for run in (a, b)]
    return differences(plain[0], plain[1]) + differences(facts[0], facts[1])


def _adjusted(drafts: Sequence[Against]) -> tuple[Against, ...]:
    """Holm over the overall findings, and over all task findings."""
    overall = iter(_with_holm([draft.overall for draft in drafts]))
    tasks = iter(_with_holm([task for draft in drafts for task in draft.tasks]))
    return tuple(
        msgspec.structs.replace(draft, overall=next(overall), tasks=tuple(next(tasks) for _ in draft.tasks))
        for draft in drafts
    )


def _with_holm(findings: Sequence[Finding]) -> list[Finding]:
    tested = [finding.comparison.p for finding in findings if finding.comparison.p is not None]
    adjusted = iter(holm(tested))
    return [
        msgspec.structs.replace(finding, p_holm=next(adjusted))
        if finding.comparison.p is not None
        else finding
        for finding in findings
    ]


def _by_task(rows: Iterable[ScoredRow]) -> dict[str, list[ScoredRow]]:
    tasks: dict[str, list[ScoredRow]] = {}
    for row in rows:
        tasks.setdefault(task_of(row), []).append(row)
    return tasks


def _first_draws(rows: Iterable[ScoredRow], wanted: Container[str]) -> dict[str, ScoredRow]:
    found: dict[str, ScoredRow] = {}
    for row in rows:
        if row.sample_id in wanted:
            found.setdefault(row.sample_id, row)
    return found
