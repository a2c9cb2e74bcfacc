"""Item parameters, and the curves that they stand for.

z = a·theta + d, P = c + (u - c)·sigmoid(z), b = -d/a. Slopes may be negative.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from llmgen.types import Struct

Array: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Indices: TypeAlias = NDArray[np.intp]
Matrix: TypeAlias = NDArray[np.int8]

CHUNK = 1 << 17  # numbers of a table that are worked on at a time: they fit a core's cache
FLAT = 0.1  # |slope| below which b = -d/a says nothing
_P_MIN = 1e-12


class Items(Struct, frozen=True, eq=False):
    """J items: slopes `a`, intercepts `d`, guessing rates `c`, upper asymptotes `u`, all of shape (J,)."""

    a: Array
    d: Array
    c: Array
    u: Array

    @property
    def b(self) -> Array:
        """Difficulties -d/a; nan where |a| < .1."""
        steep = np.abs(self.a) >= FLAT
        return np.divide(-self.d, self.a, out=np.full_like(self.d, np.nan), where=steep)

    @property
    def is_logistic(self) -> bool:
        """No guessing, no upper asymptote: log P and log(1 - P) are then linear in the responses."""
        return not self.c.any() and bool((self.u == 1).all())

    def take(self, which: Indices | Flags | slice | list[int]) -> Items:
        """Some of the items."""
        return Items(a=self.a[which], d=self.d[which], c=self.c[which], u=self.u[which])


def items_of(a: ArrayLike, d: ArrayLike, c: ArrayLike = 0.0, u: ArrayLike = 1.0) -> Items:
    """Items from slopes and intercepts; the rest is spread to their shape."""
    slopes, intercepts, low, high = np.broadcast_arrays(a, d, c, u)
    return Items(
        a=np.array(slopes, float),
        d=np.array(intercepts, float),
        c=np.array(low, float),
        u=np.array(high, float),
    )


def sigmoid(z: Array) -> Array:
    """1/(1 + exp(-z))."""
    out = np.negative(z)
    with np.errstate(over="ignore"):  # an infinite exp is a probability of 0
        np.exp(out, out=out)
    out += 1.0
    return np.reciprocal(out, out=out)


def curves(items: Items, theta: Array) -> Array:
    """P of every item at every theta, shape (len(theta), J)."""
    s = sigmoid(np.outer(theta, items.a) + items.d)
    return s if items.is_logistic else items.c + (items.u - items.c) * s


def log_tables(items: Items, theta: Array) -> tuple[Array, Array]:
    """(log P, log(1 - P)), each (len(theta), J), without underflow for logistic items."""
    z = np.outer(theta, items.a) + items.d
    if items.is_logistic:
        log_q = -(np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z))))
        return log_q + z, log_q
    p = np.clip(items.c + (items.u - items.c) * sigmoid(z), _P_MIN, 1 - _P_MIN)
    return np.log(p), np.log1p(-p)


def slopes_at(items: Items, theta: Array) -> tuple[Array, Array]:
    """(P, dP/dtheta), each (len(theta), J)."""
    s = sigmoid(np.outer(theta, items.a) + items.d)
    span = items.u - items.c
    return items.c + span * s, span * items.a * s * (1.0 - s)


def information(items: Items, theta: Array) -> Array:
    """Test information at every theta: Σ_j P'²/(P(1-P)), shape (len(theta),)."""
    total = np.zeros(theta.size)
    for block in blocks(items.a.size, theta.size):
        p, slope = slopes_at(items.take(block), theta)
        total += (slope * slope / np.maximum(p * (1.0 - p), _P_MIN)).sum(axis=1)
    return total


def blocks(n: int, width: int, chunk: int = CHUNK) -> Iterator[slice]:
    """0..n in slices of about `chunk`/`width` rows."""
    step = max(chunk // max(width, 1), 1)
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))
