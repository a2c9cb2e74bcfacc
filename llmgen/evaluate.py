"""Evaluate a model on a benchmark: every sample's whole path, from question to journal, in one place.

    prompt -> gateway -> extraction -> grade -> contamination -> journal

A failed sample is data: its record carries a Failure and no grade. A `RunStopped` (budget, key, Ctrl-C)
ends the run early: what was in flight is kept, the rest stays pending and is asked on resume. Only what
makes going on pointless ends it at once: a disk that takes no more, settings that cannot be honoured.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial

import msgspec

from llmgen.benchmarks.base import Benchmark
from llmgen.contamination.companions import role_of
from llmgen.errors import LlmgenError, RunStopped, StoreError, UsageError, boundary
from llmgen.session import Session
from llmgen.types import Answer, Completion, Extract, Grade, Record, Request, Sample

FOLD_EVERY_S = 30.0
DRAIN_S = 30.0
_PENDING = frozenset({"budget", "cancelled"})


async def run_sample(session: Session, sample: Sample, repeat: int) -> Record:
    """One sample's path. Raises RunStopped, StoreError or UsageError; everything else becomes data."""
    record = Record(run_id=session.run.id, sample=sample, repeat=repeat, model=session.run.model)
    try:
        with boundary("prompt"):
            request = session.ask(sample, repeat)
            record = _with(record, prompt=request.messages, request_key=request.key)
        with boundary("gateway"):
            completion = await session.line(request)
            record = _with(record, completion=completion)
        with boundary("extract"):
            answers = await read(session.extractors, sample, completion)
            record = _with(record, answers=answers)
        with boundary("grade"):
            grade = await verdict(session.benchmark, sample, answers, completion)
            record = _with(record, grade=grade)
        with boundary("contamination"):
            record = await examined(session, record, request, completion)
    except (RunStopped, StoreError, UsageError):
        raise
    except LlmgenError as error:
        record = _with(record, failure=error.failure())
    return record


async def read(extractors: Sequence[Extract], sample: Sample, completion: Completion) -> tuple[Answer, ...]:
    """What each extractor reads in the first text; the first extractor's reading is the one that grades.

    A reading that does not say what time it took gets the clock's, its waiting included.
    """
    answers = []
    for extract in extractors:
        started = time.perf_counter()
        answer = await extract(sample, completion.text)
        if answer.elapsed_us is None:
            elapsed_us = round((time.perf_counter() - started) * 1e6)
            answer = msgspec.structs.replace(answer, elapsed_us=elapsed_us)
        answers.append(answer)
    return tuple(answers)


async def verdict(
    benchmark: Benchmark, sample: Sample, answers: Sequence[Answer], completion: Completion
) -> Grade:
    """The grade by the first reading. With several, `scores["by:EXTRACTOR"]` is the value by each of them.

    A control item only shows how the model answers what it cannot have seen: it has no grade.
    """
    if role_of(sample) == "control":
        return Grade(outcome="unparsed", reason="control item: not graded")
    first = await _verdict(benchmark, sample, answers, completion)
    if len(answers) <= 1 or benchmark.grades_all:
        return first
    scores = first.scores | {f"by:{answers[0].extractor}": first.value}
    for answer in answers[1:]:
        name = f"by:{answer.extractor}"
        if name not in scores:
            scores[name] = (await _verdict(benchmark, sample, [answer], completion)).value
    return msgspec.structs.replace(first, scores=scores)


async def _verdict(
    benchmark: Benchmark, sample: Sample, answers: Sequence[Answer], completion: Completion
) -> Grade:
    """The grade, or why there is none: refused, truncated, empty or unread answers are not wrong answers."""
    excluded = None if benchmark.grades_all else exclusion(answers, completion)
    return excluded or await benchmark.grade(sample, answers, completion)


async def regrade(
    benchmark: Benchmark, extractors: Sequence[Extract], sample: Sample, drawn: Completion
) -> float | None:
    """The grade of another answer to a sample, None when it cannot be graded."""
    answers = await read(extractors, sample, drawn)
    return (await verdict(benchmark, sample, answers, drawn)).value


