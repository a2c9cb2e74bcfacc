"""The only retry in llmgen, on tenacity: full-jitter backoff, and room for a server's own wait.

The gateway retries failed requests with it, the store retries a busy database lock. Nothing else retries.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState

T = TypeVar("T")


async def persist(
    attempt: Callable[[], Awaitable[T]],
    wait_after: Callable[[Exception], float | None],
    sleep: Callable[[float], Awaitable[None]],
) -> T:
    """Calls `attempt` until it returns. After an error, `wait_after` says how long to wait, None = give up.

    Raises the last error when given up, whatever `wait_after` or `sleep` raise, and cancellation at once.
    """
    wait_s = 0.0

    def again(state: RetryCallState) -> bool:
        nonlocal wait_s
        error = state.outcome.exception() if state.outcome is not None else None
        if not isinstance(error, Exception):
            return False
        wanted = wait_after(error)
        wait_s = wanted or 0.0
        return wanted is not None

    async def call() -> T:
        return await attempt()

    retrying = AsyncRetrying(retry=again, wait=lambda _: wait_s, sleep=sleep, reraise=True)
    return await retrying(call)


def full_jitter(max_backoff_s: float, rng: random.Random) -> Callable[[int], float]:
    """Wait before retry k (k = 1, 2, ...): uniform over (0, min(max_backoff_s, 2^(k-1))) seconds."""

    def wait(k: int) -> float:
        return rng.uniform(0.0, min(max_backoff_s, 2.0 ** min(k - 1, 32)))

    return wait
