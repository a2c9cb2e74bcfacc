"""A calibration as people read it."""

from __future__ import annotations

import math
from collections.abc import Iterable

import click

from llmgen.analyse import Calibrated
from llmgen.analysis.irt.fit import Fit
from llmgen.analysis.irt.model import LONG_NAMES
from llmgen.analysis.irt.parts import Part
from llmgen.cli.tables import print_table
from llmgen.summary import Table

_SHOWN = 20
_NAMED = 5
_VAGUE = 1.0  # a difficulty with such an error would head the list by chance
_Z = 1.959964


def print_calibration(calibrated: Calibrated) -> None:
    """Prints each part: the fit, the models from the ablest down, the items from the hardest down."""
    matrix = calibrated.matrix
    if not calibrated.is_connected:
        click.echo(
            f"{len(calibrated.parts)} groups share no item, directly or through others: no common scale"
        )
    for number, part in enumerate(calibrated.parts, 1):
        models = [matrix.models[row] for row in part.block.rows]
        items = [matrix.items[column] for column in part.block.columns]
        if not calibrated.is_connected:
            click.echo(f"group {number}: models {_some(models)}; items {_some(items)}")
        if part.fit is None:
            click.echo(f"  not fitted: {part.refusal}")
            continue
        print_table(_summary(part, part.fit))
        print_table(_abilities(part.fit, models))
        print_table(_items(part.fit, items))
        for note in part.fit.notes:
            click.echo(f"note: {note}")


def _descending(values: Iterable[float]) -> list[int]:
    """The numbers of the values from the largest down, those that are nan left out."""
    known = [(value, row) for row, value in enumerate(values) if not math.isnan(value)]
    return [row for _, row in sorted(known, key=lambda pair: -pair[0])]


def _interval(value: float, se: float) -> str:
    return f"[{value - _Z * se:.3f}, {value + _Z * se:.3f}]"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _summary(part: Part, found: Fit) -> Table:
    rows = {
        "model": LONG_NAMES[found.options.model],
        "models x items": f"{part.block.rows.size:,} x {part.block.columns.size:,}",
        "answers": f"{found.n_responses:,}",
        "log-likelihood": f"{found.loglik:,.2f} (on R mirt's 61 nodes {found.loglik_grid61:,.2f})",
        "AIC, BIC": f"{found.aic:,.1f}, {found.bic:,.1f}",
        "converged": f"{'yes' if found.converged else 'NO'}, {found.cycles} cycles",
    }
    return Table(title="Calibration", columns=("", "value"), rows=tuple(rows.items()))


def _abilities(found: Fit, models: list[str]) -> Table:
    order = _descending(found.theta)
    rows = tuple(
        (
            models[row],
            f"{found.theta[row]:.3f}",
            _interval(found.theta[row], found.se_pool[row]),
        )
        for row in order[:_SHOWN]
    )
    more = f" {len(order) - _SHOWN} more with --out." if len(order) > _SHOWN else ""
    return Table(
        title="Abilities",
        columns=("model", "theta", "95 %"),
        rows=rows,
        note=f"Relative to this pool of models, whose abilities have mean 0 and variance 1.{more}",
    )


def _items(found: Fit, items: list[str]) -> Table:
    difficulty = found.items.b
    order = [row for row in _descending(difficulty) if found.se_b[row] < _VAGUE]
    rows = tuple(
        (
            items[row],
            f"{difficulty[row]:.2f} ({found.se_b[row]:.2f})",
            f"{found.items.a[row]:.2f} ({found.se_a[row]:.2f})",
            f"{found.items.c[row]:.2f}",
        )
        for row in order[:_SHOWN]
    )
    more = f" {len(order) - _SHOWN} more with --out." if len(order) > _SHOWN else ""
    return Table(
        title="Hardest items",
        columns=("item", "difficulty b (se)", "slope a (se)", "guessing c"),
        rows=rows,
        note="b is the ability at which half of the models are right, beyond guessing; those with a standard "
        f"error of {_VAGUE:g} or more are not listed.{more}",
    )
