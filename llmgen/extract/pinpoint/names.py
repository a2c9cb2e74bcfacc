"""What the elements of a range are called in outputs: their letters, their texts and other spellings."""
# ruff: noqa: RUF001  # Chinese words and punctuation are what is looked for

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from llmgen.extract.pinpoint.clean import clean, lower
from llmgen.extract.ranges import Range, letters

AMBIGUOUS, SEVERAL = -1, -2
"""Numbers of no element: several share the text; a run of letters ("AC") names several."""

Owners: TypeAlias = dict[str, tuple[int, str]]
"""What to look for, in lower case -> the number of the element that it names and the form of the name."""

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])[_-](?=[A-Za-z])")
_MAYBE_CAMEL = re.compile(r"[A-Z_-](?:(?<=[a-z].)|(?<=[_-]))")
WORD = re.compile(r"[a-z]{4,}")
_FIRST_NUMBER = re.compile(r"(?<!\d)1[.):]? \S")
_ARTICLES = ("the ", "a ", "an ")
_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905  # a list of words
_NUMBERS = {word: str(number) for number, word in enumerate(_WORDS)}
_NUMBERS |= {number: word for word, number in _NUMBERS.items()}
_POLES = (
    ("yes", "no"), ("true", "false"), ("correct", "incorrect"), ("是", "否"), ("对", "错"), ("正确", "错误"),
    ("positive", "negative"), ("plausible", "implausible"), ("valid", "invalid"),
)  # fmt: skip
_AGREEING = (
    ("yes", "true", "correct", "是", "对", "正确", "是的"),
    ("no", "false", "incorrect", "否", "错", "错误", "不是"),
)
_DIGIT_WORD = re.compile(r"(?<=\d)(?=[\u4e00-\u9fff])")
_SINGLE = re.compile(r"(?<![a-z])[a-z](?![a-z'])")
_PLURAL = 4
_BETWEEN = "\x1f"
_PREFIX, _LONG = 40, 56
_PAIR = 2


class Names(NamedTuple):
    """What to look for: letters, numbers of a list, other names, and the plain texts in lower case.

    `opposite`: the range is two labels of which one denies the other. `capital`: the elements written with a
    capital letter, so that "May" is not what "may" names for sure. `mixed`: the texts with single letters.
    """

    letters: dict[str, int]
    numbers: dict[str, int]
    needles: tuple[tuple[str, tuple[int, str]], ...]
    opposite: bool
    texts: tuple[str, ...]
    capital: frozenset[int]
    mixed: tuple[str, ...] = ()


def names_of(answers: Range, question: str) -> Names:
    """The names of the range's elements; a listed text also has the letter that the question gives it."""
    lettered = answers.answer_type == "alphabet_option" or _lettered(answers, question)
    return prepared(answers, lettered=lettered, numbered=not lettered and _numbered(answers, question))


def _lettered(answers: Range, question: str) -> bool:
    """Whether the question lists the range's texts as (A) x (B) y."""
    values = answers.values
    if len(values) < _PAIR or "(A)" not in question:
        return False
    folded = " ".join(question.lower().split())
    return all(
        f"({letter.lower()}) {' '.join(value.lower().split())}" in folded
        for letter, value in zip(letters(len(values)), values, strict=True)
    )


def _numbered(answers: Range, question: str) -> bool:
    """Whether the question lists the range's texts as 1. x 2. y, or (1) x (2) y."""
    values = answers.values
    if len(values) < _PAIR or values[0] not in question or not _FIRST_NUMBER.search(question):
        return False
    folded = " ".join(question.split())
    return all(
        any(f"{number}{mark} {' '.join(value.split())}" in folded for mark in (".", ")", ":", ""))
        for number, value in enumerate(values, 1)
    )


