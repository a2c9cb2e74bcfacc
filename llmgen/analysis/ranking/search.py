"""Kemeny's order for many systems, approximately: insertions and swaps that help, until there are none."""

from __future__ import annotations

import numpy as np

from llmgen.analysis.ranking.ranks import Array, Indices

_GAIN = 1e-9


def improved(preferred: Array, start: Indices) -> Indices:
    """Orders (B, n), best first, at which no insertion or swap of one pair lowers the cost under W (B, n, n).

    `start` (n,) or (B, n). Every system in turn goes to its best place until none moves; then the best swap
    is made, and so on.
    """
    n_tables, n, _ = preferred.shape
    orders = np.array(np.broadcast_to(start, (n_tables, n)), dtype=np.intp)
    margin = preferred - preferred.transpose(0, 2, 1)
    active = np.arange(n_tables)
    while active.size:
        settled = _inserted(margin[active], orders[active])
        swapped = _swap(margin[active], settled)
        orders[active] = settled
        active = active[swapped]
    return orders


def _inserted(margin: Array, orders: Indices) -> Indices:
    """Systems go to their best places, all orders side by side, until no system moves in any."""
    n_tables, n = orders.shape
    table = np.arange(n_tables)[:, None]
    moving = True
    while moving:
        moving = False
        for system in range(n):
            # what it costs to stand behind the first k of the order, beside standing before all of it
            behind = np.zeros((n_tables, n + 1))
            np.cumsum(margin[table, system, orders], axis=1, out=behind[:, 1:])
            at = np.argmax(orders == system, axis=1)
            target = np.argmin(behind, axis=1)
            gains = behind[table[:, 0], target] < behind[table[:, 0], at] - _GAIN
            if not gains.any():
                continue
            moving = True
            keys = np.tile(np.arange(n, dtype=float), (int(gains.sum()), 1))
            keys[np.arange(keys.shape[0]), at[gains]] = target[gains] - 0.5
            orders[gains] = np.take_along_axis(orders[gains], np.argsort(keys, axis=1), axis=1)
    return orders


def _swap(margin: Array, orders: Indices) -> Indices:
    """Makes the best exchange of two systems in each order where one helps; says in which it did.

    With D the margins in the present order, exchanging places a < b changes the cost by
    Σ_{a < k <= b} D[a, k] + Σ_{a <= k < b} D[k, b] - D[a, b].
    """
    n_tables, n = orders.shape
    placed = margin[np.arange(n_tables)[:, None, None], orders[:, :, None], orders[:, None, :]]
    upto = np.cumsum(placed, axis=2)
    own = np.diagonal(upto, axis1=1, axis2=2)[:, :, None]
    later = upto - own
    earlier = own - upto + placed  # of [b, a]: Σ_{a <= k < b} D[b, k]
    change = later - earlier.transpose(0, 2, 1) - placed
    change[:, np.tri(n, dtype=bool)] = 0.0
    best = change.reshape(n_tables, -1).argmin(axis=1)
    helped = np.flatnonzero(change.reshape(n_tables, -1)[np.arange(n_tables), best] < -_GAIN)
    one, other = np.divmod(best[helped], n)
    orders[helped, one], orders[helped, other] = orders[helped, other], orders[helped, one]
    return helped
