"""Names of code: is the identifier that the gold answer gives the one that the response gives?"""

from __future__ import annotations

import re
from functools import lru_cache

from llmgen.text import without_answer_prefix

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_FENCE = re.compile(r"```\w*\n?")
_BACKTICKED = re.compile(r"`([^`]+)`")
_KIND = "function|method|class"
_ARTICLED = re.compile(
    rf"the\s+(?:{_KIND})\s+(?P<behind>\S+)|the\s+(?P<before>\S+)\s+(?:{_KIND})", re.IGNORECASE
)
_OUTER = " \t\r\n`'\"\u2018\u2019\u201c\u201d*"
_STOPS = " \t\r\n.,;:!?"


def same_identifier(gold: str, response: str, question: str) -> bool:
    """Case-sensitive equality of the names, or the gold is the only new code-like name of a sentence.

    Backticks, quotes, call parentheses, a dotted prefix and "the function/method/class" do not count.
    Code-like is what stands in backticks, else what holds `_` or is CamelCase; names of the question are
    not new.
    """
    wanted = _name(gold, question)
    return wanted is not None and _name(response, question) == wanted


def _name(text: str, question: str) -> str | None:
    """The one identifier that `text` gives; None when it gives none or several."""
    plain = _bare(text)
    if plain is not None:
        return plain
    known = _names_of(question)
    new = {name for name in _code_like(text) if name not in known}
    return new.pop() if len(new) == 1 else None


def _bare(text: str) -> str | None:
    """The identifier when the text is nothing else, once its wrapping is taken off."""
    core = _unwrapped(without_answer_prefix(_FENCE.sub("", text).strip()))
    articled = _ARTICLED.fullmatch(core)
    if articled:
        core = _unwrapped(articled["behind"] or articled["before"])
    if core.endswith(")"):
        core = core.partition("(")[0]
    core = core.rpartition(".")[2].strip(_OUTER)
    return core if _IDENTIFIER.fullmatch(core) else None


def _unwrapped(text: str) -> str:
    while True:
        before = text
        text = text.strip(_OUTER).rstrip(_STOPS)
        if text == before:
            return text


def _code_like(text: str) -> set[str]:
    """The code-like names of a sentence."""
    spans = _BACKTICKED.findall(_FENCE.sub("`", text))
    if spans:
        return {name for span in spans if (name := _bare(span)) is not None}
    return {name for name in _IDENTIFIER.findall(text) if "_" in name or _is_camel(name)}


def _is_camel(name: str) -> bool:
    """Upper case behind the first letter, and lower case somewhere: MultiTargetRegressor, runQuery."""
    return any(char.isupper() for char in name[1:]) and any(char.islower() for char in name)


@lru_cache(8192)
def _names_of(question: str) -> frozenset[str]:
    return frozenset(_IDENTIFIER.findall(question))
