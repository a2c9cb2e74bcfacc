"""Stored grades to the benchmark's summary (FineTuneBench specification, section 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmgen.analysis.finetunebench.agreement import judge_agreement
from llmgen.analysis.finetunebench.averages import ROLES, average, average_cells, retention_gap
from llmgen.analysis.finetunebench.check import compare
from llmgen.analysis.finetunebench.files import file_metrics, unusable_metrics
from llmgen.analysis.finetunebench.items import by_file, gather
from llmgen.analysis.finetunebench.paired import FEW_UNKNOWN, gains_by_file, stratified
from llmgen.analysis.finetunebench.readers import by_extractor
from llmgen.analysis.finetunebench.tables import tables_of
from llmgen.summary import ScoredRow, Summary


def summarise(
    rows: Sequence[ScoredRow], base: Sequence[ScoredRow] | None, context: Mapping[str, Any]
) -> Summary:
    """Metrics, tables and warnings of one run; `base` are the rows of the untuned model's run.

    `context` is what the benchmark stored with the run. `metrics` has `files`, `memorization`,
    `generalization` and `retention_gap`; with several extractors `by_extractor`; with a base model `paired`
    and `strata`; with both kinds of verdict `judge`; in a checked replay `check`.
    """
    items = gather(rows)
    facts = context.get("files", {})
    groups = by_file(items)
    in_order = sorted(groups, key=[*facts, *groups].index)  # splits as the benchmark lists them
    files = {stem: file_metrics(groups[stem], facts.get(stem, {})) for stem in in_order}
    files |= {stem: unusable_metrics(column) for stem, column in context.get("unusable", {}).items()}
    cells = average_cells(items, context.get("incomplete", {}))
    summary: dict[str, Any] = {
        "files": files,
        **{name: average(name, cells[name], files) for name in ROLES.values()},
        "retention_gap": retention_gap(cells),
        "incomplete": dict(context.get("incomplete", {})),
    }
    agreement = judge_agreement(items)
    if agreement is not None:
        summary["judge"] = agreement
    readings = by_extractor(rows)
    if readings is not None:
        summary["by_extractor"] = readings
    if base is not None:
        base_items = gather(base)
        summary["paired"] = gains_by_file(items, base_items)
        summary["strata"] = stratified(items, base_items)
    if "reference" in context:
        summary["check"] = compare(context["reference"], files)
    return Summary(metrics=summary, tables=tables_of(summary), warnings=tuple(_warnings(summary, context)))


def _warnings(metrics: Mapping[str, Any], context: Mapping[str, Any]) -> list[str]:
    lines = [
        f"{stem}: {column['reason']}; not scored" for stem, column in context.get("unusable", {}).items()
    ]
    lines += [f"{domain} is left out of the averages: {why}" for domain, why in metrics["incomplete"].items()]
    lines += _about_answers(metrics["files"])
    if context.get("derived"):
        lines.append("coding memorization was derived from paraphrases: its result is non-standard")
    if context.get("shift_year"):
        lines.append(
            f"date_changed asked about {context['shift_year']}: not comparable with published numbers"
        )
    if context.get("differs_from_data"):
        lines.append(f"{context['differs_from_data']} recorded rows differ from the data files")
    if "strata" in metrics:
        unknown = metrics["strata"]["unknown"]["n_facts"]
        if unknown < FEW_UNKNOWN:
            lines.append(
                f"the base model lacks only {unknown} facts: for it the set no longer measures new knowledge"
            )
    elif not context.get("replay"):
        lines.append("no base model (--base): what was known before cannot be told from what was taught")
    check = metrics.get("check")
    if check and not check["ok"]:
        lines.append(f"{len(check['drift'])} numbers differ from the reference")
    return lines


def _about_answers(files: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = []
    for stem, m in files.items():
        if m["usable"] and not m["n_graded"]:
            lines.append(f"{stem}: none of {m['n']} answers could be graded")
        if m.get("needs_judge"):
            lines.append(f"{stem}: {m['needs_judge']} golds occur in their own question and need a judge")
    return lines
