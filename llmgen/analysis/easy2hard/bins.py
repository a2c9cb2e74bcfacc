"""Accuracy by bins of difficulty (specification, section 2.1): equal ratings stay together."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from llmgen.analysis.easy2hard.items import Floats, Items
from llmgen.analysis.intervals import mean_interval, wilson
from llmgen.types import Struct

FEWEST = 20


class Bin(Struct):
    """One bin: its ratings from `low` to `high`, `n` graded items, their accuracy with Wilson's interval.

    `n_ungraded` items with such a rating have no grade.
    """

    low: float
    high: float
    n: int
    n_ungraded: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float


def bins_of(items: Items, count: int, binning: Literal["quantile", "width"]) -> list[Bin]:
    """The bins of the graded items, easiest first; none without graded items.

    `quantile` gives bins of equal size, `width` of equal width on [0, 1]. A bin with fewer than 20 graded
    items joins its easier neighbour, the first one its harder.
    """
    graded = items.only(items.graded)
    if not graded.ids:
        return []
    cut = _quantile_edges if binning == "quantile" else _width_edges
    edges = _merged(cut(graded.ratings, count))
    highs = graded.ratings[np.array(edges[1:]) - 1]
    missing = items.ratings[~items.graded]
    places = np.minimum(np.searchsorted(highs, missing), len(highs) - 1)
    ungraded = np.bincount(places, minlength=len(highs))
    return [
        _bin(graded, start, end, without)
        for start, end, without in zip(edges[:-1], edges[1:], ungraded.tolist(), strict=True)
    ]


def _bin(items: Items, start: int, end: int, n_ungraded: int) -> Bin:
    values = items.values[start:end]
    n = end - start
    low, high = wilson(float(values.sum()), n)
    if len(np.unique(items.clusters[start:end])) < n:
        found = mean_interval(values, items.clusters[start:end].tolist())
        low, high = found.low, found.high
    return Bin(
        low=float(items.ratings[start]),
        high=float(items.ratings[end - 1]),
        n=n,
        n_ungraded=n_ungraded,
        accuracy=float(values.mean()),
        accuracy_low=low,
        accuracy_high=high,
    )


def _quantile_edges(ratings: Floats, count: int) -> NDArray[np.intp]:
    """Edges as places in the sorted ratings; one inside a run of equal ratings moves to the run's end."""
    wanted = np.round(np.arange(1, count) * ratings.size / count).astype(int)
    inner = np.searchsorted(ratings, ratings[np.maximum(wanted - 1, 0)], side="right")
    return np.unique(np.concatenate(([0], inner, [ratings.size])))


def _width_edges(ratings: Floats, count: int) -> NDArray[np.intp]:
    inner = np.searchsorted(ratings, np.linspace(0, 1, count + 1)[1:-1], side="left")
    return np.unique(np.concatenate(([0], inner, [ratings.size])))


def _merged(edges: NDArray[np.intp]) -> list[int]:
    """Without the edges that would leave a bin with fewer than FEWEST items."""
    kept = [int(edges[-1])]
    for edge in edges[-2::-1]:
        if kept[-1] - edge >= FEWEST or edge == 0:
            kept.append(int(edge))
    kept.reverse()
    if len(kept) > 2 and kept[1] - kept[0] < FEWEST:  # noqa: PLR2004  # two bins or more
        del kept[1]
    return kept
