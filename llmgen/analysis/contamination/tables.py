"""The section's metrics as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llmgen.analysis.contamination.words import verdict_of, words_of
from llmgen.summary import Table

_KINDS = {
    "all": "all",
    "not_flagged": "not flagged",
    "flagged": "flagged",
    "insufficient": "insufficient",
}


def tables_of(metrics: Mapping[str, Any]) -> tuple[Table, ...]:
    """Every table that the metrics can fill."""
    detectors, ted, twins = metrics["detectors"], metrics["ted"], metrics["twins"]
    made = [_model(detectors), _items(detectors), _by_flag(metrics["scores_by_flag"])]
    made += [_ted(ted)] if ted else []
    made += [_twins(twins)] if twins else []
    made.append(_agreement(metrics["agreement"]))
    return tuple(table for table in made if table.rows)


def number(value: float | None, digits: int = 3) -> str:
    """A number, or a dash."""
    return "-" if value is None else f"{value:.{digits}f}"


def signed(value: float | None) -> str:
    """A difference, with its sign, or a dash."""
    return "-" if value is None else f"{value:+.3f}"


def between(bounds: Sequence[float | None] | None) -> str:
    """An interval, or a dash."""
    if bounds is None or bounds[0] is None or bounds[1] is None:
        return "-"
    return f"{bounds[0]:.3f} to {bounds[1]:.3f}"


def _model(detectors: Mapping[str, Any]) -> Table:
    columns = ("detector", "items", "control", "mean score", "control's", "difference", "95 % interval", "p")
    rows = [
        (
            name,
            str(found["n_items"]),
            str(found["n_control"]),
            number(found["avg_score"]),
            number(found["control_avg"]),
            signed(found["effect"]),
            between(found["effect95"]),
            number(found["p"], 4),
            _power(found["power"]),
            verdict_of(found),
        )
        for name, found in detectors.items()
        if found["reason"] not in {"correction", "own_file_only"}
    ]
    return Table(
        title="Contamination: the model",
        columns=(*columns, "would be found", "verdict"),
        rows=tuple(rows),
        note="p: one-sided, by exchanging the labels of test and control items 10,000 times (twins: the signs"
        " of paired differences). evidence: p < .01 and the interval above 0; no evidence is no innocence."
        " would be found: the smallest share of items known by heart, or the smallest difference, that 80 %"
        " of such runs find (normal approximation). items, control: those with enough data",
    )


def _power(power: Mapping[str, Any] | None) -> str:
    if power is None:
        return "-"
    if power["effect"] is None:
        return "nothing"
    return f"{power['effect']:.3f}" if power["share"] is None else f"{power['share']:.0%} of items"


def _items(detectors: Mapping[str, Any]) -> Table:
    rows = [
        (
            name,
            str(found["n"]),
            str(found["decided"]),
            str(found["flagged"]),
            number(found["flagged_by_chance"], 1),
            _counted(found["insufficient"]),
        )
        for name, found in detectors.items()
        if found["reason"] != "correction"
    ]
    return Table(
        title="Contamination: the items",
        columns=("detector", "n", "decided", "flagged", "by chance", "insufficient"),
        rows=tuple(rows),
        note="by chance: as many flags are to be expected of items that no model has seen (5 % of p values;"
        " of a detector with its own threshold, the control's share)",
    )


def _counted(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {words_of(reason)}" for reason, count in reasons.items()) or "0"


def _by_flag(detectors: Mapping[str, Any]) -> Table:
    rows = [
        (
            name,
            _KINDS[kind],
            str(group["n"]),
            str(group["n_graded"]),
            number(group["mean"]),
            between((group["low"], group["high"])),
        )
        for name, groups in detectors.items()
        if groups["all"]["n_graded"]
        for kind, group in groups.items()
    ]
    return Table(
        title="Score by what the detectors say",
        columns=("detector", "items", "n", "graded", "score", "95 % interval"),
        rows=tuple(rows),
        note="a detector that flags what a model answers surely flags what it knows well, too",
    )


def _ted(ted: Mapping[str, Any]) -> Table:
    columns = ("draws", "accuracy", "95 % interval", *(f"pass@{k}" for k in ted["pass_at"] or ()))
    rows = [] if ted["accuracy"] is None else list(_ted_rows(ted))
    left = "-" if ted["mean_left"] is None else f"{ted['mean_left']:.1f}"
    if not rows:
        rows.append(("raw", "-", "-"))
    return Table(
        title="Raw and corrected score (TED)",
        columns=columns,
        rows=tuple(rows),
        note=f"tau {ted['tau']}, cut {ted['cut']}; {ted['near_removed']} draws near the greedy answer and"
        f" {ted['duplicates_removed']} duplicates removed; {ted['emptied']} of {ted['n_read']} items emptied,"
        f" {left} draws left on average; {ted['right_and_deterministic']} items are right and deterministic."
        f" {ted['note']}",
    )


def _ted_rows(ted: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    greedy = ted["greedy"]
    if greedy["n"]:
        yield ("greedy answer", *_mean(greedy), *("-" for _ in ted["pass_at"]))
    for rule, found in ted["accuracy"].items():
        yield (rule, *_mean(found), *(number(by_rule[rule]["mean"]) for by_rule in ted["pass_at"].values()))


def _mean(found: Mapping[str, Any]) -> tuple[str, str]:
    return number(found["mean"]), between((found["low"], found["high"]))


def _twins(twins: Mapping[str, Any]) -> Table:
    row = (
        f"{twins['n_pairs']} of {twins['n_twins']}",
        number(twins["original"]),
        number(twins["twin"]),
        signed(twins["gap"]),
        between((twins["low"], twins["high"])),
        str(twins["original_better"]),
        str(twins["twin_better"]),
        number(twins["p"], 4),
        verdict_of(twins),
    )
    columns = ("graded pairs", "original", "twin", "gap", "95 % interval", "original better", "twin better")
    return Table(title="Items and their twins", columns=(*columns, "McNemar p", "verdict"), rows=(row,))


def _agreement(pairs: Sequence[Mapping[str, Any]]) -> Table:
    rows = [
        (
            f"{pair['a']} and {pair['b']}",
            str(pair["n"]),
            str(pair["both"]),
            str(pair["only_a"]),
            str(pair["only_b"]),
            number(pair["agree"]),
            number(pair["kappa"]),
            number(pair["p"], 4),
            number(pair["spearman"]),
        )
        for pair in pairs
    ]
    columns = ("detectors", "n", "both flag", "only the first", "only the second", "agree", "kappa")
    return Table(
        title="Agreement of detectors",
        columns=(*columns, "McNemar p", "rank correlation"),
        rows=tuple(rows),
        note="n: items that both decided; rank correlation: of the scores of all items that both scored",
    )
