"""Is the mean score of test items above that of a control? Permutation tests and bootstrap intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS = 10_000
SEED = 0
_TIE = 1e-12
_CHUNK = 1 << 21  # numbers drawn at a time: bounds memory


def label_permutation(test: ArrayLike, control: ArrayLike, *, draws: int = DRAWS, seed: int = SEED) -> float:
    """One-sided p of T = mean(test) - mean(control) when the labels are exchanged.

    p = (1 + #{T_b >= T - 1e-12}) / (draws + 1). Raises ValueError when a side is empty.
    """
    mine, other = _arrays(test, control)
    pooled = np.concatenate((mine, other))
    total, n, m = float(pooled.sum()), mine.size, other.size
    reach = float(mine.mean() - other.mean()) - _TIE
    rng = np.random.default_rng(seed)
    above = 0
    for rows in _chunks(draws, pooled.size):
        sums = rng.permuted(np.tile(pooled, (rows, 1)), axis=1)[:, :n].sum(axis=1)
        above += int(np.count_nonzero(sums / n - (total - sums) / m >= reach))
    return (1 + above) / (draws + 1)


def sign_permutation(differences: ArrayLike, *, draws: int = DRAWS, seed: int = SEED) -> float:
    """One-sided p of a mean paired difference above 0 when the signs of the differences are exchanged."""
    array = np.asarray(differences, dtype=float)
    if array.size == 0:
        raise ValueError("no pairs to test")
    reach = float(array.mean()) - _TIE
    rng = np.random.default_rng(seed)
    above = 0
    for rows in _chunks(draws, array.size):
        signs = rng.integers(2, size=(rows, array.size), dtype=np.int8) * 2 - 1
        above += int(np.count_nonzero(signs @ array / array.size >= reach))
    return (1 + above) / (draws + 1)


def effect_interval(
    test: ArrayLike, control: ArrayLike, *, draws: int = DRAWS, seed: int = SEED
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of mean(test) - mean(control), each side drawn by itself."""
    mine, other = _arrays(test, control)
    rng = np.random.default_rng(seed)
    effects = _resampled_means(mine, draws, rng) - _resampled_means(other, draws, rng)
    low, high = np.quantile(effects, (0.025, 0.975))
    return float(low), float(high)


def _resampled_means(
    values: NDArray[np.float64], draws: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    return np.concatenate(
        [
            values[rng.integers(values.size, size=(rows, values.size))].mean(axis=1)
            for rows in _chunks(draws, values.size)
        ]
    )


def _arrays(test: ArrayLike, control: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mine, other = np.asarray(test, dtype=float), np.asarray(control, dtype=float)
    if mine.size == 0 or other.size == 0:
        raise ValueError("a permutation test needs values on both sides")
    return mine, other


def _chunks(draws: int, width: int) -> Iterator[int]:
    """Numbers of rows that add up to `draws`."""
    step = max(_CHUNK // width, 1)
    for number in range(math.ceil(draws / step)):
        yield min(step, draws - number * step)
