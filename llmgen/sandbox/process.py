"""One process under a wall clock, its output read as it comes, and an end that leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Literal, NamedTuple, TypeAlias

from llmgen.sandbox.limits import Limits

Killed: TypeAlias = Literal["", "timeout", "output"]

EMPTYING_S = 5.0
"""How long the pipes of killed processes are given to end."""


class Exit(NamedTuple):
    """How a process ended: exit status (negative: a signal), why it was killed if we did, what it wrote.

    `stdout` is without the marker.
    """

    status: int
    killed: Killed
    stdout: bytes
    stderr: bytes
    has_marker: bool
    elapsed_s: float


class Output(asyncio.Protocol):
    """What one pipe brings: its first bytes, how many there were, and whether `marker` was among them."""

    def __init__(self, limits: Limits, marker: bytes, changed: Callable[[], None]) -> None:
        self.kept = bytearray()
        self.has_marker = False
        self.has_ended = False
        self.is_too_much = False
        self._limits = limits
        self._marker = marker
        self._changed = changed
        self._seen = 0
        self._tail = b""

    def data_received(self, data: bytes) -> None:
        """Keeps what there is room for."""
        self._seen += len(data)
        self.kept += data[: max(0, self._limits.output - len(self.kept))]
        window = self._tail + data
        self.has_marker = self.has_marker or self._marker in window
        self._tail = window[-len(self._marker) :]
        if self._seen > self._limits.most_output and not self.is_too_much:
            self.is_too_much = True
            self._changed()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the interface
        """The other side has ended, all of it."""
        self.has_ended = True
        self._changed()


async def run_process(  # noqa: PLR0913  # what a process is started with, each by name
    command: Sequence[str],
    limits: Limits,
    marker: bytes,
    *,
    descriptors: Sequence[int],
    environment: Mapping[str, str],
    folder: str,
) -> Exit:
    """Runs `command` in `folder` until it ends, or is killed with its process group.

    It inherits `descriptors`, and its own three. Raises OSError when it cannot be started.
    """
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    outputs: list[Output] = []
    transports: list[asyncio.ReadTransport] = []
    ends: list[int] = []
    started = time.monotonic()
    try:
        for _ in range(2):
            readable, writable = os.pipe()
            ends.append(writable)
            transport, output = await loop.connect_read_pipe(
                lambda: Output(limits, marker, event.set), os.fdopen(readable, "rb", buffering=0)
            )
            outputs.append(output)
            transports.append(transport)
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=ends[0],
            stderr=ends[1],
            env=dict(environment),
            cwd=folder,
            pass_fds=descriptors,
            start_new_session=True,
        )
        while ends:
            os.close(ends.pop())
        killed = await _ended(process, outputs, event, limits.timeout_s)
    finally:
        for end in ends:
            os.close(end)
        for transport in transports:
            transport.close()
    return Exit(
        status=await process.wait(),
        killed=killed,
        stdout=bytes(outputs[0].kept).replace(marker, b""),
        stderr=bytes(outputs[1].kept),
        has_marker=outputs[0].has_marker,
        elapsed_s=time.monotonic() - started,
    )


async def _ended(
    process: asyncio.subprocess.Process, outputs: Sequence[Output], event: asyncio.Event, timeout_s: float
) -> Killed:
    """Waits until the process and all that holds its pipes has ended; kills it when it must not go on."""
    killed: Killed = ""
    try:
        async with asyncio.timeout(timeout_s):
            await _until(event, lambda: _all_ended(outputs) or _too_much(outputs))
            if not _too_much(outputs):
                await process.wait()
    except TimeoutError:
        killed = "timeout"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(EMPTYING_S):
                await _until(event, lambda: _all_ended(outputs))
    return killed or ("output" if _too_much(outputs) else "")


async def _until(event: asyncio.Event, holds: Callable[[], bool]) -> None:
    while not holds():
        event.clear()
        await event.wait()


def _all_ended(outputs: Sequence[Output]) -> bool:
    return all(output.has_ended for output in outputs)


def _too_much(outputs: Sequence[Output]) -> bool:
    return any(output.is_too_much for output in outputs)
