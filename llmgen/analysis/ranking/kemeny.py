"""Kemeny's order: the one with the smallest summed Kendall distance to all rankings, exactly.

cost(order) = Σ W[j, i] over ordered pairs with i before j, where W[i, j] counts the rankings that prefer i
to j and half the ties. Dynamic programme over subsets S of the systems already placed:
C(S + i) = min_i C(S) + Σ_{j not in S + i} W[j, i], C(empty) = 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from llmgen.analysis.ranking.ranks import Array, Indices

Halves: TypeAlias = NDArray[np.int32]

MAX_EXACT = 14
_CHUNK = 1 << 23  # numbers in the table of what placing a system costs


def cost(preferred: Array, order: Indices) -> float:
    """The summed Kendall distance of an order, best first, from W (n, n)."""
    return float(np.tril(preferred[np.ix_(order, order)], -1).sum())


def exact(preferred: Array) -> tuple[Indices, Array]:
    """(orders (B, n), costs (B,)) of the optimum under each W (B, n, n) of halves, n <= 14.

    Of several optima it is the one that places the systems with higher numbers last: number them by merit.
    """
    n_tables, n, _ = preferred.shape
    step = max(_CHUNK // (n << n), 1)
    orders, costs = [], []
    for begin in range(0, n_tables, step):
        placing = _placing(preferred[begin : begin + step])
        best = _best(placing)
        orders.append(_orders(best, placing))
        costs.append(best[-1] / 2.0)
    return np.concatenate(orders), np.concatenate(costs)


def count_optima(preferred: Array) -> int:
    """How many orders reach the smallest cost under W (n, n) of halves, n <= 14."""
    placing = _placing(preferred[None])
    best, full = _best(placing), placing.shape[1] - 1
    ways = np.zeros(full + 1, dtype=np.int64)
    ways[0] = 1
    for i, subsets in _steps(placing.shape[0]):
        before = subsets ^ (1 << i)
        is_best = best[before, 0] + placing[i, full ^ subsets, 0] == best[subsets, 0]
        ways[subsets] += np.where(is_best, ways[before], 0)
    return int(ways[-1])


def _placing(preferred: Array) -> Halves:
    """(n, 2^n, B) in halves: what it costs to place system i before all of a set, Σ_{j in set} W[j, i]."""
    n_tables, n, _ = preferred.shape
    halves = np.rint(2.0 * preferred).astype(np.int32).transpose(1, 2, 0)
    table = np.zeros((n, 1 << n, n_tables), dtype=np.int32)
    for j in range(n):
        np.add(table[:, : 1 << j], halves[j][:, None], out=table[:, 1 << j : 2 << j])
    return table


def _best(placing: Halves) -> Halves:
    """(2^n, B) in halves: C of every subset."""
    n, full, n_tables = placing.shape[0], placing.shape[1] - 1, placing.shape[2]
    best = np.full((full + 1, n_tables), np.iinfo(np.int32).max, dtype=np.int32)
    best[0] = 0
    for i, subsets in _steps(n):
        through = best[subsets ^ (1 << i)] + placing[i][full ^ subsets]
        best[subsets] = np.minimum(best[subsets], through)
    return best


def _orders(best: Halves, placing: Halves) -> Indices:
    """(B, n): an optimal order each, read from its end."""
    n, full, n_tables = placing.shape[0], placing.shape[1] - 1, placing.shape[2]
    orders = np.empty((n_tables, n), dtype=np.intp)
    placed, table, everyone = np.full((n_tables, 1), full), np.arange(n_tables)[:, None], np.arange(n)
    for place in range(n - 1, -1, -1):
        inside = (placed >> everyone) & 1 == 1
        through = best[np.where(inside, placed ^ (1 << everyone), 0), table]
        is_last = inside & (through + placing[everyone, full ^ placed, table] == best[placed, table])
        orders[:, place] = n - 1 - np.argmax(is_last[:, ::-1], axis=1)
        placed ^= 1 << orders[:, [place]]
    return orders


def _steps(n: int) -> Iterator[tuple[int, Indices]]:
    """(i, the subsets of one size that hold system i), sizes ascending."""
    subsets = np.arange(1 << n)
    sizes = np.bitwise_count(subsets)
    for size in range(1, n + 1):
        of_size = subsets[sizes == size]
        for i in range(n):
            yield i, of_size[(of_size >> i) & 1 == 1]
