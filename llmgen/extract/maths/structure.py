"""What a value is made of: a tuple, a set, an interval, a union, a matrix, a bare list."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

Shape: TypeAlias = Literal["tuple", "set", "interval", "union", "matrix", "list"]

_MATRIX = re.compile(r"\\begin\{([bpvBV]?matrix|array)\}(?:\{[^{}]*\})?(.*?)\\end\{\1\}", re.DOTALL)
_CUP = re.compile(r"\\cup(?![a-zA-Z])")
_AND = re.compile(r"\s+(?:and|or)\s+|\s*[和或]\s*")
_OPENING, _CLOSING = "([{", ")]}"
_THOUSANDS = re.compile(r"(?<!\d)\d{1,3}(?:,\d{3})+(?!\d)")
_PAIR = 2


class Structured(NamedTuple):
    """A composed value. `brackets` are the outer two, "" for a bare list, the row lengths of a matrix."""

    shape: Shape
    parts: tuple[str, ...]
    brackets: str = ""


def structure(text: str) -> Structured | None:
    """The structure of a stripped text, None when it is a single value."""
    matrix = _MATRIX.fullmatch(text)
    if matrix:
        rows = [row.split("&") for row in matrix[2].strip().removesuffix("\\\\").split("\\\\")]
        cells = tuple(cell.strip() for row in rows for cell in row)
        return Structured("matrix", cells, "x".join(str(len(row)) for row in rows))
    if "\\cup" in text:
        return Structured("union", tuple(part.strip() for part in _CUP.split(text)))
    spelled = text.replace("\\{", "{").replace("\\}", "}")
    inside = _inside(spelled)
    if inside is not None:
        return _bracketed(spelled[0] + spelled[-1], tuple(split(inside)))
    parts = [piece.strip() for part in split(spelled) for piece in _AND.split(part)]
    parts = [part.removeprefix("and ").removeprefix("or ") for part in parts if part]
    return Structured("list", tuple(parts)) if len(parts) > 1 else None


def _bracketed(brackets: str, parts: tuple[str, ...]) -> Structured | None:
    if brackets == "{}":
        return Structured("set", parts, brackets)
    if len(parts) == _PAIR and brackets in ("[)", "(]"):
        return Structured("interval", parts, brackets)
    if len(parts) > 1 and brackets in ("()", "[]"):
        return Structured("tuple", parts, brackets)
    return None


def _inside(text: str) -> str | None:
    """What one pair of outer brackets holds, None when the first bracket closes before the end."""
    if len(text) < 2 or text[0] not in _OPENING or text[-1] not in _CLOSING:  # noqa: PLR2004  # two brackets
        return None
    depth = 0
    for at, char in enumerate(text):
        if char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth -= 1
            if depth == 0 and at < len(text) - 1:
                return None
    return text[1:-1] if depth == 0 else None


def split(text: str) -> list[str]:
    """The parts between top-level commas and semicolons; a comma inside `1,000` is a thousands mark."""
    marks = {at for match in _THOUSANDS.finditer(text) for at in range(match.start(), match.end())}
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        if char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth -= 1
        elif char in ",;" and depth == 0 and at not in marks:
            parts.append(text[start:at].strip())
            start = at + 1
    return [*parts, text[start:].strip()]
