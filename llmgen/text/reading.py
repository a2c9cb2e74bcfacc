"""Reading a short text: tokens in one spelling, and the quantity (number, units, hedge) it states, if any."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from llmgen.text.folding import fold
from llmgen.text.numbers import fold_numbers, is_number

_SPELLINGS = {
    "foot": "foot feet ft",
    "pound": "pound pounds lb lbs",
    "percent": "percent pct %",
    "degree": "degree degrees °",
    "celsius": "celsius",
    "square": "square sq",
    "dollar": "dollar dollars usd $",
    "euro": "euro euros eur €",
    "£": "£ gbp",
    "¥": "¥ jpy",
    "yard": "yard yards yd yds",
    "mile": "mile miles",
    "metre": "metre metres meter meters",
    "cm": "cm centimetre centimetres centimeter centimeters",
    "km": "km kilometre kilometres kilometer kilometers",
    "kg": "kg kgs kilogram kilograms",
    "year": "year years yr yrs",
    "day": "day days",
    "point": "point points pts",
    "people": "people person persons",
}
_UNIT_OF = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings.split()}
_UNITS = frozenset(_SPELLINGS)
_ABBREVIATED = {"m": "metre", "mi": "mile", "pt": "point"}  # units only right behind a number
_SIGNS = frozenset("$€£¥")
_ARTICLES = frozenset({"a", "an", "the"})
_SILENT = frozenset({"fahrenheit", "old"})
_HEDGES = [
    hedge.split()
    for hedge in (
        *("as many as", "as high as", "as much as", "more than", "greater than", "at least", "up to"),
        *("just over", "just under", "over", "about", "around", "approximately", "roughly", "nearly"),
        *("almost", "some", "estimated"),
    )
]
_SUFFIXED = "ft|feet|lbs?|cm|km|kg|mi|m|yds?|[ap]m|usd"

_MERIDIEM = re.compile(r"(?<![a-z0-9])([ap])\.\s?m(?![a-z0-9])\.?|(?<=\d)([ap])\.\s?m(?![a-z0-9])\.?")
_INITIALS = re.compile(r"(?<![a-z0-9])(?:[a-z]\.)+[a-z](?![a-z0-9])")
_DEGREE = re.compile(r"°\s?([cf])?(?![a-z])")
_REWRITES = (
    (re.compile(r"(?<=\d)\s?-\s?(?=\d)"), " - "),
    (re.compile(r"(?<=\d)(?:st|nd|rd|th)\b"), ""),
    (re.compile(r"(?<=\d),(?=\d{3}(?!\d))"), ""),
    (re.compile(r"(?<![\w.])\.(?=\d)"), "0."),
    (re.compile(rf"(?<=\d)(?=(?:{_SUFFIXED})\b)"), " "),
    (re.compile(r"\bper cent\b"), "percent"),
)
_SYMBOL = re.compile(r"[$€£¥%≥≤<>±]")  # tokens of their own: unlike punctuation they change the meaning
_PUNCTUATION = re.compile(r"(?!(?<=\d)\.(?=\d))[^\w\s/$€£¥%≥≤<>±-]|_")


class Reading(NamedTuple):
    """A text as read. `core` is `tokens` without a leading hedge ("more than", "about", ...).

    `number` is the plain decimal of a quantity (exactly one number and nothing but units), else None.
    """

    folded: str
    tokens: tuple[str, ...]
    core: tuple[str, ...]
    number: str | None
    units: frozenset[str]

    @property
    def hedged(self) -> bool:
        """Whether the text opens with a hedge before a number."""
        return len(self.core) < len(self.tokens)


def read(text: str) -> Reading:
    """Folds `text` and reads its tokens and quantity (FineTuneBench specification, section 5)."""
    folded = fold(text)
    tokens = split_tokens(folded)
    core = tokens[_hedge_length(tokens) :]
    number, units = _quantity(core)
    return Reading(folded, tokens, core, number, units)


def split_tokens(folded: str) -> tuple[str, ...]:
    """The tokens of folded text: accents off, numbers plain, units in one spelling, articles dropped.

    A currency sign stands behind its number; punctuation is gone but for `-` and `/`.
    """
    text = folded
    if not text.isascii():
        decomposed = unicodedata.normalize("NFD", text)
        text = "".join(char for char in decomposed if unicodedata.category(char) != "Mn")
        text = _DEGREE.sub(lambda match: " celsius " if match[1] == "c" else " degree ", text)
    text = _MERIDIEM.sub(lambda match: f" {match[1] or match[2]}m ", text)
    text = _INITIALS.sub(lambda match: match[0].replace(".", ""), text)
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    text = _SYMBOL.sub(r" \g<0> ", text.replace("'", ""))
    return tuple(_one_spelling(fold_numbers(_PUNCTUATION.sub(" ", text).split())))


def _one_spelling(words: Sequence[str]) -> list[str]:
    tokens: list[str] = []
    sign = ""
    for word in words:
        if word in _SIGNS:
            tokens += [sign] if sign else []
            sign = _UNIT_OF[word]
            continue
        if sign:
            tokens += [word, sign] if is_number(word) else [sign, *_respelled(word, tokens)]
            sign = ""
            continue
        tokens += _respelled(word, tokens)
    return [*tokens, sign] if sign else tokens


def _respelled(word: str, before: list[str]) -> tuple[str, ...]:
    """`word` as token(s). May take a "degree" back from `before`: "degrees Celsius" is one unit."""
    if word in _ARTICLES or word in _SILENT:
        return ()
    last = before[-1] if before else ""
    if last == "degree" and word in {"celsius", "c"}:
        before.pop()
        return ("celsius",)
    if last == "degree" and word == "f":
        return ()
    if word in _ABBREVIATED and last and is_number(last):
        return (_ABBREVIATED[word],)
    return (_UNIT_OF.get(word, word),)


def _hedge_length(tokens: tuple[str, ...]) -> int:
    """How many leading tokens are a hedge: a hedge stands right before a number."""
    for hedge in _HEDGES:
        size = len(hedge)
        if list(tokens[:size]) == hedge and len(tokens) > size and is_number(tokens[size]):
            return size
    return 0


def _quantity(core: tuple[str, ...]) -> tuple[str | None, frozenset[str]]:
    numbers = [token for token in core if is_number(token)]
    units = frozenset(token for token in core if token in _UNITS)
    if len(numbers) != 1 or any(token not in units for token in core if token != numbers[0]):
        return None, frozenset()
    return numbers[0], units
