"""Recorded answers that were graded and corrected to ComiEval's summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmgen.analysis.contamination.readings import Reading, readings_of
from llmgen.analysis.contamination.ted import DETERMINISM, RULES, ted_of
from llmgen.summary import ScoredRow, Summary, Table

SMALL = 100
_TED = "ted"
_SETTINGS = ("tau", "cut", "tokenizer")


def summarise(
    rows: Sequence[ScoredRow],
    base: Sequence[ScoredRow] | None,  # noqa: ARG001  # the interface of all summaries
    context: Mapping[str, Any],
) -> Summary:
    """`metrics.groups`: one entry a model and dose, with pass@1 before and after each rule of TED.

    `gain_removed` is 1 - (TED_k - TED_0) / (raw_k - raw_0), over dose 0 of the same model; None when there is
    no dose 0, or no gain (raw_k <= raw_0): `no_gain_reason` then says which.
    """
    readings = next((found for name, found in readings_of(rows).items() if name.startswith(_TED)), [])
    groups = _groups(readings)
    for group in groups:
        clean = next((one for one in groups if one["model"] == group["model"] and one["dose"] == 0), None)
        group["gain_removed"], group["no_gain_reason"] = _gain_removed(group, clean)
    metrics: dict[str, Any] = {
        "groups": groups,
        **{name: context.get(name) for name in ("sandbox", "python")},
    }
    return Summary(metrics=metrics, tables=_tables(groups), warnings=tuple(_warnings(rows, readings)))


def _groups(readings: Sequence[Reading]) -> list[dict[str, Any]]:
    """By model in the order of the rows, doses ascending."""
    found: dict[str, dict[int, list[Reading]]] = {}
    for reading in readings:
        tags = reading.row.tags
        found.setdefault(tags.get("model", ""), {}).setdefault(int(tags["dose"]), []).append(reading)
    return [
        _group(model, dose, mine) for model, doses in found.items() for dose, mine in sorted(doses.items())
    ]


def _group(model: str, dose: int, readings: Sequence[Reading]) -> dict[str, Any]:
    corrected = ted_of(readings)
    accuracy = corrected["accuracy"] or {}
    return {
        "model": model,
        "dose": dose,
        "tasks": corrected["n"],
        "read": corrected["n_read"],
        "greedy": corrected["greedy"],
        **{_name(rule): accuracy.get(rule) for rule in RULES},
        "emptied": corrected["emptied"],
        "mean_left": corrected["mean_left"],
        **{
            name: corrected[name]
            for name in ("tau", "cut", "tokenizer", "near_removed", "duplicates_removed")
        },
    }


def _name(rule: str) -> str:
    return "ted" if rule == "corrected" else rule


def _gain_removed(
    group: Mapping[str, Any], clean: Mapping[str, Any] | None
) -> tuple[float | None, str | None]:
    if group["dose"] == 0:
        return None, "clean"
    if clean is None:
        return None, "no_clean_items"
    means = [found["mean"] for one in (group, clean) for name in ("ted", "raw") if (found := one[name])]
    if len(means) < 4 or None in means:  # noqa: PLR2004  # two numbers of two groups
        return None, "not_graded"
    ted, raw, ted_0, raw_0 = means
    if raw <= raw_0:
        return None, "no_gain"
    return 1 - (ted - ted_0) / (raw - raw_0), None


def _tables(groups: Sequence[Mapping[str, Any]]) -> tuple[Table, ...]:
    if not groups:
        return ()
    many = len({group["model"] for group in groups}) > 1
    columns = ("dose", "tasks", "greedy", *(_name(rule) for rule in RULES), "emptied", "mean left")
    settings = ", ".join(f"{name} {groups[0][name]}" for name in _SETTINGS)
    return (
        Table(
            title="pass@1 in %, before and after TED",
            columns=(*(("model",) if many else ()), *columns, "gain removed"),
            rows=tuple(
                (
                    *((group["model"],) if many else ()),
                    str(group["dose"]),
                    str(group["tasks"]),
                    *(_percent(group[name]) for name in ("greedy", *map(_name, RULES))),
                    str(group["emptied"]),
                    "-" if group["mean_left"] is None else f"{group['mean_left']:.1f}",
                    "-" if group["gain_removed"] is None else f"{group['gain_removed']:.0%}",
                )
                for group in groups
            ),
            note=f"{settings}. dedupe: only the first of equal answers; exclude: none near the greedy one; "
            f"ted: both. gain removed: against dose 0. {DETERMINISM}",
        ),
    )


def _percent(found: Mapping[str, Any] | None) -> str:
    if found is None or found["mean"] is None:
        return "-"
    return f"{100 * found['mean']:.1f} ({100 * found['low']:.0f} to {100 * found['high']:.0f})"


def _warnings(rows: Sequence[ScoredRow], readings: Sequence[Reading]) -> list[str]:
    lines = []
    if not readings:
        lines.append("TED did not read these items: name it with --contamination ted")
    unread = sum(not reading.has_data for reading in readings)
    if unread:
        lines.append(f"TED says nothing of {unread} of {len(readings)} items: they have no greedy answer")
    if len(rows) < SMALL:
        lines.append(f"{len(rows)} items are few: see the intervals")
    return lines
