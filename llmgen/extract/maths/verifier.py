"""A few warm child processes that run math-verify, each killed for good when its time is up."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from typing import Self

import msgspec

from llmgen.extract.maths.worker import Reply, Task

_PROGRAM = "from llmgen.extract.maths.worker import main; main()"
_START_S = 120.0  # importing sympy on a busy machine


class Verifier:
    """Asks math-verify in at most `workers` child processes; `timeout_s` is the time of one task.

    A task that runs out of time is answered `equal=None, how="timeout"` within 0.2 s: its process is
    killed (SIGKILL) and another one is started behind the scenes, so that the next task finds it warm.
    A process that dies by itself gives how="crash". Use as an async context manager.
    """

    def __init__(self, *, workers: int = 1, timeout_s: float = 2.0) -> None:
        self.timeout_s = timeout_s
        self._free: asyncio.Queue[asyncio.Task[Process]] = asyncio.Queue()
        self._alive: set[asyncio.Task[Process]] = set()
        self._workers = max(1, workers)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def warm(self) -> None:
        """Starts one process and waits until its imports are done."""
        worker = await self._take()
        await worker
        self._free.put_nowait(worker)

    async def ask(self, pairs: tuple[tuple[str, str], ...], *, both_ways: bool = False) -> Reply:
        """Whether all `pairs` are equal. Never raises for what the texts hold."""
        worker = await self._take()
        try:
            process = await worker
            line = msgspec.json.encode(Task(pairs=pairs, both_ways=both_ways)) + b"\n"
            async with asyncio.timeout(self.timeout_s):
                reply = await _exchange(process, line)
        except TimeoutError:
            await self._replace(worker)
            return Reply(equal=None, how="timeout")
        except (OSError, EOFError, ValueError):
            await self._replace(worker)
            return Reply(equal=None, how="crash")
        except BaseException:
            await self._replace(worker)  # an answer that nobody waits for must not reach the next task
            raise
        self._free.put_nowait(worker)
        return reply

    async def close(self) -> None:
        """Kills every process and waits for its end."""
        await asyncio.gather(*(_end(worker) for worker in self._alive))
        self._alive.clear()
        self._free = asyncio.Queue()

    async def _take(self) -> asyncio.Task[Process]:
        if self._free.empty() and len(self._alive) < self._workers:
            self._spawn()
        return await self._free.get()

    def _spawn(self) -> None:
        worker = asyncio.create_task(_start())
        self._alive.add(worker)
        self._free.put_nowait(worker)

    async def _replace(self, worker: asyncio.Task[Process]) -> None:
        self._alive.discard(worker)
        self._spawn()
        await _end(worker)


async def _start() -> Process:
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PROGRAM, stdin=PIPE, stdout=PIPE, env=environment
    )
    try:
        async with asyncio.timeout(_START_S):
            await _exchange(process, b"")
    except BaseException:
        await _kill(process)
        raise
    return process


async def _exchange(process: Process, line: bytes) -> Reply:
    if process.stdin is None or process.stdout is None:
        raise EOFError("the worker has no pipes")
    process.stdin.write(line)
    await process.stdin.drain()
    answer = await process.stdout.readline()
    if not answer:
        raise EOFError("the worker ended")
    return msgspec.json.decode(answer, type=Reply)


async def _end(worker: asyncio.Task[Process]) -> None:
    if not worker.done():
        worker.cancel()
    with contextlib.suppress(Exception, asyncio.CancelledError):
        await _kill(await worker)


async def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    if process.stdin is not None:
        process.stdin.close()
    await process.wait()
