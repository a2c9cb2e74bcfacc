"""Standard errors of item parameters.

Up to 60 items: the inverse of the observed information of all parameters together, by central
differences of the exact gradient. More: the information of each item by itself, the sum over models of
the outer products of their scores (Fisher's identity), plus the priors' precision; an error in the other
items' parameters is then one among many.
"""

from __future__ import annotations

import numpy as np

from llmgen.analysis.irt.expectation import Expectation, expect, posteriors
from llmgen.analysis.irt.grid import Grid
from llmgen.analysis.irt.items import FLAT, Array, Flags, Items, blocks, sigmoid
from llmgen.analysis.irt.maximisation import derivatives, everywhere
from llmgen.analysis.irt.model import Options, items_from
from llmgen.analysis.irt.responses import Responses
from llmgen.types import Struct

JOINT = 60  # items up to which all parameters are taken together
_STEP = 1e-4
_SINGULAR = 1e-9  # smallest eigenvalue of an information scaled to a unit diagonal
_EDGE = 1e-3  # of the distance between bounds: so near, a parameter is held by its bound
_V_MIN = 1e-10
_BLOCK = 1 << 18


class ItemErrors(Struct, frozen=True, eq=False):
    """Standard errors of a, d, c and b, and the covariance of a and d, (J,) each.

    nan where they are not identified; for b also where |a| < .1.
    """

    a: Array
    d: Array
    c: Array
    b: Array
    cov_ad: Array


class Precision(Struct, frozen=True, eq=False):
    """Covariances (3, 3, J) of each item's row of the table, nan where they are not identified.

    The order is slope (its logarithm where slopes are positive), intercept, logit of guessing; rows that
    were not estimated are 0. `not_identified` (J,).
    """

    covariance: Array
    not_identified: Flags

    def errors(self, table: Array, options: Options) -> ItemErrors:
        """Standard errors by the delta method, the gradient of b being (d/a², -1/a)."""
        items = items_from(table, options)
        scale = items.a if options.is_positive else np.ones_like(items.a)
        var_a = self.covariance[0, 0] * scale**2
        cov, var_d = self.covariance[0, 1] * scale, self.covariance[1, 1]
        steep = np.abs(items.a) >= FLAT
        a, d = np.where(steep, items.a, np.nan), items.d
        var_b = var_a * d**2 / a**4 - 2.0 * cov * d / a**3 + var_d / a**2
        return ItemErrors(
            a=np.sqrt(var_a),
            d=np.sqrt(var_d),
            c=items.c * (1.0 - items.c) * np.sqrt(self.covariance[2, 2]),
            b=np.sqrt(var_b),
            cov_ad=cov,
        )


def precision(data: Responses, table: Array, expected: Expectation, options: Options) -> Precision:
    """How sure the parameters `table` (3, J) are, `expected` being the E step there."""
    jointly = data.n_items <= JOINT
    if jointly:
        covariance = _joint(data, table, expected.grid, options)
    elif options.model == "1pl":
        covariance = _common_slope(table, expected, options)
    else:
        covariance = _by_item(data, table, expected.grid, options)
    free = list(options.free)
    low, high = (bound[free] for bound in options.bounds)
    edge = _EDGE * (high - low)
    at_bound = (table[free] <= low + edge) | (table[free] >= high - edge)
    with np.errstate(invalid="ignore"):
        vague = np.sqrt(np.einsum("kkj->kj", covariance))[free] > high - low
    bad: Flags = np.logical_or((at_bound | vague).any(axis=0), ~np.isfinite(covariance).all(axis=(0, 1)))
    if jointly and bad.any():
        bad[:] = True  # one direction without information touches every parameter
    covariance[:, :, bad] = np.nan
    return Precision(covariance=covariance, not_identified=bad)


