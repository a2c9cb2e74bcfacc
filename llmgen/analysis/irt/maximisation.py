"""The M step: Fisher scoring for all items at once, each on its own 2 x 2 or 3 x 3 system.

With u = (r - nP)/V, w = n/V, V = P(1-P), dz = (1-c)·s(1-s), dc = c(1-c)(1-s): gradients sum u·dz·(theta, 1)
and u·dc, information sums w·(dz·theta, dz, dc)(dz·theta, dz, dc)'.
"""

from __future__ import annotations

import numpy as np

from llmgen.analysis.irt.expectation import Expectation
from llmgen.analysis.irt.items import Array, Indices, blocks, sigmoid
from llmgen.analysis.irt.model import Options, bounded
from llmgen.analysis.irt.threads import each
from llmgen.types import Struct

_STEPS = 8
_OVERSHOT = 0.3  # of the slope at the start, against the step
_AGAIN = 1e-3  # scoring converges quadratically: what moved less has arrived to 1e-6
_STEPS_3PL, _SHARE_3PL = 40, 0.1  # but linearly with guessing: until a share of the tolerance
_RIDGE_2, _RIDGE_3 = 1e-10, 1e-4  # times a third of the trace
_CLIP = np.array([1.0, 2.0, 1.0])
_CLIP_LOG = np.array([0.5, 2.0, 1.0])
_V_MIN = 1e-10
_TABLES = 1 << 16


class Derivatives(Struct, frozen=True, eq=False):
    """Gradient (3, B) and information (3, 3, B) of the expected complete log-likelihood plus the prior."""

    gradient: Array
    information: Array


def maximise(table: Array, expected: Expectation, options: Options) -> Array:
    """The M step from `table` (3, J)."""
    if options.model in ("1pl", "rasch-fixed"):
        return _common_slope(table, expected, options)
    out = table.copy()
    parts = _item_blocks(expected)
    moved = each(lambda which: _scored(table[:, which], which, expected, options), parts)
    for which, values in zip(parts, moved, strict=True):
        out[:, which] = values
    return out


def _item_blocks(expected: Expectation) -> list[Indices]:
    n_items, n_nodes = expected.group.size, expected.grid.theta.size
    return [np.arange(block.start, block.stop) for block in blocks(n_items, n_nodes, _TABLES)]


def _scored(table: Array, which: Indices, expected: Expectation, options: Options) -> Array:
    """Fisher scoring of a block of items until they stand still.

    A step that went over the top (the slope along it turned) is taken back to where the secant puts the
    top: steep items would otherwise jump to and fro for ever.
    """
    out, free = table.copy(), np.array(options.free)
    moving = np.arange(which.size)
    path, rise = np.zeros((free.size, which.size)), np.zeros(which.size)
    guesses = options.model == "3pl"
    again = _SHARE_3PL * options.tolerance if guesses else _AGAIN
    for _ in range(_STEPS_3PL if guesses else _STEPS):
        before = out[:, moving]
        derived = derivatives(before, which[moving], expected, options)
        step = _solve(derived, before, options)
        climb = (derived.gradient[free] * path).sum(axis=0)
        over = climb < -_OVERSHOT * rise
        step[:, over] = path[:, over] * (climb / np.maximum(rise - climb, 1e-300))[over]
        before[free] += step
        after = bounded(before, options)
        path = after[free] - out[np.ix_(free, moving)]
        rise = (derived.gradient[free] * path).sum(axis=0)
        out[:, moving] = after
        still = (np.abs(path) > again).any(axis=0)
        moving, path, rise = moving[still], path[:, still], rise[still]
        if not moving.size:
            break
    return out


def derivatives(table: Array, which: Indices, expected: Expectation, options: Options) -> Derivatives:
    """By (slope or its logarithm, intercept, logit of guessing) for the items `which` at `table` (3, B)."""
    theta, count = expected.grid.theta, expected.count_of(which)
    slope = np.exp(table[0]) if options.is_positive else table[0]
    s = sigmoid(np.outer(slope, theta) + table[1][:, None])
    if expected.right is None:
        gradient, information = _logistic(s, count, expected.moments[which], theta)
    else:
        gradient, information = _guessing(s, table[2], count, expected.right[which], theta)
    if options.is_positive:
        gradient[0] *= slope
        information[0] *= slope
        information[:, 0] *= slope
    mean, precision = options.prior
    shared = options.model == "1pl"  # the prior of a common slope counts once: it is added there
    for row in (1,) if shared else options.free:
        gradient[row] -= precision[row] * (table[row] - mean[row])
        information[row, row] += precision[row]
    return Derivatives(gradient=gradient, information=information)


