"""How far two extractors agree, beyond chance and against the labels (specification, section 6.2)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from llmgen.analysis.intervals import mcnemar_exact
from llmgen.analysis.kaf.readings import NO_VALID_ANSWER, TYPES, Reading
from llmgen.analysis.kappa import kappa

_CLOSED = frozenset({"alphabet_option", "categorical_label"})


def agreement_matrix(readings: dict[str, list[Reading]]) -> list[dict[str, Any]]:
    """One entry per pair of extractors: overall, and per type with its kappa."""
    return [_pair(readings[a], readings[b]) for a, b in combinations(readings, 2)]


def disagreements(a: Sequence[Reading], b: Sequence[Reading]) -> list[dict[str, Any]]:
    """The items that two extractors read differently; those where one of them failed are left out."""
    return [
        {
            "id": one.item.sample_id,
            "type": one.item.answer_type,
            "label": one.label,
            one.extractor: one.said,
            other.extractor: other.said,
            "tail": (one.item.text or "")[-200:],
        }
        for one, other in zip(a, b, strict=True)
        if _same(one, other) == 0.0
    ]


def _pair(a: Sequence[Reading], b: Sequence[Reading]) -> dict[str, Any]:
    """`a_only` and `b_only` count the items that one of the two reads right; `p` is exact McNemar."""
    pairs = list(zip(a, b, strict=True))
    known = [(x, y) for x, y in pairs if _same(x, y) is not None]
    graded = [(x, y) for x, y in known if x.right is not None and y.right is not None]
    a_only = sum(bool(x.right) and not y.right for x, y in graded)
    b_only = sum(bool(y.right) and not x.right for x, y in graded)
    return {
        "a": a[0].extractor,
        "b": b[0].extractor,
        "n": len(known),
        "n_error": len(pairs) - len(known),
        "agree": _agree(known),
        "a_only": a_only,
        "b_only": b_only,
        "p": mcnemar_exact(a_only, b_only),
        "by_type": {
            kind: _of_type(kind, group)
            for kind in TYPES
            if (group := [(x, y) for x, y in known if x.item.answer_type == kind])
        },
    }


def _of_type(kind: str, pairs: Sequence[tuple[Reading, Reading]]) -> dict[str, Any]:
    """`kappa`: over the values of a closed range, else answered or not; `kappa_right`: right or not."""
    closed = kind in _CLOSED
    return {
        "n": len(pairs),
        "agree": _agree(pairs),
        "kappa": kappa([(_category(x, closed=closed), _category(y, closed=closed)) for x, y in pairs]),
        "kappa_right": kappa(
            [(x.right, y.right) for x, y in pairs if x.right is not None and y.right is not None]
        ),
    }


def _category(reading: Reading, *, closed: bool) -> str:
    if reading.said == NO_VALID_ANSWER:
        return NO_VALID_ANSWER
    return reading.said if closed else "answered"


def _agree(pairs: Sequence[tuple[Reading, Reading]]) -> float | None:
    return sum(_same(x, y) or 0.0 for x, y in pairs) / len(pairs) if pairs else None


def _same(a: Reading, b: Reading) -> float | None:
    """Whether both read alike; the run compared each pair once, in the order of its extractors."""
    scores = a.item.scores
    backwards = scores.get(f"same:{b.extractor}|{a.extractor}")
    return scores.get(f"same:{a.extractor}|{b.extractor}", backwards)
