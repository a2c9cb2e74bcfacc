"""lz* against the stored population: models of like ability are the null, not the normal distribution.

Real models are not drawn from the calibration's N(0, 1), and lz* of honest ones spreads more than 1. So a
model is compared with the nearest 10 % in theta, at least 15, itself and its declared family left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llmgen.analysis.irt.items import Array, Indices, blocks
from llmgen.types import Struct

FEWEST_MODELS, FEWEST_NEIGHBOURS = 30, 15
NEAREST_SHARE, ALARM_SHARE = 0.1, 0.05
_MAD_TO_SD = 1.4826


def family_codes(names: Sequence[str]) -> Indices:
    """A number for each family; a model without one ("") is a family by itself."""
    codes: dict[str, int] = {}
    return np.array(
        [codes.setdefault(name or f"\0{at}", len(codes)) for at, name in enumerate(names)], dtype=np.intp
    )


class Population(Struct, frozen=True, eq=False):
    """M models to compare with: their lz*, abilities and families, (M,) each; lz* is nan where unknown."""

    value: Array
    theta: Array
    family: Indices


def matched_z(value: Array, theta: Array, family: Indices, population: Population) -> Array:
    """(value - median)/(1.4826 MAD) of the population's nearest in theta, (n,).

    nan where the value is, where fewer than 15 others are left, or where half of those are all alike.
    """
    out = np.full(value.shape, np.nan)
    for part in blocks(value.size, population.theta.size):
        distance = np.abs(theta[part, None] - population.theta)
        distance[family[part, None] == population.family] = np.inf
        distance[:, np.isnan(population.value)] = np.inf
        n_others = np.isfinite(distance).sum(axis=1)
        enough = np.flatnonzero((n_others >= FEWEST_NEIGHBOURS) & np.isfinite(value[part]))
        if enough.size == 0:
            continue
        middle, spread = _null(distance[enough], n_others[enough], population.value)
        above = value[part][enough] - middle
        z = np.full(enough.size, np.nan)
        np.divide(above, spread, out=z, where=spread > 0)
        out[enough + part.start] = z
    return out


def _null(distance: Array, n_others: Indices, values: Array) -> tuple[Array, Array]:
    """(median, 1.4826 MAD) of the values of each row's nearest tenth, at least 15."""
    wanted = np.maximum(np.ceil(NEAREST_SHARE * n_others).astype(int), FEWEST_NEIGHBOURS)
    most = int(wanted.max())
    near = np.argpartition(distance, most - 1, axis=1)[:, :most]
    nearest = np.argsort(np.take_along_axis(distance, near, axis=1), axis=1, kind="stable")
    others = values[np.take_along_axis(near, nearest, axis=1)]
    others[np.arange(most) >= wanted[:, None]] = np.nan
    middle = np.nanmedian(others, axis=1)
    return middle, _MAD_TO_SD * np.nanmedian(np.abs(others - middle[:, None]), axis=1)


def alarm_level(z: Array) -> float:
    """The 5 % quantile of the population's own z: below it a model is flagged."""
    return float(np.nanquantile(z, ALARM_SHARE))
