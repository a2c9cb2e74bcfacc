"""EM with identification in every cycle, SQUAREM acceleration, and a stop that measures the distance left.

One cycle F(v): E step at v, M step, abilities put back to mean 0 and variance 1. SQUAREM (Varadhan and
Roland 2008, scheme S3) extrapolates from two cycles and is kept unless the objective falls.
"""

from __future__ import annotations

import math

import numpy as np

from llmgen.analysis.irt.expectation import Expectation, expect
from llmgen.analysis.irt.grid import Grid, fitting_grid, fixed_grid
from llmgen.analysis.irt.items import Array
from llmgen.analysis.irt.maximisation import maximise
from llmgen.analysis.irt.model import Options, bounded, items_from, log_prior, rescaled
from llmgen.analysis.irt.responses import Responses
from llmgen.types import Struct

_PLAIN, _REGRID = 4, 6
_FURTHEST = 16.0
_SETTLING, _SETTLED = 6, 1e-5  # a short test hardly shows its pool's spread: it is not chased further
_SLACK = 1e-7  # share of the objective that an extrapolation may lose
_OBJECTIVE_TOLERANCE = 1e-6


class Estimate(Struct, frozen=True, eq=False):
    """Where EM stopped: parameters (3, J), the E step there, cycles, and whether it arrived."""

    table: Array
    expected: Expectation
    objective: float
    cycles: int
    converged: bool


class _Cycle(Struct, frozen=True, eq=False):
    """F(v): the objective at v (before the step), the parameters after it, and how they were rescaled."""

    objective: float
    expected: Expectation
    table: Array
    mean: float = 0.0
    sd: float = 1.0


def estimate(data: Responses, start: Array, options: Options) -> Estimate:
    """Marginal maximum likelihood, or the mode with priors, from `start` (3, J)."""
    table, cycles = start, 0
    ability: Array | None = None
    rows = slice(options.n_moving)
    grid = _grid(table, ability, options)
    last: _Cycle | None = None
    regridded, distance, gain = 0, math.inf, math.inf
    while cycles + 3 <= options.max_cycles:
        first = _cycle(data, table, grid, options, last)
        second = last = _cycle(data, first.table, grid, options, first)
        cycles += 2
        distance = _distance_left(first.table[rows] - table[rows], second.table[rows] - first.table[rows])
        gain = abs(second.objective - first.objective)
        accurate = regridded >= 2 or options.quadrature is not None  # noqa: PLR2004  # range, then step
        if accurate and distance < options.tolerance and gain < _OBJECTIVE_TOLERANCE * abs(second.objective):
            table = second.table
            break
        ability = second.expected.mean
        if cycles > _PLAIN:
            last = _extrapolated(data, (table, first, second), grid, options)
            cycles += 1
            table = last.table
        else:
            table = second.table
        if cycles <= _PLAIN or cycles // _REGRID > (cycles - 3) // _REGRID:
            grid, regridded = _grid(table, ability, options), regridded + 1
    table, final = _settled(data, table, grid, options)
    return Estimate(
        table=table,
        expected=final,
        objective=final.loglik + log_prior(table, options),
        cycles=cycles,
        converged=distance < options.tolerance and gain < _OBJECTIVE_TOLERANCE * abs(final.loglik),
    )


def _cycle(
    data: Responses, table: Array, grid: Grid, options: Options, before: _Cycle | None = None
) -> _Cycle:
    """F at `table`. Where priors pull against the scale, every M step undoes a part of the last rescaling:
    it therefore starts from where the M step of the cycle `before` ended.
    """
    expected = expect(data, items_from(table, options), grid)
    objective = expected.loglik + log_prior(table, options)
    if not options.is_rescaled:
        moved = maximise(table, expected, options)
        return _Cycle(objective=objective, expected=expected, table=moved)
    at = table if before is None else rescaled(table, options, -before.mean / before.sd, 1.0 / before.sd)
    moved = maximise(bounded(at, options), expected, options)
    mean, sd = _moments(data, expected)
    moved = bounded(rescaled(moved, options, mean, sd), options)
    return _Cycle(objective=objective, expected=expected, table=moved, mean=mean, sd=sd)


def _settled(data: Responses, table: Array, grid: Grid, options: Options) -> tuple[Array, Expectation]:
    """The table under which the abilities of the pool have mean 0 and variance 1, and the E step there.

    With priors EM stops where the pull of a prior and the rescaling cancel, which is not yet that: 15 models
    would spread 1.2 times too far. Without priors this changes nothing.
    """
    for _ in range(_SETTLING):
        expected = expect(data, items_from(table, options), grid)
        if not options.is_rescaled or options.priors == "none":
            return table, expected
        mean, sd = _moments(data, expected)
        if abs(mean) < _SETTLED and abs(sd - 1.0) < _SETTLED:
            return table, expected
        table = bounded(rescaled(table, options, mean, sd), options)
    return table, expect(data, items_from(table, options), grid)


def _moments(data: Responses, expected: Expectation) -> tuple[float, float]:
    """Mean and standard deviation of the pool's abilities."""
    share = data.weight / data.weight.sum()
    mean = float(share @ expected.mean)
    return mean, math.sqrt(float(share @ ((expected.mean - mean) ** 2 + expected.var)))


def _extrapolated(
    data: Responses, path: tuple[Array, _Cycle, _Cycle], grid: Grid, options: Options
) -> _Cycle:
    """One stabilising cycle from the extrapolated point, or from the second cycle's end if that is worse."""
    table, first, second = path
    rows = slice(options.n_moving)
    r = first.table[rows] - table[rows]
    q = second.table[rows] - first.table[rows] - r
    length = _norm(q)
    if length == 0.0:
        return _cycle(data, second.table, grid, options, second)
    alpha = min(max(-_norm(r) / length, -_FURTHEST), -1.0)
    leapt = table.copy()
    leapt[rows] += alpha**2 * q - 2 * alpha * r
    leap = _cycle(data, bounded(leapt, options), grid, options, second)
    if leap.objective >= second.objective - _SLACK * abs(second.objective):
        return leap
    return _cycle(data, second.table, grid, options, second)


def _distance_left(before: Array, step: Array) -> float:
    """Max |v2 - v1|, or what a linear rate of convergence leaves to go, whichever is more."""
    length = _norm(before)
    rate = _norm(step) / length if length > 0 else 0.0
    return float(np.abs(step).max()) * max(1.0, rate / (1.0 - rate)) if rate < 1.0 else math.inf


def _grid(table: Array, ability: Array | None, options: Options) -> Grid:
    if options.quadrature is not None:
        return fixed_grid(options.quadrature)
    return fitting_grid(items_from(table, options), ability)


def _norm(array: Array) -> float:
    return math.sqrt(float((array * array).sum()))
