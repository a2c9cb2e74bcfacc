"""A run from plan to report: start or resume, ask everything, close the journal, sum up, say how to go on."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, TypeVar

import msgspec

from llmgen.config import BudgetSettings, LimitSettings, Settings
from llmgen.errors import (
    BudgetReached,
    Interrupted,
    LlmgenError,
    StoreError,
    UsageError,
)
from llmgen.evaluate import evaluate, pending
from llmgen.plan import Plan, differences, plain, stored_plan
from llmgen.results import Ending, Result, conclude_in_child, ending_of
from llmgen.session import Session
from llmgen.store import queries
from llmgen.types import Outcome, Run, RunState, Struct
from llmgen.wiring import open_journal, open_session

TICK_S = 0.5
S = TypeVar("S", LimitSettings, BudgetSettings)
_RESUMABLE = ("running", "failed_samples", "budget_stopped", "interrupted", "pending")


class Controls(Struct):
    """How this one call goes about it: nothing here changes what a model answers.

    `command` is how a user calls llmgen here (with --home, --config and these limits), for advice.
    """

    resume: str | None = None
    retry: tuple[Outcome, ...] = ()
    run_id: str | None = None
    max_in_flight: int | None = None
    rpm: float | None = None
    tpm: float | None = None
    max_usd: float | None = None
    max_total_tokens: int | None = None
    max_requests: int | None = None
    allow_unpriced: bool = False
    command: str = "llmgen eval"

    def apply(self, settings: Settings) -> Settings:
        """Settings with this call's limits and caps in place of the file's."""
        limits = {"max_in_flight": self.max_in_flight, "rpm": self.rpm, "tpm": self.tpm}
        caps = {"usd": self.max_usd, "tokens": self.max_total_tokens, "requests": self.max_requests}
        budget = _over(settings.budget, caps)
        if self.allow_unpriced:
            budget = msgspec.structs.replace(budget, allow_unpriced=True)
        return msgspec.structs.replace(settings, limits=_over(settings.limits, limits), budget=budget)


class Snapshot(Struct):
    """Where a run stands. `usd` is None while no price is known."""

    done: int
    failed: int
    in_flight: int
    per_second: float
    tokens: int
    usd: float | None


class Watcher(Protocol):
    """Whoever shows progress."""

    def start(self, total: int, done: int, title: str) -> None:
        """Work begins: `total` answers in all, `done` of them are there."""

    def update(self, snapshot: Snapshot) -> None:
        """Called twice a second and at the end."""

    def say(self, line: str) -> None:
        """A line that should stay on the screen."""

    def stop(self) -> None:
        """Work has ended, well or not."""


async def conduct(settings: Settings, plan: Plan | None, controls: Controls, watcher: Watcher) -> Ending:
    """Runs `plan`, or goes on with the run that `controls.resume` names. See `errors` for exit codes.

    With a base model that is no stored run, asks it first; when that run stops early, its ending is returned.
    """
    settings = controls.apply(settings)
    if plan is not None:
        plan = msgspec.structs.replace(plan, judge=plan.judge or settings.judge)
    if controls.resume is not None:
        resumed = find_resumable(settings, controls.resume, plan)
        plan = _same_plan(stored_plan(resumed), plan)
        return await _run(settings, plan, controls, watcher, resumed=resumed, base_run=resumed.base_run)
    if plan is None:
        raise UsageError("nothing to run", hint="name a benchmark and a model")
    queries.runs(settings.home_path)  # a database that cannot be used is said before anything is paid for
    base_run = None
    if plan.base is not None:
        base_run = _stored_base(settings, plan.base)
        if base_run is None:
            watcher.say(f"asking the base model {plan.base} first")
            base_plan = msgspec.structs.replace(plan, model=plan.base, base=None)
            ending = await _run(settings, base_plan, Controls(command=controls.command), watcher)
            base_run = ending.result.run.id
            if ending.stopped is not None:
                watcher.say(
                    f"only the base model was asked; when it is complete, go on with --base {base_run}"
                )
                return ending
    return await _run(settings, plan, controls, watcher, base_run=base_run)


async def _run(  # noqa: PLR0913  # what conduct has found out
    settings: Settings,
    plan: Plan,
    controls: Controls,
    watcher: Watcher,
    *,
    resumed: Run | None = None,
    base_run: str | None = None,
) -> Ending:
    """One run from its first sample to its report."""
    async with open_session(settings, plan, run_id=controls.run_id, base_run=base_run) as session:
        _check_base(settings, session.run)
        total = sum(1 for _ in session.samples())
        if resumed is None:  # before there is a journal: a wrong key leaves no run behind
            await _preflight(session, watcher, total * plan.repeats)
        asked = False
        try:
            async with open_journal(settings, session.run, resumed) as journal:
                session.write_to(journal, controls.retry)
                for note in journal.notes:
                    watcher.say(f"note: {note}")
                if resumed is not None:
                    await _preflight(session, watcher, total * plan.repeats - len(session.finished))
                asked = True
                await _attend(session, watcher, total * plan.repeats)
                session.close(_state(session), time.time(), total)
        except LlmgenError:
            if asked:  # a full disk may be noticed as late as when the journal is closed
                watcher.say(f"answers so far are kept: {controls.command} --resume {session.run.id}")
            raise
    result = await _sum_up(settings, session.run, controls.command)
    return ending_of(result, session.stopped, controls.command)


def find_resumable(settings: Settings, name: str, plan: Plan | None) -> Run:
    """The run to go on with: the one named, or the newest unfinished one of the same benchmark and model."""
    home = settings.home_path
    if name != "last":
        run = queries.run(home, name)
        if run.parent_run is not None:
            raise UsageError(
                f"run {run.id} holds new grades of {run.parent_run}, nobody was asked",
                hint=f"resume {run.parent_run}",
            )
        return run
    for run in queries.runs(home):
        fits = plan is None or (run.benchmark == plan.benchmark and run.model == plan.model)
        if run.state in _RESUMABLE and fits and run.parent_run is None:
            return run
    raise UsageError("no unfinished run to resume", hint="llmgen runs list shows what there is")


def _stored_base(settings: Settings, name: str) -> str | None:
    """The id of the stored run `name`; None when there is none: then it is a model."""
    try:
        return queries.run(settings.home_path, name).id
    except UsageError:
        return None


def _check_base(settings: Settings, run: Run) -> None:
    """Raises UsageError when the base run was asked something else: no item could be compared."""
    if run.base_run is None:
        return
    base = queries.run(settings.home_path, run.base_run)
    for name in ("benchmark", "dataset_hash", "prompt_hash"):
        if getattr(base, name) != getattr(run, name):
            raise UsageError(
                f"run {base.id} cannot be the base: its {name} differs",
                hint="name the base model instead of a run, then it is asked the same",
            )


async def _preflight(session: Session, watcher: Watcher, n_samples: int) -> None:
    first = next(pending(session), None)
    if first is not None:
        for line in await session.preflight(*first, n_samples):
            watcher.say(line)


async def _attend(session: Session, watcher: Watcher, total: int) -> None:
    """Evaluates while showing progress and listening for Ctrl-C; a second Ctrl-C gives up waiting."""
    watcher.start(total, len(session.finished), f"{session.run.model} on {session.run.benchmark}")
    ticker = asyncio.create_task(_tick(session, watcher))
    try:
        with _signals(session, watcher):
            await evaluate(session)
    finally:
        ticker.cancel()
        await asyncio.gather(ticker, return_exceptions=True)
        watcher.update(_snapshot(session))
        watcher.stop()


async def _sum_up(settings: Settings, run: Run, command: str) -> Result:
    """Folds the run, and its numbers and report. Raises StoreError saying how to get them later."""
    home = settings.home_path
    try:
        return await asyncio.to_thread(conclude_in_child, home, run.id)
    except StoreError as error:
        kept = f"the answers are kept: {command} --resume {run.id}"
        raise StoreError(error.message, hint=f"{error.hint}; {kept}" if error.hint else kept) from error


async def _tick(session: Session, watcher: Watcher) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        watcher.update(_snapshot(session))


def _snapshot(session: Session) -> Snapshot:
    gateway = session.traffic.progress()
    return Snapshot(
        done=len(session.finished) + session.done,
        failed=session.failed,
        in_flight=gateway.in_flight,
        per_second=gateway.rate,
        tokens=gateway.tokens,
        usd=None if gateway.unpriced else gateway.spent_usd,
    )


@contextmanager
def _signals(session: Session, watcher: Watcher) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if isinstance(session.stopped, Interrupted):
            session.abandon.set()
            return
        session.stop(Interrupted("interrupted"))  # first: whoever read what is said may be gone
        watcher.say("stopping: answers in flight are awaited and kept (once more to give up on them)")

    handled = (signal.SIGINT, signal.SIGTERM)
    for number in handled:
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)


def _same_plan(stored: Plan, asked: Plan | None) -> Plan:
    """The stored plan, unless the flags ask for something else. Raises UsageError naming what differs."""
    if asked is not None:
        changed = differences(plain(stored), plain(asked))
        if changed:
            raise UsageError(
                f"the run was started with other settings ({'; '.join(changed)})",
                hint="resume it with --resume alone, or start a new run without --resume",
            )
    return stored


def _state(session: Session) -> RunState:
    if isinstance(session.stopped, BudgetReached):
        return "budget_stopped"
    if session.stopped is not None:
        return "interrupted"
    return "failed_samples" if session.failed else "done"


def _over(settings: S, values: Mapping[str, object]) -> S:
    given = {key: value for key, value in values.items() if value is not None}
    return msgspec.structs.replace(settings, **given)
