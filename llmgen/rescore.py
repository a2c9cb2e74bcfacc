"""Grade the stored answers of a run again: other extractors, another scorer or judge, no call of the model.

The new grades are a child run (same samples, texts and request keys; it costs what a judge costs); the
parent is untouched.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

import msgspec

from llmgen import __version__
from llmgen.analysis.vote import voted
from llmgen.config import Settings
from llmgen.errors import LlmgenError, RunStopped, StoreError, UsageError, boundary
from llmgen.evaluate import read, regrade, verdict
from llmgen.examine import Examiner
from llmgen.lines import Gateway, open_gateway
from llmgen.plan import Plan, stored_plan
from llmgen.results import Result, conclude_in_child, headline, sum_up
from llmgen.session import Scorer, is_failed
from llmgen.store import queries
from llmgen.store.journal import Journal
from llmgen.store.reading import records
from llmgen.types import Completion, Extract, Record, Run, RunState, Sample, Struct
from llmgen.wiring import new_run, open_scorer, rereader

_WINDOW = 4096


class Change(Struct):
    """What is graded differently now: extractors and their options, the benchmark's own options, a judge."""

    extractors: tuple[str, ...] = ()
    extractor_options: dict[str, Any] = {}
    options: dict[str, str] = {}
    judge: str | None = None

    def apply(self, plan: Plan, judge: str | None) -> Plan:
        """The parent's plan with the changes in it; `judge` is the settings' own, the last to be taken."""
        return msgspec.structs.replace(
            plan,
            extractors=self.extractors or plan.extractors,
            extractor_options=plan.extractor_options | self.extractor_options,
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
    """The child run's numbers beside the parent's score, and every verdict that flipped.

    `means` is the mean grade by each extractor, the grading one first, None where nothing could be graded.
    `is_new` False: `result` is that of an earlier run (or the parent) that holds these grades already.
    """

    result: Result
    parent: Result
    flips: tuple[Flip, ...]
    means: dict[str, float | None]
    is_new: bool = True


async def rescore(settings: Settings, run_name: str, change: Change) -> Rescored:
    """Grades the answers of `run_name` again, unless a run has done so with the same extractors.

    When it ends early (a judge that stops the run, Ctrl-C) no child run is left behind.
    """
    home = settings.home_path
    queries.catch_up(home)
    parent = queries.run(home, run_name)
    plan = change.apply(stored_plan(parent), settings.judge)
    async with open_gateway(settings, plan.cache) as gateway:
        scorer = await open_scorer(gateway, plan)
        methods = await _methods(scorer.extractors)
        known = _known(settings, parent, plan, methods)
        child = known or msgspec.structs.replace(
            new_run(plan, scorer, parent.endpoint, parent.model),
            parent_run=parent.id,
            base_run=parent.base_run,
            n_samples=parent.n_samples,
        )
        if known is None:
            await _grade_again(gateway, scorer, rereader(plan), parent, child)
    result = await asyncio.to_thread(conclude_in_child, home, child.id)
    before = sum_up(home, parent.id)
    return Rescored(
        result=result,
        parent=before,
        flips=tuple(_flips(settings, parent.id, child.id)),
        means=_means(settings, child.id, [method.partition("@")[0] for method in methods]),
        is_new=known is None,
    )


async def rescore_all(settings: Settings, run_names: Sequence[str], change: Change) -> tuple[Rescored, ...]:
    """`rescore` of several runs of one benchmark, one after another. Raises UsageError for unlike runs."""
    queries.catch_up(settings.home_path)
    named = [queries.run(settings.home_path, name) for name in run_names]
    benchmarks = sorted({run.benchmark for run in named})
    if len(benchmarks) > 1:
        raise UsageError(f"the runs are of different benchmarks: {', '.join(benchmarks)}")
    if len({run.id for run in named}) < len(named):
        raise UsageError("a run is named twice")
    return tuple([await rescore(settings, run.id, change) for run in named])


async def _methods(extractors: Sequence[Extract]) -> tuple[str, ...]:
    """Name and version of each extractor, as it says itself of a text that nobody has to be asked about."""
    nothing = Sample(id="", question="", answer_type="math", target="")
    return tuple([(await extract(nothing, "")).method for extract in extractors])


def _known(settings: Settings, parent: Run, plan: Plan, methods: tuple[str, ...]) -> Run | None:
    """The run that holds the grades of `parent`'s answers by `plan`, read by these versions of extractors.

    One in which something failed does not count: grading again may mend it.
    """
    for run in queries.runs(settings.home_path, state="done"):
        is_kin = parent.id in {run.id, run.parent_run} and run.code_version == __version__
        if is_kin and stored_plan(run) == plan and _read_by(settings, run) == methods:
            return run
    return None


def _read_by(settings: Settings, run: Run) -> tuple[str, ...]:
    """The methods that read the answers of a run, as its first read record says."""
    for record in records(settings.home_path, run.id):
        if record.answers:
            return tuple(answer.method for answer in record.answers)
    return ()


def _means(settings: Settings, run_id: str, names: Sequence[str]) -> dict[str, float | None]:
    """The headline mean of a run under each of its extractors."""
    rows = list(queries.scored_rows(settings.home_path, run_id))
    if stored_plan(queries.run(settings.home_path, run_id)).vote:
        rows = voted(rows)
    if len(names) == 1:
        return {names[0]: headline(rows).mean}
    return {
        name: headline(
            [msgspec.structs.replace(row, value=row.scores.get(f"by:{name}")) for row in rows]
        ).mean
        for name in names
    }


async def _grade_again(gateway: Gateway, scorer: Scorer, examiner: Examiner, parent: Run, child: Run) -> None:
    """Grades every stored record, a bounded number of them at once, and journals it under the child run."""
    settings = gateway.settings
    samples = {sample.id: sample for sample in scorer.benchmark.samples()}
    stored = _longest_first(records(settings.home_path, parent.id))
    journal = Journal.create(settings.home_path, child, settings.durability)
    failed = 0

    async def worker() -> None:
        nonlocal failed
        for record in stored:
            sample = samples.get(record.sample.id, record.sample)
            graded = await _graded(scorer, examiner, record, sample, child.id)
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


def _longest_first(stored: Iterator[Record]) -> Iterator[Record]:
    """Some thousand records at a time, longest answers first: a model that reads keeps its batch full."""
    while window := list(islice(stored, _WINDOW)):
        yield from sorted(
            window, key=lambda record: -len(record.completion.text if record.completion else "")
        )


async def _graded(scorer: Scorer, examiner: Examiner, record: Record, sample: Sample, run_id: str) -> Record:
    """`record` with new answers and a new grade, also of its draws; without an answer it is kept as it is."""
    again = msgspec.structs.replace(record, run_id=run_id, sample=sample)
    if record.completion is None:
        return again
    completion = _free(record.completion)
    try:
        with boundary("extract"):
            answers = await read(scorer.extractors, sample, completion)
        with boundary("grade"):
            grade = await verdict(scorer.benchmark, sample, answers, completion)
        with boundary("contamination"):
            again = await examiner.reread(again, partial(regrade, scorer.benchmark, scorer.extractors))
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
