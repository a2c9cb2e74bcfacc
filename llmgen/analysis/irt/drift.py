"""Items that became easier or harder, or lost their grip, between two calibrations of the same items."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from llmgen.analysis.chi2 import chi2_survival
from llmgen.analysis.irt.items import Array, Flags, Matrix, blocks, sigmoid
from llmgen.types import Struct

ALPHA, AREA, SHARE = 0.05, 0.1, 0.1
_STEPS, _ARRIVED = 30, 1e-8
_RIDGE = 1e-4  # keeps separated items finite
_TABLE = 1 << 20


class Drift(Struct, frozen=True, eq=False):
    """J common items: the likelihood ratio (2 degrees of freedom), p, p after Benjamini-Hochberg, the area.

    `area` is the new curve minus the old one, averaged over all abilities: the change of the share right.
    `drifted` items have an adjusted p < .05 and an area beyond ±.1; `benchmark` says that more than a tenth
    of the items have.
    """

    ratio: Array
    p: Array
    p_adjusted: Array
    area: Array
    drifted: Flags
    benchmark: bool


def drift(old: Matrix, new: Matrix, theta_old: ArrayLike, theta_new: ArrayLike) -> Drift:
    """Tests each column of `old` (N, J) against the same column of `new` (M, J), abilities on one scale.

    Logistic regression of the answer on theta against theta, group and theta x group, by likelihood ratio
    (Swaminathan and Rogers 1990).
    """
    before, after = np.asarray(theta_old, float), np.asarray(theta_new, float)
    rows_old, rows_new = np.isfinite(before), np.isfinite(after)
    x = np.concatenate([old[rows_old], new[rows_new]])
    theta = np.concatenate([before[rows_old], after[rows_new]])
    group = np.repeat([0.0, 1.0], [rows_old.sum(), rows_new.sum()])
    small = np.stack([np.ones_like(theta), theta], axis=1)
    full = np.concatenate([small, small * group[:, None]], axis=1)
    ratio, area = np.empty(x.shape[1]), np.empty(x.shape[1])
    for part in blocks(x.shape[1], x.shape[0], _TABLE):
        _, without = _logistic(x[:, part], small)
        beta, with_group = _logistic(x[:, part], full)
        ratio[part] = np.maximum(2.0 * (with_group - without), 0.0)
        area[part] = (sigmoid(small @ (beta[:2] + beta[2:])) - sigmoid(small @ beta[:2])).mean(axis=0)
    both = (old >= 0).any(axis=0) & (new >= 0).any(axis=0)
    ratio[~both] = area[~both] = np.nan
    p = np.array([chi2_survival(value, 2) if np.isfinite(value) else np.nan for value in ratio])
    adjusted = benjamini_hochberg(p)
    drifted: Flags = np.logical_and(adjusted < ALPHA, np.abs(area) > AREA)
    return Drift(
        ratio=ratio,
        p=p,
        p_adjusted=adjusted,
        area=area,
        drifted=drifted,
        benchmark=bool(both.any() and drifted.sum() > SHARE * both.sum()),
    )


def benjamini_hochberg(p: Array) -> Array:
    """Adjusted p values that control the false discovery rate (1995); nan stays nan."""
    out = np.full(p.size, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known])]
    raised = p[order] * known.size / np.arange(1, known.size + 1)
    out[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return out


def _logistic(x: Matrix, design: Array) -> tuple[Array, Array]:
    """Regressions of every column of x (N, B) on design (N, k): (coefficients (k, B), log L (B,))."""
    k = design.shape[1]
    beta = np.zeros((k, x.shape[1]))
    asked, right = x >= 0, (x > 0).astype(float)
    products = np.einsum("ni,nj->nij", design, design).reshape(-1, k * k)
    for _ in range(_STEPS):
        p = np.where(asked, sigmoid(design @ beta), 0.0)
        gradient = design.T @ (right - p) - _RIDGE * beta
        information = (products.T @ (p * (1.0 - p))).T.reshape(-1, k, k) + _RIDGE * np.eye(k)
        step = np.linalg.solve(information, gradient.T[..., None])[..., 0].T
        beta += np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < _ARRIVED:
            break
    z = design @ beta
    log_l = np.where(asked, right * z - np.logaddexp(0.0, z), 0.0).sum(axis=0)
    return beta, log_l
