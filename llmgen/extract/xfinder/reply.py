"""What the model's reply says (specification, section 5.3)."""

from __future__ import annotations

import math
from typing import NamedTuple

from llmgen.extract.normalise import into_range
from llmgen.extract.ranges import NO_VALID_ANSWER, Range
from llmgen.extract.xfinder.prompt import STOPS
from llmgen.types import AnswerKind, TokenLogprobs


class Reply(NamedTuple):
    """A reply, read. `reason` says why there is no value."""

    kind: AnswerKind
    value: str | None
    reason: str = ""


def cut(text: str) -> tuple[str, bool]:
    """`text` up to the earliest stop string, and whether there was one."""
    end = min((at for stop in STOPS if (at := text.find(stop)) >= 0), default=-1)
    return (text, False) if end < 0 else (text[:end], True)


def read(answers: Range, text: str) -> Reply:
    """The reading in a reply that was cut at its stops."""
    said = text.strip()
    if not said:
        return Reply("error", None, "empty_reply")
    if said.strip("[]. ").casefold() == NO_VALID_ANSWER.strip("[]").casefold():
        return Reply("no_valid_answer", None, "no_valid_answer")
    if not answers.values:
        return Reply("answered", said)
    mapped = into_range(answers, said)
    if mapped.value is None:
        return Reply("no_valid_answer", None, mapped.reason)
    return Reply("answered", mapped.value, "conflict" if mapped.conflict else "")


def confidence(logprobs: TokenLogprobs, kept: str) -> float | None:
    """Exp of the mean log probability of the tokens that make up `kept`, the reply before its stop."""
    values: list[float] = []
    length = 0
    for token, value in zip(logprobs.tokens, logprobs.logprobs, strict=True):
        if length >= len(kept):
            break
        length += len(token)
        if value is not None:
            values.append(value)
    return math.exp(math.fsum(values) / len(values)) if values else None
