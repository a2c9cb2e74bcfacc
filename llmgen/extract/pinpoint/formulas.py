r"""Elements of a range that are numbers or formulas, by their value: `2\sqrt{5}` names "$2 \sqrt{5}$ cm"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from llmgen.extract.maths import canonical
from llmgen.extract.pinpoint.fields import Field
from llmgen.extract.pinpoint.names import AMBIGUOUS
from llmgen.extract.pinpoint.scene import Place

_FORMULA = re.compile(r"[\d\\]")
_UNIT = re.compile(r"\s*\\(?:mathrm|text|mathbf|textbf|operatorname)\s*\{[^{}]*\}\s*\$?\s*$")
_ANNOUNCED = re.compile(r"answer (?:is|would be|should be)[ \t:]*([^\n]{1,80}?)(?=\.?\s*(?:\n|$)|\.\s)")
_LONGEST = 80


@lru_cache(maxsize=4096)
def _by_value(texts: tuple[str, ...]) -> dict[str, int]:
    """Canonical values to elements, with and without a unit; a value of several elements is ambiguous."""
    found: dict[str, int] = {}
    for index, text in enumerate(texts):
        if len(text) > _LONGEST or not _FORMULA.search(text):
            continue
        for spelled in {canonical(text.strip("$ ")), canonical(_UNIT.sub("", text).strip("$ "))}:
            if spelled:
                found[spelled] = AMBIGUOUS if found.get(spelled, index) != index else index
    return found


def find(
    texts: tuple[str, ...], text: str, low: str, declared: Sequence[Field], known: Sequence[Place]
) -> list[Place]:
    """Places where a declared or announced value is an element's, and no element is named there already."""
    if not any(map(_FORMULA.search, texts)):
        return []
    spans = [(field.start, field.end) for field in declared]
    if "answer" in low:
        spans += [match.span(1) for match in _ANNOUNCED.finditer(low)]
    found: dict[int, Place] = {}
    for start, end in spans:
        if end - start > _LONGEST or any(start <= place.start < end for place in known):
            continue
        value = _by_value(texts).get(canonical(text[start:end].strip(" *\"'")))
        if value is not None:
            found.setdefault(start, Place(value, start, end, "formula"))
    return list(found.values())
