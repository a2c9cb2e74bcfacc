"""A code benchmark loaded: its problems, and how an answer is run against their tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.humaneval.options import Options
from llmgen.benchmarks.humaneval.program import assemble
from llmgen.benchmarks.humaneval.rows import as_sample
from llmgen.benchmarks.rowfiles import Loaded, load_rows
from llmgen.errors import UsageError
from llmgen.evidence import Evidence
from llmgen.execution import RunCode
from llmgen.types import Answer, Completion, Grade, Sample, Sampling, content_hash

NAME = "humaneval"
NOT_EXECUTED = "not_executed"
TIMEOUT = "timeout"
UNSAFE = "model-written code ran without a sandbox (--sandbox none), which is not a security boundary"


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
        self.context: dict[str, Any] = dict(run_code.about) if run_code else {"sandbox": NOT_EXECUTED}
        self.notes = tuple(notes)

    def samples(self) -> Iterator[Sample]:
        """The problems in file order."""
        return iter(self._samples)

    async def grade(self, sample: Sample, answers: Sequence[Answer], completion: Completion) -> Grade:
        """1 when the first reading passes all tests; a timeout is wrong, an error of the sandbox no grade."""
        answer = answers[0]
        cut = (completion.finish_reasons or (None,))[0] == "length"
        if answer.value is None:
            return Grade(outcome="unparsed", reason=answer.reason, was_truncated=cut)
        if self._run_code is None:
            return Grade(outcome="unparsed", reason=NOT_EXECUTED, was_truncated=cut)
        tags = sample.tags
        program = assemble(tags.get("prompt", ""), answer.value, tags["entry_point"])
        execution = await self._run_code(program, tags["test"])
        match execution.ended:
            case "pass":
                return Grade(outcome="correct", value=1.0, was_truncated=cut)
            case "error":
                return Grade(outcome="error", reason=execution.reason, was_truncated=cut)
            case "timeout":
                return Grade(outcome="wrong", value=0.0, reason=TIMEOUT, was_truncated=cut)
            case "fail":
                return Grade(outcome="wrong", value=0.0, reason=execution.reason, was_truncated=cut)


def load(options: Options, context: Context) -> HumanEval:
    """Loads the problems and finds out whether code can be run here. Raises UsageError for either."""
    path = Path(options.data) if options.data else context.datasets / NAME / "sample.jsonl"
    loaded = load_rows([path], as_sample, lambda sample: sample.id, skip_bad=options.skip_bad)
    notes = [f"{len(loaded.bad)} malformed rows were left out"] if loaded.bad else []
    if options.data is None:
        notes.append("our own sample of a few dozen problems: it shows that everything works, no more")
    if options.no_exec:
        notes.append("no code was run: grade the answers with llmgen rescore RUN --set no_exec=false")
        return HumanEval(loaded, None, notes)
    if context.open_runner is None:
        raise UsageError("nothing here runs code", hint="use --no-exec")
    if options.sandbox == "none":
        notes.append(UNSAFE)
    return HumanEval(loaded, context.open_runner(options.sandbox, options.timeout), notes)
