"""A run from plan to report: start or resume, ask everything, close the journal, sum up, say how to go on."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Protocol, TypeVar

import msgspec

from llmgen.config import BudgetSettings, LimitSettings, Settings
from llmgen.errors import (
    EXIT_DONE,
    EXIT_FAILED_SAMPLES,
    EXIT_GATE,
    BudgetReached,
    RunStopped,
    UsageError,
)
from llmgen.evaluate import ask, evaluate, pending
from llmgen.plan import Plan, differences
from llmgen.results import Result, sum_up, write_html
from llmgen.session import Session
from llmgen.store import queries
from llmgen.store.fold import fold
from llmgen.types import Message, Outcome, Run, RunState, Struct
from llmgen.wiring import open_session

TICK_S = 0.5
PREVIEWED = 20
S = TypeVar("S", LimitSettings, BudgetSettings)
_RESUMABLE = ("running", "failed_samples", "budget_stopped", "interrupted", "pending")


class Controls(Struct):
    """How this one call goes about it: nothing here changes what a model answers."""

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

    def start(self, total: int, title: str) -> None:
        """Work begins: `total` answers to get."""

    def update(self, snapshot: Snapshot) -> None:
        """Called twice a second and at the end."""

    def say(self, line: str) -> None:
        """A line that should stay on the screen."""

    def stop(self) -> None:
        """Work has ended, well or not."""


class Ending(Struct):
    """How a run ended: its numbers, the exit code, and lines of advice (how to resume)."""

    result: Result
    exit_code: int
    advice: tuple[str, ...] = ()


class Prompt(Struct):
    """One rendered prompt of a preview."""

    sample_id: str
    messages: tuple[Message, ...]


class Preview(Struct):
    """What a run would ask, and the tokens and dollars it may take at most; `usd` is None without a price."""

    endpoint: str
    requests: int
    tokens: int
    usd: float | None
    prompts: tuple[Prompt, ...]


async def conduct(settings: Settings, plan: Plan | None, controls: Controls, watcher: Watcher) -> Ending:
    """Runs `plan`, or goes on with the run that `controls.resume` names. See `errors` for exit codes."""
    settings = controls.apply(settings)
    resumed = find_resumable(settings, controls.resume, plan) if controls.resume else None
    if resumed is not None:
        stored = msgspec.convert(resumed.settings["plan"], Plan)
        plan = _same_plan(stored, plan)
    if plan is None:
        raise UsageError("nothing to run", hint="name a benchmark and a model")
    base_run = resumed.base_run if resumed else await _base_run(settings, plan, watcher)
    async with open_session(
        settings, plan, run_id=controls.run_id, resumed=resumed, retry=controls.retry, base_run=base_run
    ) as session:
        for note in session.journal.notes:
            watcher.say(f"note: {note}")
        total = sum(1 for _ in session.samples())
        stopped = await _attend(session, watcher, total * plan.repeats)
        session.close(_state(session, stopped), time.time(), total)
    await asyncio.to_thread(fold, settings.home_path)
    result = sum_up(settings.home_path, session.run.id)
    report = write_html(settings.home_path, result)
    result = msgspec.structs.replace(result, report=str(report))
    return Ending(result=result, exit_code=exit_code(result, stopped), advice=_advice(result, stopped))


async def preview(settings: Settings, plan: Plan, controls: Controls) -> Preview:
    """The first prompts as they would be sent, and an estimate of tokens and cost. Sends nothing."""
    settings = controls.apply(settings)
    async with open_session(settings, plan, dry=True) as session:
        total = sum(1 for _ in session.samples()) * plan.repeats
        prompts: list[Prompt] = []
        tokens, usd = 0, 0.0 if total else None
        for sample in islice(session.samples(), PREVIEWED):
            request = ask(session, sample, 0)
            prompts.append(Prompt(sample_id=sample.id, messages=request.messages))
            most, cost = session.line.stack.estimate(request)
            tokens += most
            usd = None if usd is None or cost is None else usd + cost
        scale = total / max(1, len(prompts))
        return Preview(
            endpoint=session.run.endpoint,
            requests=total,
            tokens=round(tokens * scale),
            usd=None if usd is None else usd * scale,
            prompts=tuple(prompts),
        )


def find_resumable(settings: Settings, name: str, plan: Plan | None) -> Run:
    """The run to go on with: the one named, or the newest unfinished one of the same benchmark and model."""
    if name != "last":
        return queries.run(settings.home_path, name)
    for run in queries.runs(settings.home_path):
        fits = plan is None or (run.benchmark == plan.benchmark and run.model == plan.model)
        if run.state in _RESUMABLE and fits and run.parent_run is None:
            return run
    raise UsageError("no unfinished run to resume", hint="llmgen runs list shows what there is")


def exit_code(result: Result, stopped: RunStopped | None) -> int:
    """130 over 2 over 4 over 1 over 3 over 0."""
    if stopped is not None:
        return stopped.exit_code
    if result.summary.metrics.get("check", {}).get("ok") is False:
        return EXIT_GATE
    return EXIT_FAILED_SAMPLES if result.exclusions["error"] else EXIT_DONE


async def _base_run(settings: Settings, plan: Plan, watcher: Watcher) -> str | None:
    """The run of the untuned model: a stored one by id, or asked now in the same way."""
    if plan.base is None:
        return None
    try:
        return queries.run(settings.home_path, plan.base).id
    except UsageError:
        base_plan = msgspec.structs.replace(plan, model=plan.base, base=None)
    watcher.say(f"asking the base model {plan.base} first")
    ending = await conduct(settings, base_plan, Controls(), watcher)
    if ending.exit_code not in (EXIT_DONE, EXIT_FAILED_SAMPLES):
        raise RunStopped(
            f"the base model's run {ending.result.run.id} did not end well", hint="resume it first"
        )
    return ending.result.run.id


async def _attend(session: Session, watcher: Watcher, total: int) -> RunStopped | None:
    """Evaluates while showing progress and listening for Ctrl-C; a second Ctrl-C gives up waiting."""
    first = next(pending(session), None)
    if first is None:
        return None
    for line in await session.preflight(ask(session, *first), total - len(session.finished)):
        watcher.say(line)
    watcher.start(total, f"{session.run.model} on {session.run.benchmark}")
    ticker = asyncio.create_task(_tick(session, watcher))
    try:
        with _signals(session, watcher):
            return await evaluate(session)
    finally:
        ticker.cancel()
        await asyncio.gather(ticker, return_exceptions=True)
        watcher.update(_snapshot(session))
        watcher.stop()


async def _tick(session: Session, watcher: Watcher) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        session.journal_spend()
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
        if session.stopping.is_set():
            session.abandon.set()
            return
        watcher.say("stopping: answers in flight are awaited and kept (once more to give up on them)")
        session.stop()

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
        changed = differences(msgspec.to_builtins(stored), msgspec.to_builtins(asked))
        if changed:
            raise UsageError(
                f"the run was started with other settings ({'; '.join(changed)})",
                hint="resume it with --resume alone, or start a new run without --resume",
            )
    return stored


def _state(session: Session, stopped: RunStopped | None) -> RunState:
    if isinstance(stopped, BudgetReached):
        return "budget_stopped"
    if stopped is not None:
        return "interrupted"
    return "failed_samples" if session.failed else "done"


def _advice(result: Result, stopped: RunStopped | None) -> tuple[str, ...]:
    lines = []
    if stopped is not None:
        hint = f" ({stopped.hint})" if stopped.hint else ""
        lines.append(f"stopped: {stopped.message}{hint}")
    if stopped is not None or result.exclusions["error"]:
        lines.append(f"resume with: llmgen eval --resume {result.run.id}")
    return tuple(lines)


def _over(settings: S, values: Mapping[str, object]) -> S:
    given = {key: value for key, value in values.items() if value is not None}
    return msgspec.structs.replace(settings, **given)
