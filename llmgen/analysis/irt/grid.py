"""Nodes on the ability scale: R mirt's fixed grid, or one as fine as the posteriors and items need.

The trapezoidal rule integrates a Gaussian posterior of standard deviation s with an error of
2·exp(-2 pi² (s/h)²) for a step h, so h = 1.2 s leaves 2e-6. A matrix of few models and many items has
posteriors far narrower than a fixed grid's step (s = .02 at 10,000 items): there a fixed grid loses the
scale. A step of .75/max|a| resolves the steepest item.
"""

from __future__ import annotations

import numpy as np

from llmgen.analysis.irt.items import Array, Items, information
from llmgen.types import Struct

LIMIT = 6.0
_STEP, _STEP_PER_SD, _STEP_TIMES_SLOPE = 0.2, 1.2, 0.75
_REACH = 8.0  # posterior standard deviations beyond the outermost models
_FURTHEST = 20.0
_MOST = 4001
_COARSE = 121


class Grid(Struct, frozen=True, eq=False):
    """Nodes theta (Q,) and the logarithms of the standard normal weights there."""

    theta: Array
    log_w: Array


def fixed_grid(n_nodes: int) -> Grid:
    """`n_nodes` equally spaced on [-6, 6], weights normalised to sum 1: R mirt's."""
    theta = np.linspace(-LIMIT, LIMIT, n_nodes)
    log_w = -0.5 * theta * theta
    return Grid(theta=theta, log_w=log_w - np.log(np.exp(log_w).sum()))


def fitting_grid(items: Items, ability: Array | None) -> Grid:
    """A grid fine enough for these items, over the range that the models take.

    `ability` (N,) are the models' abilities so far, None when they are not known yet: all of [-6, 6].
    """
    reach = np.array([-LIMIT, LIMIT]) if ability is None else ability
    coarse = np.linspace(min(-LIMIT, float(reach.min())), max(LIMIT, float(reach.max())), _COARSE)
    sd = np.interp(
        reach if ability is not None else coarse, coarse, (1.0 + information(items, coarse)) ** -0.5
    )
    step = min(
        _STEP,
        _STEP_PER_SD * float(np.quantile(sd, 0.01)),
        _STEP_TIMES_SLOPE / max(float(np.abs(items.a).max()), 1e-3),
    )
    low, high = -LIMIT, LIMIT
    if ability is not None:
        low = max(float((ability - _REACH * sd).min()), -_FURTHEST)
        high = min(float((ability + _REACH * sd).max()), _FURTHEST)
    n_nodes = int(min(np.ceil((high - low) / step) + 1, _MOST))
    theta = np.linspace(low, high, n_nodes)
    return Grid(
        theta=theta, log_w=np.log((high - low) / (n_nodes - 1)) - 0.5 * (theta**2 + np.log(2 * np.pi))
    )
