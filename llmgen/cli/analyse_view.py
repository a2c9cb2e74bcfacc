"""A calibration as people read it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import click

from llmgen.analyse import Calibrated
from llmgen.analysis.irt.audit import FLAGS
from llmgen.analysis.irt.fit import Fit
from llmgen.analysis.irt.model import LONG_NAMES
from llmgen.analysis.irt.parts import Part
from llmgen.analysis.irt.study import Study
from llmgen.cli.tables import print_table
from llmgen.drift import Drifted
from llmgen.reports.formats import share
from llmgen.summary import Table

_SHOWN = 20
_NAMED = 5
_CHANCE = 0.5  # the slope is as likely negative as positive
_VAGUE = 1.0  # a difficulty with such an error would head the list by chance
_Z = 1.959964


def print_calibration(calibrated: Calibrated) -> None:
    """Prints each part: the fit, the models from the ablest down, the items from the hardest down."""
    matrix = calibrated.matrix
    if not calibrated.is_connected:
        click.echo(
            f"{len(calibrated.parts)} groups share no item, directly or through others: no common scale"
        )
    for number, (part, seen, fit_id) in enumerate(_each(calibrated), 1):
        models = [matrix.models[row] for row in part.block.rows]
        items = [matrix.items[column] for column in part.block.columns]
        if not calibrated.is_connected:
            click.echo(f"group {number}: models {_some(models)}; items {_some(items)}")
        if part.fit is None:
            click.echo(f"  not fitted: {part.refusal}")
            continue
        print_table(_summary(part, part.fit, seen))
        print_table(_abilities(part.fit, seen, models))
        print_table(_items(part.fit, items))
        if seen is not None:
            print_table(_suspects(part.fit, seen, items))
        if fit_id is not None:
            click.echo(f"stored as {fit_id}: views irt_fits, irt_items, irt_abilities, item_audit")
        for note in part.fit.notes:
            click.echo(f"note: {note}")
    for note in calibrated.notes:
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


def _each(calibrated: Calibrated) -> Iterator[tuple[Part, Study | None, str | None]]:
    nothing = (None,) * len(calibrated.parts)
    yield from zip(
        calibrated.parts, calibrated.studies or nothing, calibrated.fit_ids or nothing, strict=True
    )


def _summary(part: Part, found: Fit, seen: Study | None) -> Table:
    rows = {
        "model": LONG_NAMES[found.options.model],
        "models x items": f"{part.block.rows.size:,} x {part.block.columns.size:,}",
        "answers": f"{found.n_responses:,}",
        "log-likelihood": f"{found.loglik:,.2f} (on R mirt's 61 nodes {found.loglik_grid61:,.2f})",
        "AIC, BIC": f"{found.aic:,.1f}, {found.bic:,.1f}",
        "converged": f"{'yes' if found.converged else 'NO'}, {found.cycles} cycles",
    }
    if seen is not None and seen.model is not None:
        fit = seen.model
        rows["M2"] = f"{fit.m2:,.2f}, df {fit.df}, p {fit.p:.4f}, RMSEA {fit.rmsea:.3f}"
    if seen is not None and min(seen.coverage) < 1.0:
        rows["coverage, weakest quarter to ablest"] = ", ".join(_quarters(found, seen))
    return Table(title="Calibration", columns=("", "value"), rows=tuple(rows.items()))


def _quarters(found: Fit, seen: Study) -> list[str]:
    """Mean coverage by quarter of ability: where the weak lack answers, what is missing is not chance."""
    order = _descending(found.theta)[::-1]
    cuts = [len(order) * quarter // 4 for quarter in range(5)]
    groups = [order[low:high] for low, high in pairwise(cuts)]
    return [share(sum(float(seen.coverage[row]) for row in group) / len(group)) for group in groups if group]


def _abilities(found: Fit, seen: Study | None, models: list[str]) -> Table:
    order = _descending(found.theta)
    rows = tuple(
        (
            models[row],
            f"{found.theta[row]:.3f}",
            _interval(found.theta[row], found.se_pool[row]),
            "-" if seen is None else share(float(seen.true_score[row])),
            "-" if seen is None else share(float(seen.coverage[row])),
        )
        for row in order[:_SHOWN]
    )
    more = f" {len(order) - _SHOWN} more with --out." if len(order) > _SHOWN else ""
    return Table(
        title="Abilities",
        columns=("model", "theta", "95 %", "expected right", "coverage"),
        rows=rows,
        note="Relative to this pool of models: their abilities have mean 0 and variance 1 unless linked. "
        f"Expected right: of all items; coverage: the share of them that a model was asked.{more}",
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


def _suspects(found: Fit, seen: Study, items: list[str]) -> Table:
    audited = seen.audit
    shown = [
        row for row in audited.worst(len(items)) if audited.flags[row] and audited.suspect[row] > _CHANCE
    ]
    rows = tuple(
        (
            items[row],
            f"{audited.suspect[row]:.2f}",
            f"{found.items.a[row]:.2f} ({found.se_a[row]:.2f})",
            share(float(audited.p_value[row])),
            f"{int(audited.n[row]):,}",
            ", ".join(audited.flags[row]),
        )
        for row in shown[:_SHOWN]
    )
    counts = Counter(flag for flags in audited.flags for flag in flags)
    said = "; ".join(f"{name} {counts[name]}" for name in FLAGS if counts[name])
    return Table(
        title="Items whose key to look at",
        columns=("item", "suspicion", "slope a (se)", "right", "models", "flags"),
        rows=rows,
        note=f"Flags by {seen.items.statistic} and the slopes, over all items: {said or 'none'}.",
    )


def print_drift(found: Drifted) -> None:
    """Prints the items that changed, most changed first, and whether the benchmark did."""
    changed = [item for item in found.items if item.drifted]
    rows = tuple(
        (item.benchmark, item.sample_id, f"{item.area:+.3f}", f"{item.p_adjusted:.4f}")
        for item in changed[:_SHOWN]
    )
    print_table(
        Table(
            title=f"Items that changed from {found.old} to {found.new}",
            columns=("benchmark", "sample", "change of the share right", "p (adjusted)"),
            rows=rows,
            note=f"At equal ability; the scales were linked by {found.n_linking} items. --json lists all.",
        )
    )
    verdict = "more than a tenth: the benchmark drifted" if found.benchmark_drifted else "no drift as a whole"
    click.echo(f"{len(changed)} of {len(found.items)} common items changed: {verdict}")


def as_plain(calibrated: Calibrated) -> dict[str, Any]:
    """The fit as JSON; several parts each as one of `blocks`, with the names of their models and items."""
    matrix = calibrated.matrix
    size = {
        "n_models": len(matrix.models),
        "n_items": len(matrix.items),
        "seconds": round(calibrated.seconds, 3),
        "connected": calibrated.is_connected,
        "store_notes": list(calibrated.notes),
    }
    first = calibrated.parts[0]
    if calibrated.is_connected and first.fit is not None:
        return _fit_as_plain(first.fit) | size | _stored_as(calibrated, 0)
    blocks = [
        {
            "models": [matrix.models[row] for row in part.block.rows],
            "items": [matrix.items[column] for column in part.block.columns],
            "refused": part.refusal or None,
            "fit": None if part.fit is None else _fit_as_plain(part.fit) | _stored_as(calibrated, number),
        }
        for number, part in enumerate(calibrated.parts)
    ]
    return size | {"converged": calibrated.has_converged, "blocks": blocks}


def _stored_as(calibrated: Calibrated, number: int) -> dict[str, Any]:
    return {"fit_id": calibrated.fit_ids[number]} if calibrated.fit_ids else {}


def _fit_as_plain(found: Fit) -> dict[str, Any]:
    options = found.options
    return {
        "irt_model": options.model,
        "model_name": LONG_NAMES[options.model],
        "priors": options.priors,
        "slope": options.slope,
        "quadrature": options.quadrature or "adaptive",
        "loglik": found.loglik,
        "loglik_grid61": found.loglik_grid61,
        "objective": found.objective,
        "converged": found.converged,
        "cycles": found.cycles,
        "n_models_used": found.n_models,
        "n_items_used": found.n_items,
        "n_responses": found.n_responses,
        "n_parameters": found.n_parameters,
        "aic": found.aic,
        "bic": found.bic,
        "n_not_identified": int(found.not_identified.sum()),
        "notes": list(found.notes),
    }
