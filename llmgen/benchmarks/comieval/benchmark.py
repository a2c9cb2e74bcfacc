"""ComiEval loaded: recorded answers, which are run and then corrected by TED."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.comieval.files import Recorded, read_items
from llmgen.benchmarks.comieval.options import Options
from llmgen.benchmarks.humaneval.running import about, grade_of, runner_of
from llmgen.errors import UsageError
from llmgen.evidence import Evidence
from llmgen.execution import RunCode
from llmgen.text.python import defines
from llmgen.types import Answer, Completion, Draw, Grade, Sample, Sampling, content_hash

NAME = "comieval"


class ComiEval:
    """Recorded answers, see `benchmarks.base.Benchmark`. The recorded answer is the greedy one.

    The draws of an item are graded with its greedy answer; `evidence` holds their grades from then on.
    """

    name = NAME
    template = "verbatim"
    sampling = Sampling()
    grades_all = True

    def __init__(self, found: Recorded, run_code: RunCode | None, notes: Sequence[str]) -> None:
        self._samples = tuple(item.sample for item in found.items)
        self._run_code = run_code
        self._evidence = {item.sample.id: item.evidence for item in found.items}
        self._graded: set[str] = set()
        self.dataset_hash = content_hash(found.hashes)
        self.context: dict[str, Any] = about(run_code)
        self.notes = tuple(notes)
        self.recorded: Mapping[str, str] | None = {
            name: (one.greedy and one.greedy.text) or "" for name, one in self._evidence.items()
        }
        self.evidence: Mapping[str, Evidence] | None = self._evidence

    def samples(self) -> Iterator[Sample]:
        """The items, dose by dose or in file order."""
        return iter(self._samples)

    async def grade(self, sample: Sample, answers: Sequence[Answer], completion: Completion) -> Grade:  # noqa: ARG002  # the text was read already
        """Whether the answer passes its task's tests. A blank answer is a wrong one, as published."""
        if sample.id in self._evidence and sample.id not in self._graded:
            self._graded.add(sample.id)
            self._evidence[sample.id] = await self._with_grades(self._evidence[sample.id])
        return await self._run(sample, answers[0].value or "")

    async def _with_grades(self, evidence: Evidence) -> Evidence:
        """`evidence` with the grade of every answer that came."""
        greedy = evidence.greedy or Draw(reason="not_returned")
        first, *draws = await asyncio.gather(
            *(self._valued(evidence.sample, draw) for draw in (greedy, *evidence.draws))
        )
        return msgspec.structs.replace(evidence, greedy=first, draws=tuple(draws))

    async def _valued(self, sample: Sample, draw: Draw) -> Draw:
        if draw.text is None:
            return draw
        return msgspec.structs.replace(draw, value=(await self._run(sample, draw.text)).value)

    async def _run(self, sample: Sample, text: str) -> Grade:
        if self._run_code is None:
            return grade_of(None)
        return grade_of(await self._run_code(program_of(sample, text), sample.tags["test"]))


def program_of(sample: Sample, text: str) -> str:
    """The prompt and what came after it, as they are; a text that is the whole function begins a new line."""
    prompt = sample.tags["prompt"]
    apart = text[:1].strip() and defines(text, sample.tags["entry_point"])
    return f"{prompt.rstrip()}\n\n{text}" if apart else f"{prompt}{text}"


def load(options: Options, context: Context) -> ComiEval:
    """Loads answers and problems, and finds out whether code can be run here. Raises UsageError."""
    packaged = context.datasets / "detcon"
    if (options.data is None) != (options.problems is None):
        raise UsageError(
            "--data and --problems go together", hint="the answers, and the tests of their tasks"
        )
    data = Path(options.data) if options.data else packaged / "sample.jsonl"
    problems = Path(options.problems) if options.problems else packaged / "items.jsonl"
    if options.data is None and not data.exists():
        raise UsageError("the packaged set is missing", hint="name recorded answers: --data, --problems")
    found = read_items(data, problems, skip_bad=options.skip_bad)
    run_code, notes = runner_of(
        context, sandbox=options.sandbox, timeout_s=options.timeout, no_exec=options.no_exec
    )
    if found.bad:
        notes += (f"{len(found.bad)} malformed rows were left out",)
    if options.data is None:
        notes += ("the packaged set is small and of one small model: it shows the method, no more",)
    return ComiEval(found, run_code, notes)
