"""The marginal log-likelihood of given items, and the modes of the abilities that it is built on."""

from __future__ import annotations

import numpy as np

from llmgen.analysis.irt.expectation import group_sums, posteriors, row_scores
from llmgen.analysis.irt.grid import Grid
from llmgen.analysis.irt.items import Array, Indices, Items, blocks, log_tables, sigmoid
from llmgen.analysis.irt.responses import Responses

N_NODES = 15
_STEPS = 50
_ARRIVED = 1e-8
_V_MIN = 1e-12
_TABLE = 1 << 19


def grid_loglik(data: Responses, items: Items, grid: Grid) -> float:
    """Σ_i log L_i on a fixed grid: what a program reports that integrates there."""
    return sum(float(data.weight[block] @ log_l) for block, _, log_l in posteriors(data, items, grid))


def accurate_loglik(data: Responses, items: Items, mode: Array, sd: Array) -> float:
    """Σ_i log L_i by adaptive Gauss-Hermite quadrature, 15 nodes around each row's `mode` (N,).

    log L_i = logsumexp_k(Σ_j log p(x_ij | t_k) + log φ(t_k) + h_k² + log w_k + log(√2 s_i)) with nodes
    t_k = m_i + √2 s_i h_k (Naylor and Smith 1982).
    """
    h, w = np.polynomial.hermite.hermgauss(N_NODES)
    constant = h * h + np.log(w) + 0.5 * np.log(2.0) - 0.5 * np.log(2.0 * np.pi)
    total = 0.0
    scores = row_scores(data, items)
    width = data.asked.shape[1] if items.is_logistic else data.n_items
    for block in blocks(data.n_rows, N_NODES * width, _TABLE):
        theta = mode[block, None] + np.sqrt(2.0) * sd[block, None] * h
        terms = (
            _log_p(data, items, block, theta)
            if not items.is_logistic
            else (scores[block, :1] * theta + scores[block, 1:] - _base(data, items, block, theta))
        )
        terms += constant + np.log(sd[block, None]) - 0.5 * theta * theta
        top = terms.max(axis=1)
        total += float(data.weight[block] @ (top + np.log(np.exp(terms - top[:, None]).sum(axis=1))))
    return total


def _base(data: Responses, items: Items, block: slice, theta: Array) -> Array:
    """-Σ_j log(1 - P) over the items that each row was asked, at each of its own nodes, (rows, K)."""
    sums = group_sums(data, items, theta.reshape(-1)).reshape(-1, *theta.shape)
    base: Array = np.einsum("rg,grk->rk", data.asked[block], sums)
    return base


def _log_p(data: Responses, items: Items, block: slice, theta: Array) -> Array:
    x = data.x[block]
    log_p, log_q = (table.reshape(*theta.shape, -1) for table in log_tables(items, theta.reshape(-1)))
    right, wrong = (x > 0).astype(float), (x == 0).astype(float)
    log_l: Array = np.einsum("rkj,rj->rk", log_p, right) + np.einsum("rkj,rj->rk", log_q, wrong)
    return log_l


def modes(data: Responses, items: Items, near: Array) -> tuple[Array, Array]:
    """Modes of the posteriors under theta ~ N(0, 1) and their I^(-1/2), (N,) each, by Fisher scoring.

    I = Σ_j P'²/(P(1 - P)) + 1 over the items that a row was asked. `near` (N,) is where to start.
    """
    theta, information = near.copy(), np.empty(data.n_rows)
    moving = np.arange(data.n_rows)
    for _ in range(_STEPS):
        gradient, information[moving] = _score(data, items, moving, theta[moving])
        step = np.clip(gradient / information[moving], -1.0, 1.0)
        theta[moving] += step
        moving = moving[np.abs(step) > _ARRIVED]
        if not moving.size:
            break
    return theta, information**-0.5


def _score(data: Responses, items: Items, rows: Indices, theta: Array) -> tuple[Array, Array]:
    """(d log posterior / d theta, its information) of some rows."""
    gradient, information = -theta, np.ones(theta.size)
    for block in blocks(rows.size, data.n_items, _TABLE):
        x = data.x[rows[block]]
        s = sigmoid(np.outer(theta[block], items.a) + items.d)
        if items.is_logistic:
            variance = s * (1.0 - s)
            residual = np.subtract(x, s, out=s)
            if data.has_gaps:
                residual[x < 0] = variance[x < 0] = 0.0
            gradient[block] += residual @ items.a
            information[block] += variance @ (items.a * items.a)
            continue
        span = items.u - items.c
        p = items.c + span * s
        ratio = span * items.a * s * (1.0 - s) / np.maximum(p * (1.0 - p), _V_MIN)
        ratio[x < 0] = 0.0
        gradient[block] += (ratio * (x - p)).sum(axis=1)
        information[block] += (ratio * ratio * p * (1.0 - p)).sum(axis=1)
    return gradient, information
