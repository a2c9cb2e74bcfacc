"""From an answer as it came to the text that is compared: thoughts, line ends, spellings and code fences.

`final_text` is ours, `strip_code` the published preparation with its faults (YihongDong/CDD-TED4LLMs).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, TypeAlias

from llmgen.text import without_reasoning
from llmgen.types import Draw, Struct

Missing: TypeAlias = Literal["empty", "only_fence", "refused", "truncated", "not_returned", "error"]

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^`\n]*)$")
_CUT_OFF = frozenset({"length", "max_tokens", "max_output_tokens"})


class Prepared(Struct):
    """An answer as it is compared. `missing` says why there is nothing to compare; `text` is then blank.

    `whole`: the text is all of the answer, so that the answer's own token ids stand for it.
    """

    text: str = ""
    missing: Missing | None = None
    whole: bool = True


def final_text(draw: Draw) -> Prepared:
    """What `draw` answers in the end, or why that is missing. An answer that was cut by a limit is kept.

    Without `<think>` blocks; CRLF and CR as LF; NFC; lone surrogates spelled out; the body of the first
    closed code block that is not blank, else all lines but those of fences.
    """
    if draw.text is None:
        return Prepared(missing=_reason(draw.reason))
    answer = without_reasoning(draw.text)
    whole = answer is draw.text
    if not answer.strip():
        missing: Missing = "truncated" if _cut_in_thought(draw) else "empty"
        return Prepared(text=normalised(answer), missing=missing, whole=whole)
    answer = normalised(answer)
    code = unfenced(answer)
    missing_code: Missing | None = None if code.strip() else "only_fence"
    return Prepared(text=code, missing=missing_code, whole=whole and code is answer)


def normalised(text: str) -> str:
    """`text` with LF line ends, in NFC, and encodable: one NFD word would cost three edits."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", text.encode("utf-8", "backslashreplace").decode("utf-8"))


def unfenced(text: str) -> str:
    """The body of the first closed fenced block that is not blank; without one, `text` less its fence lines.

    An answer that goes on with a block of the prompt begins with a closing fence: without an end, no block.
    A fence with an info string always opens a block, unless a longer fence is open (CommonMark 0.31, 4.5).
    """
    if "```" not in text and "~~~" not in text:
        return text
    lines = text.split("\n")
    fences = [found and (found[1], found[2].strip()) for found in map(_FENCE.match, lines)]
    opened, start = "", 0
    for at, fence in enumerate(fences):
        if not fence:
            continue
        marks, info = fence
        fits = not opened or (marks[0] == opened[0] and len(marks) >= len(opened))
        if opened and fits and not info:
            body = "\n".join(lines[start:at])
            if body.strip():
                return body + "\n"
            opened = ""
        elif fits:
            opened, start = marks, at + 1
    if not any(fences):
        return text
    return "\n".join(line for line, fence in zip(lines, fences, strict=True) if not fence)


def strip_code(text: str) -> str:
    """The published preparation: up to the first triple newline, else up to the first fence.

    An answer that begins with a fence becomes empty, and five different ones become the same.
    """
    if "\n\n\n" in text:
        return text.strip().split("\n\n\n")[0]
    return text.strip().split("```")[0]


def _reason(reason: str) -> Missing:
    match reason:
        case "refused" | "not_returned" | "truncated" | "empty":
            return reason
        case _:
            return "error"


def _cut_in_thought(draw: Draw) -> bool:
    text = draw.text or ""
    return text.rfind("<think>") > text.rfind("</think>") or (draw.finish or "").lower() in _CUT_OFF
