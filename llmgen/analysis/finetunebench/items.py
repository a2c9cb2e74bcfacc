"""Rows to items: the repeats of one sample taken together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from llmgen.summary import ScoredRow
from llmgen.types import Struct

UNGRADED = ("error", "refused", "truncated", "unparsed")


class Item(Struct, frozen=True):
    """One sample of one run.

    `value` is the mean grade of its graded repeats (None = none was graded); `value_all` counts an ungraded
    repeat as 0. `scores` are means with an absent verdict as 0, as published numbers count; `judged` pairs
    are in `verdicts`. `outcomes` counts repeats, `outcome` is the first repeat's.
    """

    id: str
    tags: dict[str, str]
    cluster: str
    target: str
    value: float | None
    value_all: float
    scores: dict[str, float]
    verdicts: tuple[tuple[float, float], ...]
    outcome: str
    outcomes: dict[str, int]


def gather(rows: Iterable[ScoredRow]) -> list[Item]:
    """Items in the order in which their samples first appear."""
    by_sample: dict[str, list[ScoredRow]] = {}
    for row in rows:
        by_sample.setdefault(row.sample_id, []).append(row)
    return [_item(sample_id, repeats) for sample_id, repeats in by_sample.items()]


def by_file(items: Iterable[Item]) -> dict[str, list[Item]]:
    """Items by the stem of their file, in order of appearance."""
    files: dict[str, list[Item]] = {}
    for item in items:
        files.setdefault(item.tags["file"], []).append(item)
    return files


def count_outcomes(items: Iterable[Item]) -> Counter[str]:
    """Repeats by outcome."""
    total: Counter[str] = Counter()
    for item in items:
        total.update(item.outcomes)
    return total


def exclusions(outcomes: Mapping[str, int]) -> str:
    """The counts of what could not be graded, as text: "3 (2 error, 1 refused)", or "0"."""
    named = [f"{outcomes[name]} {name}" for name in UNGRADED if outcomes.get(name)]
    return f"{sum(outcomes.get(name, 0) for name in UNGRADED)} ({', '.join(named)})" if named else "0"


def _item(sample_id: str, repeats: Sequence[ScoredRow]) -> Item:
    first = repeats[0]
    graded = [row.value for row in repeats if row.value is not None]
    names = dict.fromkeys(name for row in repeats for name in row.scores)
    return Item(
        id=sample_id,
        tags=first.tags,
        cluster=first.tags.get("cluster") or first.cluster or sample_id,
        target=first.target or "",
        value=sum(graded) / len(graded) if graded else None,
        value_all=sum(graded) / len(repeats),
        scores={name: sum(row.scores.get(name) or 0.0 for row in repeats) / len(repeats) for name in names},
        verdicts=tuple(
            (judged, fixed)
            for row in repeats
            if (judged := row.scores.get("judge")) is not None
            and (fixed := row.scores.get("normalised")) is not None
        ),
        outcome=first.outcome,
        outcomes=dict(Counter(row.outcome for row in repeats)),
    )
