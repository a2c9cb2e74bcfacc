"""Runs programs, a bounded number at once, equal ones once."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from llmgen.execution import Ended, Execution, SandboxKind
from llmgen.sandbox.command import NOBODY, jail, jailed, limited, python, unjailed
from llmgen.sandbox.limits import Limits
from llmgen.sandbox.probe import Setup, probe
from llmgen.sandbox.process import Exit, run_process
from llmgen.sandbox.program import Program, compose

REMEMBERED = 1024
_REASON = 200


class Runner:
    """A `RunCode`: at most as many programs at once as this process has CPUs; the last results are kept."""

    def __init__(self, setup: Setup, limits: Limits, hidden: Sequence[Path] = ()) -> None:
        self.about: Mapping[str, str] = {"sandbox": setup.kind, "python": setup.interpreter.version}
        self._setup = setup
        self._limits = limits
        self._start = jail(setup.tools, setup.interpreter.prefix, hidden, limits)
        self._places = asyncio.Semaphore(len(os.sched_getaffinity(0)))
        self._running: dict[tuple[str, str], asyncio.Task[Execution]] = {}
        self._known: dict[tuple[str, str], Execution] = {}

    async def __call__(self, code: str, test: str) -> Execution:
        """Runs `code` and `test` unless they were run already; an error of the sandbox is not kept."""
        key = (code, test)
        if key in self._known:
            self._known[key] = execution = self._known.pop(key)  # now the latest
            return execution
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._run(code, test))
            task.add_done_callback(lambda task: self._end(key, task))
        return await asyncio.shield(task)  # who gives up waiting does not stop it for others

    def _end(self, key: tuple[str, str], task: asyncio.Task[Execution]) -> None:
        del self._running[key]
        if task.cancelled() or task.exception() is not None or task.result().ended == "error":
            return
        self._known[key] = task.result()
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]

    async def _run(self, code: str, test: str) -> Execution:
        program = compose(code, test)
        try:
            async with self._places:
                if self._setup.kind == "bwrap":
                    return await self._jailed(program)
                return await self._unjailed(program)
        except OSError as error:
            return Execution(ended="error", reason=f"sandbox: {error}"[:_REASON])

    async def _jailed(self, program: Program) -> Execution:
        command = limited(self._setup.tools, self._limits, python(self._setup.interpreter, "/prog.py"))
        with _file(program.source) as code, _pipe() as (said, status):
            result = await run_process(
                jailed(self._start, code, status, command),
                self._limits,
                program.marker,
                descriptors=(code, status),
                environment={},
                folder="/",
            )
            has_run = b'"exit-code"' in _at_hand(said)
        return _execution(result, has_run=has_run)

    async def _unjailed(self, program: Program) -> Execution:
        with _file(program.source) as code, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            if self._setup.tools.as_root:
                os.chown(folder, NOBODY, NOBODY)
            command = python(self._setup.interpreter, f"/proc/self/fd/{code}")
            result = await run_process(
                unjailed(self._setup.tools, self._limits, command),
                self._limits,
                program.marker,
                descriptors=(code,),
                environment={"PATH": "/usr/bin"},
                folder=folder,
            )
        return _execution(result, has_run=True)


def open_runner(kind: SandboxKind, timeout_s: float, *, hidden: Sequence[Path] = ()) -> Runner:
    """A runner for this machine, after a probe that blocks. Raises UsageError when that does not succeed.

    `hidden` are folders that no program may see (data home, project, the user's home).
    """
    limits = Limits(timeout_s=timeout_s)
    hidden = [path.resolve() for path in hidden]
    return Runner(probe(kind, limits, hidden), limits, hidden)


def _execution(result: Exit, *, has_run: bool) -> Execution:
    """The rule: a pass needs exit status 0 and the marker.

    `has_run` False: bubblewrap did not report the end of a program, so none was started, or bubblewrap was
    killed by somebody else.
    """
    ended, reason = _ended(result, has_run=has_run)
    return Execution(
        ended=ended,
        reason=reason[:_REASON],
        stdout=result.stdout.decode("utf-8", "replace"),
        stderr=result.stderr.decode("utf-8", "replace"),
        elapsed_s=result.elapsed_s,
    )


def _ended(result: Exit, *, has_run: bool) -> tuple[Ended, str]:
    if result.killed == "timeout":
        return "timeout", "time was up"
    if result.killed == "output":
        return "fail", "too much output"
    last = _last_line(result.stderr)
    if not has_run:
        return "error", f"sandbox: {last or 'it was killed'}"
    if result.status != 0:
        return "fail", last or f"exit status {result.status}"
    if not result.has_marker:
        return "fail", "it ended before its tests did"
    return "pass", ""


def _last_line(stderr: bytes) -> str:
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")


@contextmanager
def _file(content: bytes) -> Iterator[int]:
    """A descriptor to read `content` from: a file in memory, without a name."""
    descriptor = os.memfd_create("program")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _at_hand(descriptor: int) -> bytes:
    """What can be read without waiting."""
    os.set_blocking(descriptor, False)
    try:
        return os.read(descriptor, 1 << 16)
    except BlockingIOError:
        return b""


@contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)
