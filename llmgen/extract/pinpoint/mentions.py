"""Candidates for options, labels and listed texts: where an output names an element of the range."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

from llmgen.extract.pinpoint import cues
from llmgen.extract.pinpoint.fields import Field
from llmgen.extract.pinpoint.names import AMBIGUOUS, SEVERAL, WORD, Names, distinctive
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
_GOES_ON, _ARGUMENT = frozenset("%\\"), frozenset("{^_")
_BOX = re.compile(r"(?:boxed|fbox|text|mathrm|mathbf|textbf)\{$")
_LIST_NUMBER = re.compile(r"(?<![\w.,$])(\d{1,2})(?![\w%]|[.,:/-]\d| ?[-+*/=]| [a-z]+s\b)")
_NEGATIONS = ("not", "n't", "不", "never", "cannot be")
# A letter with its own text behind it is one place.
_OWN_FORM = {
    form: f"{form}+text"
    for form in ("paren", "bracket", "dot", "colon", "bare", "marked", "cjk", "lower", "brace")
}
_NEXT, _BACK, _AROUND = 5, 72, 6
_ENCLOSED = {"()": "paren", "{}": "brace"} | {a + b: "marked" for a in "*\"'`[" for b in "*\"'`]"}
_AFTER_LETTER = {")": "bracket", ":": "colon", "、": "dot", ".": "dot"}
_SYMBOLS_AFTER, _SYMBOLS_BEFORE = frozenset("_^=(+"), frozenset("=+/")
_NO_NOUNS = frozenset(
    ("because", "since", "as", "which", "and", "or", "with", "is")
)  # an article needs a noun
_MOST, _FIRST = 60, 8
_SHORT = 56
T = TypeVar("T")


def find(names: Names, text: str, low: str, declared: Sequence[Field] = ()) -> list[Place]:
    """Every place that names a value, in order; a place inside a longer one is dropped."""
    hits = _texts(names, text, low)
    if names.numbers:
        hits += _numbers(names.numbers, low, declared)
    if names.letters:
        hits += [
            hit
            for hit in _letters(names.letters, text, low)
            if (hit.form != "word" or _announced(low, hit)) and not _in_own_text(names, low, hit)
        ]
    if not hits:
        hits = _distinctive(names, low)
    if len(hits) > 1:
        hits.sort(key=lambda hit: (hit.start, -hit.end))
    kept: list[Place] = []
    end = -1
    for hit in hits:
        if hit.start < end:
            continue
        end = hit.end
        last = kept[-1] if kept else hit
        own = hit.value in (last.value, AMBIGUOUS)  # beside a letter a text of several elements is its own
        if kept and own and last.form in _OWN_FORM and hit.start - last.end <= _NEXT:
            between = low[last.end : hit.start]
            if not between.strip(" ).:*-\"'是]、,}(\n"):
                kept[-1] = Place(last.value, last.start, hit.end, _OWN_FORM[last.form])
                continue
        kept.append(hit)
    return kept


def _in_own_text(names: Names, low: str, hit: Place) -> bool:
    """Whether a letter is part of an element's own text, as in "resin A, filler B"."""
    if not names.mixed:
        return False
    around = low[max(0, hit.start - _AROUND) : hit.end + 2].strip()
    if len(around) <= _AROUND or not any(around in text for text in names.mixed):
        return False
    return not _announced(low, hit)


def _numbers(known: dict[str, int], low: str, declared: Sequence[Field]) -> list[Place]:
    """Numbers of a numbered list where they can only be answers: declared, announced, or the whole text."""
    hits = []
    for match in _ends(list(_LIST_NUMBER.finditer(low))):
        start, end = match.span(1)
        if match[1] not in known:
            continue
        place = Place(known[match[1]], start, end, "numbered")
        inside = any(field.start <= start < field.end <= end + _NEXT for field in declared)
        if inside or low.strip(" .()*\n") == match[1] or _announced(low, place):
            hits.append(place)
    return hits


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
    if (after == " " and _is_point(text, end + 1, text[start])) or (
        before == " " and _is_point(text, start - 2, text[start])
    ):
        return "symbol"  # points of a figure, a row of letters
    if after == " " and text[start] in "AI" and (following.islower() or following.isdigit()):
        return "bare" if text[end + 1 : end + 12].split(" ", 1)[0] in _NO_NOUNS else "word"
    return "cjk" if before > "\u2e80" or after > "\u2e80" else "bare"


def _is_point(text: str, at: int, letter: str) -> bool:
    """Whether another capital letter than `letter` stands alone at `at`, as in "triangle A B C"."""
    found = text[at : at + 1] if at >= 0 else ""
    if not found.isupper() or found == letter:
        return False
    return not (_is_word(text[at - 1 : at] or " ") or _is_word(text[at + 1 : at + 2] or " "))


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


def _distinctive(names: Names, low: str) -> list[Place]:
    """Words that belong to one element alone, looked for when none is named in full."""
    known = distinctive(names.texts)
    found = [match for match in _ends(list(WORD.finditer(low))) if match[0] in known] if known else []
    return [Place(known[match[0]], *match.span(), "distinctive") for match in found]


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
    if first.isdigit() and not _begins_number(low, start, before):
        return False
    return not last.isdigit() or not (
        after in _GOES_ON or (after in (".", ",", "/", "-", ":") and low[end + 1 : end + 2].isdigit())
    )


def _begins_number(low: str, start: int, before: str) -> bool:
    """Whether the digits at `start` are a number by themselves, no decimals or part of a formula."""
    if before in (".", ",", "/", "-") and low[start - 2 : start - 1].isdigit():
        return False
    return before not in _ARGUMENT or _BOX.search(low, max(0, start - 9), start) is not None


def _is_word(char: str) -> bool:
    return char.isalnum() and char < "\u2e80"


def _is_cjk(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff"
