"""Folding: one spelling for what differs in typography, markup and case only."""

from __future__ import annotations

import re
import unicodedata

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\u2e3a\u2e3b\u2043"
_INVISIBLE = (
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_TO_ASCII = str.maketrans(
    dict.fromkeys(_DASHES, "-")
    | dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"')
    | {"\u00a0": " ", "\u2044": "/"}
    | dict.fromkeys(_INVISIBLE, "")
)
_MARKUP = re.compile(r"\*+|__|`+")
_ANSWER_PREFIX = re.compile(r"(?:final answer|answer|a)\s*:\s*", re.IGNORECASE)
_QUOTES = ("'", '"')
_TRAILING = " .,;:!?"


def fold(text: str) -> str:
    """`text` without typography, Markdown emphasis, a leading "Answer:", case, outer quotes and final stops.

    The steps are those of the FineTuneBench scorer (specification, section 5), in that order; the last two
    repeat until nothing changes, so that `"blue".` and `"blue."` fold alike. Inner digits stay as they are.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_TO_ASCII)
    text = " ".join(_MARKUP.sub("", text).split())
    text = without_answer_prefix(text).casefold()
    while True:
        before = text
        if len(text) > 1 and text[0] == text[-1] and text[0] in _QUOTES:
            text = text[1:-1]
        text = text.rstrip(_TRAILING).lstrip(" ")
        if text == before:
            return text


def without_answer_prefix(text: str) -> str:
    """`text` without one leading "Answer:", "Final answer:" or "A:"; the colon is needed, so "A-10" stays."""
    return _ANSWER_PREFIX.sub("", text, count=1) if _ANSWER_PREFIX.match(text) else text
