"""KAF's metrics as tables for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmgen.summary import Table

_NAMES = {
    "alphabet_option": "options",
    "short_text": "short text",
    "categorical_label": "labels",
    "math": "math",
}


def tables_of(metrics: Mapping[str, Any]) -> tuple[Table, ...]:
    """Every table that the metrics can fill."""
    extractors = metrics["extractors"]
    made = [_overall(extractors), _types(extractors), _slices(extractors), _agreement(metrics["agreement"])]
    made += [_confidence(extractors), _speed(extractors)]
    made += [_worst(name, found["worst"]) for name, found in extractors.items()]
    if "disagreements" in metrics:
        made.append(_disagreements(metrics["disagreements"]))
    return tuple(table for table in made if table.rows)


def _overall(extractors: Mapping[str, Any]) -> Table:
    columns = (
        "extractor",
        "n",
        "accuracy",
        "95 % interval",
        "by groups",
        "answered",
        "no answer",
        "its precision",
    )
    return Table(
        title="Extraction accuracy",
        columns=(*columns, "macro", "judgement", "errors"),
        rows=tuple((name, *_accuracy(found), str(found["errors"])) for name, found in extractors.items()),
        note="accuracy: readings that are the label, of all outputs. answered, no answer: of those that do, "
        "or do not, commit to an answer. by groups: interval over whole groups of one source and model. "
        "judgement: the grade is the one that the label would get (lenient)",
    )


def _accuracy(found: Mapping[str, Any]) -> tuple[str, ...]:
    empty = found["no_valid_answer"]
    return (
        str(found["n"]),
        _rate(found["accuracy"]),
        _interval(found["wilson95"]),
        _interval(found["bootstrap95"]),
        f"{_rate(found['answered']['accuracy'])} of {found['answered']['n']}",
        f"{_rate(empty['accuracy'])} of {empty['n']}",
        f"{_rate(empty['precision'])} of {empty['n_read']}",
        _rate(found["macro"]),
        _rate(found["judgement_accuracy"]),
    )


def _types(extractors: Mapping[str, Any]) -> Table:
    rows = [
        (name, _NAMES[kind], *_part(group), _rate(group["judgement_accuracy"]))
        for name, found in extractors.items()
        for kind, group in found["by_type"].items()
    ]
    columns = ("extractor", "type", "n", "accuracy", "95 % interval", "answered", "no answer", "judgement")
    return Table(title="By type", columns=columns, rows=tuple(rows))


def _part(group: Mapping[str, Any]) -> tuple[str, ...]:
    answered, empty = group["answered"], group["no_valid_answer"]
    return (
        str(group["n"]),
        _rate(group["accuracy"]),
        _interval(group["wilson95"]),
        f"{_rate(answered['accuracy'])} of {answered['n']}",
        f"{_rate(empty['accuracy'])} of {empty['n']}",
    )


def _slices(extractors: Mapping[str, Any]) -> Table:
    rows = [
        (name, field, value, *_part(group))
        for name, found in extractors.items()
        for field, groups in found["by"].items()
        for value, group in groups.items()
    ]
    columns = ("extractor", "field", "value", "n", "accuracy", "95 % interval", "answered", "no answer")
    return Table(title="By field", columns=columns, rows=tuple(rows))


def _agreement(pairs: Sequence[Mapping[str, Any]]) -> Table:
    columns = ("extractors", "n", "failed", "agree", "only the first right", "only the second", "McNemar p")
    return Table(
        title="Agreement",
        columns=(*columns, *(f"kappa, {name}" for name in _NAMES.values())),
        rows=tuple(
            (
                f"{pair['a']} and {pair['b']}",
                str(pair["n"]),
                str(pair["n_error"]),
                _rate(pair["agree"]),
                str(pair["a_only"]),
                str(pair["b_only"]),
                f"{pair['p']:.4f}",
                *(_rate(pair["by_type"].get(kind, {}).get("kappa")) for kind in _NAMES),
            )
            for pair in pairs
        ),
        note="kappa: over the values and no answer; for short text and math over answered or not",
    )


def _confidence(extractors: Mapping[str, Any]) -> Table:
    rows = [
        (name, str(one["n"]), _rate(one["confidence"]), *_bin(one), _rate(known["ece"]))
        for name, found in extractors.items()
        if (known := found["calibration"])
        for one in known["reliability"]
    ]
    return Table(
        title="Reliability of confidences",
        columns=("extractor", "n", "mean confidence", "accuracy", "95 % interval", "ECE"),
        rows=tuple(rows),
        note="bins of equal count; ECE is that of the extractor",
    )


def _bin(one: Mapping[str, Any]) -> tuple[str, str]:
    return _rate(one["accuracy"]), _interval(one["wilson95"])


def _speed(extractors: Mapping[str, Any]) -> Table:
    return Table(
        title="Speed",
        columns=("extractor", "type", "outputs/s", "median, us", "95th, us", "total, s"),
        rows=tuple(
            (
                name,
                kind,
                f"{found['outputs_per_s']:.0f}"
                if found["outputs_per_s"] >= 1
                else f"{found['outputs_per_s']:.3f}",
                str(found["median_us"]),
                str(found["p95_us"]),
                f"{found['total_s']:.3f}",
            )
            for name, kind, found in _timed(extractors)
            if found["outputs_per_s"] is not None
        ),
        note="processor time of the reading alone, one output at a time; by the clock where a model is asked",
    )


def _timed(extractors: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Extractor by extractor: all outputs, then those of each type."""
    for name, found in extractors.items():
        yield name, "all", found
        for kind, group in found["by_type"].items():
            yield name, _NAMES[kind], group


def _worst(name: str, items: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        title=f"Wrong readings of {name}, the surest first",
        columns=("id", "type", "label", "read", "confidence", "the output's end"),
        rows=tuple(
            (
                item["id"],
                _NAMES[item["type"]],
                _short(item["label"]),
                _short(item["read"]),
                _rate(item["confidence"]),
                _line(item["tail"]),
            )
            for item in items
        ),
    )


def _disagreements(items: Sequence[Mapping[str, Any]]) -> Table:
    if not items:
        return Table(title="Read differently", columns=(), rows=())
    a, b = (key for key in items[0] if key not in {"id", "type", "label", "tail"})
    return Table(
        title="Read differently",
        columns=("id", "label", a, b, "the output's end"),
        rows=tuple(
            (item["id"], _short(item["label"]), _short(item[a]), _short(item[b]), _line(item["tail"]))
            for item in items
        ),
    )


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"  # noqa: PLR2004  # a column's width


def _line(text: str) -> str:
    return " ".join(text.split())[-100:]


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(bounds: Sequence[float] | None) -> str:
    return "-" if bounds is None else f"{bounds[0]:.3f} to {bounds[1]:.3f}"
