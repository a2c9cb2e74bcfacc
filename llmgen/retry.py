"""The only retry in llmgen, on tenacity: full-jitter backoff, a deadline, and room for a server's own wait.

The gateway retries failed requests with it, the store retries a busy database lock. Nothing else retries.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from tenacity import RetryCallState


def full_jitter(max_backoff_s: float, rng: random.Random) -> Callable[[int], float]:
    """Wait before retry k (k = 1, 2, ...): uniform over (0, min(max_backoff_s, 2^(k-1))) seconds."""

    def wait(k: int) -> float:
        return rng.uniform(0.0, min(max_backoff_s, 2.0 ** min(k - 1, 32)))

    return wait


def elapsed(state: RetryCallState) -> float:
    """Seconds since the first attempt."""
    return state.seconds_since_start or 0.0
