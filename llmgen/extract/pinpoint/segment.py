"""Which part of an output answers the question: without its reasoning, its echoes and its run-on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from llmgen.extract.pinpoint.clean import clean, lower

_RUN_ON = re.compile(
    r"\n[ \t>#*_-]*(?:(?:next |new |another )?(?:question|problem|exercise|query)(?: ?#?\d+)?|q\d?|human|user"
    r"|instruction"
    r"|input|问题|题目|例题|用户|问)[*_ \t]*[:：]"  # noqa: RUF001  # the full-width colon
    r"|<\|?(?:im_start\|>\s*)?user\|?>|<start_of_turn>\s*user|\[inst\]|\n---+\n+(?=[^\n]*\?\n)"
    r"|<\|start_header_id\|>\s*user"
)
# Labels that a restated question has as well: they begin an invented one only behind an answer.
_NEXT_ITEM = re.compile(
    r"\n[ \t>#*_-]*(?:(?:context|passage|article|review|sentence|premise|paragraph|story|tweet|text|document"
    r"|dialogue|statement|example|headline|message|背景|文章|句子|新闻|例)(?: ?\d+)?[*_ \t]*:"
    r"|#+ *(?:question|problem|exercise|example|task) ?#?\d+|\d{1,3}[.)] [^\n?]{8,200}\?)"
)
_VALUE = re.compile(r"(?<![A-Za-z])[A-J](?![A-Za-z'])|\d")
_WORDS = re.compile(r"[^\W\d_]{4,}")
_ODD = re.compile(r"\W+")
_LABEL = re.compile(r"\n([^\W\d_]{1,14}:)")
_CHOICES = re.compile(r"answer|choice|option|答案|选项|类别|^[a-z]:", re.IGNORECASE)
_OPTION_LINE = re.compile(r"\W*[a-z]\W")
_LINE, _LINE_CHINESE, _OPENING, _GAP = 40, 16, 40, 4
_OWN, _HEAD, _MOST_ASKED = 24, 200, 8_000
_LOOPED, _ROUNDS, _HALF = 8, 3, 2


class Segment(NamedTuple):
    """The part to read. `thought`: nothing stood outside the reasoning marks; `cut`: a run-on was cut off.

    `looped`: so were lines that came again and again.
    """

    text: str
    low: str
    thought: bool = False
    open_thought: bool = False
    cut: bool = False
    looped: bool = False


class Asked(NamedTuple):
    """A question as outputs may repeat it: cleaned, and in lower case."""

    text: str
    low: str


@lru_cache(maxsize=4096)
def asked(question: str) -> Asked:
    """Prepares a question."""
    cleaned = clean(question[:_MOST_ASKED])
    return Asked(cleaned, lower(cleaned))


def without_echo(text: str, low: str, question: Asked, named: tuple[str, ...]) -> tuple[str, str]:
    """`text`, and `low` (the same in lower case), with the question's own words blanked.

    These are a start that repeats it, and whole lines or sentences of it. A line that begins like an option,
    or is one of the texts in `named`, stays: it may be the answer.
    """
    spans = _echoed_pieces(low, question, named)
    lead = len(low) - len(low.lstrip())
    opening = low[lead : lead + _OPENING]
    starts = not spans and len(opening) == _OPENING and opening in question.low
    if starts and not any(low.startswith(name, lead) for name in named if name):
        spans = [(lead, _common_end(low, lead, question.low))]
    return (_blanked(text, spans), _blanked(low, spans)) if spans else (text, low)


def _blanked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    kept, at = [], 0
    for start, end in spans:
        kept += [text[at:start], " " * (end - start)]
        at = end
    return "".join([*kept, text[at:]])


def _echoed_pieces(low: str, question: Asked, named: tuple[str, ...]) -> list[tuple[int, int]]:
    """Lines and sentences taken from the question; a short one only where it goes on right after another."""
    spans: list[tuple[int, int]] = []
    if len(low) < _LINE_CHINESE:
        return spans
    goes_on = -1
    end = -1
    for line in (low if low.isascii() else low.replace("。", "\n")).split("\n"):
        start, end = end + 1, end + 1 + len(line)
        if goes_on < 0 and end - start < _LINE_CHINESE:
            continue
        piece = line.strip()
        at = -1
        if piece in question.low and _is_echo(piece, named):
            at = question.low.find(piece)
        elif piece and goes_on >= 0:
            at = question.low.find(piece, goes_on, goes_on + len(piece) + _GAP)
        if at < 0:
            goes_on = -1 if piece else goes_on
            continue
        goes_on = at + len(piece)
        spans.append((start, end))
    return spans


def _is_echo(piece: str, named: tuple[str, ...]) -> bool:
    shortest = _LINE_CHINESE if piece[:1] > "\u2e80" else _LINE
    if len(piece) < shortest or piece.strip(" .*\"'") in named:
        return False
    return not _OPTION_LINE.match(piece) or sum(text in piece for text in named if text) > 1


def _common_end(low: str, start: int, asked_low: str) -> int:
    """Where the text stops to repeat the question, at a blank or a mark of punctuation."""
    at = asked_low.find(low[start : start + _OPENING])
    shared, longest = _OPENING, min(len(low) - start, len(asked_low) - at)
    while shared < longest and low[start + shared] == asked_low[at + shared]:
        shared += 1
    while shared > 1 and low[start + shared - 1].isalnum():
        shared -= 1
    return start + shared


def segment(text: str, low: str, question: Asked, named: tuple[str, ...] = ()) -> Segment:
    """Drops `<think>` parts and everything from the first invented prompt on. `named`: the range's texts."""
    thought = open_thought = False
    end = low.rfind("</think>")
    if end >= 0:
        rest = text[end + 8 :]
        if rest.strip():
            text, low = rest, low[end + 8 :]
        else:
            thought = True
            text, low = text[:end], low[:end]
    elif (start := low.find("<think>")) >= 0:
        thought = open_thought = True
        text, low = text[start + 7 :], low[start + 7 :]
    at = 0
    if "\n" in low or "<" in low or "[inst]" in low:
        at = _first(
            _run_on(text, low, question), _own_label(text, question), _next_item(text, low, question, named)
        )
        loop = _loop(text[:at] if at else text)
        if loop:
            return Segment(text[:loop], low[:loop], thought, open_thought, looped=True)
    if at:
        return Segment(text[:at], low[:at], thought, open_thought, cut=True)
    return Segment(text, low, thought, open_thought)


