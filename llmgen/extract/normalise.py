"""Mapping what somebody wrote into the answer range (specification, section 3.2). Nothing here is fuzzy."""
# ruff: noqa: RUF001  # Chinese and typographic punctuation is what is looked for

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from llmgen.extract.maths import Number, quantity, stated, strip
from llmgen.extract.ranges import NO_VALID_ANSWER, Range

_LATEX_WRAP = re.compile(r"\\(?:boxed|text|textbf|mathbf|mathrm|textit|mbox)\s*\{([^{}]*)\}")
_MARKUP = re.compile(r"\*+|`+|\\[()\[\]]|(?<!\w)_+|_+(?!\w)")
_OUTER = " \t\r\n\"'“”‘’«»「」『』《》〈〉【】[]{}<>$|*_~.,;:!?。，；：！？、"
_INVISIBLE = dict.fromkeys(
    [
        0,
        0xAD,
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2065),
        *range(0x2066, 0x206A),
        0xFEFF,
    ]
)
_LETTER = re.compile(
    r"(?:(?:the\s+)?(?:correct\s+)?(?:option|choice|answer|选项|选择|选|答案)\s*(?:is|:|是|为)?\s*)?"
    r"\(?\s*(?P<letter>[a-z]{1,2})\s*(?P<mark>[).:,、]|\s-)*\s*(?P<rest>.*)",
    re.DOTALL,
)
_UNITLESS = ("", "%")


class Mapped(NamedTuple):
    """A text's place in the range. `value` None says that it has none, and `reason` why.

    `conflict`: the letter and the text beside it belong to different options; the letter counts.
    """

    value: str | None
    reason: str = ""
    conflict: bool = False


class _Index(NamedTuple):
    """A range prepared for look-ups by folded spelling; a spelling that two elements share maps to None."""

    exact: Mapping[str, str]
    folded: Mapping[str, str | None]
    numbers: tuple[tuple[Number, str], ...]


def without_invisible(text: str) -> str:
    """`text` without NUL, zero-width and bidi marks; lone surrogates become U+FFFD."""
    if text.isascii():
        return text.replace("\0", "")
    return text.translate(_INVISIBLE).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def fold(text: str) -> str:
    """NFKC, case-folded, blanks collapsed, no markdown, LaTeX wrappers, outer quotes, brackets and stops."""
    text = without_invisible(text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if "\\" in text:
        before = ""
        while before != text:
            before, text = text, _LATEX_WRAP.sub(r"\1", text)
    text = _MARKUP.sub("", text).strip(_OUTER)
    if text[:1] == "(" and text[-1:] == ")" and ")" not in text[:-1]:
        text = text[1:-1].strip(_OUTER)
    return " ".join(text.split()).casefold()


def into_range(answers: Range, text: str) -> Mapped:
    """The element of the range that `text` names: exactly, folded, by an option's form, text or number.

    A range without elements (math, a described range) takes any text: math without `$`, thousands marks
    and units, others with blanks collapsed. Reasons: `empty`, `no_valid_answer`, `ambiguous_text`,
    `out_of_range`.
    """
    stripped = without_invisible(text).strip()
    if not stripped:
        return Mapped(None, "empty")
    if stripped.strip("[].").casefold() == NO_VALID_ANSWER.strip("[]").casefold():
        return Mapped(None, "no_valid_answer")
    if not answers.values:
        value = stated(strip(stripped)) if answers.answer_type == "math" else " ".join(stripped.split())
        return Mapped(value or None, "" if value else "empty")
    return _into_list(answers, stripped)


def _into_list(answers: Range, stripped: str) -> Mapped:
    index = _index(answers)
    if stripped in index.exact:
        return Mapped(index.exact[stripped])
    folded = fold(stripped)
    if answers.answer_type == "alphabet_option":
        return _option(index, folded, stripped)
    if folded not in index.folded:
        return Mapped(None, "out_of_range")
    named = index.folded[folded]
    return Mapped(named, "" if named is not None else "ambiguous_text")


def _option(index: _Index, folded: str, raw: str) -> Mapped:
    if folded in index.folded:
        value = index.folded[folded]
        if value is not None or folded.upper() not in index.exact:
            return Mapped(value, "" if value is not None else "ambiguous_text")
    by_letter = _LETTER.fullmatch(folded)
    if by_letter and (letter := index.exact.get(by_letter["letter"].upper())) is not None:
        rest = fold(by_letter["rest"])
        if not rest:
            return Mapped(letter)
        named = index.folded.get(rest, "")
        if by_letter["mark"] or named != "":
            return Mapped(letter, conflict=named not in ("", None, letter))
    number = quantity(strip(raw))
    if number is not None and number.unit in _UNITLESS:
        equal = {letter for known, letter in index.numbers if known[:2] == number.number[:2]}
        if len(equal) == 1:
            return Mapped(equal.pop())
        if equal:
            return Mapped(None, "ambiguous_text")
    return Mapped(None, "out_of_range")


@lru_cache(maxsize=4096)
def _index(answers: Range) -> _Index:
    exact = {value: value for value in answers.values}
    folded: dict[str, str | None] = {}
    names = answers.texts or answers.values
    for value, name in zip(answers.values, names, strict=True):
        key = fold(name) or name
        folded[key] = value if folded.get(key, value) == value else None
    numbers = []
    if answers.texts:
        folded |= {letter.casefold(): letter for letter in answers.values}
        for value, name in zip(answers.values, names, strict=True):
            read = quantity(strip(name))
            if read is not None and read.unit in _UNITLESS:
                numbers.append((read.number, value))
    return _Index(exact, folded, tuple(numbers))
