"""The same answers under several extractors: what each reading would have scored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llmgen.analysis.intervals import wilson
from llmgen.summary import ScoredRow, Table

_BY = "by:"


def by_extractor(rows: Iterable[ScoredRow]) -> dict[str, Any] | None:
    """Extractor -> its numbers over `all` items and over each file, the grading extractor first.

    `accuracy` (with its Wilson 95 % interval) is over the n_graded items that have a grade by this reading,
    `accuracy_all` over all n; `n_differ` counts the items whose grade is another one than by the first
    extractor. Repeats are averaged inside an item. None when there were less than two extractors.
    """
    files: dict[str, dict[str, list[ScoredRow]]] = {}
    for row in rows:
        files.setdefault(row.tags["file"], {}).setdefault(row.sample_id, []).append(row)
    names = list(
        dict.fromkeys(
            answer.extractor
            for items in files.values()
            for repeats in items.values()
            for row in repeats
            for answer in row.answers
            if f"{_BY}{answer.extractor}" in row.scores
        )
    )
    if len(names) < 2:  # noqa: PLR2004  # nothing to set side by side
        return None
    found: dict[str, Any] = {}
    for name in names:
        cells = {
            stem: [(_value(repeats, name), _value(repeats, names[0])) for repeats in items.values()]
            for stem, items in files.items()
        }
        everything = [pair for pairs in cells.values() for pair in pairs]
        found[name] = {
            "all": _numbers(everything),
            "files": {stem: _numbers(pairs) for stem, pairs in cells.items()},
        }
    return found


def readers_table(found: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> Table:
    """One row a split and one for all of them, one column an extractor."""
    rows = [
        (m["domain"], m["split"], *_row([one["files"][stem] for one in found.values()]))
        for stem, m in files.items()
        if stem in next(iter(found.values()))["files"]
    ]
    rows.append(("all", "", *_row([one["all"] for one in found.values()])))
    return Table(
        title="By extractor",
        columns=("domain", "split", "n", *found, "graded differently"),
        rows=tuple(rows),
        note="accuracy, 95 % interval, graded items; the first extractor's reading is the one that counts",
    )


def _row(numbers: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    cells = [
        "-"
        if m["accuracy"] is None
        else f"{m['accuracy']:.3f} [{m['wilson95'][0]:.3f}, {m['wilson95'][1]:.3f}] of {m['n_graded']}"
        for m in numbers
    ]
    return (str(numbers[0]["n"]), *cells, ", ".join(str(m["n_differ"]) for m in numbers[1:]))


def _value(repeats: Sequence[ScoredRow], name: str) -> float | None:
    """An item's mean grade by the reading of extractor `name`; None when no repeat has one."""
    values = [value for row in repeats if (value := row.scores.get(f"{_BY}{name}")) is not None]
    return sum(values) / len(values) if values else None


def _numbers(pairs: Sequence[tuple[float | None, float | None]]) -> dict[str, Any]:
    graded = [value for value, _ in pairs if value is not None]
    hits = sum(graded)
    return {
        "n": len(pairs),
        "n_graded": len(graded),
        "accuracy": round(hits / len(graded), 4) if graded else None,
        "wilson95": [round(bound, 4) for bound in wilson(hits, len(graded))] if graded else None,
        "accuracy_all": round(hits / len(pairs), 4),
        "n_differ": sum(value != first for value, first in pairs),
    }
