"""Abilities of models given the items, with what the items' own uncertainty adds to their error bars."""

from __future__ import annotations

import numpy as np

from llmgen.analysis.irt.expectation import expect
from llmgen.analysis.irt.grid import fitting_grid
from llmgen.analysis.irt.items import Array, Items, blocks, sigmoid, slopes_at
from llmgen.analysis.irt.likelihood import modes
from llmgen.analysis.irt.responses import SHORT_TEST, Responses
from llmgen.analysis.irt.standard_errors import Precision
from llmgen.types import Struct

_TABLE = 1 << 18
_V_MIN = 1e-12
_Z = 1.959964


class Abilities(Struct, frozen=True, eq=False):
    """Abilities of N rows: `theta`, their standard errors given the items `se`, and `mode`, `mode_sd`.

    `theta` is the posterior mean (EAP) on tests of up to 30 items and the posterior mode (MAP) on longer
    ones, where both agree and the mode needs no integral; `se` is the posterior's standard deviation or
    I^(-1/2) accordingly. All under theta ~ N(0, 1).
    """

    theta: Array
    se: Array
    mode: Array
    mode_sd: Array


def abilities(data: Responses, items: Items, near: Array | None = None) -> Abilities:
    """Abilities under fixed items; `near` (N,) is where the search for modes starts."""
    if near is None or data.n_items <= SHORT_TEST:
        expected = expect(data, items, fitting_grid(items, near))
        mode, sd = modes(data, items, expected.mean)
        if data.n_items <= SHORT_TEST:
            return Abilities(theta=expected.mean, se=np.sqrt(expected.var), mode=mode, mode_sd=sd)
    else:
        mode, sd = modes(data, items, near)
    return Abilities(theta=mode, se=sd, mode=mode, mode_sd=sd)


def calibration_variance(
    data: Responses, items: Items, precision: Precision, at: Abilities, *, log_slope: bool
) -> Array:
    """What the errors of the item parameters add to the variance of each ability, (N,).

    The delta method with independent items: theta solves g = Σ_j (x - P) r - theta = 0 with r = P'/(PQ),
    so that d theta/d xi_j = (dg/d xi_j)/I, whose mean square is r² (dP/d xi)² + PQ (dr/d xi)². It stands
    for a bootstrap over models of the calibration, relative to the mean and spread of this pool. Items
    that are not identified add nothing. `log_slope`: the precision's first row is log a.
    """
    covariance = np.nan_to_num(precision.covariance)
    if log_slope:
        covariance[0] *= items.a
        covariance[:, 0] *= items.a
    out = np.empty(data.n_rows)
    span = items.u - items.c
    for block in blocks(data.n_rows, data.n_items, _TABLE):
        theta = at.mode[block, None]
        s = sigmoid(theta * items.a + items.d)
        p = items.c + span * s
        pq = np.maximum(p * (1.0 - p), _V_MIN)
        by_d = span * s * (1.0 - s)
        by_c = (1.0 - items.c) * items.c * (1.0 - s)
        quadratic = by_d**2 * (
            theta**2 * covariance[0, 0] + 2.0 * theta * covariance[0, 1] + covariance[1, 1]
        )
        if not items.is_logistic:
            quadratic += by_c * (
                2.0 * by_d * (theta * covariance[0, 2] + covariance[1, 2]) + by_c * covariance[2, 2]
            )
        ratio = by_d / pq
        terms = (ratio * items.a) ** 2 * quadratic + pq * ratio**2 * covariance[0, 0]
        if data.has_gaps:
            terms[data.x[block] < 0] = 0.0
        out[block] = terms.sum(axis=1) * at.mode_sd[block] ** 4
    return out


def true_scores(items: Items, theta: Array, se: Array) -> tuple[Array, Array, Array]:
    """The expected share right over all `items`, and its 95 % limits, (N,) each.

    What an ability means in answers, whichever items the model was asked: mean_j P_j(theta) with limits by
    the delta method, inside 0 and 1. Items without parameters are left out.
    """
    known = items.take(np.isfinite(items.a) & np.isfinite(items.d))
    score, slope = np.full(theta.size, np.nan), np.full(theta.size, np.nan)
    rows = np.flatnonzero(np.isfinite(theta))
    for part in blocks(rows.size, known.a.size, _TABLE):
        p, by_theta = slopes_at(known, theta[rows[part]])
        score[rows[part]], slope[rows[part]] = p.mean(axis=1), by_theta.mean(axis=1)
    half = _Z * np.abs(slope) * se
    return score, np.maximum(score - half, 0.0), np.minimum(score + half, 1.0)