def _joint(data: Responses, table: Array, grid: Grid, options: Options) -> Array:
    """From the whole information matrix."""
    rows, n_items = options.free, data.n_items
    common = options.model == "1pl"
    n = len(rows) * n_items + common

    def gradient(moved: Array) -> Array:
        expected = expect(data, items_from(moved, options), grid)
        slope = derivatives(moved, np.arange(n_items), expected, options).gradient
        own = slope[list(rows)].reshape(-1)
        if not common:
            return own
        mean, weight = options.prior
        return np.append(own, slope[0].sum() - weight[0] * (moved[0, 0] - mean[0]))

    information = np.empty((n, n))
    for k in range(n):
        up, down = table.copy(), table.copy()
        place = (0, slice(None)) if k == len(rows) * n_items else (rows[k // n_items], k % n_items)
        up[place] += _STEP
        down[place] -= _STEP
        information[k] = (gradient(down) - gradient(up)) / (2.0 * _STEP)
    inverse = inverted((information + information.T)[None] / 2.0)[0]
    out = np.zeros((3, 3, n_items))
    of_row = {row: at * n_items + np.arange(n_items) for at, row in enumerate(rows)}
    if common:
        of_row[0] = np.full(n_items, n - 1)
    for row, at in of_row.items():
        for column, other in of_row.items():
            out[row, column] = inverse[at, other]
    return out


def _by_item(data: Responses, table: Array, grid: Grid, options: Options) -> Array:
    """From each item's own block."""
    cross = _outer_products(data, table, grid, options)
    cross[range(3), range(3)] += options.prior[1][:, None]
    out = np.zeros_like(cross)
    free = np.ix_(options.free, options.free)
    out[free] = np.moveaxis(inverted(np.moveaxis(cross[free], 2, 0)), 0, 2)
    return out


def _common_slope(table: Array, expected: Expectation, options: Options) -> Array:
    """`1pl` by the information of known abilities, which more than 60 items all but are.

    Outer products cannot tell a slope that all items share once there are more items than models.
    """
    information = everywhere(table, expected, options).information
    by_intercept = information[0, 1] / information[1, 1]
    shared = float((information[0, 0] - by_intercept * information[0, 1]).sum()) + options.prior[1][0]
    out = np.zeros_like(information)
    out[0, 0] = 1.0 / shared
    out[0, 1] = out[1, 0] = -by_intercept / shared
    out[1, 1] = 1.0 / information[1, 1] + by_intercept**2 / shared
    return out


def _outer_products(data: Responses, table: Array, grid: Grid, options: Options) -> Array:
    """Σ_i s_ij s_ij' over models of their scores in each item's parameters, (3, 3, J)."""
    items, rows = items_from(table, options), options.free
    out = np.zeros((3, 3, data.n_items))
    for block, w, _ in posteriors(data, items, grid):
        weight = data.weight[block]
        for part in blocks(data.n_items, max(grid.theta.size, weight.size), _BLOCK):
            score = _scores(data, items, grid, (block, part, w))
            if options.is_positive:
                score[0] *= items.a[part]
            for row in rows:
                for column in rows:
                    out[row, column, part] += weight @ (score[row] * score[column])
    return out


def _scores(data: Responses, items: Items, grid: Grid, at: tuple[slice, slice, Array]) -> Array:
    """Expected derivatives of log p(x_ij) by (a, d, logit c), (3, rows, items), w being (rows, Q)."""
    block, part, w = at
    x, chosen = data.x[block, part], items.take(part)
    s = sigmoid(np.outer(grid.theta, chosen.a) + chosen.d)
    w_theta = w * grid.theta
    score = np.zeros((3, *x.shape))
    if items.is_logistic:
        y = (x > 0).astype(float)
        score[0], score[1] = y * w_theta.sum(axis=1)[:, None] - w_theta @ s, y - w @ s
    else:
        c = chosen.c
        p = np.clip(c + (1.0 - c) * s, _V_MIN, 1.0 - _V_MIN)
        by_z, by_c = (1.0 - c) * s * (1.0 - s), c * (1.0 - c) * (1.0 - s)
        for row, (weights, slope) in enumerate(((w_theta, by_z), (w, by_z), (w, by_c))):
            score[row] = np.where(x > 0, weights @ (slope / p), -(weights @ (slope / (1.0 - p))))
    if data.has_gaps:
        score[:, x < 0] = 0.0
    return score


def inverted(matrices: Array) -> Array:
    """Inverses of symmetric matrices (n, k, k); nan where one is not safely positive definite."""
    diagonal = np.einsum("nkk->nk", matrices)
    good = (diagonal > 0.0).all(axis=1) & np.isfinite(matrices).all(axis=(1, 2))
    size = np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
    scale = size[:, :, None] * size[:, None, :]
    scaled = np.where(good[:, None, None], matrices / scale, np.eye(matrices.shape[1]))
    good &= np.linalg.eigvalsh(scaled)[:, 0] > _SINGULAR
    scaled[~good] = np.eye(matrices.shape[1])
    out: Array = np.linalg.inv(scaled) / scale
    out[~good] = np.nan
    return out
