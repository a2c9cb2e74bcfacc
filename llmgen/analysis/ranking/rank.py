"""Systems ranked: the order, its rank intervals, and who cannot be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from llmgen.analysis.ranking.borda import by_task, one_level, resampled, task_ranks, two_level
from llmgen.analysis.ranking.kemeny import MAX_EXACT, cost, count_optima, exact
from llmgen.analysis.ranking.ranks import (
    Array,
    Indices,
    check_shared,
    mid_ranks,
    oriented,
    points,
    preferences,
    shares,
)
from llmgen.analysis.ranking.search import improved
from llmgen.errors import UsageError
from llmgen.types import Struct

Method: TypeAlias = Literal["borda", "borda2", "kemeny"]
REPLICATES = 2_000
SEPARATED = 0.975
_RESTARTS = 15
_CHUNK = 1 << 21  # numbers in the tables of a batch of replicates


class Ranking(Struct, frozen=True, eq=False):
    """n systems in one order.

    `order` (n,) are column numbers, best first; `rank` (n,) by column: mid-ranks for Borda, places for
    Kemeny. `points` are Borda points by column (over tasks for `borda2`), `share` of the possible ones,
    `mean` the plain mean of the scores. `cost` is the order's summed Kendall distance (None for `borda2`),
    `n_optimal` how many orders are as good (`kemeny`, exact), `approximate` that a better one may exist.
    `low`, `high` are the 2.5 % and 97.5 % bootstrap ranks, `p_best` the share of replicates that a system
    wins (ties split). `groups` are runs of the order, two systems or more, of which no pair keeps its
    order in 97.5 % of the replicates. `n_missing` counts empty cells.
    """

    method: Method
    order: Indices
    rank: Array
    points: Array
    share: Array
    mean: Array
    cost: float | None
    n_optimal: int | None
    approximate: bool
    low: Array
    high: Array
    p_best: Array
    groups: tuple[tuple[int, ...], ...]
    n_rankings: int
    n_tasks: int
    n_missing: int
    replicates: int


def rank(  # noqa: PLR0913  # what a ranking depends on
    scores: ArrayLike,
    *,
    higher_is_better: bool | ArrayLike,
    method: Method,
    tasks: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Ranking:
    """Ranks the n systems of `scores` (T, n), nan = missing; rows are tasks, or instances of `tasks` (T,).

    `borda2` ranks inside each task first and needs `tasks`; the others take every row as one ranking.
    The bootstrap draws rows, for `borda2` tasks and rows inside them. `names` (n,) are for messages.
    Raises UsageError on tables that rank nothing and on systems with fewer than two rankings (`borda2`:
    tasks) in common.
    """
    better = oriented(scores, higher_is_better=higher_is_better)
    rows = _rows(better, tasks, method)
    known_as = names or [f"system {at}" for at in range(better.shape[1])]
    rng = np.random.default_rng(seed)
    if method == "borda2":
        check_shared(np.isfinite(task_ranks(better, rows)), "tasks", known_as)
        got, possible = two_level(better, rows)
    else:
        check_shared(np.isfinite(better), "rankings", known_as)
        (got,), (possible,) = one_level(better, np.ones((1, better.shape[0])))
    share = shares(got, possible)
    order = np.argsort(-share, kind="stable")
    places, least, optima = mid_ranks(share[None])[0], None, None
    if method != "borda2":
        preferred = preferences(better, np.ones((1, better.shape[0])))[0]
        if method == "kemeny":
            order, optima = _kemeny(preferred, order)
            places = np.argsort(order) + 1.0
        least = cost(preferred, order)
    again = (
        _ranks_of(*resampled(better, rows, replicates, rng))
        if method == "borda2"
        else _bootstrap(better, method, order, replicates, rng)
    )
    return Ranking(
        method=method,
        order=order,
        rank=places,
        points=got,
        share=share,
        mean=_means(np.asarray(scores, dtype=float)),
        cost=least,
        n_optimal=optima,
        approximate=method == "kemeny" and order.size > MAX_EXACT,
        low=np.quantile(again, 0.025, axis=0, method="lower"),
        high=np.quantile(again, 0.975, axis=0, method="higher"),
        p_best=_p_best(again),
        groups=_groups(order, again),
        n_rankings=better.shape[0],
        n_tasks=len(rows),
        n_missing=int(np.isnan(better).sum()),
        replicates=replicates,
    )


def _rows(better: Array, tasks: ArrayLike | None, method: Method) -> list[Indices]:
    """The rows of each task; every row its own without tasks."""
    n = better.shape[0]
    if tasks is None:
        if method == "borda2":
            raise UsageError(
                "a two-level ranking needs the task of every row", hint="name the tasks, or use borda"
            )
        return by_task(np.arange(n))
    labels = np.unique(np.asarray(tasks), return_inverse=True)[1].reshape(-1)
    if labels.size != n:
        raise UsageError(f"{n} rows, but {labels.size} task labels", hint="one label a row")
    return by_task(labels)


def _kemeny(preferred: Array, borda: Indices) -> tuple[Indices, int | None]:
    """Kemeny's order from Borda's, which breaks ties; and how many are as good, if that is known."""
    if borda.size > MAX_EXACT:
        rng = np.random.default_rng(0)
        starts = np.stack([borda, *(rng.permutation(borda) for _ in range(_RESTARTS))])
        found = improved(np.broadcast_to(preferred, (len(starts), *preferred.shape)), starts)
        return min(found, key=lambda order: cost(preferred, order)), None
    numbered = preferred[np.ix_(borda, borda)]
    return borda[exact(numbered[None])[0][0]], count_optima(numbered)


def _bootstrap(
    better: Array, method: Method, order: Indices, replicates: int, rng: np.random.Generator
) -> Array:
    """Ranks (B, n) under resampled rows."""
    n_rows, n = better.shape
    got, possible = points(mid_ranks(better))
    batch = min(max(_CHUNK // (n_rows if method == "borda" else n**2), 1), replicates)
    out = []
    for begin in range(0, replicates, batch):
        size = min(batch, replicates - begin)
        weights = rng.multinomial(n_rows, np.full(n_rows, 1.0 / n_rows), size=size).astype(float)
        if method == "borda":
            out.append(_ranks_of(weights @ got, weights @ possible))
            continue
        tables = preferences(better[:, order], weights)
        orders = exact(tables)[0] if n <= MAX_EXACT else improved(tables, np.arange(n))
        ranks = np.empty(orders.shape)
        np.put_along_axis(ranks, order[orders], np.arange(1.0, n + 1)[None], axis=1)
        out.append(ranks)
    return np.concatenate(out)


def _ranks_of(got: Array, possible: Array) -> Array:
    """Mid-ranks of shares; a system that a replicate did not draw is last."""
    return mid_ranks(np.nan_to_num(shares(got, possible), nan=-1.0))


def _p_best(ranks: Array) -> Array:
    best = ranks == ranks.min(axis=1, keepdims=True)
    wins: Array = (best / best.sum(axis=1, keepdims=True)).mean(axis=0)
    return wins


def _groups(order: Indices, ranks: Array) -> tuple[tuple[int, ...], ...]:
    """Maximal runs of the order in which no earlier system is before a later one in 97.5 % of replicates."""
    placed = ranks[:, order]
    separate = np.stack([_before(placed, one) for one in range(order.size)]) >= SEPARATED
    found, reached = [], 0
    for first in range(order.size):
        end = first + 1
        while end < order.size and not separate[first:end, end].any():
            end += 1
        if end > max(reached, first + 1):
            found.append(tuple(order[first:end].tolist()))
            reached = end
    return tuple(found)


def _before(placed: Array, one: int) -> Array:
    """Share of replicates in which `one` is before each other, ties counting half, (n,)."""
    difference = placed - placed[:, [one]]
    share: Array = ((difference > 0) + (difference == 0) / 2.0).mean(axis=0)
    return share


def _means(scores: Array) -> Array:
    there = np.isfinite(scores)
    means: Array = np.where(there, scores, 0.0).sum(axis=0) / there.sum(axis=0)
    return means
