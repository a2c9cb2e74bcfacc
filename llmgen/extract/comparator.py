"""When two answers to one question are the same (specification, section 3)."""

from __future__ import annotations

from typing import Self

from llmgen.extract.maths import Percent, Step, climb
from llmgen.extract.maths.verifier import Verifier
from llmgen.extract.normalise import into_range
from llmgen.extract.ranges import NO_VALID_ANSWER, Range
from llmgen.types import Struct


class Same(Struct):
    """`equal` None: it could not be found out (`how`: `timeout`, `crash`): an error, not a difference."""

    equal: bool | None
    how: str


class Comparator:
    """Compares answers; expressions that the cheap ladder leaves open go to math-verify in child processes.

    `workers` caps the processes; `timeout_s` is one pair's time, after which its process is killed. Use as
    an async context manager. No process is started before the first expression that needs one.
    """

    def __init__(self, *, workers: int = 1, timeout_s: float = 2.0) -> None:
        self._verifier = Verifier(workers=workers, timeout_s=timeout_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the child processes."""
        await self._verifier.close()

    async def warm(self) -> None:
        """Starts one child process, so that the first expression does not wait for its imports."""
        await self._verifier.warm()

    async def same(  # noqa: PLR0913  # the comparator's own options, by name
        self,
        answers: Range,
        a: str | None,
        b: str | None,
        *,
        question: str = "",
        percent: Percent = "auto",
        rtol: float = 1e-6,
    ) -> Same:
        """Whether `a` and `b` answer alike. None (or the NVA mark) is no valid answer and equals only itself.

        `percent`: `auto` lets 60% be 60 when `question` asks for a percentage, `notation` always (the
        rule of extraction scoring), `value` never.
        """
        step = compare(answers, a, b, question=question, percent=percent, rtol=rtol)
        if step.equal is not None:
            return Same(equal=step.equal, how=step.how)
        reply = await self._verifier.ask(step.pairs, both_ways=step.both_ways)
        return Same(equal=reply.equal, how=reply.how)


def compare(  # noqa: PLR0913  # the comparator's own options, by name
    answers: Range,
    a: str | None,
    b: str | None,
    *,
    question: str = "",
    percent: Percent = "auto",
    rtol: float = 1e-6,
) -> Step:
    """The comparison without a child process; `equal` None leaves `pairs` to math-verify."""
    a, b = (None if text in (None, NO_VALID_ANSWER) else text for text in (a, b))
    if a is None or b is None:
        return Step(equal=a is b, how="no_valid_answer")
    if answers.answer_type == "math":
        return climb(a, b, percent=percent, question=question, rtol=rtol)
    if a == b:
        return Step(equal=True, how="exact")
    one, other = into_range(answers, a), into_range(answers, b)
    if answers.values:
        return Step(equal=one.value is not None and one.value == other.value, how="range")
    return Step(equal=_plain(one.value) == _plain(other.value), how="text")


def _plain(text: str | None) -> str:
    """A described range's text without commas, quotes, doubled blanks, a final full stop and case."""
    kept = "".join(" " if char in ",;\"'" else char for char in text or "")
    return " ".join(kept.split()).rstrip(". ").casefold()
