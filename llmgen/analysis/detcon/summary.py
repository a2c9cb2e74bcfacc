"""Stored readings of labelled items to DetCon's summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmgen.analysis.contamination.readings import readings_of
from llmgen.analysis.contamination.words import words_of
from llmgen.analysis.detcon.rates import figures
from llmgen.analysis.detcon.scored import role_of, scored_of, tuned_of
from llmgen.analysis.detcon.tables import tables_of
from llmgen.analysis.detcon.verdicts import tuning_of, verdicts_of
from llmgen.summary import ScoredRow, Summary

SMALL = 200
_MANY_FALSE, _ENOUGH_CLEAN = 0.2, 10


def summarise(
    rows: Sequence[ScoredRow],
    base: Sequence[ScoredRow] | None,  # noqa: ARG001  # the interface of all summaries
    context: Mapping[str, Any],  # noqa: ARG001  # same
) -> Summary:
    """`metrics.detectors` by name: the numbers over the tuned models' items, over `all`, `verdicts` by dose,
    and what `tuning` alone does.

    A tuned model is one with contaminated items; without any, the numbers are those of all items.
    """
    detectors: dict[str, Any] = {}
    for name, readings in readings_of(rows, role_of).items():
        items = scored_of(readings)
        tuned = tuned_of(items)
        presets = {str(one.detail("preset") or "") for one in readings if one.found is not None}
        detectors[name] = {
            "preset": "".join(presets),
            **figures(tuned),
            "all": figures(items),
            "verdicts": verdicts_of(items),
            "tuning": tuning_of(items),
        }
    return Summary(
        metrics={"detectors": detectors},
        tables=tables_of(detectors),
        warnings=tuple(_warnings(rows, detectors)),
    )


def _warnings(rows: Sequence[ScoredRow], detectors: Mapping[str, Any]) -> list[str]:
    lines = []
    if not detectors:
        lines.append("no detector read these items")
    models = {row.tags.get("model", "") for row in rows}
    if len(rows) < SMALL:
        many = "one model" if len(models) == 1 else f"{len(models)} models"
        lines.append(f"{len(rows)} items of {many} are few: see the intervals")
    for name, found in detectors.items():
        if found["all"]["insufficient"] == found["all"]["n"]:
            why = ", ".join(words_of(reason) for reason in found["all"]["reasons"])
            lines.append(f"{name} says nothing of any item: {why}")
        elif (found["fpr"] or 0.0) > _MANY_FALSE and found["by_dose"]["0"]["decided"] >= _ENOUGH_CLEAN:
            lines.append(
                f"{name} flags {found['fpr']:.0%} of the clean items: a count of its flags says little"
            )
    return lines
