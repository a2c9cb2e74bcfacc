"""What `llmgen eval` prints: progress on stderr while it runs, then one table or one JSON on stdout."""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from typing import Any

import click
import msgspec

from llmgen.plan import RECORDED
from llmgen.preview import Asked, Preview
from llmgen.results import Ending, Result
from llmgen.runs import Snapshot

QUIET_EVERY_S = 60.0


def tell(line: str) -> None:
    """A line for people, on stderr. Whoever read it may be gone (`| head`): the work goes on."""
    with suppress(OSError):
        click.echo(line, err=True)


class ProgressLine:
    """Progress on stderr: done, failed, in flight, rate, spend, time left.

    A bar on a terminal, elsewhere one line a minute.
    """

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._last = time.monotonic()

    def start(self, total: int, done: int, title: str) -> None:
        """Announces the work: `total` answers in all, `done` of them are there."""
        if not sys.stderr.isatty():
            there = f", {done} are there" if done else ""
            tell(f"{title}: {total} answers to get{there}")
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[detail]}"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            refresh_per_second=2,
            transient=True,
        )
        self._task = self._bar.add_task(title, total=total, completed=done, detail="")
        self._bar.start()

    def update(self, snapshot: Snapshot) -> None:
        """Shows where the run stands."""
        if self._bar is not None:
            self._bar.update(self._task, completed=snapshot.done, detail=_detail(snapshot))
        elif time.monotonic() - self._last >= QUIET_EVERY_S:
            self._last = time.monotonic()
            tell(f"{snapshot.done} done, {_detail(snapshot)}")

    def say(self, line: str) -> None:
        """A line that stays."""
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            tell(line)

    def stop(self) -> None:
        """Takes the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _detail(snapshot: Snapshot) -> str:
    spend = "price unknown" if snapshot.usd is None else f"${snapshot.usd:.4f}"
    return (
        f"{snapshot.failed} failed, {snapshot.in_flight} in flight, {snapshot.per_second:.1f}/s, "
        f"{snapshot.tokens} tokens, {spend}"
    )


def ending(result: Ending, *, as_json: bool) -> None:
    """The end of a run: tables (or one JSON object) on stdout, advice on stderr."""
    if as_json:
        plain = {**as_plain(result.result), "exit_code": result.exit_code}
        click.echo(json.dumps(plain, ensure_ascii=False))
    else:
        print_result(result.result)
    for line in result.advice:
        tell(line)


def as_plain(done: Result) -> dict[str, Any]:
    """The JSON summary of a run."""
    return {
        "run_id": done.run.id,
        "benchmark": done.run.benchmark,
        "model": done.run.model,
        "state": done.run.state,
        "n": done.score.n,
        "n_graded": done.score.n_graded,
        "mean": done.score.mean,
        "ci_low": done.score.low,
        "ci_high": done.score.high,
        "metrics": done.summary.metrics | _contamination(done),
        "exclusions": done.exclusions,
        "cost_usd": done.run.cost_usd,
        "base_run": done.run.base_run,
        "warnings": warnings_of(done),
        "report": done.report,
    }


def print_result(done: Result) -> None:
    """The tables of a run, then its score, notes, id and report."""
    from llmgen.cli.tables import print_tables

    print_tables(done.summary.tables)
    if done.contamination is not None:
        print_tables(done.contamination.tables)
    click.echo(f"\n{_headline(done)}")
    for line in warnings_of(done):
        click.echo(f"note: {line}")
    click.echo(f"run     {done.run.id} ({done.run.state})")
    if done.report:
        click.echo(f"report  {done.report}")


def warnings_of(done: Result) -> list[str]:
    """What a reader of the numbers has to know."""
    found = done.contamination
    return [*done.run.notes, *done.summary.warnings, *(found.warnings if found is not None else ())]


def _contamination(done: Result) -> dict[str, Any]:
    return {} if done.contamination is None else {"contamination": done.contamination.metrics}


def _headline(done: Result) -> str:
    if done.run.model == RECORDED and done.score.mean is None:
        n = done.score.n
        return f"{done.run.benchmark}: {n} recorded samples; it measures detectors, no answer is graded"
    excluded = ", ".join(f"{count} {name}" for name, count in done.exclusions.items() if count) or "none"
    return f"{done.run.model} on {done.run.benchmark}: {score_line(done)}; excluded: {excluded}"


def score_line(done: Result) -> str:
    """The headline with its interval and n."""
    score = done.score
    if score.mean is None:
        return f"no graded sample of {score.n}"
    return f"{score.mean:.4f} [{score.low:.4f}, {score.high:.4f}] over {score.n_graded} of {score.n} samples"


def preview(plan: Preview, *, as_json: bool) -> None:
    """What would be asked, and what it would cost at most."""
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(plan), ensure_ascii=False))
        return
    everybody: tuple[Asked, ...] = (plan, *plan.readers)
    for asked in everybody:
        for prompt in asked.prompts:
            click.echo(f"--- {prompt.sample_id or 'judge'}")
            for message in prompt.messages:
                click.echo(f"[{message.role}] {message.content}")
    for asked in everybody:
        cost = "unknown (no price for this model)" if asked.usd is None else f"at most ${asked.usd:.4f}"
        what = f"{asked.requests} requests to {asked.endpoint}, at most about {asked.tokens} tokens"
        click.echo(f"\n{what}; cost: {cost}")
