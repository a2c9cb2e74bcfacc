"""Extractor `whole`: the answer is the whole text, once reasoning is out of the way."""

from __future__ import annotations

from llmgen.errors import UsageError
from llmgen.text import without_reasoning
from llmgen.types import Answer, Extract, Sample

NAME = "whole"
METHOD = "whole@1"


def build(**options: object) -> Extract:
    """The extractor. Raises UsageError on any option: it has none."""
    if options:
        raise UsageError(f"extractor {NAME} has no option {next(iter(options))!r}")
    return _read


def take_whole(text: str, extractor: str, method: str) -> Answer:
    """The whole text as the answer, for every extractor where there is nothing to look for in it."""
    value = without_reasoning(text)
    if not value.strip():
        reason = "reasoning only" if text.strip() else "empty"
        return Answer(kind="no_valid_answer", extractor=extractor, method=method, reason=reason)
    return Answer(kind="answered", value=value, extractor=extractor, method=method)


async def _read(sample: Sample, text: str) -> Answer:  # noqa: ARG001  # the interface of all extractors
    return take_whole(text, NAME, METHOD)
