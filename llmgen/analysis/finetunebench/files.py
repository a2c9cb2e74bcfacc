"""The numbers of one file: every rate with its counts, and what a rate of yes/no answers is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmgen.analysis.finetunebench.items import Item, count_outcomes
from llmgen.analysis.intervals import wilson

DIGITS = 4


def file_metrics(items: Sequence[Item], facts: Mapping[str, Any]) -> dict[str, Any]:
    """All metrics of one file (specification, section 7).

    `exact`, `notebook`, `normalised`, `accuracy_all` and `wilson95` are over all n items, as published
    numbers are; `accuracy` and `accuracy_wilson95` over the n_graded items that have a grade. Rates are
    rounded to 4 digits, counts are whole without repeats.
    """
    n, outcomes = len(items), count_outcomes(items)
    graded = [item.value for item in items if item.value is not None]
    correct = sum(item.value_all for item in items)
    hits = sum(graded)
    metrics: dict[str, Any] = {
        **{name: facts[name] for name in ("domain", "split", "role", "mode") if name in facts},
        "n": n,
        "usable": True,
        **{name: _rate(_hits(items, name), n) for name in ("exact", "notebook", "normalised")},
        "n_exact": _count(_hits(items, "exact")),
        "n_graded": len(graded),
        "n_correct": _count(correct),
        "accuracy": _rate(hits, len(graded)),
        "accuracy_wilson95": _interval(hits, len(graded)),
        "accuracy_all": _rate(correct, n),
        "wilson95": _interval(correct, n),
        "stale": outcomes["stale"],
        "abstain": outcomes["abstain"],
        "unparsed": outcomes["unparsed"],
        "refused": outcomes["refused"],
        "truncated": outcomes["truncated"],
        "errors": outcomes["error"],
    }
    if any("judge" in item.scores for item in items):
        metrics["judge"] = _rate(_hits(items, "judge"), n)
    if facts.get("mode") == "abstain":
        metrics["other"] = n - _whole(correct) - outcomes["stale"]
    if facts.get("mode") == "yesno":
        metrics |= yes_no_metrics(items)
    if any(item.tags.get("needs_judge") for item in items):
        metrics["needs_judge"] = sum(bool(item.tags.get("needs_judge")) for item in items)
    return metrics


def yes_no_metrics(items: Sequence[Item]) -> dict[str, Any]:
    """yes_rate (over n), majority_baseline (largest class share), balanced accuracy.

    Balanced accuracy is the mean of the recalls of Yes and No, an answer that is neither counted as a miss;
    None when the golds are all of one class. Where golds were derived anew, also the rate under those.
    """
    n = len(items)
    classes: dict[str, list[float]] = {}
    for item in items:
        classes.setdefault(item.target.casefold(), []).append(item.value_all)
    recalls = [sum(hits) / len(hits) for hits in classes.values()]
    metrics: dict[str, Any] = {
        "yes_rate": _rate(_hits(items, "said_yes"), n),
        "majority_baseline": _rate(max(map(len, classes.values())), n),
        "balanced_accuracy": round(sum(recalls) / 2, DIGITS) if len(recalls) == 2 else None,  # noqa: PLR2004  # yes and no
    }
    if any("recomputed_gold" in item.scores for item in items):
        hits = _hits(items, "recomputed_gold")
        metrics |= {"n_correct_recomputed_gold": _count(hits), "normalised_recomputed_gold": _rate(hits, n)}
    return metrics


def unusable_metrics(column: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of a file whose recorded column holds no answers: null where a rate would stand."""
    rates = ("exact", "notebook", "normalised", "n_correct", "accuracy", "accuracy_all", "wilson95")
    return {**column, "usable": False, "n_graded": 0, **dict.fromkeys(rates)}


def _hits(items: Sequence[Item], name: str) -> float:
    return sum(item.scores.get(name, 0.0) for item in items)


def _rate(hits: float, n: int) -> float | None:
    return round(hits / n, DIGITS) if n else None


def _interval(hits: float, n: int) -> list[float] | None:
    return [round(bound, DIGITS) for bound in wilson(hits, n)] if n else None


def _count(hits: float) -> float:
    """A whole number as int; with repeats a sum of means may be a fraction."""
    return _whole(hits) if abs(hits - round(hits)) < 1e-9 else round(hits, DIGITS)  # noqa: PLR2004  # rounding


def _whole(hits: float) -> int:
    return round(hits)
