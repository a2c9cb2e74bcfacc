"""How well each item fits: S-X2 where tests are short, Q1 elsewhere, and mean squares (infit, outfit)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from llmgen.analysis.chi2 import chi2_survival
from llmgen.analysis.intervals import holm
from llmgen.analysis.irt.expectation import expect
from llmgen.analysis.irt.grid import Grid, fitting_grid
from llmgen.analysis.irt.items import Array, Indices, Items, Matrix, blocks, curves
from llmgen.analysis.irt.responses import Responses
from llmgen.types import Struct

LONGEST_TEST, FEWEST_ROWS = 300, 100
_GROUPS = 10
_P_MIN = 1e-9
_REST = 1 << 22


class ItemFit(Struct, frozen=True, eq=False):
    """J items: the statistic, its degrees of freedom, p and p after Holm's adjustment; nan where df < 1.

    `outfit` is the mean of the squared standardised residuals, `infit` the same weighted by information;
    both are near 1 where the model holds. `statistic` says which test it is.
    """

    statistic: Literal["S-X2", "Q1"]
    x2: Array
    df: Indices
    p: Array
    p_holm: Array
    infit: Array
    outfit: Array


def item_fit(matrix: Matrix, items: Items, theta: Array, n_parameters: int) -> ItemFit:
    """Tests every item of `matrix` (N, J) against its curve; `theta` (N,) are the models' abilities.

    `n_parameters` were estimated for each item (2 for 2PL). S-X2 (Orlando and Thissen 2000) compares the
    share right among models of one sum score with its expectation; it needs complete rows, 100 of them, and
    at most 300 items. Q1 (Yen 1981) compares them in 10 groups of equal size by ability.
    """
    complete = matrix[(matrix >= 0).all(axis=1)]
    if complete.shape[0] >= FEWEST_ROWS and items.a.size <= LONGEST_TEST:
        x2, groups = _s_x2(complete, items)
        name: Literal["S-X2", "Q1"] = "S-X2"
    else:
        x2, groups = _q1(matrix, items, theta)
        name = "Q1"
    df = np.maximum(groups - n_parameters, 0)
    p = np.array([chi2_survival(x, int(n)) if n > 0 else np.nan for x, n in zip(x2, df, strict=True)])
    tested = np.flatnonzero(np.isfinite(p))
    p_holm = np.full(p.size, np.nan)
    p_holm[tested] = holm([float(value) for value in p[tested]])
    infit, outfit = mean_squares(matrix, items, theta, axis=0)
    return ItemFit(
        statistic=name,
        x2=np.where(df > 0, x2, np.nan),
        df=df,
        p=p,
        p_holm=p_holm,
        infit=infit,
        outfit=outfit,
    )


def mean_squares(matrix: Matrix, items: Items, theta: Array, axis: int) -> tuple[Array, Array]:
    """(infit, outfit) of items (axis 0) or of models (axis 1), nan without a response.

    outfit = mean of (x - P)²/(PQ), infit = Σ(x - P)² / Σ PQ, over what was answered.
    """
    n = matrix.shape[1 - axis]
    squares, variances, standard, seen = np.zeros((4, n))
    known = np.flatnonzero(np.isfinite(theta))
    for part in blocks(known.size, matrix.shape[1]):
        rows = known[part]
        p = np.clip(curves(items, theta[rows]), _P_MIN, 1.0 - _P_MIN)
        asked = matrix[rows] >= 0
        square, variance = np.where(asked, (matrix[rows] - p) ** 2, 0.0), np.where(asked, p * (1.0 - p), 0.0)
        where = slice(None) if axis == 0 else rows
        squares[where] += square.sum(axis=axis)
        variances[where] += variance.sum(axis=axis)
        standard[where] += (square / (p * (1.0 - p))).sum(axis=axis)
        seen[where] += asked.sum(axis=axis)
    with np.errstate(invalid="ignore"):
        return squares / variances, standard / seen


def score_distribution(p: Array) -> Array:
    """P(sum score = k | theta) for curves p (J, Q), shape (J + 1, Q) (Lord and Wingersky 1984)."""
    out = np.zeros((p.shape[0] + 1, p.shape[1]))
    out[0] = 1.0
    for number, row in enumerate(p, 1):
        out[1 : number + 1] = out[1 : number + 1] * (1.0 - row) + out[:number] * row
        out[0] *= 1.0 - row
    return out


def rest_distribution(scores: Array, p: Array) -> Array:
    """P(sum score without item b = k | theta), (B, J, Q), for items p (B, Q), from that of all J items.

    The recursion is undone from below where P <= 1/2 and from above elsewhere, so that no error grows.
    """
    n_items, q = scores.shape[0] - 1, 1.0 - p
    below, above = np.empty((2, p.shape[0], n_items, p.shape[1]))
    easy = p > 0.5  # noqa: PLR2004  # the side that is stable
    small, large = np.where(easy, 1.0, q), np.where(easy, p, 1.0)
    below[:, 0] = scores[0] / small
    above[:, -1] = scores[-1] / large
    for k in range(1, n_items):
        below[:, k] = (scores[k] - p * below[:, k - 1]) / small
        above[:, -1 - k] = (scores[-1 - k] - q * above[:, -k]) / large
    rest: Array = np.where(easy[:, None, :], above, below)
    return rest


def expected_shares(items: Items, grid: Grid) -> Array:
    """E[x_j | sum score = k] for k = 0..J, shape (J, J + 1): Σ_q w P_j S^-j_{k-1} / Σ_q w S_k."""
    w = np.exp(grid.log_w)
    p = np.clip(curves(items, grid.theta).T, _P_MIN, 1.0 - _P_MIN)  # (J, Q)
    scores = score_distribution(p)
    out = np.zeros((p.shape[0], scores.shape[0]))
    for part in blocks(p.shape[0], scores.size, _REST):
        rest = rest_distribution(scores, p[part])
        out[part, 1:] = np.einsum("bq,bkq->bk", w * p[part], rest) / (scores[1:] @ w)
    return out


def _s_x2(complete: Matrix, items: Items) -> tuple[Array, Indices]:
    """(X2, groups) of each item."""
    data = Responses(complete, np.arange(items.a.size), collapse=True)
    grid = fitting_grid(items, expect(data, items.take(data.columns), fitting_grid(items, None)).mean)
    score = complete.sum(axis=1, dtype=np.intp)
    order = np.argsort(score, kind="stable")
    present, starts, size = np.unique(score[order], return_index=True, return_counts=True)
    right = np.add.reduceat(complete[order].astype(np.int64), starts, axis=0)  # (scores present, J)
    inner = (present > 0) & (present < items.a.size)
    expected = expected_shares(items, grid)[:, present[inner]]
    found = [
        _pooled(size[inner].astype(float), right[inner, j].astype(float), expected[j])
        for j in range(items.a.size)
    ]
    return np.array([x2 for x2, _ in found]), np.array([n for _, n in found], dtype=np.intp)


def _pooled(size: Array, right: Array, share: Array) -> tuple[float, int]:
    """(X2, groups) after joining neighbouring scores until each expects one right and one wrong answer."""
    groups: list[tuple[float, float, float]] = []
    n = hits = expected = 0.0
    for count, seen, e in zip(size, right, size * share, strict=True):
        n, hits, expected = n + count, hits + seen, expected + e
        if expected >= 1.0 and n - expected >= 1.0:
            groups.append((n, hits, expected))
            n = hits = expected = 0.0
    if n > 0.0 and groups:
        groups[-1] = tuple(a + b for a, b in zip(groups[-1], (n, hits, expected), strict=True))  # type: ignore[assignment]
    x2 = sum((hits - e) ** 2 / (e * (1.0 - e / n)) for n, hits, e in groups)
    return float(x2), len(groups)


def _q1(matrix: Matrix, items: Items, theta: Array) -> tuple[Array, Indices]:
    """(X2, groups) of each item from groups of models by ability."""
    known = np.flatnonzero(np.isfinite(theta))
    parts = np.array_split(known[np.argsort(theta[known], kind="stable")], min(_GROUPS, known.size))
    x2, groups = np.zeros(items.a.size), np.zeros(items.a.size, dtype=np.intp)
    for rows in parts:
        asked = matrix[rows] >= 0
        n = asked.sum(axis=0)
        expected = np.where(asked, np.clip(curves(items, theta[rows]), _P_MIN, 1.0 - _P_MIN), 0.0).sum(axis=0)
        right = (matrix[rows] > 0).sum(axis=0)
        used = n > 0
        variance = expected[used] * (1.0 - expected[used] / n[used])
        x2[used] += (right[used] - expected[used]) ** 2 / variance
        groups += used
    return x2, groups
