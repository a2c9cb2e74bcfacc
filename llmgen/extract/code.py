"""Extractor `code`: the program text of an answer, out of fences and prose.

What is read is a whole function or the rest of one; whether it is right is for the tests to say. The name
that is looked for is the sample's tag `entry_point`.
"""

from __future__ import annotations

import re

from llmgen.errors import UsageError
from llmgen.text import without_reasoning
from llmgen.text.python import compiles
from llmgen.types import Answer, Extract, Sample

NAME = "code"
METHOD = "code@1"
MOST_CUTS = 50

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([^`\n]*?)[ \t]*$")
_TOP_LEVEL = re.compile(r"import\s+\w|from\s+\S+\s+import\b|(?:async\s+)?def\s+\w|class\s+\w|@\w")


def build(**options: object) -> Extract:
    """The extractor. Raises UsageError on any option: it has none."""
    if options:
        raise UsageError(f"extractor {NAME} has no option {next(iter(options))!r}")
    return _read


async def _read(sample: Sample, text: str) -> Answer:
    answer = without_reasoning(text).replace("\r\n", "\n").replace("\r", "\n")
    value = code_of(answer, sample.tags.get("entry_point"))
    if not value.strip():
        reason = "no code" if answer.strip() else "reasoning only" if text.strip() else "empty"
        return Answer(kind="no_valid_answer", extractor=NAME, method=METHOD, reason=reason)
    return Answer(kind="answered", value=value, extractor=NAME, method=METHOD)


def code_of(text: str, entry_point: str | None) -> str:
    """The code in `text`: a fenced block if there is one, else what is left without prose around it.

    Of several blocks the last that defines `entry_point` (models correct themselves), else the first that is
    not blank. An answer that begins with indented text goes on with the prompt: all before its first fence.
    A fence alone makes no answer blank: one that goes on inside a block closes it first.
    """
    blocks, rest = _split(text)
    defining = [block for block in blocks if entry_point and _defines(block, entry_point)]
    if defining:
        return defining[-1]
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first[:1] in {" ", "\t"} and not _FENCE.match(first):
        before = next((at for at, line in enumerate(lines) if _FENCE.match(line)), len(lines))
        return _without_prose("\n".join(lines[:before]), entry_point)
    return blocks[0] if blocks else _without_prose(rest, entry_point)


def _split(text: str) -> tuple[list[str], str]:
    """The bodies of fenced blocks that are not blank, and the text without fence lines.

    A block opens at any fence and closes at a bare one of the same kind, at least as long (CommonMark 0.31,
    4.5). One that is never closed, because the answer was cut, counts if its fence names a language.
    """
    blocks: list[str] = []
    plain: list[str] = []
    inside: list[str] = []
    opened, language = "", ""
    for line in text.split("\n"):
        fence = _FENCE.match(line)
        if fence is None:
            (inside if opened else plain).append(line)
        elif not opened:
            opened, language = fence[1], fence[2]
        elif fence[1][0] == opened[0] and len(fence[1]) >= len(opened) and not fence[2]:
            blocks.append("\n".join([*inside, ""]))
            plain += inside
            inside, opened = [], ""
        else:
            inside.append(line)
    if opened and language:
        blocks.append("\n".join(inside))
    return [block for block in blocks if block.strip()], "\n".join(plain + inside)


def _defines(code: str, name: str) -> bool:
    """By the look of it, so that a block that was cut off counts."""
    opening = rf"^[ \t]*(?:async[ \t]+def|def|class)[ \t]+{re.escape(name)}\b"
    return re.search(opening, code, re.MULTILINE) is not None


def _without_prose(text: str, entry_point: str | None) -> str:
    """`text` from its first line of code on, cut before the prose or the unfinished code that follows."""
    lines = text.split("\n")
    start = 0
    if entry_point and _defines(text, entry_point):
        start = next((at for at, line in enumerate(lines) if _TOP_LEVEL.match(line)), 0)
    lines = lines[start:]
    head = "" if _TOP_LEVEL.match(lines[0]) else "def answer():\n    pass\n"
    whole = "\n".join(lines)
    if compiles(head + whole):
        return whole
    cuts = [at for at, line in enumerate(lines) if at and line[:1].strip()]
    for cut in reversed(cuts[:MOST_CUTS]):
        part = "\n".join([*lines[:cut], ""])
        if part.strip() and compiles(head + part):
            return part
    return whole
