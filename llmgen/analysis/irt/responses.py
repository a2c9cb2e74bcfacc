"""The response matrix, checked and brought into the shape that estimation works on."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from llmgen.analysis.irt.items import Array, Flags, Indices, Matrix, blocks
from llmgen.errors import UsageError

SHORT_TEST = 30  # up to here identical rows are counted, and EAP abilities are reported
_SHOWN = 3
_MATVEC_CHUNK = 1 << 19


class Responses:
    """Responses of N (pattern) rows to J items, items ordered by who was asked them.

    `x` (N, J) int8 of 1, 0, -1; `weight` (N,) how many models share a row; `asked` (N, G) 1.0 where the
    row was asked the items of group g; `group` (J,) ascending. `rows` and `columns` lead back to the
    matrix: matrix row i is row `rows[i]` here (-1: left out), column j here is matrix column `columns[j]`.
    """

    def __init__(self, matrix: Matrix, columns: Indices, *, collapse: bool) -> None:
        kept = matrix[:, columns]
        observed = (kept >= 0).any(axis=1)
        self.rows = np.full(matrix.shape[0], -1, dtype=np.intp)
        if collapse:
            x, inverse, counts = np.unique(kept[observed], axis=0, return_inverse=True, return_counts=True)
            self.rows[observed] = inverse.reshape(-1)
            self.weight = counts.astype(float)
        else:
            x = kept[observed]
            self.rows[observed] = np.arange(x.shape[0])
            self.weight = np.ones(x.shape[0])
        groups, of = _column_groups(x)
        order = np.argsort(of, kind="stable")
        self.x: Matrix = np.ascontiguousarray(x[:, order])
        self.group: Indices = of[order]
        self.columns: Indices = columns[order]
        self.asked: Array = groups.astype(float)

    @property
    def n_rows(self) -> int:
        """Distinct rows."""
        return int(self.x.shape[0])

    @property
    def n_items(self) -> int:
        """Items."""
        return int(self.x.shape[1])

    @property
    def n_models(self) -> float:
        """Models, identical ones counted."""
        return float(self.weight.sum())

    @property
    def has_gaps(self) -> bool:
        """Whether some row was not asked some item."""
        return not bool(self.asked.all())

    @cached_property
    def right(self) -> Array:
        """How many models have each item right, (J,)."""
        return self.left(self.weight[:, None])[:, 0]

    @cached_property
    def seen(self) -> Array:
        """How many models were asked each item, (J,)."""
        total: Array = (self.weight @ self.asked)[self.group]
        return total

    def times(self, vectors: Array) -> Array:
        """Y @ vectors for Y = (x == 1): (J, k) -> (N, k), in float64, without a float copy of the data."""
        out = np.empty((self.n_rows, vectors.shape[1]))
        for block in blocks(self.n_rows, self.n_items, _MATVEC_CHUNK):
            out[block] = (self.x[block] > 0).astype(float) @ vectors
        return out

    def left(self, vectors: Array) -> Array:
        """Y' @ vectors: (N, k) -> (J, k)."""
        out = np.zeros((self.n_items, vectors.shape[1]))
        for block in blocks(self.n_rows, self.n_items, _MATVEC_CHUNK):
            out += ((self.x[block] > 0).astype(float)).T @ vectors[block]
        return out


def check(responses: ArrayLike) -> Matrix:
    """The matrix as int8, shape (models, items).

    Raises UsageError unless it is two-dimensional and holds 1, 0 and -1 (not asked, or not graded) only.
    """
    array = np.asarray(responses)
    if array.ndim != 2:  # noqa: PLR2004  # models x items
        raise UsageError(
            f"responses has {array.ndim} dimensions", hint="it must be models x items, 1, 0 or -1 (missing)"
        )
    if array.dtype.kind not in "biuf":
        raise UsageError(f"responses holds {array.dtype}, not numbers", hint="1, 0 or -1 (missing)")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise UsageError("responses holds NaN", hint="a missing response is -1, never NaN and never 0")
    whole = np.ascontiguousarray(array, dtype=np.int8)
    if array.size and (whole.min() < -1 or whole.max() > 1 or (whole != array).any()):
        odd = np.unique(array[(array != -1) & (array != 0) & (array != 1)])[:_SHOWN]
        raise UsageError(
            f"responses holds {', '.join(f'{value:g}' for value in odd)}",
            hint="1, 0 or -1 (missing); cut fractional grades with --threshold",
        )
    return whole


def _column_groups(x: Matrix) -> tuple[Flags, Indices]:
    """Columns that were asked of the same rows: (the rows of each group (N, G), the group of each column)."""
    observed = x >= 0
    if observed.all():
        return np.ones((x.shape[0], 1), dtype=bool), np.zeros(x.shape[1], dtype=np.intp)
    packed = np.packbits(observed, axis=0).T
    _, first, inverse = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    return observed[:, first], inverse.reshape(-1).astype(np.intp)
