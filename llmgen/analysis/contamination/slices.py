"""Scores of the benchmark by what the detectors say of its items, and how far detectors agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from llmgen.analysis.contamination.auc import spearman
from llmgen.analysis.intervals import mcnemar_exact, mean_interval
from llmgen.analysis.kappa import kappa
from llmgen.summary import ItemVerdict

GROUPS = ("all", "not_flagged", "flagged", "insufficient")


def scores_by_flag(
    items: Sequence[ItemVerdict], values: Mapping[str, float | None], clusters: Mapping[str, str]
) -> dict[str, Any]:
    """The mean grade of all, not flagged, flagged and insufficient items, each with its 95 % interval.

    `n` counts the items, `n_graded` those with a grade, which the mean is over.
    """
    found = {}
    for group in GROUPS:
        ids = [item.sample_id for item in items if group in ("all", item.verdict)]
        graded = [(value, clusters[name]) for name in ids if (value := values.get(name)) is not None]
        interval = mean_interval([value for value, _ in graded], [cluster for _, cluster in graded])
        known = interval.mean is not None
        found[group] = {
            "n": len(ids),
            "n_graded": len(graded),
            "mean": interval.mean,
            "low": interval.low if known else None,
            "high": interval.high if known else None,
        }
    return found


def agreement(items: Mapping[str, Sequence[ItemVerdict]]) -> list[dict[str, Any]]:
    """Pair by pair: flags over the `n` items that both decided, ranks over the `n_scores` both scored.

    `p` is exact McNemar over the items that only one of the two flags.
    """
    return [_pair(a, items[a], b, items[b]) for a, b in combinations(items, 2)]


def _pair(a: str, mine: Sequence[ItemVerdict], b: str, others: Sequence[ItemVerdict]) -> dict[str, Any]:
    theirs = {item.sample_id: item for item in others}
    pairs = [(item, theirs[item.sample_id]) for item in mine if item.sample_id in theirs]
    flags = [(x.flagged, y.flagged) for x, y in pairs if x.flagged is not None and y.flagged is not None]
    scores = [(x.score, y.score) for x, y in pairs if x.score is not None and y.score is not None]
    only_a, only_b = sum(x and not y for x, y in flags), sum(y and not x for x, y in flags)
    return {
        "a": a,
        "b": b,
        "n": len(flags),
        "both": sum(x and y for x, y in flags),
        "only_a": only_a,
        "only_b": only_b,
        "agree": (len(flags) - only_a - only_b) / len(flags) if flags else None,
        "kappa": kappa(flags),
        "p": mcnemar_exact(only_a, only_b) if flags else None,
        "n_scores": len(scores),
        "spearman": spearman([x for x, _ in scores], [y for _, y in scores]),
    }