def _logistic(s: Array, count: Array, moments: Array, theta: Array) -> tuple[Array, Array]:
    powers = np.stack([np.ones_like(theta), theta, theta * theta], axis=1)
    seen = count * s
    fitted = seen @ powers[:, :2]
    seen -= seen * s
    h = seen @ powers
    gradient, information = np.zeros((3, s.shape[0])), np.zeros((3, 3, s.shape[0]))
    gradient[0], gradient[1] = moments[:, 1] - fitted[:, 1], moments[:, 0] - fitted[:, 0]
    information[0, 0], information[1, 1] = h[:, 2], h[:, 0]
    information[0, 1] = information[1, 0] = h[:, 1]
    return gradient, information


def _guessing(s: Array, logit_c: Array, count: Array, right: Array, theta: Array) -> tuple[Array, Array]:
    c = (1.0 / (1.0 + np.exp(-logit_c)))[:, None]
    p = c + (1.0 - c) * s
    v = np.maximum(p * (1.0 - p), _V_MIN)
    dz = (1.0 - c) * s * (1.0 - s)
    by = np.stack([dz * theta, dz, c * (1.0 - c) * (1.0 - s)])
    u, w = (right - count * p) / v, count / v
    return np.einsum("jq,kjq->kj", u, by), np.einsum("jq,kjq,ljq->klj", w, by, by, optimize=True)


def _solve(derived: Derivatives, table: Array, options: Options) -> Array:
    """The Fisher step of the free rows, (k, B), not longer than allowed; a parameter at its bound stays."""
    free = np.array(options.free)
    low, high = options.bounds
    gradient = derived.gradient[free].T
    pinned = (((table <= low) & (derived.gradient < 0)) | ((table >= high) & (derived.gradient > 0)))[free].T
    systems = np.moveaxis(derived.information[np.ix_(free, free)], 2, 0).copy()
    k = free.size
    ridge = (_RIDGE_2 if k < 3 else _RIDGE_3) * np.trace(systems, axis1=1, axis2=2) / k  # noqa: PLR2004  # 3PL
    systems[:, range(k), range(k)] += np.maximum(ridge, 1e-12)[:, None]
    systems[pinned[:, :, None] != pinned[:, None, :]] = 0.0
    step = np.linalg.solve(systems, np.where(pinned, 0.0, gradient)[..., None])[..., 0].T
    clip = (_CLIP_LOG if options.is_positive else _CLIP)[free, None]
    excess = (np.abs(step) / clip).max(axis=0)
    return np.asarray(step / np.maximum(excess, 1.0))  # shortened, not bent: it stays a way up


def _common_slope(table: Array, expected: Expectation, options: Options) -> Array:
    """1PL: without the intercepts the slope steps by Σ(g_a - g_d H_da/H_dd) / Σ(H_aa - H_da²/H_dd)."""
    out = table.copy()
    mean, precision = options.prior
    for _ in range(_STEPS):
        derived = everywhere(out, expected, options)
        gradient, information = derived.gradient, derived.information
        g_a, g_d, cross = gradient[0], gradient[1], information[0, 1]
        h_dd = np.maximum(information[1, 1], 1e-12)
        step = 0.0
        if options.model == "1pl":
            pull = float((g_a - g_d * cross / h_dd).sum()) - precision[0] * (out[0, 0] - mean[0])
            step = pull / (float((information[0, 0] - cross**2 / h_dd).sum()) + precision[0] + 1e-12)
            step = float(np.clip(step, -_CLIP[0], _CLIP[0]))
        move = np.clip((g_d - cross * step) / h_dd, -_CLIP[1], _CLIP[1])
        out[0] += step
        out[1] += move
        out = bounded(out, options)
        if max(abs(step), float(np.abs(move).max())) < _AGAIN:
            break
    return out


def everywhere(table: Array, expected: Expectation, options: Options) -> Derivatives:
    """Derivatives of all items."""
    parts = _item_blocks(expected)
    found = list(each(lambda which: derivatives(table[:, which], which, expected, options), parts))
    return Derivatives(
        gradient=np.concatenate([part.gradient for part in found], axis=1),
        information=np.concatenate([part.information for part in found], axis=2),
    )
