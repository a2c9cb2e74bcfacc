"""Ranges that a description gives ("the words in order"): the text that an output states."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llmgen.extract.pinpoint import cues
from llmgen.extract.pinpoint.fields import Field

_CUE = re.compile(
    r"(?:final |correct |my )?(?:answer|result|output|sorted(?: list| words)?"
    r"|words?(?: in [a-z ]{0,30}order)?|list|order)"
    r"(?: [a-z ,]{0,40}?)?(?: is\b| are\b|:)+:?[ \t*\"']*|答案(?:是|为|:)+\s*",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"^[\s#*_>-]*(?:explanation|reason(?:ing)?|rationale|notes?|why|source|context|background|details?|further"
    r"|let me know|feel free|i hope|hope (?:this|that)|if you (?:have|need|want|would|'d)|is there"
    r"|please (?:let|note)|解释|说明|注|希望|如果(?:您|你)|请告诉)",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+", re.MULTILINE)


def stated_text(text: str, declared: Sequence[Field]) -> str | None:
    """The declared value, else what follows the last announcement, else the last line. None: a refusal.

    An explanation or a closing courtesy behind the answer is not the last line.
    """
    if declared:
        return tidy(text[declared[-1].start : declared[-1].end]) or None
    found = list(_CUE.finditer(text))
    said = ""
    if found:
        said = _paragraph(text[found[-1].end() :])
    if not said:
        lines = _without_asides([line for line in text.split("\n") if line.strip()])
        said = lines[-1] if lines else ""
        if _BULLET.match(said):
            said = " ".join(line for line in lines if _BULLET.match(line))
    if cues.has(said.lower(), cues.REFUSALS):
        return None
    return tidy(said) or None


def _without_asides(lines: list[str]) -> list[str]:
    """The lines before an explanation or a closing courtesy, if there are any."""
    for number, line in enumerate(lines):
        if number and _ASIDE.match(line):
            return lines[:number]
    return lines


def _paragraph(text: str) -> str:
    """The rest of the line; when the announcement ends its line, the list or the line below."""
    text = text.lstrip(" \t*\"'")
    line, _, rest = text.partition("\n")
    if line.strip(" :*"):
        return line
    block = rest.strip().split("\n\n", 1)[0]
    return (
        " ".join(_BULLET.sub("", line) for line in block.split("\n"))
        if _BULLET.match(block)
        else block.partition("\n")[0]
    )


def tidy(text: str) -> str:
    """Blanks collapsed, list marks, outer quotes and the final full stop off."""
    text = _BULLET.sub(" ", text).replace("**", "").replace('"', "").replace("`", "")
    return " ".join(text.split()).strip(" .'[]")
