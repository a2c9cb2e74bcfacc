"""The metrics as tables for people: n, accuracy, 95 % interval and exclusions in every row of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmgen.analysis.finetunebench.averages import ROLES
from llmgen.analysis.finetunebench.items import UNGRADED
from llmgen.analysis.finetunebench.readers import readers_table
from llmgen.summary import Table

_EXCLUDED = {"error": "errors", "refused": "refused", "truncated": "truncated", "unparsed": "unparsed"}


def tables_of(metrics: Mapping[str, Any]) -> tuple[Table, ...]:
    """Every table that the metrics can fill."""
    files = metrics["files"]
    made = [_splits(files), _averages(metrics), _yes_no(files), _dates(files)]
    if "by_extractor" in metrics:
        made.append(readers_table(metrics["by_extractor"], files))
    if "paired" in metrics:
        made += [_gains(metrics["paired"]), _strata(metrics["strata"])]
    if "check" in metrics:
        made.append(_check(metrics["check"]))
    return tuple(table for table in made if table.rows)


def _splits(files: Mapping[str, Mapping[str, Any]]) -> Table:
    rows = [_unusable(stem, m) if not m["usable"] else _split(m) for stem, m in files.items()]
    return Table(
        title="Splits",
        columns=(
            "domain",
            "split",
            "n",
            "graded",
            "accuracy",
            "95 % interval",
            "of all n",
            "exact",
            "notebook",
            "normalised",
            "excluded",
        ),
        rows=tuple(rows),
        note="accuracy is over graded items, the others over all n;"
        " exact, notebook, normalised: the published scorers on the whole text",
    )


def _split(m: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        m["domain"],
        m["split"],
        str(m["n"]),
        str(m["n_graded"]),
        _rate(m["accuracy"]),
        _interval(m["accuracy_wilson95"]),
        _rate(m["accuracy_all"]),
        _rate(m["exact"]),
        _rate(m["notebook"]),
        _rate(m["normalised"]),
        _excluded([m]),
    )


def _unusable(stem: str, m: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        m.get("domain", ""),
        m.get("split", stem),
        str(m["n"]),
        "0",
        *["-"] * 6,
        "all: verdicts, no answers",
    )


def _averages(metrics: Mapping[str, Any]) -> Table:
    rows = []
    for name in ("memorization", "generalization"):
        m = metrics[name]
        used = [
            f
            for f in metrics["files"].values()
            if ROLES.get(f.get("role", "")) == name and f["domain"] in m["domains"]
        ]
        rows.append((name, m["name"], str(m["n"]), _rate(m["value"]), _interval(m["ci95"]), _excluded(used)))
    gap = metrics["retention_gap"]
    note = f"retention gap {_rate(gap['value'])} ({', '.join(gap['domains'])})" if gap["domains"] else ""
    return Table(
        title="Averages over domains",
        columns=("average", "over", "n", "accuracy", "95 % interval", "excluded"),
        rows=tuple(rows),
        note=note,
    )


def _yes_no(files: Mapping[str, Mapping[str, Any]]) -> Table:
    return Table(
        title="Yes or no",
        columns=(
            "split",
            "n",
            "accuracy of n",
            "95 % interval",
            "majority class",
            "balanced",
            "says yes",
            "excluded",
        ),
        rows=tuple(
            (
                m["split"],
                str(m["n"]),
                _rate(m["accuracy_all"]),
                _interval(m["wilson95"]),
                _rate(m["majority_baseline"]),
                _rate(m["balanced_accuracy"]),
                _rate(m["yes_rate"]),
                _excluded([m]),
            )
            for m in files.values()
            if "yes_rate" in m
        ),
        note="plain accuracy misleads: compare it with the majority class, or read balanced (.5 = chance)",
    )


def _dates(files: Mapping[str, Mapping[str, Any]]) -> Table:
    return Table(
        title="Changed dates",
        columns=("split", "n", "abstains", "95 % interval", "stale", "other", "excluded"),
        rows=tuple(
            (
                m["split"],
                str(m["n"]),
                _rate(m["accuracy_all"]),
                _interval(m["wilson95"]),
                str(m["stale"]),
                str(m["other"]),
                _excluded([m]),
            )
            for m in files.values()
            if "other" in m
        ),
        note="abstaining alone is no success: a model that always says None scores 1",
    )


def _gains(paired: Mapping[str, Mapping[str, Any]]) -> Table:
    return Table(
        title="Gain over the base model",
        columns=("file", "n", "base", "tuned", "gain", "95 % interval", "McNemar p", "gained", "lost"),
        rows=tuple((stem, *_gain(m)) for stem, m in paired.items()),
        note="over the items graded in both runs; the interval draws whole people and facts",
    )


def _strata(strata: Mapping[str, Any]) -> Table:
    groups = {name: group for name, group in strata.items() if name != "known_before"}
    groups |= {f"known before: {name}": group for name, group in strata.get("known_before", {}).items()}
    return Table(
        title="By what the base model knew",
        columns=(
            *("facts", "facts n", "asked", "n", "base", "tuned", "gain", "95 % interval", "McNemar p"),
            *("gained", "lost"),
        ),
        rows=tuple(
            (name, str(group["n_facts"]), asked, *_gain(group[asked]))
            for name, group in groups.items()
            for asked in ("memorization", "generalization")
            if group["n_facts"]
        ),
        note="unknown facts show what was taught, known facts what was forgotten",
    )


def _gain(m: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        str(m["n"]),
        _rate(m["base"]),
        _rate(m["tuned"]),
        "-" if m["gain"] is None else f"{m['gain']:+.3f}",
        _interval(m["ci95"]),
        "-" if m["p"] is None else f"{m['p']:.4f}",
        str(m["gained"]),
        str(m["lost"]),
    )


def _check(check: Mapping[str, Any]) -> Table:
    return Table(
        title="Numbers that differ from the reference",
        columns=("file", "metric", "reference", "measured"),
        rows=tuple(
            (drift["file"], drift["metric"], str(drift["reference"]), str(drift["measured"]))
            for drift in check["drift"]
        ),
    )


def _excluded(files: Sequence[Mapping[str, Any]]) -> str:
    counts = {name: sum(m.get(_EXCLUDED[name], 0) for m in files) for name in UNGRADED}
    named = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return named or "0"


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(bounds: Sequence[float] | None) -> str:
    return "-" if bounds is None else f"{bounds[0]:.3f} to {bounds[1]:.3f}"
