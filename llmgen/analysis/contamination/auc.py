"""How well a score tells two classes apart: the area under the ROC curve, rank correlation, rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from llmgen.analysis.intervals import wilson

DRAWS = 2_000
_CHUNK = 1 << 21  # numbers drawn at a time: bounds memory


def auc(positive: ArrayLike, negative: ArrayLike) -> float | None:
    """P(positive > negative) + P(equal) / 2, the area under the ROC curve; None when a class is empty."""
    counts = _histograms(positive, negative)
    if counts is None:
        return None
    ones, zeros = (row[None, :].astype(float) for row in counts)
    return float(_areas(ones, zeros)[0])


def auc_interval(
    positive: ArrayLike, negative: ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> tuple[float, float] | None:
    """The 95 % percentile bootstrap interval of `auc`, each class drawn by itself; None without a class.

    Drawing items with replacement is drawing how often each distinct score occurs from a multinomial.
    """
    counts = _histograms(positive, negative)
    if counts is None:
        return None
    rng = np.random.default_rng(seed)
    sizes = [int(row.sum()) for row in counts]
    step = max(_CHUNK // counts[0].size, 1)
    areas = []
    for start in range(0, draws, step):
        rows = min(step, draws - start)
        ones, zeros = (
            rng.multinomial(size, row / size, size=rows).astype(float)
            for size, row in zip(sizes, counts, strict=True)
        )
        areas.append(_areas(ones, zeros))
    low, high = np.quantile(np.concatenate(areas), (0.025, 0.975))
    return float(low), float(high)


def spearman(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Rank correlation with mid-ranks; None with fewer than two pairs or when one side is constant."""
    if len(a) < 2 or min(map(np.ptp, (a, b))) == 0.0:  # noqa: PLR2004  # a spread needs two
        return None
    return float(np.corrcoef(_mid_ranks(a), _mid_ranks(b))[0, 1])


def rates(flagged: Sequence[bool], labels: Sequence[bool]) -> dict[str, Any]:
    """Accuracy, precision, recall, F1 and the false positive rate of flags against labels.

    A rate that has no meaning without one of the classes, or without flags, is None, and `undefined` says
    why, by name.
    """
    pairs = list(zip(flagged, labels, strict=True))
    hits = sum(flag and label for flag, label in pairs)
    false = sum(flag and not label for flag, label in pairs)
    positives = sum(labels)
    negatives = len(labels) - positives
    found: dict[str, Any] = {
        "flagged": hits + false,
        "accuracy": _share(hits + negatives - false, len(pairs)),
        "accuracy95": list(wilson(hits + negatives - false, len(pairs))) if pairs else None,
        "precision": _share(hits, hits + false),
        "recall": _share(hits, positives),
        "f1": 2 * hits / (hits + false + positives) if positives else None,
        "fpr": _share(false, negatives),
    }
    reasons = {"accuracy": "", "precision": "nothing_flagged", "recall": "no_label_1"}
    reasons |= {"f1": "no_label_1", "fpr": "no_label_0"}
    undefined = [name for name in reasons if found[name] is None]
    found["undefined"] = {name: reasons[name] if pairs else "nothing_decided" for name in undefined}
    return found


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _histograms(positive: ArrayLike, negative: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """How often each distinct score, in rising order, occurs in each class."""
    ones, zeros = np.asarray(positive, dtype=float), np.asarray(negative, dtype=float)
    if ones.size == 0 or zeros.size == 0:
        return None
    levels, places = np.unique(np.concatenate((ones, zeros)), return_inverse=True)
    return (
        np.bincount(places[: ones.size], minlength=levels.size),
        np.bincount(places[ones.size :], minlength=levels.size),
    )


def _areas(ones: NDArray[np.float64], zeros: NDArray[np.float64]) -> NDArray[np.float64]:
    """The area for each row of class histograms (draws x levels)."""
    below = np.cumsum(zeros, axis=1) - zeros / 2
    areas: NDArray[np.float64] = (ones * below).sum(axis=1) / (ones.sum(axis=1) * zeros.sum(axis=1))
    return areas


def _mid_ranks(values: Sequence[float]) -> NDArray[np.float64]:
    _, places, counts = np.unique(np.asarray(values, dtype=float), return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return ranks
