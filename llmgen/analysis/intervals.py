"""Error bars of means and of paired differences, and the tests that go with them.

Formulas after Miller, "Adding Error Bars to Evals" (arXiv 2411.00640); values are one number per sample
(repeats averaged before), clusters one label per sample. Everything is a plain array in, a number out.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from llmgen.analysis.distributions import incomplete_beta, normal_quantile, student_quantile
from llmgen.types import Struct

Z_95 = 1.959964
FEW_CLUSTERS = 10  # below, a clustered interval is a guess and its reader has to be told
_EXACT_SIGNS = 16
_DRAWS = 10_000
_CHUNK = 1 << 22  # numbers drawn at a time: bounds memory at tens of megabytes


class Interval(Struct):
    """A mean with its 95 % interval. `n_clusters` is n when samples are independent.

    `mean` is None without samples, `se` is None when it cannot be estimated (fewer than two clusters);
    the interval then is all that is possible. `method` says how it was made: `wilson`, `t` (Student with
    n_clusters - 1 degrees of freedom) or `none`.
    """

    n: int
    n_clusters: int
    mean: float | None
    se: float | None
    low: float
    high: float
    method: Literal["wilson", "t", "none"]


def wilson(k: float, n: int, z: float = Z_95) -> tuple[float, float]:
    """The Wilson score interval of k successes in n trials; (0, 1) without trials.

    (k + z²/2 ± z·sqrt(k(n-k)/n + z²/4)) / (n + z²). `k` may be fractional (partial credit).
    """
    if n == 0:
        return 0.0, 1.0
    centre = k + z * z / 2
    half = z * math.sqrt(max(k * (n - k) / n, 0.0) + z * z / 4)
    return max((centre - half) / (n + z * z), 0.0), min((centre + half) / (n + z * z), 1.0)


def standard_error(values: ArrayLike, clusters: Sequence[Hashable] | None = None) -> float | None:
    """Standard error of the mean; None with fewer than two clusters.

    sqrt(G/(G-1) · Σ_g (Σ_{i in g} (s_i - mean))²) / n, which without clusters (G = n) is the textbook
    sqrt(Σ(s_i - mean)²/(n-1)/n).
    """
    array = np.asarray(values, dtype=float)
    labels, n_clusters = _labels(clusters, array.size)
    if n_clusters < 2:  # noqa: PLR2004  # a variance needs two
        return None
    sums = np.bincount(labels, weights=array - array.mean(), minlength=n_clusters)
    return math.sqrt(n_clusters / (n_clusters - 1) * float(sums @ sums)) / array.size


def mean_interval(
    values: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    *,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Interval:
    """The mean of values within `bounds`, with its 95 % interval.

    Wilson for 0/1 values of independent samples; Student's t on the (clustered) standard error otherwise,
    cut at the bounds. When all clusters agree the standard error would be 0 by luck: the interval then
    follows from Wilson's bound on the share of clusters that disagree, and `se` is its half width / 1.96.
    """
    array = np.asarray(values, dtype=float)
    n = int(array.size)
    if n == 0:
        return Interval(n=0, n_clusters=0, mean=None, se=None, low=bounds[0], high=bounds[1], method="none")
    n_clusters = _labels(clusters, n)[1]
    mean = float(array.mean())
    se = standard_error(array, clusters)
    if _is_unanimous(array, se, independent=n_clusters == n):
        low, high = _unanimous_interval(mean, n_clusters, bounds)
        se = (high - low) / (2 * Z_95)
        return Interval(n=n, n_clusters=n_clusters, mean=mean, se=se, low=low, high=high, method="wilson")
    if se is None:
        return Interval(
            n=n, n_clusters=n_clusters, mean=mean, se=None, low=bounds[0], high=bounds[1], method="none"
        )
    if n_clusters == n and bounds == (0.0, 1.0) and _is_binary(array):
        low, high = wilson(float(array.sum()), n)
        return Interval(n=n, n_clusters=n, mean=mean, se=se, low=low, high=high, method="wilson")
    half = student_quantile(0.975, n_clusters - 1) * se
    low, high = max(mean - half, bounds[0]), min(mean + half, bounds[1])
    return Interval(n=n, n_clusters=n_clusters, mean=mean, se=se, low=low, high=high, method="t")


def _is_binary(array: NDArray[np.float64]) -> bool:
    return bool(np.isin(array, (0.0, 1.0)).all())


def _is_unanimous(array: NDArray[np.float64], se: float | None, *, independent: bool) -> bool:
    """All values equal, or all cluster means equal: no spread to estimate an error from."""
    if independent or se is None:
        return independent and float(np.ptp(array)) == 0.0
    return se * array.size < 1e-9  # noqa: PLR2004  # rounding of a sum of residuals


def _unanimous_interval(mean: float, n_clusters: int, bounds: tuple[float, float]) -> tuple[float, float]:
    """The share of clusters that could disagree is at most wilson(0, G); each could lie at a bound."""
    share = wilson(0, n_clusters)[1]
    return mean - share * (mean - bounds[0]), mean + share * (bounds[1] - mean)


def paired_bootstrap(
    differences: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    resamples: int = _DRAWS,
    seed: int = 42,
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the mean difference; clusters are drawn, not samples."""
    array = np.asarray(differences, dtype=float)
    if array.size == 0:
        return math.nan, math.nan
    labels, n_clusters = _labels(clusters, array.size)
    sums = np.bincount(labels, weights=array, minlength=n_clusters)
    sizes = np.bincount(labels, minlength=n_clusters).astype(float)
    rng = np.random.default_rng(seed)
    step = max(_CHUNK // n_clusters, 1)
    means = []
    for start in range(0, resamples, step):
        drawn = rng.integers(n_clusters, size=(min(step, resamples - start), n_clusters))
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    low, high = np.quantile(np.concatenate(means), (0.025, 0.975))
    return float(low), float(high)


def mcnemar_exact(b: int, c: int) -> float:
    """Two-sided exact McNemar p of b pairs won by one side and c by the other; 1 without discordant pairs.

    min(1, 2·P(X <= min(b, c))), X binomial(b + c, 1/2).
    """
    n, few = b + c, min(b, c)
    if b == c:
        return 1.0
    return min(1.0, 2.0 * incomplete_beta(n - few, few + 1, 0.5))


def sign_flip(
    differences: ArrayLike, clusters: Sequence[Hashable] | None = None, draws: int = _DRAWS, seed: int = 0
) -> float:
    """Two-sided permutation p of the mean difference: the signs of cluster sums are exchanged.

    Exact over all 2^G patterns up to G = 16 clusters with a difference; otherwise (1 + k) / (1 + draws)
    with k drawn patterns at least as far from 0 as the observed one.
    """
    array = np.asarray(differences, dtype=float)
    labels, n_clusters = _labels(clusters, array.size)
    sums = np.bincount(labels, weights=array, minlength=n_clusters)
    sums = sums[np.abs(sums) > 1e-12]  # noqa: PLR2004  # a zero has no sign to flip; rounding is no difference
    reach = abs(float(sums.sum())) - 1e-9 * float(np.abs(sums).sum())
    if sums.size <= _EXACT_SIGNS:
        totals = np.zeros(1)
        for value in sums:
            totals = np.concatenate((totals + value, totals - value))
        return float(np.mean(np.abs(totals) >= reach))
    rng = np.random.default_rng(seed)
    step = max(_CHUNK // sums.size, 1)
    further = 0
    for start in range(0, draws, step):
        signs = rng.integers(2, size=(min(step, draws - start), sums.size), dtype=np.int8) * 2 - 1
        further += int(np.count_nonzero(np.abs(signs @ sums) >= reach))
    return (1 + further) / (1 + draws)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p values, in the order given: reject those <= alpha."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted


def minimum_detectable_effect(se: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest true difference found with `power` at level `alpha`: (z_{1-alpha/2} + z_power)·SE."""
    return (normal_quantile(1 - alpha / 2) + normal_quantile(power)) * se


def sample_size(variance: float, effect: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Pairs needed to detect `effect` when single differences vary by `variance` (n >= 1)."""
    factor = minimum_detectable_effect(1.0, alpha, power)
    return max(1, math.ceil(factor * factor * variance / (effect * effect)))


def _labels(clusters: Sequence[Hashable] | None, n: int) -> tuple[NDArray[np.intp], int]:
    """Cluster labels as integers 0..G-1, and G; every sample its own cluster when there are none."""
    if clusters is None:
        return np.arange(n), n
    if len(clusters) != n:
        raise ValueError(f"{n} values, but {len(clusters)} cluster labels")
    codes: dict[Hashable, int] = {}
    return np.fromiter((codes.setdefault(label, len(codes)) for label in clusters), np.intp, n), len(codes)
