"""How accuracy falls with difficulty: slope on the logit scale, difficulty at one half, monotonicity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llmgen.analysis.easy2hard.bins import Bin
from llmgen.analysis.easy2hard.items import Floats, Items
from llmgen.analysis.intervals import Z_95
from llmgen.types import Struct

RESAMPLES = 2_000
_STEPS = 25
_CONVERGED = 1e-9


class Slope(Struct):
    """Logistic regression of the grades on the rating. All but `reason` are None when it says why.

    `half` is the rating at which accuracy is one half, with its interval; None when it lies outside the
    ratings that were asked (`half_reason`).
    """

    slope: float | None = None
    low: float | None = None
    high: float | None = None
    half: float | None = None
    half_low: float | None = None
    half_high: float | None = None
    half_reason: str = ""
    reason: str = ""


class Monotone(Struct):
    """The test that accuracy never rises with difficulty; a small p says that somewhere it does."""

    statistic: float
    p: float


def slope_of(items: Items) -> Slope:
    """The slope (logits a unit of rating) with its 95 % interval, from a cluster-robust covariance.

    A slope that grows without end (grades that a rating separates) has no estimate.
    """
    items = items.only(items.graded)
    x, y = items.ratings, items.values
    if not y.size or y.min() == y.max():
        return Slope(reason="all grades are equal" if y.size else "no grades", half_reason="not reached")
    if x.max() - x.min() < _CONVERGED:
        return Slope(reason="all ratings are equal", half_reason="not reached")
    design = np.column_stack((np.ones_like(x), x))
    beta = np.zeros(2)
    for _ in range(_STEPS):
        p = _sigmoid(design @ beta)
        information = design.T @ (design * (p * (1 - p))[:, None])
        step = np.linalg.solve(information, design.T @ (y - p))
        beta = beta + step
        if np.abs(step).max() < _CONVERGED:
            break
    else:
        return Slope(reason="a rating separates right from wrong", half_reason="no slope")
    covariance = _robust(design, y - _sigmoid(design @ beta), information, items)
    error = float(np.sqrt(covariance[1, 1]))
    half, half_error, why = _half(beta, covariance, x)
    return Slope(
        slope=float(beta[1]),
        low=float(beta[1]) - Z_95 * error,
        high=float(beta[1]) + Z_95 * error,
        half=half,
        half_low=None if half is None else half - Z_95 * half_error,
        half_high=None if half is None else half + Z_95 * half_error,
        half_reason=why,
    )


def monotone_of(bins: Sequence[Bin], seed: int = 0) -> Monotone | None:
    """The isotonic test over the bins; None with fewer than two.

    Statistic: the weighted squared distance of the bins to their non-increasing fit. p: the share of 2,000
    parametric bootstraps under that fit that are as far, (1 + k) / (1 + 2000). Where accuracy is flat it is a
    little liberal: the fit falls by chance, and rises below it are rarer than they should be.
    """
    if len(bins) < 2:  # noqa: PLR2004  # nothing to compare
        return None
    n = np.array([one.n for one in bins])
    accuracy = np.array([[one.accuracy for one in bins]])
    fitted = non_increasing(accuracy, n)
    observed = float((n * (accuracy - fitted) ** 2).sum())
    drawn = np.random.default_rng(seed).binomial(n, np.clip(fitted[0], 0, 1), (RESAMPLES, n.size)) / n
    distances = (n * (drawn - non_increasing(drawn, n)) ** 2).sum(axis=1)
    further = int((distances >= observed - 1e-12 * max(1.0, observed)).sum())
    return Monotone(statistic=observed, p=(1 + further) / (1 + RESAMPLES))


def non_increasing(values: Floats, weights: Floats) -> Floats:
    """The weighted non-increasing fit of each row, (replicates, bins): min over a <= i of max over b >= i.

    Of the averages of bins a..b (Robertson, Wright and Dykstra 1988, 1.2).
    """
    size = values.shape[1]
    sums = np.concatenate((np.zeros((len(values), 1)), np.cumsum(values * weights, axis=1)), axis=1)
    total = np.concatenate(([0.0], np.cumsum(weights)))
    a, b = np.arange(size)[:, None], np.arange(size)[None, :]
    width = np.where(b >= a, total[b + 1] - total[a], 1.0)
    averages = np.where(b >= a, (sums[:, b + 1] - sums[:, a]) / width, -np.inf)
    from_end = np.maximum.accumulate(averages[:, :, ::-1], axis=2)[:, :, ::-1]
    lowest = np.where(a <= b, from_end, np.inf)
    fitted: Floats = lowest.min(axis=1)
    return fitted


def _sigmoid(z: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(z, -500, 500)))


def _robust(design: Floats, residual: Floats, information: Floats, items: Items) -> Floats:
    """The sandwich covariance, scores of one cluster summed; with G/(G-1)."""
    n = int(items.clusters.max()) + 1
    scores = np.zeros((n, 2))
    np.add.at(scores, items.clusters, design * residual[:, None])
    inverse = np.linalg.inv(information)
    covariance: Floats = inverse @ (scores.T @ scores) @ inverse * (n / max(n - 1, 1))
    return covariance


def _half(beta: Floats, covariance: Floats, ratings: Floats) -> tuple[float | None, float, str]:
    """-b0/b1 with its standard error by the delta method."""
    if abs(beta[1]) < _CONVERGED:
        return None, 0.0, "not reached"
    half = float(-beta[0] / beta[1])
    if not ratings.min() <= half <= ratings.max():
        return None, 0.0, "not reached"
    gradient = np.array([-1 / beta[1], beta[0] / beta[1] ** 2])
    return half, float(np.sqrt(gradient @ covariance @ gradient)), ""
