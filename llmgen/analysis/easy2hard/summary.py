"""Stored answers of an Easy2Hard run to its summary, one set after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from llmgen.analysis.easy2hard.bins import bins_of
from llmgen.analysis.easy2hard.curve import Curve, curve_of
from llmgen.analysis.easy2hard.gap import Gap, gap_of
from llmgen.analysis.easy2hard.grid import grid_of
from llmgen.analysis.easy2hard.items import NONE, Items, by_set, cells_of, items_of
from llmgen.analysis.easy2hard.stored import rows_of
from llmgen.analysis.easy2hard.tables import tables_of
from llmgen.analysis.easy2hard.trend import monotone_of, slope_of
from llmgen.analysis.intervals import mean_interval
from llmgen.summary import ScoredRow, Summary

LEVELS = ("easy", "medium", "hard")
FEW = 100
SHOWN = 12


def summarise(
    rows: Sequence[ScoredRow], base: Sequence[ScoredRow] | None, context: Mapping[str, Any]
) -> Summary:
    """`metrics.sets`, by name: `n`, `n_graded`, `accuracy` with its interval, and what difficulty does.

    `bins`, `curve` (None for too few items), `slope`, `monotone`; `gap` by the level of the examples (with
    --sgr), `grid` (with --grid), `difference` (a curve; with a base run).
    """
    bases = by_set(base or ())
    sets = {name: _set(name, mine, bases.get(name), context) for name, mine in by_set(rows).items()}
    return Summary(
        metrics={"sets": sets},
        tables=tables_of(sets),
        warnings=tuple(_warnings(sets)),
        stored=rows_of(sets),
    )


def _set(
    name: str, rows: Sequence[ScoredRow], base: Sequence[ScoredRow] | None, context: Mapping[str, Any]
) -> dict[str, Any]:
    items = items_of(rows)
    graded = items.only(items.graded)
    interval = mean_interval(graded.values, graded.clusters.tolist())
    bins = bins_of(items, int(context.get("bins", 10)), context.get("binning", "quantile"))
    noise = bool(context.get("rating_noise", False))
    is_known = interval.mean is not None
    found: dict[str, Any] = {
        "n": len(items.ids),
        "n_graded": interval.n,
        "accuracy": interval.mean,
        "low": interval.low if is_known else None,
        "high": interval.high if is_known else None,
        "bins": bins,
        "curve": curve_of(items, rating_noise=noise),
        "slope": slope_of(items),
        "monotone": monotone_of(bins),
    }
    if base is not None:
        found["difference"] = _difference(items, items_of(base), noise=noise)
    if context.get("sgr"):
        found["gap"] = {level: _gap(rows, level) for level in LEVELS if level != "hard"}
        found["arms"] = _arms(rows)
    planned = context.get("sets", {}).get(name, {})
    if context.get("grid") and "tested" in planned:
        grid = grid_of(rows, context["grid"], planned["tested"], context["seeds"])
        found["grid"] = {**_plain(grid), "holes": _plain(grid.holes)}
    plain: dict[str, Any] = _plain(found)
    return plain


def _plain(value: Any) -> Any:
    """All fields, defaults too, as JSON has them."""
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _difference(items: Items, base: Items, *, noise: bool) -> Curve | None:
    """The curve of grade minus the base's grade over the items that both have: a paired bootstrap."""
    theirs = dict(zip(base.ids, base.values.tolist(), strict=True))
    values = items.values - np.array([theirs.get(name, np.nan) for name in items.ids])
    return curve_of(msgspec.structs.replace(items, values=values), rating_noise=noise, bounds=(-1.0, 1.0))


def _hard(rows: Sequence[ScoredRow]) -> list[ScoredRow]:
    return [row for row in rows if row.tags.get("level") == "hard" and "kept" not in row.tags]


def _arm(rows: Sequence[ScoredRow], name: str) -> list[ScoredRow]:
    return [row for row in _hard(rows) if row.tags.get("arm", NONE) == name]


def _gap(rows: Sequence[ScoredRow], level: str) -> Gap:
    none, easy, hard = (_arm(rows, name) for name in (NONE, level, "hard"))
    ids = [*dict.fromkeys(row.tags.get("item", row.sample_id) for row in (*none, *easy, *hard))]
    for name, mine in ((NONE, none), (level, easy), ("hard", hard)):
        if not mine:
            return Gap(n=0, n_left_out=len(ids), reason=f"no answers with {name} examples")
    return gap_of(*(cells_of(mine, ids) for mine in (none, easy, hard)))


def _arms(rows: Sequence[ScoredRow]) -> dict[str, Any]:
    """The accuracy on the hard items under each level of examples; an item's answers are one cluster."""
    found = {}
    for name in (NONE, *LEVELS):
        graded = [
            (row.value, row.tags.get("item", row.sample_id))
            for row in _arm(rows, name)
            if row.value is not None
        ]
        items = [item for _, item in graded]
        interval = mean_interval([value for value, _ in graded], items)
        is_known = interval.mean is not None
        found[name] = {
            "n": len(set(items)),
            "answers": interval.n,
            "accuracy": interval.mean,
            "low": interval.low if is_known else None,
            "high": interval.high if is_known else None,
        }
    return found


def _warnings(sets: Mapping[str, Any]) -> list[str]:
    lines = []
    few = [name for name, found in sets.items() if found["n_graded"] < FEW]
    if few:
        lines.append(f"fewer than {FEW} graded items of {', '.join(few)}: see the bands")
    for name, found in sets.items():
        ungraded = found["n"] - found["n_graded"]
        if ungraded:
            lines.append(
                f"{name}: {ungraded} of {found['n']} items have no grade; where they are mostly hard ones, "
                "the curve is too high there"
            )
        holes = found.get("grid", {}).get("holes", [])
        if holes:
            cells = ", ".join(f"{cell['train_bin'] or 'none'}x{cell['test_bin']}" for cell in holes[:SHOWN])
            cells += " and others" if len(holes) > SHOWN else ""
            lines.append(f"{name}: {len(holes)} cells of the grid lack answers (examples x items): {cells}")
    return lines
