"""Time and waiting for all layers: one monotonic clock, and one switch that ends every wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from llmgen.errors import LlmgenError, ProviderError


class Clock:
    """The running event loop's monotonic clock; tests run the layers on a loop with simulated time.

    After `stop` nothing new may leave: every wait ends with ProviderError('cancelled'), which leaves the
    sample pending, while requests already sent go on to their end. `wall` (seconds since the epoch) is
    only used to tell people when to come back.
    """

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self.wall = wall
        self.stopping = False
        self._reason: LlmgenError | None = None
        self._waits: set[asyncio.Future[None]] = set()

    def now(self) -> float:
        """Seconds on the loop's clock."""
        return asyncio.get_running_loop().time()

    def later(self, delay_s: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
        """Calls `callback` after `delay_s`, at least a millisecond: loops count in milliseconds."""
        return asyncio.get_running_loop().call_later(max(delay_s, 0.001), callback)

    def waiter(self) -> asyncio.Future[None]:
        """A future that somebody will resolve; `stop` fails it. Raises like `check` once stopping."""
        self.check()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waits.add(future)
        future.add_done_callback(self._waits.discard)
        return future

    async def sleep(self, delay_s: float) -> None:
        """Waits; raises ProviderError('cancelled') as soon as `stop` is called."""
        await self.until(self.waiter(), delay_s)

    async def until(self, future: asyncio.Future[None], timeout_s: float | None) -> None:
        """Waits for `future`, at most `timeout_s` seconds (None = for ever)."""
        timer = None if timeout_s is None else self.later(timeout_s, lambda: resolve(future))
        try:
            await future
        finally:
            if timer is not None:
                timer.cancel()

    def check(self) -> None:
        """Raises once stopping: the reason if the run was stopped by an error, else 'cancelled'."""
        if self.stopping:
            raise self._reason or cancelled()

    def stop(self, reason: LlmgenError | None = None) -> None:
        """No new sends from now on. The first reason is kept and raised by every later request."""
        self.stopping = True
        self._reason = self._reason or reason
        for future in list(self._waits):
            if not future.done():
                future.set_exception(cancelled())


def resolve(future: asyncio.Future[None]) -> None:
    """Ends the wait on `future`, if it still waits."""
    if not future.done():
        future.set_result(None)


def was_granted(future: asyncio.Future[None]) -> bool:
    """Whether `future` was resolved; asked when its waiter was cancelled and must hand back what it got."""
    return future.done() and not future.cancelled() and future.exception() is None


def cancelled() -> ProviderError:
    """The failure of a request that was not sent because the run is stopping: its sample stays pending."""
    return ProviderError("cancelled", "not sent: the run is stopping")
