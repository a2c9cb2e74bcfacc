"""A matrix of responses to a calibration: item parameters, abilities, error bars, and what to know of them.

check -> connected -> degenerate items -> EM -> sign -> log-likelihoods -> abilities -> standard errors
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from llmgen.analysis.irt.abilities import Abilities, abilities, calibration_variance
from llmgen.analysis.irt.design import notes, usable
from llmgen.analysis.irt.em import Estimate, estimate
from llmgen.analysis.irt.expectation import expect
from llmgen.analysis.irt.grid import fixed_grid
from llmgen.analysis.irt.items import Array, Flags, Items, Matrix
from llmgen.analysis.irt.likelihood import accurate_loglik, grid_loglik
from llmgen.analysis.irt.model import Options, items_from
from llmgen.analysis.irt.responses import SHORT_TEST, Responses, check
from llmgen.analysis.irt.standard_errors import precision
from llmgen.analysis.irt.start import start
from llmgen.analysis.irt.threads import single_blas
from llmgen.types import Struct

MIRT_NODES = 61


class Fit(Struct, frozen=True, eq=False):
    """A calibration of J items on N models, in the order of the matrix.

    `items` (J,) are nan where they were left out: never seen, or `extreme` (all or none right) without
    priors. Their standard errors and the covariance `cov_ad` of a and d are nan there and where
    `not_identified`, that of b also where |a| < .1. `theta`, `se_theta` (given the items) and `se_pool`
    (with the items' own uncertainty, relative to this pool of models) are (N,), nan for models without a
    response.

    `loglik` is the marginal log-likelihood by 15-node adaptive quadrature, `loglik_grid61` the same on
    R mirt's 61 nodes; `objective` is what was maximised (with priors, on the fitting grid).
    """

    options: Options
    items: Items
    se_a: Array
    se_d: Array
    se_c: Array
    se_b: Array
    cov_ad: Array
    theta: Array
    se_theta: Array
    se_pool: Array
    loglik: float
    loglik_grid61: float
    objective: float
    cycles: int
    converged: bool
    n_responses: int
    extreme: Flags
    not_identified: Flags
    notes: tuple[str, ...] = ()

    @property
    def n_models(self) -> int:
        """Models with a response."""
        return int(np.isfinite(self.theta).sum())

    @property
    def n_items(self) -> int:
        """Items that have parameters."""
        return int(np.isfinite(self.items.d).sum())

    @property
    def n_parameters(self) -> int:
        """How many numbers were estimated."""
        return len(self.options.free) * self.n_items + (self.options.model == "1pl")

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return 2.0 * self.n_parameters - 2.0 * self.loglik

    @property
    def bic(self) -> float:
        """Schwarz's criterion, the models being the sample."""
        return math.log(self.n_models) * self.n_parameters - 2.0 * self.loglik


def fit(responses: ArrayLike, options: Options) -> Fit:
    """Fits items and abilities to `responses` (N, J) of 1, 0 and -1 (missing).

    Raises UsageError for anything else in the matrix, for a design that falls into parts, and when fewer
    than 3 models or 2 items with differing answers are left.
    """
    with single_blas():
        return _fit(check(responses), options)


def _fit(matrix: Matrix, options: Options) -> Fit:
    columns, extreme = usable(matrix, options)
    data = Responses(matrix, columns, collapse=columns.size <= SHORT_TEST)
    found, at = _upright(estimate(data, start(data, options), options), data, options)
    items = items_from(found.table, options)
    sure = precision(data, found.table, found.expected, options)
    added = calibration_variance(data, items, sure, at, log_slope=options.is_positive)
    spread = _Spread(data, matrix.shape)
    a, d, c, u = (spread.items(x) for x in (items.a, items.d, items.c, items.u))
    errors = sure.errors(found.table, options)
    return Fit(
        options=options,
        items=Items(a=a, d=d, c=c, u=u),
        se_a=spread.items(errors.a),
        se_d=spread.items(errors.d),
        se_c=spread.items(errors.c),
        se_b=spread.items(errors.b),
        cov_ad=spread.items(errors.cov_ad),
        theta=spread.models(at.theta),
        se_theta=spread.models(at.se),
        se_pool=spread.models(np.sqrt(at.se**2 + added)),
        loglik=accurate_loglik(data, items, at.mode, at.mode_sd),
        loglik_grid61=grid_loglik(data, items, fixed_grid(MIRT_NODES)),
        objective=found.objective,
        cycles=found.cycles,
        converged=found.converged,
        n_responses=int((matrix >= 0).sum()),
        extreme=extreme,
        not_identified=spread.items(sure.not_identified.astype(float)) == 1.0,
        notes=notes(matrix, extreme, options),
    )


def _upright(found: Estimate, data: Responses, options: Options) -> tuple[Estimate, Abilities]:
    """Turned round where EM ended with ability upside down, and the abilities."""
    items = items_from(found.table, options)
    at = abilities(data, items, found.expected.mean)
    asked = data.asked @ np.bincount(data.group, minlength=data.asked.shape[1])
    share = data.times(np.ones((data.n_items, 1)))[:, 0] / asked
    against = float(data.weight @ ((share - share.mean()) * at.theta)) < 0.0
    if not (against and (items.a < 0.0).mean() > 0.5):  # noqa: PLR2004  # most
        return found, at
    table = found.table.copy()
    table[0] *= -1.0
    items = items_from(table, options)
    turned = Estimate(
        table=table,
        expected=expect(data, items, found.expected.grid),
        objective=found.objective,
        cycles=found.cycles,
        converged=found.converged,
    )
    return turned, abilities(data, items, -found.expected.mean)


class _Spread:
    """Puts values of fitted rows and columns back where they were in the matrix, nan elsewhere."""

    def __init__(self, data: Responses, shape: tuple[int, int]) -> None:
        self._data, self._shape = data, shape

    def items(self, values: Array) -> Array:
        """(J fitted) -> (J,)."""
        out = np.full(self._shape[1], np.nan)
        out[self._data.columns] = values
        return out

    def models(self, values: Array) -> Array:
        """(distinct rows) -> (N,)."""
        return np.where(self._data.rows >= 0, values[self._data.rows], np.nan)
