"""The E step: every row's posterior on a grid, and what the M step needs to know of it.

For logistic items log L_i(theta) = theta·T_i + D_i - Σ_g U_ig B_g(theta) with T = Y a, D = Y d and
B_g = Σ_{j in g} log(1 + exp(a_j theta + d_j)) over items that were asked of the same models: two matrix
products with a few columns instead of one with a column for every node. Curves with guessing need Y's
product with log P - log(1 - P) at every node.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from llmgen.analysis.irt.grid import Grid
from llmgen.analysis.irt.items import Array, Indices, Items, blocks, log_tables
from llmgen.analysis.irt.responses import Responses
from llmgen.analysis.irt.threads import each
from llmgen.types import Struct

_ROWS = 1 << 18  # numbers of a table of posteriors that is worked on at a time
_TABLE = 1 << 17
_FACTORS = 512  # factors of at most 2 each: their product stays far below the largest float


class Expectation(Struct, frozen=True, eq=False):
    """What is expected of the abilities given the items.

    `loglik` = Σ_i weight_i log L_i; `mean`, `var` (N,) of the posteriors; `count` (G, Q) expected models
    at each node among those asked group g, `group` (J,) the group of each item; `right` (J, Q) expected
    right answers there, None for logistic items, which need only `moments` (J, 2): Σ_i y_ij and
    Σ_i y_ij mean_i.
    """

    grid: Grid
    loglik: float
    mean: Array
    var: Array
    count: Array
    group: Indices
    moments: Array
    right: Array | None

    def count_of(self, which: Indices) -> Array:
        """Expected models at each node among those asked each item, (B, Q), or (1, Q) where all are alike."""
        return self.count if self.count.shape[0] == 1 else self.count[self.group[which]]


def expect(data: Responses, items: Items, grid: Grid) -> Expectation:
    """One E step over all rows."""
    mean, var, total = np.empty(data.n_rows), np.empty(data.n_rows), 0.0
    count = np.zeros((data.asked.shape[1], grid.theta.size))
    right = None if items.is_logistic else np.zeros((data.n_items, grid.theta.size))
    powers = np.stack([grid.theta, grid.theta**2], axis=1)
    for block, w, log_mass in posteriors(data, items, grid):
        total += float(data.weight[block] @ log_mass)
        first, second = (w @ powers).T
        mean[block], var[block] = first, np.maximum(second - first * first, 0.0)
        weighted = np.multiply(w, data.weight[block, None], out=w)
        count += data.asked[block].T @ weighted
        if right is not None:
            right += (data.x[block] > 0).astype(float).T @ weighted
    moments = data.left(np.stack([data.weight, data.weight * mean], axis=1))
    return Expectation(
        grid=grid,
        loglik=total,
        mean=mean,
        var=var,
        count=count,
        group=data.group,
        moments=moments,
        right=right,
    )


def posteriors(data: Responses, items: Items, grid: Grid) -> Iterator[tuple[slice, Array, Array]]:
    """Blocks of rows, each with its posteriors on the grid (rows, Q) and log L (rows,)."""
    linear = items.is_logistic
    scores = row_scores(data, items)
    base = group_sums(data, items, grid.theta)
    gain = None if linear else np.subtract(*log_tables(items, grid.theta)).T  # (J, Q)
    for block in blocks(data.n_rows, max(grid.theta.size, 1 if linear else data.n_items), _ROWS):
        log_p = grid.log_w - data.asked[block] @ base
        log_p += scores[block, :1] * grid.theta if gain is None else (data.x[block] > 0).astype(float) @ gain
        top = log_p.max(axis=1, keepdims=True)
        w = np.exp(np.subtract(log_p, top, out=log_p), out=log_p)
        mass = w.sum(axis=1, keepdims=True)
        w /= mass
        yield block, w, (np.log(mass) + top)[:, 0] + scores[block, 1]


def row_scores(data: Responses, items: Items) -> Array:
    """(T, D) of every row: Σ_j y_ij a_j and Σ_j y_ij d_j, shape (N, 2); zeros for items with guessing."""
    if not items.is_logistic:
        return np.zeros((data.n_rows, 2))
    return data.times(np.stack([items.a, items.d], axis=1))


def group_sums(data: Responses, items: Items, theta: Array) -> Array:
    """-Σ log(1 - P) over the items of each group, shape (G, len(theta))."""
    parts = blocks(data.n_items, theta.size, min(_FACTORS * theta.size, _TABLE))
    sums = np.zeros((data.asked.shape[1], theta.size))
    for groups, part in each(lambda block: _part_sums(data, items, theta, block), parts):
        sums[groups] += part
    return sums


def _part_sums(data: Responses, items: Items, theta: Array, block: slice) -> tuple[Indices, Array]:
    """The groups that a block of items touches, and -Σ log(1 - P) over each one's items in it."""
    group, part = data.group[block], items.take(block)
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    if not items.is_logistic:
        return group[starts], -_reduce(np.add, log_tables(part, theta)[1].T, starts)
    z = np.outer(part.a, theta) + part.d[:, None]
    factors = np.exp(-np.abs(z))
    factors += 1.0
    logs = np.log(_reduce(np.multiply, factors, starts))
    return group[starts], logs + _reduce(np.add, np.maximum(z, 0.0, out=z), starts)


def _reduce(operation: np.ufunc, table: Array, starts: NDArray[np.intp]) -> Array:
    """Reduces runs of rows; the plain reduction is five times faster than the one over runs."""
    reduced: Array
    if starts.size == 1:
        reduced = operation.reduce(table, axis=0, keepdims=True)
    else:
        reduced = operation.reduceat(table, starts, axis=0)
    return reduced
