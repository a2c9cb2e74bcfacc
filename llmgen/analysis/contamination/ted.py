"""TED: the score without the greedy peak and without duplicates, beside the raw one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llmgen.analysis.contamination.readings import Reading, in_role
from llmgen.analysis.intervals import paired_bootstrap
from llmgen.analysis.passes import pass_at_k

RULES = {"raw": "raw", "dedupe": "dedupe", "exclude": "exclude", "corrected": "left"}
"""Our name of a rule -> the detector's: all draws, the first of equal texts, not near the greedy, both."""

KS = (1, 5, 10)
_SHOWN = ("tau", "cut", "tokenizer")
DETERMINISM = (
    "TED cannot tell contamination from honest determinism: a model that has never seen an item and gives"
    " the same right answer every time scores 0 on it"
)


def ted_of(readings: Sequence[Reading]) -> dict[str, Any]:
    """Raw and corrected accuracy and pass@k of the test items, with cluster-bootstrap intervals.

    An item emptied by a rule counts 0 in accuracy and pass@1, as published. Where fewer than k graded draws
    are left its pass@k is None and it is left out: `n` says over how many items a mean is. `accuracy` and
    `pass_at` are None without any grade. `right_and_deterministic` items have right draws only, all of
    them near the greedy answer.
    """
    test = in_role(readings, "test")
    read = [one for one in test if one.has_data]
    graded = [one for one in read if one.detail("graded_raw")]
    found: dict[str, Any] = {name: _common(read, name) for name in _SHOWN}
    found |= {
        "n": len(test),
        "n_read": len(read),
        "n_graded": len(graded),
        "near_removed": sum(one.detail("n_near") for one in read),
        "duplicates_removed": sum(one.detail("n_duplicates") for one in read),
        "emptied": sum(one.detail("emptied") for one in read),
        "mean_left": sum(one.detail("n_left") for one in read) / len(read) if read else None,
        "right_and_deterministic": sum(_is_right_and_deterministic(one) for one in graded),
        "note": DETERMINISM,
        "greedy": _mean(graded, lambda one: one.detail("greedy_value")),
        "accuracy": None,
        "pass_at": None,
    }
    if graded:
        found["accuracy"] = {rule: _mean(graded, _accuracy(stage)) for rule, stage in RULES.items()}
        found["pass_at"] = {
            str(k): {rule: _mean(graded, _passes(stage, k)) for rule, stage in RULES.items()} for k in KS
        }
    return found


def _is_right_and_deterministic(reading: Reading) -> bool:
    return bool(reading.detail("emptied")) and reading.detail("right_raw") == reading.detail("graded_raw")


def _accuracy(stage: str) -> Callable[[Reading], float | None]:
    def value(one: Reading) -> float | None:
        graded, right = one.detail(f"graded_{stage}"), one.detail(f"right_{stage}")
        if graded:
            return float(right / graded)
        return 0.0 if one.detail("emptied") else None

    return value


def _passes(stage: str, k: int) -> Callable[[Reading], float | None]:
    def value(one: Reading) -> float | None:
        graded, right = one.detail(f"graded_{stage}"), one.detail(f"right_{stage}")
        if not float(right).is_integer():
            return None  # partial credit is no pass
        if k == 1 and one.detail("emptied") and not graded:
            return 0.0
        return pass_at_k(graded, int(right), k)

    return value


def _mean(readings: Sequence[Reading], value: Callable[[Reading], float | None]) -> dict[str, Any]:
    known = [
        (found, one.row.cluster or one.sample_id) for one in readings if (found := value(one)) is not None
    ]
    if not known:
        return {"mean": None, "low": None, "high": None, "n": 0}
    values, clusters = [found for found, _ in known], [cluster for _, cluster in known]
    low, high = paired_bootstrap(values, clusters)
    return {"mean": sum(values) / len(values), "low": low, "high": high, "n": len(values)}


def _common(readings: Sequence[Reading], name: str) -> Any:
    """A setting that all readings share; a list when they differ."""
    values = list(dict.fromkeys(reading.detail(name) for reading in readings))
    return values[0] if len(values) == 1 else values or None
