"""Which model is fitted and how: names, priors, bounds, and the table of parameters that EM moves.

Parameters are a table v (3, J): slope (its logarithm where slopes are positive), intercept, logit of the
guessing rate. Rows that a model does not free keep their start.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np

from llmgen.analysis.irt.items import Array, Items
from llmgen.types import Struct

ModelName: TypeAlias = Literal["1pl", "rasch-fixed", "2pl", "3pl"]
PriorName: TypeAlias = Literal["default", "none"]
Slope: TypeAlias = Literal["signed", "positive"]

LONG_NAMES: dict[ModelName, str] = {
    "1pl": "1PL, one free common slope, theta N(0, 1)",
    "rasch-fixed": "Rasch with slope 1 and theta N(0, 1) both fixed",
    "2pl": "2PL, free slopes",
    "3pl": "3PL, free slopes and guessing rates",
}
_NO_GUESSING = -np.inf
_GUESSING_SD, _GUESSING_MEAN = 0.7, -1.4
_LOG_SLOPE_SD = 0.5
_FURTHEST = 200.0  # of an intercept: a slope of 50 has its difficulty within 4 of the middle


class Options(Struct, frozen=True):
    """How to fit.

    `priors`: "none" is maximum likelihood. `slope`: "positive" for very few models. `quadrature`: that
    many equally spaced nodes on [-6, 6] and no rescaling, as R mirt does with 61; None = as fine as
    needed. `precise` stops later. `guessing`: a known guessing rate instead of an estimated one.
    `n_choices`: centres the prior of estimated guessing rates at 1/n_choices.
    """

    model: ModelName = "2pl"
    priors: PriorName = "default"
    slope: Slope = "signed"
    quadrature: int | None = None
    precise: bool = False
    max_cycles: int = 500
    guessing: float = 0.0
    n_choices: int | None = None

    @property
    def tolerance(self) -> float:
        """The largest distance to the fixed point, in any parameter, that counts as arrived."""
        return 1e-6 if self.precise else 1e-4

    @property
    def is_positive(self) -> bool:
        """Row 0 of the table is log a."""
        return self.slope == "positive" and self.model in ("2pl", "3pl")

    @property
    def is_rescaled(self) -> bool:
        """Whether every cycle puts the abilities at mean 0 and variance 1."""
        return self.model != "rasch-fixed" and self.quadrature is None

    @property
    def free(self) -> tuple[int, ...]:
        """The rows of the table that differ between items and are estimated."""
        return {"1pl": (1,), "rasch-fixed": (1,), "2pl": (0, 1), "3pl": (0, 1, 2)}[self.model]

    @property
    def n_moving(self) -> int:
        """How many rows of the table, from the first, ever change."""
        return 3 if self.model == "3pl" else 2

    @property
    def bounds(self) -> tuple[Array, Array]:
        """Lowest and highest value of each row, (3, 1) each."""
        slopes = (math.log(0.02), math.log(50.0)) if self.is_positive else (-50.0, 50.0)
        low = np.array([[slopes[0]], [-_FURTHEST], [_NO_GUESSING if self.model != "3pl" else -9.0]])
        return low, np.array([[slopes[1]], [_FURTHEST], [3.0]])

    @property
    def prior(self) -> tuple[Array, Array]:
        """(mean, precision) of the normal prior of each row, (3,) each; precision 0 without a prior."""
        means = np.array([0.0 if self.is_positive else 1.0, 0.0, self.guessing_mean])
        if self.priors == "none":
            return means, np.zeros(3)
        slope_sd = _LOG_SLOPE_SD if self.is_positive else 1.0
        precision = np.array([slope_sd**-2, 3.0**-2, _GUESSING_SD**-2])
        for row in range(3):
            if row not in self.free and not (row == 0 and self.model == "1pl"):
                precision[row] = 0.0
        return means, precision

    @property
    def guessing_mean(self) -> float:
        """Prior mean of the logit of a guessing rate."""
        return _GUESSING_MEAN if self.n_choices is None else -math.log(self.n_choices - 1)


def items_from(table: Array, options: Options) -> Items:
    """The items that a table stands for."""
    a = np.exp(table[0]) if options.is_positive else table[0].copy()
    return Items(a=a, d=table[1].copy(), c=1.0 / (1.0 + np.exp(-table[2])), u=np.ones(table.shape[1]))


def log_prior(table: Array, options: Options) -> float:
    """Sum of log prior densities, without their constants; a common slope counts once."""
    mean, precision = options.prior
    loss = 0.5 * precision[:, None] * (np.where(np.isfinite(table), table, 0.0) - mean[:, None]) ** 2
    if options.model == "1pl":
        loss[0, 1:] = 0.0
    return -float(loss.sum())


def rescaled(table: Array, options: Options, mean: float, sd: float) -> Array:
    """The table for theta' = (theta - mean)/sd: d + a·mean first, then a·sd."""
    out = table.copy()
    a = np.exp(table[0]) if options.is_positive else table[0]
    out[1] += a * mean
    out[0] = table[0] + math.log(sd) if options.is_positive else table[0] * sd
    return out


def bounded(table: Array, options: Options) -> Array:
    """The table inside its bounds."""
    low, high = options.bounds
    return np.clip(table, low, high)
