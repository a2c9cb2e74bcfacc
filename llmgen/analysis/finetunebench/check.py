"""A replay against the published numbers: counts have to be equal, rates within 5e-5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmgen.types import Struct

TOLERANCE = 5e-5
_SLACK = 1e-12  # a difference of exactly the tolerance is within it, whatever binary rounding says
COUNTS = ("n", "n_exact", "n_correct", "stale", "unparsed", "n_correct_recomputed_gold", "verdict_correct")
RATES = (
    "exact",
    "notebook",
    "normalised",
    "wilson95",
    "yes_rate",
    "balanced_accuracy",
    "majority_baseline",
    "normalised_recomputed_gold",
    "verdict_accuracy",
)


class Drift(Struct, frozen=True):
    """One number that differs from the reference."""

    file: str
    metric: str
    reference: Any
    measured: Any


def compare(
    reference: Mapping[str, Mapping[str, Any]], files: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """`ok`, the number of files compared (verdict-only files do not count), and every drift."""
    drifts = [drift for stem, cell in reference.items() for drift in _drifts(stem, cell, files.get(stem))]
    scored = sum(cell.get("normalised") is not None for cell in reference.values())
    return {
        "ok": not drifts,
        "n_cells": scored,
        "drift": [
            {"file": d.file, "metric": d.metric, "reference": d.reference, "measured": d.measured}
            for d in drifts
        ],
    }


def _drifts(stem: str, cell: Mapping[str, Any], measured: Mapping[str, Any] | None) -> list[Drift]:
    if measured is None:
        return [Drift(file=stem, metric="n", reference=cell.get("n"), measured=None)]
    return [
        Drift(file=stem, metric=name, reference=cell[name], measured=measured.get(name))
        for names, equal in ((COUNTS, _equal), (RATES, _close))
        for name in names
        if name in cell and not equal(cell[name], measured.get(name))
    ]


def _equal(reference: Any, measured: Any) -> bool:
    return bool(reference == measured)


def _close(reference: Any, measured: Any) -> bool:
    if isinstance(reference, list) and isinstance(measured, list):
        return len(reference) == len(measured) and all(map(_close, reference, measured))
    if isinstance(reference, int | float) and isinstance(measured, int | float):
        return abs(reference - measured) <= TOLERANCE + _SLACK
    return _equal(reference, measured)
