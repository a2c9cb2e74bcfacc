"""Grade the stored answers of a run again: other extractors, another scorer or judge, no call of the model.

The new grades are a child run (same samples, texts and request keys, cost 0); the parent is untouched.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import msgspec

from llmgen.config import Settings
from llmgen.errors import LlmgenError, UsageError, boundary
from llmgen.evaluate import read, verdict
from llmgen.plan import Plan
from llmgen.results import Result, sum_up, write_html
from llmgen.session import Scorer
from llmgen.store import queries
from llmgen.store.fold import fold
from llmgen.store.journal import Journal
from llmgen.store.reading import records
from llmgen.types import Completion, Record, Run, RunState, Sample, Struct
from llmgen.wiring import new_run, open_gateway, open_scorer


class Change(Struct):
    """What is graded differently now: names of extractors, the benchmark's own options, a judge."""

    extractors: tuple[str, ...] = ()
    options: dict[str, str] = {}
    judge: str | None = None

    def apply(self, plan: Plan) -> Plan:
        """The parent's plan with the changes in it."""
        return msgspec.structs.replace(
            plan,
            extractors=self.extractors or plan.extractors,
            options=plan.options | self.options,
            judge=self.judge or plan.judge,
        )


class Flip(Struct):
    """An answer whose verdict changed."""

    sample_id: str
    repeat: int
    before: str
    after: str


class Rescored(Struct):
    """The child run's numbers beside the parent's score, and every verdict that flipped."""

    result: Result
    parent: Result
    flips: tuple[Flip, ...]


async def rescore(settings: Settings, run_name: str, change: Change) -> Rescored:
    """Grades the answers of `run_name` again. Raises UsageError when nothing would change."""
    home = settings.home_path
    parent = queries.run(home, run_name)
    old_plan = msgspec.convert(parent.settings["plan"], Plan)
    plan = change.apply(old_plan)
    if plan == old_plan:
        raise UsageError(
            f"run {parent.id} was graded in this way already",
            hint="name another --extractor, --judge or --set OPTION=VALUE",
        )
    async with open_gateway(settings, plan.cache) as gateway:
        scorer = await open_scorer(gateway, plan)
        child = msgspec.structs.replace(
            new_run(plan, scorer, parent.endpoint, parent.model),
            parent_run=parent.id,
            base_run=parent.base_run,
            n_samples=parent.n_samples,
            cost_usd=0.0,
        )
        await _grade_again(settings, scorer, parent, child)
    await asyncio.to_thread(fold, home)
    result, before = sum_up(home, child.id), sum_up(home, parent.id)
    result = msgspec.structs.replace(result, report=str(write_html(home, result)))
    return Rescored(result=result, parent=before, flips=tuple(_flips(settings, parent.id, child.id)))


async def _grade_again(settings: Settings, scorer: Scorer, parent: Run, child: Run) -> None:
    """Reads every stored record, grades it, and journals it under the child run."""
    samples = {sample.id: sample for sample in scorer.benchmark.samples()}
    journal = Journal.create(settings.home_path, child, settings.durability)
    failed = 0
    try:
        for record in records(settings.home_path, parent.id):
            graded = await _graded(scorer, record, samples.get(record.sample.id, record.sample), child.id)
            failed += graded.failure is not None
            journal.append(graded)
        state: RunState = "failed_samples" if failed else "done"
        journal.end(msgspec.structs.replace(child, state=state, ended_at=time.time()))
    finally:
        await asyncio.to_thread(journal.close)


async def _graded(scorer: Scorer, record: Record, sample: Sample, run_id: str) -> Record:
    """`record` with new answers and a new grade; one without an answer is kept as it is."""
    again = msgspec.structs.replace(record, run_id=run_id, sample=sample)
    if record.completion is None:
        return again
    completion = _free(record.completion)
    try:
        with boundary("extract"):
            answers = await read(scorer.extractors, sample, completion)
        with boundary("grade"):
            grade = await verdict(scorer.benchmark.grade, sample, answers, completion)
    except LlmgenError as error:
        return msgspec.structs.replace(
            again, completion=completion, answers=(), grade=None, failure=error.failure()
        )
    return msgspec.structs.replace(again, completion=completion, answers=answers, grade=grade, failure=None)


def _free(completion: Completion) -> Completion:
    """The stored completion, marked as read from the store: it cost nothing this time."""
    usage = msgspec.structs.replace(completion.usage, cost_usd=0.0, uncertain_usd=0.0)
    return msgspec.structs.replace(completion, usage=usage, cached=True, attempts=0, via="cache")


def _flips(settings: Settings, parent_id: str, child_id: str) -> Iterator[Flip]:
    old = {
        (row.sample_id, row.repeat): row.outcome for row in queries.scored_rows(settings.home_path, parent_id)
    }
    for row in queries.scored_rows(settings.home_path, child_id):
        before = old.get((row.sample_id, row.repeat))
        if before is not None and before != row.outcome:
            yield Flip(sample_id=row.sample_id, repeat=row.repeat, before=before, after=row.outcome)
