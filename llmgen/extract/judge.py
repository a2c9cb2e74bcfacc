"""A model as judge: is this answer the gold answer? It has to say Correct or Incorrect, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeAlias

from llmgen.text import fold, without_reasoning
from llmgen.types import Complete, Judge, Message, Request, Sampling, Verdict

TEMPLATE = "judge"
SAMPLING = Sampling(temperature=0.0, max_tokens=512)  # room for a model that reasons before its word

Fill: TypeAlias = Callable[..., tuple[Message, ...]]
"""(template, **values) -> messages, as `Prompts.fill`."""

_BACKTICKS = re.compile(r"`+")
_WORDS: dict[str, Literal["correct", "incorrect"]] = {"correct": "correct", "incorrect": "incorrect"}


def build_judge(
    complete: Complete,
    fill: Fill,
    *,
    endpoint: str,
    model: str,
    sampling: Sampling = SAMPLING,
) -> Judge:
    """A judge that asks `model` at `endpoint` through `complete`.

    The template gets question, gold, context and answer, and a fence that none of them contains, so that
    what an answer says stays data. The judge raises whatever `complete` raises.
    """

    async def judge(question: str, gold: str, context: str, answer: str) -> Verdict:
        values = {"question": question, "gold": gold, "context": context, "answer": answer}
        messages = fill(TEMPLATE, **values, fence=fence_for(*values.values()))
        completion = await complete(
            Request(endpoint=endpoint, model=model, messages=messages, sampling=sampling)
        )
        return Verdict(word=read_verdict(completion.text), raw=completion.text, model=completion.model)

    return judge


def read_verdict(reply: str) -> Literal["correct", "incorrect", "unparsed"]:
    """The judge's word: the folded reply has to be exactly one of the two, all else is unparsed."""
    return _WORDS.get(fold(without_reasoning(reply)), "unparsed")


def fence_for(*texts: str) -> str:
    """A run of backticks longer than any in `texts`, and at least three."""
    longest = max((len(run) for text in texts for run in _BACKTICKS.findall(text)), default=0)
    return "`" * max(3, longest + 1)
