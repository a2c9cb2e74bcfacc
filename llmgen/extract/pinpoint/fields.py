r"""Places that an output itself declares as its answer: JSON fields, tags, `\boxed{}`, `####`."""

from __future__ import annotations

import re
from typing import NamedTuple

from llmgen.extract.maths import closing_brace

_QUOTED_KEY = re.compile(
    r"""["'](?<!\\.)(?:final|correct|predicted|my)?[_ -]?(?:answer|ans|答案|choice|prediction"""
    r"""|predicted_label|label"""
    r"""|category|option|类别|正确答案|solution|result|value)(?:_?(?:letter|choice|text|value))?["']\s*[:：]\s*""",  # noqa: RUF001  # full-width
    re.IGNORECASE,
)
_BARE_VALUE = re.compile(r"[^,}\]\n]*")
_TAG = re.compile(
    r"<(answer|final_answer|ans|final|choice|label|output)>(.*?)(?:</\1>|\Z)", re.IGNORECASE | re.DOTALL
)
_BOXED = re.compile(r"\\?\\(?:boxed|fbox)\s*(?=\{)|(?<![a-z])boxed(?=\{)")
_HASHES = re.compile(r"#{4,}[ \t]*(?:(?:final )?answer:?)?[ \t]*([^\n#]+)")
_QUOTED = re.compile(r'answer:?[*\s]*"""\s*(.*?)\s*(?:"""|\Z)', re.IGNORECASE | re.DOTALL)
_EMPTY = re.compile(
    r"""[\s_."'.…\[\]{}<>*-]*(?:your answer|answer|letter|x|null|none|string)?[\s_."'.…\[\]{}<>*-]*"""
)
_LONGEST, _MOST = 400, 60


class Field(NamedTuple):
    """A declared answer: where its text lies and what declared it (`json`, `tag`, `boxed`, `hash`)."""

    start: int
    end: int
    form: str


def fields(text: str) -> tuple[list[Field], bool]:
    """All declared answers in order of their place, and whether the last of them is empty (`___`, `null`).

    Empty ones are left out.
    """
    found: list[Field] = []
    if ":" in text and ('"' in text or "'" in text):
        found += [_json_value(text, match.end()) for match in _QUOTED_KEY.finditer(text)]
    if "boxed" in text:
        for match in [*_BOXED.finditer(text)][-_MOST:]:
            part = text[match.end() : match.end() + _LONGEST + 2]  # what closes later is no answer
            found.append(Field(match.end() + 1, match.end() + closing_brace(part, 0), "boxed"))
    if "<" in text:
        found += [Field(match.start(2), match.end(2), "tag") for match in _TAG.finditer(text)]
    if '"""' in text:
        found += [Field(match.start(1), match.end(1), "tag") for match in _QUOTED.finditer(text)]
    if "####" in text:
        found += [Field(match.start(1), match.end(1), "hash") for match in _HASHES.finditer(text)]
    kept = [field for field in found if field.end - field.start <= _LONGEST and _says_something(text, field)]
    return sorted(kept), bool(found) and not _says_something(text, max(found))


def _says_something(text: str, field: Field) -> bool:
    return field.end > field.start and not _EMPTY.fullmatch(text[field.start : field.end].lower())


def _json_value(text: str, start: int) -> Field:
    """A JSON value, quoted or not, closed or not: a raw line end is no end, an escaped quote neither."""
    quote = text[start : start + 1]
    if quote not in ('"', "'"):
        match = _BARE_VALUE.match(text, start)
        end = match.end() if match else start
        if quote == "[":
            end = text.find("]", start)
            return Field(start + 1, end if end >= 0 else len(text), "json")
        return Field(start, end, "json")
    at = start + 1
    while (at := text.find(quote, at)) >= 0 and text[at - 1] == "\\":
        at += 1
    return Field(start + 1, at if at >= 0 else len(text), "json")
