"""M2: how far single answers and pairs are from what the model says (Maydeu-Olivares and Joe 2006)."""

from __future__ import annotations

import numpy as np

from llmgen.analysis.chi2 import chi2_survival
from llmgen.analysis.irt.grid import Grid
from llmgen.analysis.irt.items import Array, Indices, Items, Matrix, curves, sigmoid
from llmgen.analysis.irt.model import Options
from llmgen.types import Struct

LONGEST_TEST, FEWEST_ROWS = 40, 100
_RANK = 1e-10


class ModelFit(Struct, frozen=True):
    """M2 with its degrees of freedom and p; `rmsea` is the misfit a degree of freedom, 0 at its best."""

    m2: float
    df: int
    p: float
    rmsea: float


def model_fit(matrix: Matrix, items: Items, grid: Grid, options: Options) -> ModelFit | None:
    """M2 of a fit to complete rows of `matrix` (N, J).

    None beyond 40 items, below 100 such rows, and without a degree of freedom.

    With e the residuals of the J shares right and the J(J-1)/2 shares of pairs both right, Ξ their
    covariance and Δ their derivatives by the parameters, M2 = N e'(Ξ⁻¹ - Ξ⁻¹Δ(Δ'Ξ⁻¹Δ)⁻¹Δ'Ξ⁻¹)e.
    """
    complete = matrix[(matrix >= 0).all(axis=1)].astype(float)
    n, n_items = complete.shape
    if n_items > LONGEST_TEST or n < FEWEST_ROWS:
        return None
    w = np.exp(grid.log_w)
    w /= w.sum()
    p = np.clip(curves(items, grid.theta).T, 1e-9, 1.0 - 1e-9)
    first, second = _pairs(n_items)
    seen = np.concatenate([complete.mean(axis=0), (complete[:, first] * complete[:, second]).mean(axis=0)])
    both = np.concatenate([p, p[first] * p[second]])  # P of each margin at each node
    expected = both @ w
    covariance = _covariance(p, both, w, (first, second)) - np.outer(expected, expected)
    slopes = _derivatives(items, grid, options, p, w)
    df = expected.size - int(np.linalg.matrix_rank(slopes, tol=_RANK * n_items))
    if df < 1:
        return None
    residual = seen - expected
    inverse = np.linalg.inv(covariance)
    weighted = inverse @ slopes
    middle = np.linalg.pinv(slopes.T @ weighted)
    projected = slopes.T @ (inverse @ residual)
    m2 = float(n * (residual @ inverse @ residual - projected @ middle @ projected))
    return ModelFit(m2=m2, df=df, p=chi2_survival(m2, df), rmsea=float(np.sqrt(max(m2 - df, 0.0) / (df * n))))


def _pairs(n: int) -> tuple[Indices, Indices]:
    first, second = np.triu_indices(n, 1)
    return first.astype(np.intp), second.astype(np.intp)


def _covariance(p: Array, both: Array, w: Array, pairs: tuple[Indices, Indices]) -> Array:
    """P of every two margins together, (M, M): shared items count once."""
    n_items = p.shape[0]
    member = np.zeros((both.shape[0], n_items))
    member[np.arange(n_items), np.arange(n_items)] = 1.0
    for side in pairs:
        member[n_items + np.arange(side.size), side] = 1.0
    log_p = np.log(p)
    out = np.empty((both.shape[0], both.shape[0]))
    for row in range(both.shape[0]):
        union = np.maximum(member, member[row])
        out[row] = np.exp(union @ log_p) @ w
    return out


def _derivatives(items: Items, grid: Grid, options: Options, p: Array, w: Array) -> Array:
    """Of the margins by the free parameters, (M, parameters); a common slope is one parameter."""
    n_items = p.shape[0]
    s = sigmoid(np.outer(items.a, grid.theta) + items.d[:, None])
    by_z = (items.u - items.c)[:, None] * s * (1.0 - s)
    by_row = {0: by_z * grid.theta, 1: by_z, 2: (items.c * (1.0 - items.c))[:, None] * (1.0 - s)}
    first, second = _pairs(n_items)
    columns = []
    rows = (0, *options.free) if options.model == "1pl" else options.free
    for row in rows:
        single = by_row[row]
        block = np.zeros((n_items + first.size, n_items))
        block[np.arange(n_items), np.arange(n_items)] = single @ w
        pair = n_items + np.arange(first.size)
        block[pair, first] = (single[first] * p[second]) @ w
        block[pair, second] = (single[second] * p[first]) @ w
        columns.append(block.sum(axis=1, keepdims=True) if row == 0 and options.model == "1pl" else block)
    return np.concatenate(columns, axis=1)
