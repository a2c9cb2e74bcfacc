"""Scores to ranks: mid-ranks for ties, missing cells left out, points and preferences of every ranking.

One row is one ranking (a task, or an instance), one column a system; nan is a missing cell. A row ranks
the systems that it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from llmgen.errors import UsageError

Array: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.intp]

MIN_SHARED = 2
_CHUNK = 1 << 21
_DIGITS = 12  # sums of the same shares in another order agree to here


def oriented(scores: ArrayLike, *, higher_is_better: bool | ArrayLike) -> Array:
    """The scores with the better one higher, (T, n); `higher_is_better` is one word, or one per row.

    Raises UsageError when they are not a table of at least two systems, or hold an infinite value.
    """
    table = np.array(scores, dtype=float)
    if table.ndim != 2 or table.shape[1] < 2 or table.shape[0] < 1:  # noqa: PLR2004  # rankings x systems
        raise UsageError(
            f"a table of shape {table.shape} ranks nothing",
            hint="rows are tasks, columns are systems: two of them or more",
        )
    if np.isinf(table).any():
        raise UsageError("a score is infinite", hint="an empty cell or nan is a missing score")
    sign = np.where(np.broadcast_to(np.asarray(higher_is_better, dtype=bool), table.shape[:1]), 1.0, -1.0)
    return table * sign[:, None]


def mid_ranks(better: Array) -> Array:
    """Ranks in each row, 1 = best, ties share the mean of their places, nan where the cell is missing."""
    order = np.argsort(-better, axis=1, kind="stable")  # missing cells come last
    ordered = np.take_along_axis(better, order, axis=1)
    place = np.arange(better.shape[1])
    begins = np.ones(better.shape, dtype=bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    ends = np.roll(begins, -1, axis=1)
    ends[:, -1] = True
    first = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, place, place[-1])[:, ::-1], axis=1)[:, ::-1]
    out = np.empty_like(better)
    np.put_along_axis(out, order, 1.0 + (first + last) / 2.0, axis=1)
    out[np.isnan(better)] = np.nan
    return out


def points(ranks: Array) -> tuple[Array, Array]:
    """(n_r - rank, n_r - 1): Borda points and how many were possible, 0 for a missing cell; (T, n) each."""
    there = np.isfinite(ranks)
    n = there.sum(axis=1, keepdims=True)
    return np.where(there, n - np.where(there, ranks, 0.0), 0.0), np.where(there, n - 1.0, 0.0)


def shares(got: Array, possible: Array) -> Array:
    """Points as a share of the possible ones, nan where none were; rounded, so that equal ones are equal."""
    out = np.full(got.shape, np.nan)
    np.divide(got, possible, out=out, where=possible > 0)
    return np.round(out, _DIGITS)


def preferences(better: Array, weights: Array) -> Array:
    """W (B, n, n): how many rankings prefer i to j, ties counting half, under row weights (B, T).

    Rankings without one of the two count for neither.
    """
    n = better.shape[1]
    out = np.zeros((weights.shape[0], n * n))
    for rows in _blocks(better.shape[0], n * n):
        part = better[rows]
        won = (part[:, :, None] > part[:, None, :]) + (part[:, :, None] == part[:, None, :]) / 2.0
        out += weights[:, rows] @ won.reshape(-1, n * n)
    table = out.reshape(-1, n, n)
    table[:, np.arange(n), np.arange(n)] = 0.0
    return table


def check_shared(there: NDArray[np.bool_], what: str, names: Sequence[str]) -> None:
    """Raises UsageError when two systems have fewer than two `what` (rows of `there`, (T, n)) in common."""
    shared = there.T.astype(float) @ there.astype(float)
    np.fill_diagonal(shared, np.inf)
    if (fewest := int(shared.min())) < MIN_SHARED:
        one, other = (int(at) for at in np.unravel_index(int(shared.argmin()), shared.shape))
        raise UsageError(
            f"{names[one]} and {names[other]} share {fewest} {what}: they cannot be ranked together",
            hint="at least two are needed; leave one of the systems out",
        )


def _blocks(n: int, width: int) -> Iterator[slice]:
    step = max(_CHUNK // width, 1)
    for begin in range(0, n, step):
        yield slice(begin, min(begin + step, n))