@lru_cache(maxsize=4096)
def prepared(answers: Range, *, lettered: bool, numbered: bool = False) -> Names:
    """The names of a range's elements, with letters, numbers or neither; kept for the range's next output."""
    texts = answers.texts or answers.values
    named = answers.values if answers.answer_type == "alphabet_option" else letters(len(texts))
    joined = _BETWEEN.join(texts)
    plain = lower(clean(joined)).split(_BETWEEN)
    if len(plain) != len(texts):
        plain = [lower(clean(text)) for text in texts]
    plain = [text.strip() for text in plain]
    owners: Owners = {}
    for index, text in enumerate(plain):
        needle = text.rstrip(".。;；") or text
        if needle in owners:
            _own(owners, needle, index, "text")
        elif len(needle) > 1 or (needle and not (lettered and needle.isalpha())):
            owners[needle] = (index, "text")
        if needle[-1:] == "s" or needle[:1].isdigit():
            _own_inflected(owners, needle, index)
        if text.startswith(_ARTICLES) or len(text) > _LONG or text in _NUMBERS:
            _own_other_spellings(owners, text, index)
    if _MAYBE_CAMEL.search(joined):
        _own_camel_case(owners, texts)
    opposite = len(texts) == _PAIR and not answers.texts and any(set(plain) == set(pair) for pair in _POLES)
    if opposite:
        for index, text in enumerate(plain):
            agreeing = [word for group in _AGREEING if text in group for word in group]
            owners |= {word: (index, "synonym") for word in agreeing if word not in owners}
    by_letter = _by_letter(named) if lettered else {}
    return Names(
        by_letter,
        {str(number): index for index, number in enumerate(range(1, len(texts) + 1))} if numbered else {},
        tuple(owners.items()),
        opposite,
        tuple([text.rstrip(".") for text in plain]),
        frozenset([index for index, text in enumerate(texts) if text[:1].isupper()]),
        tuple([text for text in plain if _SINGLE.search(text)]) if by_letter else (),
    )


@lru_cache(maxsize=128)
def _by_letter(named: tuple[str, ...]) -> dict[str, int]:
    return {letter.upper(): index for index, letter in enumerate(named)}


def _own_camel_case(owners: Owners, texts: Sequence[str]) -> None:
    """OfficeHolder as "office holder", not_entailment as "not entailment"."""
    for index, text in enumerate(texts):
        if _CAMEL.search(text):
            _own(owners, lower(_CAMEL.sub(" ", clean(text))).strip(), index, "spaced")


def _own_other_spellings(owners: Owners, text: str, index: int) -> None:
    """Without its article, the beginning of a long one, a number as a digit or as a word."""
    if text.startswith(_ARTICLES):
        short = text.partition(" ")[2].rstrip(".")
        if len(short) > 1:
            _own(owners, short, index, "spaced")
    if len(text) > _LONG:
        _own(owners, text[:_PREFIX], index, "prefix")
    if text in _NUMBERS:
        _own(owners, _NUMBERS[text], index, "digit")


def _own_inflected(owners: Owners, needle: str, index: int) -> None:
    """The singular of a plural noun; a number apart from the Chinese word behind it."""
    last = needle.rpartition(" ")[2]
    if len(last) > _PLURAL and last.isalpha() and last.endswith("s") and last[-2] not in "aisu":
        _own(owners, needle[:-1], index, "inflected")
    elif needle[:1].isdigit() and not needle.isascii():
        _own(owners, _DIGIT_WORD.sub(" ", needle), index, "inflected")


@lru_cache(maxsize=1024)
def distinctive(texts: tuple[str, ...]) -> dict[str, int]:
    """Words that only one of the elements has; without them an element is not told from the others."""
    counts: dict[str, int] = {}
    for index, text in enumerate(texts):
        for word in set(WORD.findall(text)):
            counts[word] = index if word not in counts else AMBIGUOUS
    return {word: index for word, index in counts.items() if index != AMBIGUOUS}


def _own(owners: Owners, needle: str, index: int, form: str) -> None:
    """Gives `needle` to element `index`; a whole text beats a part of one, two equals are ambiguous."""
    known = owners.get(needle)
    if known is None or (known[1] != "text" and form == "text"):
        owners[needle] = (index, form)
    elif known[0] != index and (form == "text" or known[1] != "text"):
        owners[needle] = (AMBIGUOUS, form)
