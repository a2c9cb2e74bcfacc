"""The section on contamination: what the detectors say of a run of any benchmark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from llmgen.analysis.contamination.examples import flagged_items, histogram
from llmgen.analysis.contamination.items import LEVEL, judged
from llmgen.analysis.contamination.models import groups_of, model_verdict
from llmgen.analysis.contamination.permutation import SEED
from llmgen.analysis.contamination.power import detectable
from llmgen.analysis.contamination.readings import Reading, readings_of, values_of
from llmgen.analysis.contamination.slices import agreement, scores_by_flag
from llmgen.analysis.contamination.tables import tables_of
from llmgen.analysis.contamination.ted import ted_of
from llmgen.analysis.contamination.twins import twins_of
from llmgen.analysis.contamination.words import warnings_of
from llmgen.summary import ItemVerdict, ModelVerdict, ScoredRow, Section

_PEAKS = "cdd"
_TED = "ted"


def section(rows: Sequence[ScoredRow], *, seed: int = SEED) -> Section | None:
    """Verdicts on items and on the model, corrected scores, twins and agreement; None without any reading.

    Rows with the tag `contamination_role` are a control set (`control`) or twins (`twin`, of the sample in
    the tag `twin_of`). `metrics` holds `detectors` (by name), `ted` and `twins` (None where they did not
    run), `agreement` and `scores_by_flag`; numbers are 0..1 or the detector's own, p one-sided.
    """
    readings = readings_of(rows)
    clusters = {row.sample_id: row.cluster or row.sample_id for row in rows}
    twins = twins_of(rows, clusters)
    if not readings and twins is None:
        return None
    items = {name: judged(found) for name, found in readings.items()}
    models = {name: model_verdict(found, seed=seed) for name, found in readings.items()}
    values = values_of(rows)
    flags = {name: _test(found) for name, found in items.items() if _base(name) != _TED}
    metrics: dict[str, Any] = {
        "detectors": {name: _detector(found, items[name], models[name]) for name, found in readings.items()},
        "ted": next((ted_of(found) for name, found in readings.items() if _base(name) == _TED), None),
        "twins": twins,
        "agreement": agreement(flags),
        "scores_by_flag": {name: scores_by_flag(found, values, clusters) for name, found in flags.items()},
    }
    return Section(
        metrics=metrics,
        tables=tables_of(metrics),
        warnings=warnings_of(metrics),
        models=tuple(models.values()),
        items=tuple(item for found in items.values() for item in found),
        histograms=tuple(histogram(found) for name, found in readings.items() if _base(name) == _PEAKS),
        examples=tuple(
            example for name, found in readings.items() for example in flagged_items(found, items[name])
        ),
    )


def _detector(
    readings: Sequence[Reading], items: Sequence[ItemVerdict], model: ModelVerdict
) -> dict[str, Any]:
    """One detector's numbers. `n` counts test items; `flagged` is never given without what chance gives."""
    test = _test(items)
    groups = groups_of(readings)
    decided = [item for item in test if item.flagged is not None]
    return {
        "preset": model.preset,
        "n": len(test),
        "n_items": model.n_items,
        "n_control": model.n_control,
        "control": "twins" if groups.paired else "control set" if groups.control else None,
        "insufficient": dict(
            Counter(item.reason for item in test if item.verdict == "insufficient").most_common()
        ),
        "decided": len(decided),
        "flagged": sum(bool(item.flagged) for item in decided),
        **_by_chance(items, decided),
        "avg_score": model.avg_score,
        "control_avg": model.control_avg,
        "effect": model.effect,
        "effect95": None if model.ci_low is None else [model.ci_low, model.ci_high],
        "p": model.p_value,
        "seed": model.seed,
        "power": _power(readings, len(groups.test), groups.control),
        "verdict": model.verdict,
        "reason": model.reason,
    }


def _by_chance(items: Sequence[ItemVerdict], decided: Sequence[ItemVerdict]) -> dict[str, Any]:
    """How many flags are to be expected of items that the model has not seen, and where that is from.

    Of p values 5 %; of a detector with its own threshold as many as among the control's items.
    """
    if any(item.p_value is not None for item in decided):
        return {"flagged_by_chance": LEVEL * len(decided), "chance_from": "level"}
    for role in ("control", "twin"):
        known = [item.flagged for item in items if item.role == role and item.flagged is not None]
        if known:
            return {"flagged_by_chance": sum(known) / len(known) * len(decided), "chance_from": role}
    return {"flagged_by_chance": None, "chance_from": None}


def _power(readings: Sequence[Reading], n: int, control: Sequence[float]) -> dict[str, Any] | None:
    """None without enough of a control to know its spread."""
    if n == 0 or len(control) < 2:  # noqa: PLR2004  # a spread needs two
        return None
    return detectable(n, control, ceiling=None if _is_unbounded(readings) else 1.0)


def _is_unbounded(readings: Sequence[Reading]) -> bool:
    """Scores that a control has to judge are log probabilities; peaks and shares end at 1."""
    return any(reading.needs_control for reading in readings)


def _test(items: Sequence[ItemVerdict]) -> list[ItemVerdict]:
    return [item for item in items if item.role == "test"]


def _base(name: str) -> str:
    return name.partition(":")[0]
