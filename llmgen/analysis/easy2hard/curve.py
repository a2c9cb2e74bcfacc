"""Accuracy as a smooth function of difficulty: local linear regression with a bootstrap band.

Tricube weights over the nearest 30 % of the items (specification, section 2.1); the estimate is linear in the
grades, so a band is a product of bootstrap counts with the weights.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llmgen.analysis.easy2hard.items import Floats, Items
from llmgen.types import Struct

POINTS = 50
SHARE = 0.3
FEWEST = 10
RESAMPLES = 2_000
_BLOCK = 250
_FLAT = 1e-9


class Curve(Struct):
    """Estimates at ratings `at`, with the pointwise 95 % band from `low` to `high`."""

    at: tuple[float, ...]
    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def curve_of(
    items: Items, *, rating_noise: bool = False, bounds: tuple[float, float] = (0.0, 1.0), seed: int = 0
) -> Curve | None:
    """The curve of the graded items inside the 1-99 % range of their ratings; None with fewer than ten.

    Bootstrap over clusters. `rating_noise` draws every rating from N(rating, std²) in each replicate. Values
    outside `bounds` are cut: (-1, 1) is for differences of two models.
    """
    items = items.only(items.graded)
    if len(items.ids) < FEWEST:
        return None
    low, high = np.quantile(items.ratings, (0.01, 0.99))
    if high - low < _FLAT:
        return None
    grid = np.linspace(low, high, POINTS)
    widths = _bandwidths(items.ratings, grid)
    value = _smooth(items.ratings, items.values, np.ones((1, len(items.ids))), grid, widths)[0]
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(0, RESAMPLES, _BLOCK):
        counts = _counts(items.clusters, _BLOCK, rng)
        if not rating_noise:
            drawn.append(_smooth(items.ratings, items.values, counts, grid, widths))
            continue
        for one in counts:
            moved = rng.normal(items.ratings, items.stds)
            drawn.append(_smooth(moved, items.values, one[None], grid, widths))
    band = np.nanquantile(np.concatenate(drawn), (0.025, 0.975), axis=0)
    value, band = np.clip(value, *bounds), np.clip(band, *bounds)
    return Curve(
        at=tuple(grid.tolist()),
        value=tuple(value.tolist()),
        low=tuple(band[0].tolist()),
        high=tuple(band[1].tolist()),
    )


def _counts(clusters: NDArray[np.intp], replicates: int, rng: np.random.Generator) -> Floats:
    """How often each item is drawn, (replicates, n), when clusters are drawn with replacement."""
    n = int(clusters.max()) + 1
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=replicates)
    counts: Floats = drawn[:, clusters].astype(float)
    return counts


def _bandwidths(ratings: Floats, grid: Floats) -> Floats:
    """The distance from each point to the last of the nearest items; with ties at 0 to the next one."""
    apart = np.sort(np.abs(ratings[:, None] - grid[None, :]), axis=0)
    nearest = apart[max(int(np.ceil(SHARE * ratings.size)), 2) - 1]
    beyond = np.where(apart > _FLAT, apart, np.inf).min(axis=0)
    widths: Floats = np.where(nearest > _FLAT, nearest, beyond) * (1 + _FLAT)
    return widths


def _smooth(ratings: Floats, values: Floats, counts: Floats, grid: Floats, widths: Floats) -> Floats:
    """The estimates at `grid`, (replicates, points), with `counts` (replicates, n) as further weights.

    Where all weight lies on one rating the mean there; nan where there is no weight at all.
    """
    offset = ratings[:, None] - grid[None, :]
    weight = np.clip(1 - np.abs(offset / widths) ** 3, 0, None) ** 3
    scaled = offset / widths
    terms = (weight, weight * scaled, weight * scaled**2, weight * values[:, None])
    s0, s1, s2, t0 = (counts @ term for term in terms)
    t1 = counts @ (terms[1] * values[:, None])
    determinant = s0 * s2 - s1 * s1
    with np.errstate(invalid="ignore", divide="ignore"):
        line = (s2 * t0 - s1 * t1) / determinant
        mean = t0 / s0
    found: Floats = np.where(determinant > _FLAT * np.maximum(s0 * s0, _FLAT), line, mean)
    return found
