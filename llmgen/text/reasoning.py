"""Reasoning that a model wrote before its answer, in `<think>` tags."""

from __future__ import annotations

import re

_BLOCK = re.compile(r"<think>.*?</think>", re.DOTALL)
_OPEN, _CLOSE = "<think>", "</think>"


def without_reasoning(text: str) -> str:
    """`text` without `<think>` blocks; unchanged, byte by byte, when there are none.

    A block that was never closed (a cut answer) takes the rest with it; a lone `</think>` ends reasoning
    that the chat template had opened.
    """
    if _OPEN not in text and _CLOSE not in text:
        return text
    text = _BLOCK.sub("", text)
    return text.partition(_OPEN)[0].rpartition(_CLOSE)[2].lstrip()
