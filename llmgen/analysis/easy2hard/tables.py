"""An Easy2Hard summary as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmgen.summary import Table

Set = Mapping[str, Any]


def tables_of(sets: Mapping[str, Set]) -> tuple[Table, ...]:
    """Accuracy and trend by set, bins, arms with the gap recovered, and a grid for each set."""
    made = [_overview(sets), _bins(sets)]
    if any("arms" in found for found in sets.values()):
        made += [_arms(sets), _gaps(sets)]
    for name, found in sets.items():
        if "grid" in found:
            made += [_grid(name, found["grid"]), _decay(name, found["grid"])]
    return tuple(table for table in made if table.rows)


def _overview(sets: Mapping[str, Set]) -> Table:
    return Table(
        title="Accuracy and difficulty",
        columns=("set", "n", "graded", "accuracy", "95 % interval", "slope", "half right at", "p (falls)"),
        rows=tuple(
            (
                name,
                str(found["n"]),
                str(found["n_graded"]),
                *_estimate(found["accuracy"], found["low"], found["high"]),
                _slope(found["slope"]),
                _half(found["slope"]),
                "-" if found["monotone"] is None else f"{found['monotone']['p']:.3f}",
            )
            for name, found in sets.items()
        ),
        note="without examples. slope: logits for one unit of rating, 0 to 1. p: of the test that accuracy "
        "never rises with difficulty; a small one says that somewhere it does",
    )


def _bins(sets: Mapping[str, Set]) -> Table:
    return Table(
        title="Accuracy by bins of difficulty",
        columns=("set", "ratings", "n", "no grade", "accuracy", "95 % interval"),
        rows=tuple(
            (
                name,
                f"{one['low']:.2f}-{one['high']:.2f}",
                str(one["n"]),
                str(one["n_ungraded"]),
                *_estimate(one["accuracy"], one["accuracy_low"], one["accuracy_high"]),
            )
            for name, found in sets.items()
            for one in found["bins"]
        ),
        note="equal ratings stay together; a bin with fewer than 20 graded items joins its easier neighbour",
    )


def _arms(sets: Mapping[str, Set]) -> Table:
    return Table(
        title="Hard items with examples",
        columns=("set", "examples", "n", "answers", "accuracy", "95 % interval"),
        rows=tuple(
            (
                name,
                arm,
                str(one["n"]),
                str(one["answers"]),
                *_estimate(one["accuracy"], one["low"], one["high"]),
            )
            for name, found in sets.items()
            for arm, one in found.get("arms", {}).items()
        ),
        note="easy: ratings up to the 30 % quantile, hard: from the 70 % quantile on",
    )


def _gaps(sets: Mapping[str, Set]) -> Table:
    return Table(
        title="Supervision gap recovered",
        columns=(
            "set",
            "examples",
            "n",
            "gap of hard examples",
            "SGR",
            "95 % interval",
            "p",
            "why undefined",
        ),
        rows=tuple(
            (
                name,
                level,
                str(one["n"]),
                "-"
                if one["gap"] is None
                else f"{one['gap']:+.3f} ({one['gap_low']:+.3f} to {one['gap_high']:+.3f})",
                "-" if one["sgr"] is None else f"{one['sgr']:.2f}",
                "-" if one["sgr"] is None else f"({one['low']:.2f} to {one['high']:.2f})",
                "-" if one["p"] is None else f"{one['p']:.3f}",
                one["reason"],
            )
            for name, found in sets.items()
            for level, one in found.get("gap", {}).items()
        ),
        note="(accuracy with these examples - without) / (with hard examples - without); undefined where "
        "hard examples do not surely help",
    )


def _grid(name: str, grid: Mapping[str, Any]) -> Table:
    cells: Sequence[Mapping[str, Any]] = grid["cells"]
    tests = sorted({cell["test_bin"] for cell in cells})
    trains = sorted({cell["train_bin"] for cell in cells}, key=lambda train: train or 0)
    known = {(cell["train_bin"], cell["test_bin"]): cell for cell in cells}
    return Table(
        title=f"Grid of {name}: accuracy by difficulty of examples (rows) and of items",
        columns=("examples", *(f"items {test}" for test in tests)),
        rows=tuple(
            ("none" if train is None else str(train), *(_cell(known[train, test]) for test in tests))
            for train in trains
        ),
        note="bins of rating, 1 is the easiest; in brackets the 95 % interval",
    )


def _decay(name: str, grid: Mapping[str, Any]) -> Table:
    best = ", ".join(f"{one['test_bin']}: {one['train_bin'] or 'none'}" for one in grid["best"])
    return Table(
        title=f"Grid of {name}: accuracy by distance in difficulty",
        columns=("bins apart", "cells", "accuracy", "95 % interval"),
        rows=tuple(
            (str(one["gap"]), str(one["cells"]), *_estimate(one["accuracy"], one["low"], one["high"]))
            for one in grid["decay"]
        ),
        note=f"best examples for items of each bin: {best}",
    )


def _cell(cell: Mapping[str, Any]) -> str:
    if cell["accuracy"] is None:
        return "no answers"
    return f"{cell['accuracy']:.2f} ({cell['low']:.2f} to {cell['high']:.2f})"


def _estimate(value: float | None, low: float | None, high: float | None) -> tuple[str, str]:
    return ("-", "-") if value is None else (f"{value:.3f}", f"{low:.3f} to {high:.3f}")


def _slope(slope: Mapping[str, Any]) -> str:
    if slope["slope"] is None:
        return slope["reason"] or "-"
    return f"{slope['slope']:.2f} ({slope['low']:.2f} to {slope['high']:.2f})"


def _half(slope: Mapping[str, Any]) -> str:
    if slope["half"] is None:
        return slope["half_reason"] or "-"
    return f"{slope['half']:.2f} ({slope['half_low']:.2f} to {slope['half_high']:.2f})"