def _loop(text: str) -> int:
    """Where lines begin to come again and again, as they do when a model is caught in a loop; else 0."""
    return _loop_of(text, "\n") or _loop_of(text, ". ")


def _loop_of(text: str, mark: str) -> int:
    lines = text.split(mark)
    said = [line for line in lines if len(line.strip()) >= _LOOPED]
    if len(said) < _ROUNDS or len(set(said)) * _ROUNDS > len(said) + 1:
        return 0
    known: set[str] = set()
    at = 0
    for line in lines:
        if line in known:
            return at
        if len(line.strip()) >= _LOOPED:
            known.add(line)
        at += len(line) + len(mark)
    return 0


def _first(*places: int) -> int:
    return min((place for place in places if place), default=0)


def _own_label(text: str, question: Asked) -> int:
    """Where a line label of the question (`Passage:`) begins a line again, after something else; else 0."""
    for match in _LABEL.finditer(text):
        known = question.text.startswith(match[1]) or match[0] in question.text
        if known and not _CHOICES.search(match[1]) and text[: match.start()].strip():
            return match.start()
    return 0


def _run_on(text: str, low: str, question: Asked) -> int:
    """Where the invented prompt begins; 0 when there is none. The question restated at the start is none."""
    for match in _RUN_ON.finditer(low):
        before = text[: match.start()]
        if not before.strip(" \t\n#*-"):
            continue
        if _restated(text[match.end() : match.end() + 200], question) and not _answers(low[: match.start()]):
            continue
        return match.start()
    return 0


def _next_item(text: str, low: str, question: Asked, named: tuple[str, ...]) -> int:
    """Where material for another question begins, behind something that may be the answer; else 0."""
    for match in _NEXT_ITEM.finditer(low):
        said = _WORDS.findall(match[0])
        again = sum(word in question.low for word in said) * _HALF >= len(said) > 1
        if again or low[match.end() : match.end() + _LINE].strip() in question.low:
            continue
        before = low[: match.start()]
        names = any(name in before for name in named if name) or _VALUE.search(text, 0, match.start())
        return match.start() if names else 0
    return 0


def _restated(text: str, question: Asked) -> bool:
    head = _ODD.sub("", question.text[:_HEAD]).lower()[:_OWN]
    return bool(head) and _ODD.sub("", text).lower().startswith(head)


def _answers(low: str) -> bool:
    return "answer" in low or "答案" in low or "boxed" in low
