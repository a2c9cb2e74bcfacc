"""A code benchmark loaded: its problems, and how an answer is run against their tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.humaneval.options import Options
from llmgen.benchmarks.humaneval.program import assemble
from llmgen.benchmarks.humaneval.rows import as_sample
from llmgen.benchmarks.humaneval.running import about, grade_of, runner_of
from llmgen.benchmarks.rowfiles import Loaded, load_rows
from llmgen.evidence import Evidence
from llmgen.execution import RunCode
from llmgen.types import Answer, Completion, Grade, Sample, Sampling, content_hash

NAME = "humaneval"


class HumanEval:
    """Loaded problems, see `benchmarks.base.Benchmark`. `run_code` is None when nothing is run."""

    name = NAME
    template = "code"
    sampling = Sampling(temperature=0.0, max_tokens=1024)
    grades_all = False
    evidence: Mapping[str, Evidence] | None = None
    recorded: Mapping[str, str] | None = None

    def __init__(self, loaded: Loaded[Sample], run_code: RunCode | None, notes: Sequence[str]) -> None:
        self._samples = loaded.items
        self._run_code = run_code
        self.dataset_hash = content_hash(loaded.hashes)
        self.context: dict[str, Any] = about(run_code)
        self.notes = tuple(notes)

    def samples(self) -> Iterator[Sample]:
        """The problems in file order."""
        return iter(self._samples)

    async def grade(self, sample: Sample, answers: Sequence[Answer], completion: Completion) -> Grade:
        """1 when the first reading passes all tests; see `grade_of`."""
        answer = answers[0]
        cut = (completion.finish_reasons or (None,))[0] == "length"
        if answer.value is None:
            return Grade(outcome="unparsed", reason=answer.reason, was_truncated=cut)
        if self._run_code is None:
            return grade_of(None, was_truncated=cut)
        program = assemble(sample.tags.get("prompt", ""), answer.value, sample.tags["entry_point"])
        return grade_of(await self._run_code(program, sample.tags["test"]), was_truncated=cut)


def load(options: Options, context: Context) -> HumanEval:
    """Loads the problems and finds out whether code can be run here. Raises UsageError for either."""
    path = Path(options.data) if options.data else context.datasets / NAME / "sample.jsonl"
    loaded = load_rows([path], as_sample, lambda sample: sample.id, skip_bad=options.skip_bad)
    run_code, notes = runner_of(
        context, sandbox=options.sandbox, timeout_s=options.timeout, no_exec=options.no_exec
    )
    if loaded.bad:
        notes += (f"{len(loaded.bad)} malformed rows were left out",)
    if options.data is None:
        notes += ("our own sample of a few dozen problems: it shows that everything works, no more",)
    return HumanEval(loaded, run_code, notes)
