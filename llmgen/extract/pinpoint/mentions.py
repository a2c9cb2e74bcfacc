"""Candidates for options, labels and listed texts: where an output names an element of the range."""
# ruff: noqa: RUF001  # Chinese words and punctuation are what is looked for

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeVar

from llmgen.extract.pinpoint import cues
from llmgen.extract.pinpoint.clean import clean, lower
from llmgen.extract.ranges import Range, letters

AMBIGUOUS, SEVERAL = -1, -2
_CAPITALS = re.compile(r"(?<![A-Za-z0-9_\\])[A-Z]{1,5}(?![A-Za-z0-9_]|'[a-z])")
_LOWER = re.compile(
    r"\(([a-z])\)|(?:answer|option|choice)s?(?: is)?:?\s*[\"'*(\[]*([a-z])(?=[\"'*)\].,:\s]|$)"
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|[_-]")
_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905  # a list of words
_DIGIT_OF = {word: str(number) for number, word in enumerate(_WORDS)}
_WORD_OF = {number: word for word, number in _DIGIT_OF.items()}
_POLES = (
    ("yes", "no"), ("true", "false"), ("correct", "incorrect"), ("是", "否"), ("对", "错"), ("正确", "错误"),
    ("positive", "negative"), ("plausible", "implausible"), ("valid", "invalid"),
)  # fmt: skip
_AGREEING = (
    ("yes", "true", "correct", "是", "对", "正确", "是的"),
    ("no", "false", "incorrect", "否", "错", "错误", "不是"),
)
_NEGATIONS = ("not", "n't", "不", "never", "cannot be")
# A letter with its own text behind it is one place.
_OWN_FORM = {
    form: f"{form}+text"
    for form in ("paren", "bracket", "dot", "colon", "bare", "marked", "cjk", "lower", "brace")
}
_NEXT, _BACK = 5, 72
_BETWEEN = "\x1f"
_ENCLOSED = {"()": "paren", "{}": "brace"} | {a + b: "marked" for a in "*\"'`[" for b in "*\"'`]"}
_AFTER_LETTER = {")": "bracket", ":": "colon", "、": "dot", ".": "dot"}
_SYMBOLS_AFTER, _SYMBOLS_BEFORE = frozenset("_^=(+"), frozenset("=+/")
_NO_NOUNS = frozenset(
    ("because", "since", "as", "which", "and", "or", "with", "is")
)  # an article needs a noun
_MOST, _FIRST = 60, 8
T = TypeVar("T")
_SHORTEST_PREFIX, _LONG = 40, 56


class Hit(NamedTuple):
    """A place that names value number `value` (AMBIGUOUS: several share its text; SEVERAL: "AC")."""

    value: int
    start: int
    end: int
    form: str


class Names(NamedTuple):
    """What to look for: letters with their value; texts (lower case) with value and form, longest first."""

    letters: dict[str, int]
    needles: tuple[tuple[str, int, str], ...]
    opposite: bool
    refusing: bool
    texts: tuple[str, ...]


def names_of(answers: Range, question: str) -> Names:
    """The names of the range's elements; a listed text also has the letter that the question gives it."""
    lettered = answers.answer_type == "alphabet_option" or _lettered(answers, question)
    return _names(answers, lettered=lettered)


def _lettered(answers: Range, question: str) -> bool:
    """Whether the question lists the range's texts as (A) x (B) y."""
    values = answers.values
    if len(values) < 2 or "(A)" not in question:  # noqa: PLR2004  # one option is no choice
        return False
    folded = " ".join(question.lower().split())
    return all(
        f"({letter.lower()}) {' '.join(value.lower().split())}" in folded
        for letter, value in zip(letters(len(values)), values, strict=True)
    )


@lru_cache(maxsize=4096)
def _names(answers: Range, *, lettered: bool) -> Names:
    texts = answers.texts or answers.values
    named = answers.values if answers.answer_type == "alphabet_option" else letters(len(texts))
    by_letter = {letter: index for index, letter in enumerate(named)} if lettered else {}
    owners: dict[str, tuple[int, str]] = {}
    plain_texts = tuple(lower(clean(_BETWEEN.join(texts))).split(_BETWEEN))
    if len(plain_texts) != len(texts):
        plain_texts = tuple(lower(clean(text)) for text in texts)
    for index, (text, spelled) in enumerate(zip(texts, plain_texts, strict=True)):
        for needle, form in _spellings(text, spelled.strip()):
            known = owners.get(needle)
            if known is None or (known[1] != "text" and form == "text"):
                owners[needle] = (index, form)
            elif known[0] != index and (form == "text" or known[1] != "text"):
                owners[needle] = (AMBIGUOUS, form)
    opposite = not answers.texts and _are_opposite([lower(text) for text in texts])
    if opposite:
        for index, text in enumerate(texts):
            for group in _AGREEING:
                if lower(text) in group:
                    owners |= {word: (index, "synonym") for word in group if word not in owners}
    needles = [(needle, index, form) for needle, (index, form) in owners.items() if _worth(needle, lettered)]
    plain_texts = tuple(text.strip().rstrip(".") for text in plain_texts)
    refusing = cues.has("\n".join(plain_texts), cues.REFUSALS)
    longest_first = tuple(sorted(needles, key=lambda n: -len(n[0])))
    return Names(by_letter, longest_first, opposite, refusing, plain_texts)


def _spellings(text: str, plain: str) -> list[tuple[str, str]]:
    """`plain` and what else names it: without final stop, article or camel case, its digit or number word."""
    found = [(plain.rstrip(".。;；") or plain, "text")]
    if _CAMEL.search(text):
        found.append((lower(_CAMEL.sub(" ", clean(text))).strip(), "spaced"))
    article = plain.partition(" ")[0]
    if article in ("the", "a", "an") and len(plain) > len(article) + 2:
        found.append((plain[len(article) + 1 :].rstrip("."), "spaced"))
    if len(plain) > _LONG:
        found.append((plain[:_SHORTEST_PREFIX], "prefix"))
    if plain in _DIGIT_OF:
        found.append((_DIGIT_OF[plain], "digit"))
    elif plain in _WORD_OF:
        found.append((_WORD_OF[plain], "digit"))
    return found


def _worth(needle: str, lettered: bool) -> bool:  # noqa: FBT001  # positional inside one file
    return bool(needle) and not (lettered and len(needle) == 1 and needle.isalpha())


def _are_opposite(texts: list[str]) -> bool:
    return len(texts) == 2 and any(set(texts) == set(pair) for pair in _POLES)  # noqa: PLR2004  # yes and no


def find(names: Names, text: str, low: str) -> list[Hit]:
    """Every place that names a value, in order; a place inside a longer one is dropped."""
    hits = _texts(names, low)
    if names.letters:
        hits += [
            hit for hit in _letters(names.letters, text, low) if hit.form != "word" or _announced(low, hit)
        ]
    hits.sort(key=lambda hit: (hit.start, -hit.end))
    kept: list[Hit] = []
    end = -1
    for hit in hits:
        if hit.start < end:
            continue
        end = hit.end
        last = kept[-1] if kept else hit
        if kept and last.value == hit.value and last.form in _OWN_FORM and hit.start - last.end <= _NEXT:
            between = low[last.end : hit.start]
            if not between.strip(" ).:*-\"'是]、,}(\n"):
                kept[-1] = Hit(hit.value, last.start, hit.end, _OWN_FORM[last.form])
                continue
        kept.append(hit)
    return kept


def _announced(low: str, hit: Hit) -> bool:
    """The article "A" and the pronoun "I" are options only where an answer is announced."""
    begin = max(0, hit.start - _BACK)
    lead = low[begin : hit.start]
    return cues.direct(lead, cues.flatten(lead), len(lead)).kind == "announced"


def _letters(known: dict[str, int], text: str, low: str) -> list[Hit]:
    hits = []
    for match in _ends(list(_CAPITALS.finditer(text))):
        letter = match[0]
        if letter in known:
            hits.append(Hit(known[letter], *match.span(), _form(text, *match.span())))
        elif len(letter) > 1 and all(a < b for a, b in pairwise(letter)) and known.keys() >= set(letter):
            hits.append(Hit(SEVERAL, *match.span(), "multi"))
    if "(" in text or "answer" in low or "option" in low:
        small = [
            match for match in _LOWER.finditer(low) if text[match.end(match.lastindex or 1) - 1].islower()
        ]
        hits += [hit for match in _ends(small) if (hit := _small(known, low, match)) is not None]
    stripped = text.strip(" \n\t.()*\"'")
    if len(stripped) == 1 and stripped.islower() and stripped.upper() in known:
        start = text.index(stripped)
        hits.append(Hit(known[stripped.upper()], start, start + 1, "lower"))
    return hits


def _small(known: dict[str, int], low: str, match: re.Match[str]) -> Hit | None:
    """A lower-case letter in brackets, or right after an announcement and followed by no word."""
    group = match.lastindex or 1
    start, end = match.span(group)
    value = known.get(match[group].upper())
    if value is None or (group > 1 and low[end : end + 1] == " " and low[end + 1 : end + 2].isalpha()):
        return None
    return Hit(value, start, end, "lower")


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


def _texts(names: Names, low: str) -> list[Hit]:
    hits = []
    for needle, value, form in names.needles:
        for start in _places(low, needle):
            end = start + len(needle)
            if _stands_alone(low, start, end, needle):
                hits.append(_negated(names, low, Hit(value, start, end, form)))
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


def _negated(names: Names, low: str, hit: Hit) -> Hit:
    """Of two opposite labels a negated one names the other: "not plausible"; otherwise it only says so."""
    lead = low[max(0, hit.start - 12) : hit.start].rstrip(" \"'*")
    if not lead.endswith(_NEGATIONS):
        return hit
    if names.opposite and hit.value >= 0 and hit.form in ("text", "synonym"):
        return hit._replace(value=1 - hit.value, form="flipped")
    return hit._replace(form="negated")


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
