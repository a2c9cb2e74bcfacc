"""The person-fit statistics lz and lz* at the ability that fits a model's answers best.

With P the chance of a right answer, Q = 1 - P, P' = dP/dtheta, w = ln(P/Q), r = P'/(PQ), sums over the
observed items at the MAP theta (prior N(0, 1)):

    W = Σ (x - P) w                lz = W / sqrt(Σ PQ w²)              (Drasgow et al. 1985)
    c = Σ P' w / Σ P' r            w~ = w - c r
    lz* = (W - c theta) / sqrt(Σ w~² PQ)                               (Snijders 2001, MAP)

lz takes the estimated ability for the true one, so that its variance is too small; lz* corrects that. Low
values: hard items right and easy ones wrong.
"""

from __future__ import annotations

import numpy as np

from llmgen.analysis.irt.items import Array, Indices, Items, Matrix, blocks, slopes_at
from llmgen.types import Struct

_MIN = 1e-9  # of P and of Q
_STEPS, _TOLERANCE, _LONGEST_STEP = 60, 1e-9, 1.0


class Fits(Struct, frozen=True, eq=False):
    """N models: ability `theta`, its standard error `se`, `lz`, `lz_star`, and `n_items` they answered.

    nan where a model has all of its items right or all wrong, or answered none.
    """

    theta: Array
    se: Array
    lz: Array
    lz_star: Array
    n_items: Indices


def usable(responses: Matrix, items: Items) -> tuple[Matrix, Items, Indices]:
    """Without the items that have no parameters: (responses, items, the columns that were kept)."""
    kept = np.flatnonzero(np.isfinite(items.a) & np.isfinite(items.d))
    return responses[:, kept], items.take(kept), kept


def fits(responses: Matrix, items: Items) -> Fits:
    """Fits every row of `responses` (N, J) of 1, 0, -1 to items with finite parameters."""
    seen = responses >= 0
    n_items = seen.sum(axis=1)
    right = (responses > 0).sum(axis=1)
    varied = np.flatnonzero((right > 0) & (right < n_items))
    columns = np.full((4, responses.shape[0]), np.nan)
    for part in blocks(varied.size, responses.shape[1]):
        rows = varied[part]
        columns[:, rows] = _fit(responses[rows], items)
    theta, se, lz, lz_star = columns
    return Fits(theta=theta, se=se, lz=lz, lz_star=lz_star, n_items=n_items)


def map_abilities(responses: Matrix, items: Items) -> tuple[Array, Array]:
    """(MAP theta, information there), (N,) each, with the prior N(0, 1) in both, by Fisher scoring."""
    theta, information = np.zeros(responses.shape[0]), np.ones(responses.shape[0])
    for rows in blocks(theta.size, responses.shape[1]):
        part = responses[rows]
        seen = part >= 0
        for _ in range(_STEPS):
            p, slope = slopes_at(items, theta[rows])
            ratio = np.where(seen, slope / np.maximum(p * (1.0 - p), _MIN), 0.0)
            information[rows] = (slope * ratio).sum(axis=1) + 1.0
            step = (((part - p) * ratio).sum(axis=1) - theta[rows]) / information[rows]
            theta[rows] += np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
            if np.abs(step).max() < _TOLERANCE:
                break
    return theta, information


def drivers(responses: Matrix, items: Items, theta: Array, n: int) -> list[Indices]:
    """For each row with a finite theta: the `n` items, most telling first, with the lowest (x - P) w~ < 0."""
    out = [np.empty(0, dtype=np.intp)] * responses.shape[0]
    known = np.flatnonzero(np.isfinite(theta))
    for part in blocks(known.size, responses.shape[1]):
        rows = known[part]
        terms = _terms(responses[rows], items, theta[rows])[2]
        worst = np.argsort(terms, axis=1, kind="stable")[:, :n]
        for row, at, value in zip(rows, worst, np.take_along_axis(terms, worst, axis=1), strict=True):
            out[row] = at[value < 0]
    return out


def _fit(responses: Matrix, items: Items) -> Array:
    """theta, se, lz, lz* as rows, (4, n)."""
    seen = responses >= 0
    theta, information = map_abilities(responses, items)
    w, pq, corrected, corrected_variance = _terms(responses, items, theta)
    lz = w / np.sqrt(np.where(seen, pq, 0.0).sum(axis=1))
    lz_star = corrected.sum(axis=1) / np.sqrt(corrected_variance)
    return np.stack((theta, information**-0.5, lz, lz_star))


def _terms(responses: Matrix, items: Items, theta: Array) -> tuple[Array, Array, Array, Array]:
    """(W (n,), PQ w² (n, J), (x - P) w~ (n, J), Σ w~² PQ (n,)); 0 for items without a response."""
    p, slope = slopes_at(items, theta)
    p = np.clip(p, _MIN, 1.0 - _MIN)
    pq = p * (1.0 - p)
    seen = responses >= 0
    w = np.log(p) - np.log1p(-p)
    ratio = slope / pq
    c = np.where(seen, slope * w, 0.0).sum(axis=1) / np.where(seen, slope * ratio, 0.0).sum(axis=1)
    corrected = w - c[:, None] * ratio
    residual = np.where(seen, responses - p, 0.0)
    return (
        (residual * w).sum(axis=1),
        pq * w * w,
        residual * corrected,
        np.where(seen, corrected**2 * pq, 0.0).sum(axis=1),
    )
