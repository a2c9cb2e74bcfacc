"""The ladder of cheap comparisons, and the canonical spelling of a value (specification, section 3.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from llmgen.extract.maths.numbers import equal, times
from llmgen.extract.maths.quantities import Quantity, quantity, size
from llmgen.extract.maths.strip import strip
from llmgen.extract.maths.structure import Structured, structure

Percent: TypeAlias = Literal["value", "auto", "notation"]

_ASSIGNED = re.compile(r"\s*(?:[a-zA-Z](?:\([a-z]\))?|[a-z]_\d)\s*=\s*(?![=])")
_RELATION = re.compile(r"[=<>]|\\(?:le|ge|ne|lt|gt)(?![a-zA-Z])")
_PERCENT_ASKED = re.compile(r"percent|%|百分", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]+(?:[ '-][^\W\d_]+)*")
_WORD = re.compile(r"[^\W\d_]{3}|[一-鿿]")
_CLOCK = re.compile(r"\d{1,4}(?::\d{1,4})+(?: ?[ap]m)?", re.IGNORECASE)
_SUBSCRIPT = re.compile(r"[\dA-F]+_\{?\d+\}?")
_BY_ZERO = re.compile(r"[+-]?\d+\s*/\s*0+|\\frac\s*(?:\{[^{}]*\}|\d)\s*(?:\{\s*0+\s*\}|0)")
_INFINITE = {"infinity": r"\infty", "inf": r"\infty", "+infinity": r"\infty", "-infinity": r"-\infty",
             r"+\infty": r"\infty", "∞": r"\infty"}  # fmt: skip
_BLANKS = re.compile(r"\s+")
_LONGEST = 80


class Step(NamedTuple):
    """What the ladder says: equal or not, and on which rung.

    `equal` None: math-verify must say whether all `pairs` (as LaTeX, a then b) are equal; `both_ways` when
    they must be so in both directions.
    """

    equal: bool | None
    how: str
    pairs: tuple[tuple[str, str], ...] = ()
    both_ways: bool = False


def climb(a: str, b: str, *, percent: Percent = "value", question: str = "", rtol: float = 1e-6) -> Step:
    """Compares two mathematical values without a parser.

    `percent`: `value` reads 50% as 0.5; `auto` lets `60%` be 60 when the question asks for a percentage;
    `notation` ignores a lone `%`.
    """
    if a == b:
        return Step(equal=True, how="exact")
    one, other = strip(a), strip(b)
    if one == other:
        return Step(equal=True, how="exact")
    lenient = percent == "notation" or (percent == "auto" and bool(_PERCENT_ASKED.search(question)))
    return _compare(*_without_assignment(one, other), lenient, rtol)


def canonical(text: str) -> str:
    """One spelling for equal values: `1,000`, `1000.0`, `$1000` are `1000`; other text loses its blanks."""
    stripped = strip(text)
    read = quantity(stripped)
    if read is None:
        return _BLANKS.sub("", stripped)
    mark = "%" if read.unit == "%" else ""
    return (
        f"{read.number.num}{mark}" if read.number.den == 1 else f"{read.number.num}/{read.number.den}{mark}"
    )


def _compare(one: str, other: str, lenient: bool, rtol: float) -> Step:  # noqa: FBT001  # positional inside one file
    left, right = quantity(one), quantity(other)
    if left is not None and right is not None:
        return Step(_same_quantity(left, right, lenient, rtol), "number")
    if left is None or right is None:
        parts_of_one, parts_of_other = structure(one), structure(other)
        if parts_of_one is not None and parts_of_other is not None:
            return _same_structure(parts_of_one, parts_of_other, (one, other), lenient, rtol)
        if (parts_of_one or parts_of_other) is not None and (left or right) is not None:
            return Step(equal=False, how="structure")
    return _same_text(one, other)


def _without_assignment(one: str, other: str) -> tuple[str, str]:
    """Takes `x =` off one side when the other side states no relation."""
    left, right = _ASSIGNED.match(one), _ASSIGNED.match(other)
    if left and not _RELATION.search(other) and not _RELATION.search(one, left.end()):
        return one[left.end() :].strip(), other
    if right and not _RELATION.search(one) and not _RELATION.search(other, right.end()):
        return one, other[right.end() :].strip()
    return one, other


def _same_quantity(a: Quantity, b: Quantity, lenient: bool, rtol: float) -> bool:  # noqa: FBT001  # same
    percents = (a.unit == "%") + (b.unit == "%")
    if percents == 1:
        a, b = (a, b) if a.unit == "%" else (b, a)
        as_value = equal(times(a.number, 1, 100), b.number, rtol)
        return as_value or (lenient and equal(a.number, b.number, rtol))
    if not a.unit or not b.unit or percents:
        return equal(a.number, b.number, rtol)
    dimension, num, den = size(a.unit)
    other_dimension, other_num, other_den = size(b.unit)
    if dimension != other_dimension:
        return False
    return equal(times(a.number, num, den), times(b.number, other_num, other_den), rtol)


def _same_structure(
    a: Structured,
    b: Structured,
    whole: tuple[str, str],
    lenient: bool,  # noqa: FBT001  # same
    rtol: float,
) -> Step:
    if {a.shape, b.shape} <= {"set", "list"}:
        return _same_set(a.parts, b.parts, whole, lenient, rtol)
    if a.shape == b.shape == "union":
        return _same_set(a.parts, b.parts, whole, lenient, rtol)
    if a.shape != b.shape or len(a.parts) != len(b.parts) or a.brackets != b.brackets:
        return Step(equal=False, how="structure")
    undecided: list[tuple[str, str]] = []
    for one, other in zip(a.parts, b.parts, strict=True):
        step = _compare(one, other, lenient, rtol)
        if step.equal is False:
            return Step(equal=False, how="structure")
        undecided += step.pairs
    if undecided:
        return Step(None, "structure", tuple(undecided))
    return Step(equal=True, how="structure")


def _same_set(
    one: Sequence[str],
    other: Sequence[str],
    whole: tuple[str, str],
    lenient: bool,  # noqa: FBT001  # same
    rtol: float,
) -> Step:
    """Every member of one side has its equal on the other, in any order; doubles do not count."""
    unknown = False
    for members, others in ((one, other), (other, one)):
        for member in members:
            verdicts = [_compare(member, candidate, lenient, rtol).equal for candidate in others]
            if True in verdicts:
                continue
            if None not in verdicts:
                return Step(equal=False, how="set")
            unknown = True
    if unknown:
        left, right = (r"\{" + text.strip("{}\\ ") + r"\}" for text in whole)
        return Step(None, "set", ((left, right),), both_ways=True)
    return Step(equal=True, how="set")


def _same_text(one: str, other: str) -> Step:
    folded = [" ".join(text.casefold().split()) for text in (one, other)]
    folded = [_INFINITE.get(text, text) for text in folded]
    if folded[0] == folded[1]:
        return Step(equal=True, how="text")
    plain = [_BLANKS.sub("", text) for text in (one, other)]
    if plain[0] == plain[1]:
        return Step(equal=True, how="text")
    if any(_no_expression(text) for text in (one, other)):
        return Step(equal=False, how="text")
    both_ways = any(_RELATION.search(text) for text in (one, other))
    return Step(None, "expression", ((one, other),), both_ways=both_ways)


def _no_expression(text: str) -> bool:
    """Words, clock times, subscripted digits, division by zero and sentences never go to a parser."""
    return bool(
        not text
        or len(text) > _LONGEST
        or _CLOCK.fullmatch(text)
        or _SUBSCRIPT.fullmatch(text)
        or _BY_ZERO.fullmatch(text)
        or (_WORDS.fullmatch(text) and _WORD.search(text))
    )
