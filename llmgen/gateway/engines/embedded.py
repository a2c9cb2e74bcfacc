"""llama.cpp's own server as a child process on loopback: the engine behind `local/...`.

A process of its own, so that neither a crash nor a long decode can stall the gateway's event loop. Within
one process, everybody who asks for the same weights shares one server.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import importlib.util
import os
import signal
import sys
from pathlib import Path
from typing import IO

from llmgen.errors import FatalProvider, StoreError, UsageError
from llmgen.gateway.engines import process
from llmgen.gateway.engines.weights import Located
from llmgen.types import Struct

MAX_THREADS = 8  # more do not make a small model faster
STOP_S = 5.0


class EngineSettings(Struct):
    """How the server runs. `slots` requests are decoded at once, each with `context` tokens of room.

    One slot by default: what else is decoded in the same batch changes the rounding, and with it some
    greedy answers, so that a resumed run would not repeat an undisturbed one (measured: 2 to 6 of 40
    answers differed between runs with 4 slots, none of 60 with 1).
    """

    slots: int = 1
    context: int = 4096
    threads: int = 0
    start_s: float = 600.0

    @property
    def n_threads(self) -> int:
        """`threads`, or as many as this process may use, at most 8."""
        return self.threads or min(MAX_THREADS, _usable_cores())


class EmbeddedServer:
    """One llama.cpp server, started by `ensure` and again by `ensure` should it have died.

    Whoever asks about these weights waits for a `turn` first: a request in the server's own queue would run
    out of time there, and two servers that decode at once slow each other down many times over.
    """

    def __init__(self, weights: Located, home: Path, settings: EngineSettings) -> None:
        self.weights = weights
        self.users = 0
        self.turn = asyncio.Lock()
        name = f"embedded-{os.getpid()}-{weights.sha256[:8]}-{settings.slots}.log"
        self.log = process.servers_dir(home) / name
        self.port = 0
        self._settings = settings
        self._child: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()

    @property
    def base_url(self) -> str:
        """Where the OpenAI dialect is served; it stays the same over a restart."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def pid(self) -> int | None:
        """The child's pid while it runs."""
        return self._child.pid if self._child and self._child.returncode is None else None

    async def ensure(self) -> None:
        """Returns when /health says ok. Raises FatalProvider with the log's last lines when it cannot be."""
        if self.pid is not None:
            return
        async with self._starting:
            if self.pid is None:
                await self._start()

    async def stop(self) -> None:
        """Ends the child: SIGTERM, then SIGKILL. Its log goes too."""
        child, self._child = self._child, None
        if child is not None:
            await _end(child)
        self.log.unlink(missing_ok=True)

    async def _start(self) -> None:
        port = self.port or process.free_port()
        command = [sys.executable, "-m", "llmgen.gateway.engines.llama_child", self.weights.path]
        options = {
            "--parent": os.getpid(),
            "--port": port,
            "--slots": self._settings.slots,
            "--context": self._settings.context,
            "--threads": self._settings.n_threads,
            "--alias": self.weights.name,
        }
        command += [str(word) for option in options.items() for word in option]
        with _opened(self.log) as log:
            child = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,  # closes with us, and the child ends
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours alone: requests in flight finish
            )
        try:
            async with asyncio.timeout(self._settings.start_s):
                await self._ready(child, port)
        except TimeoutError:
            await _end(child)
            raise self._failed(f"was not ready within {self._settings.start_s:g} s") from None
        except BaseException:
            await asyncio.shield(_end(child))
            raise
        self.port, self._child = port, child

    async def _ready(self, child: asyncio.subprocess.Process, port: int) -> None:
        """The child prints its address once the model is loaded; ready is what /health calls ok."""
        stdout = child.stdout
        if stdout is None or not await stdout.readline():
            code = await child.wait()
            raise self._failed(f"died while starting (exit {code})")
        while (await process.get(f"http://127.0.0.1:{port}/health"))[0] != 200:  # noqa: PLR2004  # HTTP OK
            if child.returncode is not None:
                raise self._failed(f"died while starting (exit {child.returncode})")
            await asyncio.sleep(process.POLL_S)

    def _failed(self, what: str) -> FatalProvider:
        said = process.tail(self.log)
        return FatalProvider(f"the llama.cpp server {what}; its last words:\n{said}", hint=f"log: {self.log}")


_shared: dict[tuple[asyncio.AbstractEventLoop, str, EngineSettings], EmbeddedServer] = {}


async def acquire(weights: Located, home: Path, settings: EngineSettings) -> EmbeddedServer:
    """A running server of `weights`, shared with everybody in this event loop who asked for the same.

    Give it back with `release`. Raises UsageError without xllamacpp, FatalProvider when it cannot start.
    """
    engine_version()
    _sweep(process.servers_dir(home))
    key = (asyncio.get_running_loop(), weights.path, settings)
    server = _shared.setdefault(key, EmbeddedServer(weights, home, settings))
    server.users += 1
    try:
        await server.ensure()
    except BaseException:
        await release(server)
        raise
    return server


async def release(server: EmbeddedServer) -> None:
    """Gives `server` back; the last user stops it."""
    server.users -= 1
    if server.users == 0:
        for key in [key for key, value in _shared.items() if value is server]:
            del _shared[key]
        await server.stop()


def engine_version() -> str:
    """The installed version of xllamacpp, not imported. Raises UsageError with the install line."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise UsageError("the embedded engine is not installed", hint="pip install 'llmgen[embedded]'")
    return importlib.metadata.version("xllamacpp")


def identity(weights: Located) -> str:
    """Who answers, for request keys: engine, version, model, no adapter, quantisation; never the port."""
    return f"managed:llama.cpp:{engine_version()}:{weights.sha256}:-:{weights.quant}"


async def _end(child: asyncio.subprocess.Process) -> None:
    """SIGTERM, patience, SIGKILL; returns when the child is gone."""
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_S):
            await child.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def _sweep(folder: Path) -> None:
    """Removes the logs of processes that are gone."""
    for log in folder.glob("embedded-*.log"):
        pid = log.name.split("-")[1]
        if pid.isdigit() and process.identity(int(pid)) is None:
            log.unlink(missing_ok=True)


def _opened(log: Path) -> IO[bytes]:
    try:
        return log.open("wb")
    except OSError as error:
        raise StoreError(f"cannot write {log}: {error.strerror}", hint="choose another --home") from error


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
