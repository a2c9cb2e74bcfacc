"""The emulator in a thread of this process, with an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from aiohttp import web

from llmgen.gateway.emulator.server import Emulator


async def start(emulator: Emulator, host: str = "127.0.0.1", port: int = 0) -> web.AppRunner:
    """Serves `emulator` on `host:port` (0: a free one) in the running loop and sets its address."""
    runner = web.AppRunner(emulator.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, host, port, backlog=1024).start()
    emulator.address = f"http://{host}:{runner.addresses[0][1]}"
    return runner


@contextmanager
def running() -> Iterator[Emulator]:
    """A serving emulator; stopped at the end of the block."""
    emulator = Emulator()
    ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        runner = await start(emulator)
        done = asyncio.Event()
        ready.set_result((asyncio.get_running_loop(), done))
        await done.wait()
        await runner.cleanup()

    def work() -> None:
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(serve())
        except OSError as error:
            ready.set_exception(error)
        finally:
            loop.close()

    thread = threading.Thread(target=work, name="emulator", daemon=True)
    thread.start()
    loop, done = ready.result(timeout=30)
    try:
        yield emulator
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(timeout=30)
