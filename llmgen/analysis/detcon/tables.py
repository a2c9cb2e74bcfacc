"""DetCon's metrics as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmgen.analysis.contamination.tables import between, number, signed
from llmgen.analysis.contamination.words import verdict_of
from llmgen.summary import Table

_RATES = ("accuracy", "precision", "recall", "f1", "fpr")


def tables_of(detectors: Mapping[str, Any]) -> tuple[Table, ...]:
    """Every table that the metrics can fill."""
    made = (_overall(detectors), _by_dose(detectors), _verdicts(detectors))
    return tuple(table for table in made if table.rows)


def _overall(detectors: Mapping[str, Any]) -> Table:
    rows = [
        (name, kind, str(part["n"]), str(part["insufficient"]), *_area(part), *_rates(part))
        for name, found in detectors.items()
        for kind, part in (("tuned", found), ("all", found["all"]))
    ]
    columns = ("detector", "items", "n", "insufficient", "AUC", "95 % interval", "flagged")
    return Table(
        title="Detectors",
        columns=(*columns, "accuracy", "precision", "recall", "F1", "false positives"),
        rows=tuple(rows),
        note="tuned: items of models that were trained on some of them. Insufficient items are in no rate;"
        " AUC is over all scores."
        " interval: bootstrap within each class. false positives: of the clean items. Detectors without a"
        " threshold flag what is among the highest 5 % of the model's clean items",
    )


def _by_dose(detectors: Mapping[str, Any]) -> Table:
    rows = [
        (
            name,
            dose,
            str(part["n"]),
            str(part["insufficient"]),
            number(part["mean_score"]),
            str(part["flagged"]),
            *_area(part),
            *(number(part[rate]) for rate in ("accuracy", "recall", "f1")),
        )
        for name, found in detectors.items()
        for dose, part in found["by_dose"].items()
    ]
    columns = ("detector", "dose", "n", "insufficient", "mean score", "flagged", "AUC", "95 % interval")
    return Table(
        title="By dose",
        columns=(*columns, "accuracy", "recall", "F1"),
        rows=tuple(rows),
        note="dose: how often an item was in the training data; each against all clean items (dose 0)",
    )


def _verdicts(detectors: Mapping[str, Any]) -> Table:
    rows = [
        (
            name,
            dose,
            str(found["n"]),
            f"{found['n_control']} {found['against']}",
            signed(found["effect"]),
            between(found["effect95"]),
            number(found["p"], 4),
            verdict_of(found) if "verdict" in found else "-",
        )
        for name, detector in detectors.items()
        for dose, found in (*detector["verdicts"].items(), ("tuning", detector["tuning"]))
        if found is not None
    ]
    columns = ("detector", "dose", "n", "control", "difference", "95 % interval", "p", "verdict")
    return Table(
        title="Mean scores by dose",
        columns=columns,
        rows=tuple(rows),
        note="by label permutation (10,000, one-sided), over all items with a score. evidence: p < .01 and"
        " the interval above 0. clean: every second clean item against the others, where nothing is to be"
        " found. tuning: what tuning alone does, which is no contamination: a control needs the same model",
    )


def _area(part: Mapping[str, Any]) -> tuple[str, str]:
    return number(part["auc"]), between((part["auc_low"], part["auc_high"]))


def _rates(part: Mapping[str, Any]) -> tuple[str, ...]:
    return (str(part["flagged"]), *(number(part[rate]) for rate in _RATES))
