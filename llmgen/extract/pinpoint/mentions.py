"""Candidates for options, labels and listed texts: where an output names an element of the range."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TypeVar

from llmgen.extract.pinpoint import cues
from llmgen.extract.pinpoint.names import SEVERAL, Names
from llmgen.extract.pinpoint.scene import Place

# Patterns begin with a set of characters where they can: the engine then skips to the next of them.
_CAPITALS, _FEW_CAPITALS = (
    re.compile(rf"[{these}](?<![A-Za-z0-9_\\].)[{these}]{{0,4}}(?![A-Za-z0-9_]|'[a-z])")
    for these in ("A-Z", "A-J")
)
_SMALL = re.compile(r"\(([a-z])\)")
_SMALL_AFTER = {
    word: re.compile(word + r"s?(?: is)?:?\s*[\"'*(\[]*([a-z])(?=[\"'*)\].,:\s]|$)")
    for word in ("answer", "option", "choice")
}
_NEGATIONS = ("not", "n't", "不", "never", "cannot be")
# A letter with its own text behind it is one place.
_OWN_FORM = {
    form: f"{form}+text"
    for form in ("paren", "bracket", "dot", "colon", "bare", "marked", "cjk", "lower", "brace")
}
_NEXT, _BACK = 5, 72
_ENCLOSED = {"()": "paren", "{}": "brace"} | {a + b: "marked" for a in "*\"'`[" for b in "*\"'`]"}
_AFTER_LETTER = {")": "bracket", ":": "colon", "、": "dot", ".": "dot"}
_SYMBOLS_AFTER, _SYMBOLS_BEFORE = frozenset("_^=(+"), frozenset("=+/")
_NO_NOUNS = frozenset(
    ("because", "since", "as", "which", "and", "or", "with", "is")
)  # an article needs a noun
_MOST, _FIRST = 60, 8
_SHORT = 56
T = TypeVar("T")


def find(names: Names, text: str, low: str) -> list[Place]:
    """Every place that names a value, in order; a place inside a longer one is dropped."""
    hits = _texts(names, text, low)
    if names.letters:
        hits += [
            hit for hit in _letters(names.letters, text, low) if hit.form != "word" or _announced(low, hit)
        ]
    if len(hits) > 1:
        hits.sort(key=lambda hit: (hit.start, -hit.end))
    kept: list[Place] = []
    end = -1
    for hit in hits:
        if hit.start < end:
            continue
        end = hit.end
        last = kept[-1] if kept else hit
        if kept and last.value == hit.value and last.form in _OWN_FORM and hit.start - last.end <= _NEXT:
            between = low[last.end : hit.start]
            if not between.strip(" ).:*-\"'是]、,}(\n"):
                kept[-1] = Place(hit.value, last.start, hit.end, _OWN_FORM[last.form])
                continue
        kept.append(hit)
    return kept


def _announced(low: str, hit: Place) -> bool:
    """The article "A" and the pronoun "I" are options only where an answer is announced."""
    lead = low[max(0, hit.start - _BACK) : hit.start]
    return cues.direct(lead, cues.flatten(lead), len(lead)).kind == "announced"


def _letters(known: dict[str, int], text: str, low: str) -> list[Place]:
    hits = []
    pattern = _FEW_CAPITALS if max(known) <= "J" else _CAPITALS
    for match in _ends(list(pattern.finditer(text))):
        letter = match[0]
        if letter in known:
            start, end = match.span()
            hits.append(Place(known[letter], start, end, _form(text, start, end)))
        elif len(letter) > 1 and known.keys() >= set(letter) and all(a < b for a, b in pairwise(letter)):
            hits.append(Place(SEVERAL, *match.span(), "multi"))
    hits += _small_letters(known, text, low)
    stripped = text.strip(" \n\t.()*\"'") if len(text) <= _SHORT else ""
    if len(stripped) == 1 and stripped.islower() and stripped.upper() in known:
        start = text.index(stripped)
        hits.append(Place(known[stripped.upper()], start, start + 1, "lower"))
    return hits


def _small_letters(known: dict[str, int], text: str, low: str) -> list[Place]:
    """Lower-case letters in brackets, or right after an announcement and followed by no word."""
    spans = [match.span(1) for match in _SMALL.finditer(text)] if "(" in text else []
    for word, pattern in _SMALL_AFTER.items():
        if word not in low:
            continue
        for match in pattern.finditer(low):
            start, end = match.span(1)
            begins_word = low[end : end + 1] == " " and low[end + 1 : end + 2].isalpha()
            if text[start].islower() and not begins_word:
                spans.append((start, end))
    return [
        Place(known[letter], start, end, "lower")
        for start, end in _ends(spans)
        if (letter := text[start].upper()) in known
    ]


def _ends(found: list[T]) -> list[T]:
    """Of many the first few and the last ones."""
    return found if len(found) <= _MOST else found[:_FIRST] + found[_FIRST - _MOST :]


def _form(text: str, start: int, end: int) -> str:
    """How a letter is written: (B) [B] {B} "B" **B** B) B. B: or bare; "A man" and "I think" are words."""
    before, after = text[start - 1 : start], text[end : end + 1]
    enclosed = _ENCLOSED.get(before + after)
    if enclosed is not None:
        return enclosed
    if after in _AFTER_LETTER and after:
        return _AFTER_LETTER[after]
    if after in _SYMBOLS_AFTER or before in _SYMBOLS_BEFORE or text[end : end + 2] in (" =", " +"):
        return "symbol"
    following = text[end + 1 : end + 2]
    if after == " " and text[start] in "AI" and (following.islower() or following.isdigit()):
        return "bare" if text[end + 1 : end + 12].split(" ", 1)[0] in _NO_NOUNS else "word"
    return "cjk" if before > "\u2e80" or after > "\u2e80" else "bare"


def _texts(names: Names, text: str, low: str) -> list[Place]:
    hits = []
    for needle, (value, form) in names.needles:
        if needle not in low:
            continue
        for start in _places(low, needle):
            end = start + len(needle)
            if _stands_alone(low, start, end, needle):
                small = form == "text" and value in names.capital and text[start].islower()
                place = Place(value, start, end, "uncased" if small else form)
                hits.append(_negated(names, low, value, place))
    return hits


def _places(low: str, needle: str) -> list[int]:
    """Where `needle` begins in `low`: of many places the first few and the last ones."""
    found: list[int] = []
    at = low.find(needle)
    while at >= 0 and len(found) < _FIRST:
        found.append(at)
        at = low.find(needle, at + 1)
    first, at = at, low.rfind(needle) if at >= 0 else -1
    last: list[int] = []
    while at >= first >= 0 and len(last) < _MOST - _FIRST:
        last.append(at)
        at = low.rfind(needle, 0, at + len(needle) - 1)
    return found + last[::-1]


def _negated(names: Names, low: str, value: int, place: Place) -> Place:
    """Of two opposite labels a negated one names the other: "not plausible"; otherwise it only says so."""
    lead = low[max(0, place.start - 12) : place.start].rstrip(" \"'*")
    if not lead.endswith(_NEGATIONS):
        return place
    if names.opposite and value >= 0 and place.form in ("text", "uncased", "synonym"):
        return place._replace(value=1 - value, form="flipped")
    return place._replace(form="negated")


def _stands_alone(low: str, start: int, end: int, needle: str) -> bool:
    """Whether the place is no part of a longer word or number."""
    before, after = low[start - 1 : start], low[end : end + 1]
    first, last = needle[0], needle[-1]
    if len(needle) == 1 and needle > "\u2e80":
        return not _is_cjk(after) and (before in ("是", "为") or not _is_cjk(before))
    if _is_word(first) and _is_word(before):
        return False
    if _is_word(last) and _is_word(after):
        return False
    if first.isdigit() and before in (".", ",", "/", "-") and low[start - 2 : start - 1].isdigit():
        return False
    if last.isdigit() and after in (".", ",", "/", "-", ":") and low[end + 1 : end + 2].isdigit():
        return False
    return not (last.isdigit() and after == "%")


def _is_word(char: str) -> bool:
    return char.isalnum() and char < "\u2e80"


def _is_cjk(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff"
