"""How well one extractor reads: accuracies with their intervals, confusion, speed, the worst readings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from llmgen.analysis.intervals import paired_bootstrap, wilson
from llmgen.analysis.kaf.readings import NO_VALID_ANSWER, TYPES, Reading, slices

DRAWS = 2_000
TAIL = 200


def accuracy_of(readings: Sequence[Reading]) -> dict[str, Any]:
    """All numbers of one extractor over its items.

    `accuracy` = readings that are the label / all items; an `error` is not right and is counted apart.
    `wilson95` takes items as independent, `bootstrap95` draws whole groups (source and model; seed 0).
    """
    by_type = {kind: [r for r in readings if r.item.answer_type == kind] for kind in TYPES}
    present = {kind: group for kind, group in by_type.items() if group}
    means = [_mean(group) for group in present.values()]
    known = [mean for mean in means if mean is not None]
    return {
        **_share(readings),
        "bootstrap95": _bootstrap(readings),
        "macro": sum(known) / len(known) if known else None,
        "by_type": {
            kind: {
                **_share(group),
                **_apart(group),
                "judgement_accuracy": _judgement(group),
                **_speed(group),
            }
            for kind, group in present.items()
        },
        **_apart(readings),
        "judgement_accuracy": _judgement(readings),
        "errors": sum(reading.is_error for reading in readings),
        "confusion": {kind: _confusion(group) for kind, group in present.items()},
        **_speed(readings),
        "methods": sorted({r.answer.method for r in readings if r.answer is not None}),
    }


def sliced(readings: Sequence[Reading], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Accuracy by the values of each field."""
    return {
        field: {value: {**_share(group), **_apart(group)} for value, group in slices(readings, field).items()}
        for field in fields
    }


def worst(readings: Sequence[Reading], count: int) -> list[dict[str, Any]]:
    """The `count` wrong readings with the highest confidence, surest first; those without one come last."""
    wrong = [reading for reading in readings if reading.right == 0.0]
    wrong.sort(key=lambda reading: -_confidence(reading))
    return [
        {
            "id": reading.item.sample_id,
            "type": reading.item.answer_type,
            "label": reading.label,
            "read": reading.said,
            "confidence": reading.answer.confidence if reading.answer else None,
            "tail": (reading.item.text or "")[-TAIL:],
        }
        for reading in wrong[:count]
    ]


def _share(readings: Sequence[Reading]) -> dict[str, Any]:
    """n, accuracy and its Wilson interval; accuracy is None for an extractor that names no values."""
    mean = _mean(readings)
    interval = None if mean is None else list(wilson(_right(readings), len(readings)))
    return {"n": len(readings), "accuracy": mean, "wilson95": interval}


def _apart(readings: Sequence[Reading]) -> dict[str, Any]:
    """The two halves that must not be read without each other: answered items, and those with no answer."""
    answered = [reading for reading in readings if reading.is_answered]
    empty = [reading for reading in readings if not reading.is_answered]
    claimed = [r for r in readings if r.said == NO_VALID_ANSWER and r.right is not None]
    precision = _right(claimed) / len(claimed) if claimed else None
    return {
        "answered": _share(answered),
        "no_valid_answer": {**_share(empty), "n_read": len(claimed), "precision": precision},
    }


def _right(readings: Sequence[Reading]) -> float:
    return sum(reading.right or 0.0 for reading in readings)


def _mean(readings: Sequence[Reading]) -> float | None:
    if all(reading.right is None and not reading.is_error for reading in readings):
        return None
    return _right(readings) / len(readings)


def _judgement(readings: Sequence[Reading]) -> float | None:
    return sum(reading.verdict or 0.0 for reading in readings) / len(readings) if readings else None


def _bootstrap(readings: Sequence[Reading]) -> list[float] | None:
    if _mean(readings) is None:
        return None
    values = [reading.right or 0.0 for reading in readings]
    groups = [reading.item.cluster or reading.item.sample_id for reading in readings]
    return list(paired_bootstrap(values, groups, resamples=DRAWS, seed=0))


def _confusion(readings: Sequence[Reading]) -> dict[str, Any]:
    """Options: label -> reading -> count. Other types: how they went wrong."""
    if readings[0].item.answer_type == "alphabet_option":
        counts: dict[str, Counter[str]] = {}
        for reading in readings:
            counts.setdefault(reading.label, Counter())[reading.said] += 1
        return {label: dict(counts[label].most_common()) for label in sorted(counts)}
    kinds = Counter(_kind(reading) for reading in readings)
    names = ("right", "wrong_value", "false_no_valid_answer", "missed_no_valid_answer", "error")
    return {name: kinds[name] for name in names}


def _kind(reading: Reading) -> str:
    if reading.is_error or reading.right is None:
        return "error"
    if reading.right:
        return "right"
    if not reading.is_answered:
        return "missed_no_valid_answer"
    return "false_no_valid_answer" if reading.said == NO_VALID_ANSWER else "wrong_value"


def _speed(readings: Sequence[Reading]) -> dict[str, Any]:
    """Time of the reading alone, one output at a time; with its waiting where a model is asked."""
    times = sorted(
        r.answer.elapsed_us for r in readings if r.answer is not None and r.answer.elapsed_us is not None
    )
    total = sum(times) / 1e6
    return {
        "outputs_per_s": len(times) / total if total > 0 else None,
        "median_us": _quantile(times, 0.5),
        "p95_us": _quantile(times, 0.95),
        "total_s": total,
    }


def _quantile(ordered: Sequence[int], share: float) -> int | None:
    """The smallest value with at least `share` of all values at or below it."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)] if ordered else None


def _confidence(reading: Reading) -> float:
    known = reading.answer.confidence if reading.answer else None
    return -1.0 if known is None else known
