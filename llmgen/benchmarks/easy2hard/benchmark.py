"""Easy2Hard loaded: its items and arms, and how an answer of each kind is graded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.easy2hard import moves
from llmgen.benchmarks.easy2hard.arms import Asked, about, plan
from llmgen.benchmarks.easy2hard.files import notes_of, read_items
from llmgen.benchmarks.easy2hard.options import Options
from llmgen.benchmarks.easy2hard.program import assemble
from llmgen.benchmarks.humaneval.running import grade_of, runner_of
from llmgen.errors import UsageError
from llmgen.evidence import Evidence
from llmgen.execution import RunCode
from llmgen.types import Answer, Compare, Completion, Grade, Sample, Sampling, content_hash

NAME = "easy2hard"
ATTRIBUTION = (
    "rows in the form of Easy2Hard-Bench (Ding et al., arXiv 2409.18433; its rows are CC BY-SA 4.0); "
    "the paper's evaluation code is not published: these numbers are llmgen's own and not its curves"
)
OURS = "our own sample, whose difficulties are invented: it shows that all works and says nothing of a model"
_REASON = 200
STRINGS = "moves were compared as text: the library chess is not installed (pip install 'llmgen[chess]')"


class Easy2Hard:
    """Loaded items, see `benchmarks.base.Benchmark`. `run_code` is None when nothing is run."""

    name = NAME
    template = "easy2hard"
    sampling = Sampling(temperature=0.0, max_tokens=1024)
    grades_all = False
    evidence: Mapping[str, Evidence] | None = None
    recorded: Mapping[str, str] | None = None

    def __init__(  # noqa: PLR0913, PLR0917  # the parts, put together by load
        self,
        asked: Sequence[Asked],
        hashes: Sequence[str],
        options: Options,
        same: Compare | None,
        run_code: RunCode | None,
        notes: Sequence[str],
    ) -> None:
        self._asked = tuple(asked)
        self._same = same
        self._run_code = run_code
        self.dataset_hash = content_hash([hashes, options.skip_bad, options.set])
        self.notes = tuple(notes)
        self.context: dict[str, Any] = {
            "bins": options.bins,
            "binning": options.binning,
            "rating_noise": options.rating_noise,
            "sgr": options.sgr,
            "grid": options.grid,
            "seeds": options.seeds,
            "sets": {one.name: {"shots": one.shots, **about(one, options)} for one in asked},
        }

    def samples(self) -> Iterator[Sample]:
        """The items without examples, set by set, and then the arms."""
        plain = chain.from_iterable(one.plain() for one in self._asked)
        return chain(plain, chain.from_iterable(one.with_examples() for one in self._asked))

    async def grade(self, sample: Sample, answers: Sequence[Answer], completion: Completion) -> Grade:
        """1 when the first reading is the answer; programs have to pass all tests of their problem."""
        answer = answers[0]
        cut = (completion.finish_reasons or (None,))[0] == "length"
        if answer.value is None:
            return Grade(outcome="unparsed", reason=answer.reason, was_truncated=cut)
        if sample.answer_type == "code":
            if self._run_code is None:
                return grade_of(None, was_truncated=cut)
            program = assemble(answer.value, sample.tags["tests"])
            return grade_of(await self._run_code(*program), was_truncated=cut)
        if "fen" in sample.tags:
            return _move(sample, answer.value, cut=cut)
        return await self._compared(sample, answer.value, cut=cut)

    async def _compared(self, sample: Sample, value: str, *, cut: bool) -> Grade:
        if self._same is None:
            raise UsageError("nothing here compares answers")
        equal = await self._same(sample, value, sample.target, percent="auto")
        if equal is None:
            return Grade(outcome="error", reason="the answer could not be compared", was_truncated=cut)
        return _grade(correct=equal, reason=f"read {value}", cut=cut)


def load(options: Options, context: Context) -> Easy2Hard:
    """Loads the rows, plans the arms and opens the sandbox if there are programs. Raises UsageError."""
    home = context.datasets / NAME
    data = Path(options.data) if options.data else home / "sample"
    found = read_items(data, options.set, context.read_parquet, skip_bad=options.skip_bad)
    asked = [plan(name, found.train.get(name, []), items, options) for name, items in found.eval.items()]
    notes = notes_of(found, home / "card.toml" if options.data else None)
    notes += [note for one in asked for note in one.notes]
    run_code = None
    if "codeforces" in found.eval:
        run_code, said = _runner(options, context)
        notes += said
    if "lichess" in found.eval and not moves.has_library():
        notes.append(STRINGS)
    notes.append(ATTRIBUTION if options.data else OURS)
    return Easy2Hard(asked, found.hashes, options, context.comparators.get("ours"), run_code, notes)


def _runner(options: Options, context: Context) -> tuple[RunCode | None, tuple[str, ...]]:
    try:
        return runner_of(context, sandbox=options.sandbox, timeout_s=options.timeout, no_exec=options.no_exec)
    except UsageError as error:
        either = f"{error.hint}, or " if error.hint else ""
        hint = f"{either}leave codeforces out with --set"
        raise UsageError(error.message, hint=hint) from error


def _move(sample: Sample, text: str, *, cut: bool) -> Grade:
    tags = sample.tags
    found = moves.compare(tags["fen"], text, tags.get("san", ""), tags.get("uci", ""))
    if found == "no_move":
        return Grade(outcome="unparsed", reason="no move", was_truncated=cut)
    reason = "an illegal move" if found == "illegal" else f"read {text}"
    return _grade(correct=found == "same", reason=reason, cut=cut)


def _grade(*, correct: bool, reason: str, cut: bool) -> Grade:
    if correct:
        return Grade(outcome="correct", value=1.0, was_truncated=cut)
    return Grade(outcome="wrong", value=0.0, reason=reason[:_REASON], was_truncated=cut)
