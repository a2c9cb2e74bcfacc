"""Grade the stored answers of a run again: other extractors, another scorer or judge, no call of the model.

The new grades are a child run (same samples, texts and request keys; it costs what a judge costs); the
parent is untouched.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import msgspec

from llmgen import __version__
from llmgen.config import Settings
from llmgen.errors import LlmgenError, RunStopped, StoreError, UsageError, boundary
from llmgen.evaluate import read, verdict
from llmgen.plan import Plan, stored_plan
from llmgen.results import Result, sum_up, write_html
from llmgen.session import Scorer, is_failed
from llmgen.store import queries
from llmgen.store.fold import fold
from llmgen.store.journal import Journal
from llmgen.store.reading import records
from llmgen.types import Completion, Record, Run, RunState, Sample, Struct
from llmgen.wiring import Gateway, new_run, open_gateway, open_scorer


class Change(Struct):
    """What is graded differently now: names of extractors, the benchmark's own options, a judge."""

    extractors: tuple[str, ...] = ()
    options: dict[str, str] = {}
    judge: str | None = None

    def apply(self, plan: Plan, judge: str | None) -> Plan:
        """The parent's plan with the changes in it; `judge` is the settings' own, the last to be taken."""
        return msgspec.structs.replace(
            plan,
            extractors=self.extractors or plan.extractors,
            options=plan.options | self.options,
            judge=self.judge or plan.judge or judge,
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
    """Grades the answers of `run_name` again. Raises UsageError when that was done already.

    When it ends early (a judge that stops the run, Ctrl-C) no child run is left behind.
    """
    home = settings.home_path
    queries.catch_up(home)
    parent = queries.run(home, run_name)
    plan = change.apply(stored_plan(parent), settings.judge)
    _check_new(settings, parent, plan)
    async with open_gateway(settings, plan.cache) as gateway:
        scorer = await open_scorer(gateway, plan)
        child = msgspec.structs.replace(
            new_run(plan, scorer, parent.endpoint, parent.model),
            parent_run=parent.id,
            base_run=parent.base_run,
            n_samples=parent.n_samples,
        )
        await _grade_again(gateway, scorer, parent, child)
    await asyncio.to_thread(fold, home, child.id)
    result, before = sum_up(home, child.id), sum_up(home, parent.id)
    result = msgspec.structs.replace(result, report=str(write_html(home, result)))
    return Rescored(result=result, parent=before, flips=tuple(_flips(settings, parent.id, child.id)))


def _check_new(settings: Settings, parent: Run, plan: Plan) -> None:
    """Raises UsageError when this llmgen has graded the answers of `parent` by `plan` before."""
    for run in queries.runs(settings.home_path):
        if parent.id not in {run.id, run.parent_run}:
            continue
        if run.code_version == __version__ and stored_plan(run) == plan:
            raise UsageError(
                f"run {run.id} holds these grades already",
                hint="name another --extractor, --judge or --set OPTION=VALUE",
            )


async def _grade_again(gateway: Gateway, scorer: Scorer, parent: Run, child: Run) -> None:
    """Grades every stored record, a bounded number of them at once, and journals it under the child run."""
    settings = gateway.settings
    samples = {sample.id: sample for sample in scorer.benchmark.samples()}
    stored = records(settings.home_path, parent.id)
    journal = Journal.create(settings.home_path, child, settings.durability)
    failed = 0

    async def worker() -> None:
        nonlocal failed
        for record in stored:
            graded = await _graded(scorer, record, samples.get(record.sample.id, record.sample), child.id)
            failed += is_failed(graded)
            journal.append(graded)

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(settings.limits.max_in_flight):
                workers.create_task(worker())
        spends = [line.spend() for line in gateway.lines]
        for spend in spends:
            journal.spend(spend)
        costs = [spend.usd for spend in spends if spend.usd is not None]
        state: RunState = "failed_samples" if failed else "done"
        cost = sum(costs) if len(costs) == len(spends) else None
        journal.end(msgspec.structs.replace(child, state=state, ended_at=time.time(), cost_usd=cost))
        await asyncio.to_thread(journal.close)
    except BaseException as error:
        journal.abandon()
        queries.delete_run(settings.home_path, child.id)
        if isinstance(error, BaseExceptionGroup):
            raise error.exceptions[0] from None
        raise


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
            grade = await verdict(scorer.benchmark, sample, answers, completion)
    except (RunStopped, StoreError, UsageError):
        raise
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