async def examined(session: Session, record: Record, request: Request, completion: Completion) -> Record:
    """`record` with what the contamination detectors read, once a sample."""
    if not session.examiner.looks_at(record.sample, record.repeat):
        return record
    again = partial(regrade, session.benchmark, session.extractors)
    found = await session.examiner.examine(record.sample, request, completion, session.line, again)
    return _with(record, contamination=found.contamination, greedy=found.greedy, draws=found.draws)


def exclusion(answers: Sequence[Answer], completion: Completion) -> Grade | None:
    """The outcome of an answer that cannot be graded by its content (gateway specification 1.7)."""
    finish = (completion.finish_reasons or (None,))[0]
    cut = finish in {"length", "MAX_TOKENS"}
    refusal = (completion.refusals or (None,))[0]
    if refusal is not None or finish in {"content_filter", "SAFETY", "RECITATION", "PROHIBITED_CONTENT"}:
        return Grade(outcome="refused", reason=refusal or str(finish))
    if not completion.text.strip():
        return (
            Grade(outcome="truncated", reason="reasoning_exhausted", was_truncated=True)
            if cut
            else Grade(outcome="unparsed", reason="empty")
        )
    if answers and answers[0].kind == "error":
        return Grade(outcome="error", reason=answers[0].reason, was_truncated=cut)
    if cut and answers and answers[0].kind == "no_valid_answer":
        return Grade(outcome="truncated", reason=answers[0].reason, was_truncated=True)
    return None


async def evaluate(session: Session) -> RunStopped | None:
    """Asks every pending sample of the session's run; returns why it ended early, None when it is complete.

    A bounded set of workers pulls from one iterator, so that memory does not grow with the benchmark.
    """
    work = pending(session)

    async def worker() -> None:
        for sample, repeat in work:
            if session.stopping.is_set():
                return
            try:
                record = await run_sample(session, sample, repeat)
            except RunStopped as reason:
                session.stop(reason)
                return
            if record.failure is None or record.failure.kind not in _PENDING:
                session.keep(record)

    workers = [asyncio.create_task(worker()) for _ in range(session.workers)]
    folder = asyncio.create_task(_fold_regularly(session))
    try:
        await _drain(session, workers)
    finally:
        folder.cancel()
        await asyncio.gather(folder, return_exceptions=True)
    return session.stopped


def pending(session: Session) -> Iterator[tuple[Sample, int]]:
    """The (sample, repeat) pairs that the journal does not hold yet, repeat by repeat of each sample.

    Recorded answers come longest first: an extractor that asks a model keeps its batch full to the end.
    """
    samples, recorded = session.samples(), session.benchmark.recorded
    if recorded is not None:
        samples = iter(sorted(samples, key=lambda sample: -len(recorded.get(sample.id, ""))))
    for sample in samples:
        for repeat in range(session.run.n_repeats):
            if (sample.id, repeat) not in session.finished:
                yield sample, repeat


async def _drain(session: Session, workers: list[asyncio.Task[None]]) -> None:
    """Waits for the workers; after a stop at most DRAIN_S more, less when the user asks twice.

    The first exception of a worker (a full disk, a defect) ends all of them and is raised.
    """
    running = asyncio.create_task(_first_exception(workers))
    stop = asyncio.create_task(session.stopping.wait())
    abandon = asyncio.create_task(session.abandon.wait())
    await asyncio.wait({running, stop}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        await asyncio.wait({running, abandon}, timeout=DRAIN_S, return_when=asyncio.FIRST_COMPLETED)
    for task in (*workers, running, stop, abandon):
        task.cancel()
    for result in await asyncio.gather(*workers, running, stop, abandon, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


async def _first_exception(workers: list[asyncio.Task[None]]) -> None:
    await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)


async def _fold_regularly(session: Session) -> None:
    """Folds the journal into the database while the run goes on; what fails now is tried again next time."""
    while True:
        await asyncio.sleep(FOLD_EVERY_S)
        with suppress(StoreError):
            await session.fold(patience_s=10.0)


def _with(record: Record, **changes: object) -> Record:
    return msgspec.structs.replace(record, **changes)
