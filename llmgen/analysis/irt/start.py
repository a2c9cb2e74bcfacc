"""Where EM starts: intercepts from proportions, slopes of one size, negative where an item looks reversed."""

from __future__ import annotations

import math

import numpy as np

from llmgen.analysis.irt.items import Array, Flags
from llmgen.analysis.irt.model import Options
from llmgen.analysis.irt.responses import Responses

_SLOPE, _REVERSED = 1.0, -0.5
_MIRT_SLOPE = 0.851  # R mirt's: a coarse grid has several modes, and this start leads to the one R finds


def start(data: Responses, options: Options) -> Array:
    """The table of parameters (3, J) that EM starts from."""
    table = np.empty((3, data.n_items))
    edge = 0.5 / data.n_models
    share = np.clip(data.right / data.seen, edge, 1.0 - edge)
    slope = _SLOPE if options.quadrature is None or options.model == "rasch-fixed" else _MIRT_SLOPE
    table[0] = math.log(slope) if options.is_positive else slope
    if options.slope == "signed" and 0 in options.free:
        table[0, _reversed(data)] = _REVERSED * slope
    table[1] = np.log(share) - np.log1p(-share)
    table[2] = options.guessing_mean if 2 in options.free else _logit(options.guessing)  # noqa: PLR2004  # row of c
    return table


def _reversed(data: Responses) -> Flags:
    """Whether an item's covariance with the share right of its rows' other items is negative, (J,)."""
    sizes = np.bincount(data.group, minlength=data.asked.shape[1]).astype(float)
    asked = data.asked @ sizes
    share = data.times(np.ones((data.n_items, 1)))[:, 0] / asked
    share -= (data.weight @ share) / data.n_models
    columns = np.stack([data.weight * share, data.weight / asked], axis=1)
    with_share, own = data.left(columns).T
    of_group = (data.asked.T @ columns)[data.group]
    p = data.right / data.seen
    flags: Flags = with_share - p * of_group[:, 0] - own * (1.0 - p) < 0.0
    return flags


def _logit(p: float) -> float:
    return math.log(p) - math.log1p(-p) if p > 0.0 else -math.inf
