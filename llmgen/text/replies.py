"""Replies of a fixed kind: abstentions, and yes or no."""

from __future__ import annotations

import re
from typing import Literal

from llmgen.text.folding import fold

_CANNOT = r"(?:cannot|can't|cant|can not)"
_ABSTENTION = re.compile(
    r"none|n/a|null|unknown|unanswerable"
    r"|not (?:known|available|applicable)"
    r"|no (?:answer|information|data)(?: (?:is )?available)?"
    r"|i (?:don't|dont|do not) know\b.*"
    rf"|{_CANNOT} (?:answer|determine)\b.*"
    rf"|(?:i|we) {_CANNOT}\b.*"
)
_YES, _NO = re.compile(r"\byes\b"), re.compile(r"\bno\b")
_ALONE: dict[str, Literal["yes", "no"]] = {"true": "yes", "correct": "yes", "false": "no", "incorrect": "no"}


def is_abstention(text: str) -> bool:
    """Whether the whole text declines to answer ("None", "Unknown", "I don't know ...", "I cannot ...")."""
    return _ABSTENTION.fullmatch(fold(text)) is not None


def yes_or_no(text: str) -> Literal["yes", "no"] | None:
    """What the text says: it opens with yes or no and does not hold the other word, or is true/false alone.

    Anything else is None: "Yes and no", "probably", a colour.
    """
    folded = fold(text)
    if folded in _ALONE:
        return _ALONE[folded]
    if _YES.match(folded) and not _NO.search(folded):
        return "yes"
    if _NO.match(folded) and not _YES.search(folded):
        return "no"
    return None
