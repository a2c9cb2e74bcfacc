"""Stored readings to KAF's summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmgen.analysis.kaf.accuracy import accuracy_of, sliced, worst
from llmgen.analysis.kaf.agreement import agreement_matrix, disagreements
from llmgen.analysis.kaf.calibration import calibration_of
from llmgen.analysis.kaf.readings import Reading, readings_of
from llmgen.analysis.kaf.tables import tables_of
from llmgen.summary import ScoredRow, Summary

SMALL = 100


def summarise(
    rows: Sequence[ScoredRow],
    base: Sequence[ScoredRow] | None,  # noqa: ARG001  # the interface of all summaries
    context: Mapping[str, Any],
) -> Summary:
    """Metrics, tables and warnings of one run.

    `metrics` has `extractors` (by name), `agreement` (one entry a pair), `disagreements` when a pair was
    named, and `check` when a least accuracy was.
    """
    readings = readings_of(rows)
    extractors = {name: _extractor(mine, context) for name, mine in readings.items()}
    metrics: dict[str, Any] = {"extractors": extractors, "agreement": agreement_matrix(readings)}
    warnings = _warnings(rows, readings)
    pair = context.get("disagree") or []
    if pair and all(name in readings for name in pair):
        metrics["disagreements"] = disagreements(*(readings[name] for name in pair))
    elif pair:
        warnings.append(f"--disagree {','.join(pair)}: this run has {', '.join(readings) or 'no extractor'}")
    least = context.get("min_accuracy")
    if least is not None:
        reached = next(iter(extractors.values()), {}).get("accuracy")
        metrics["check"] = {"ok": reached is not None and reached >= least, "min_accuracy": least}
        if not metrics["check"]["ok"]:
            warnings.append(f"accuracy {reached if reached is None else round(reached, 4)} is below {least}")
    return Summary(metrics=metrics, tables=tables_of(metrics), warnings=tuple(warnings))


def _extractor(readings: list[Reading], context: Mapping[str, Any]) -> dict[str, Any]:
    found = accuracy_of(readings)
    fields = list(dict.fromkeys([*context.get("by", []), *_always(readings)]))
    found["by"] = sliced(readings, fields)
    found["calibration"] = calibration_of(readings)
    found["worst"] = worst(readings, context.get("worst", 0))
    return found


def _always(readings: Sequence[Reading]) -> list[str]:
    """How labels were made is always shown where it differs: those made by rules are easy by construction."""
    methods = {reading.item.tags.get("label_method", "") for reading in readings}
    return ["label_method"] if len(methods) > 1 else []


def _warnings(rows: Sequence[ScoredRow], readings: Mapping[str, Sequence[Reading]]) -> list[str]:
    lines = []
    if len(rows) < SMALL:
        lines.append(f"{len(rows)} outputs are few: see the intervals")
    for name, mine in readings.items():
        if failed := sum(reading.is_error for reading in mine):
            lines.append(f"{name} failed on {failed} of {len(mine)} outputs, which count as not right")
    return lines
