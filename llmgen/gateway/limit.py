"""The limiter of one (endpoint, model): first in first out, past a pause, a window and two buckets."""

from __future__ import annotations

import asyncio
import math
from collections import deque

from llmgen.config import LimitSettings
from llmgen.errors import ProviderError
from llmgen.gateway.base import RateInfo
from llmgen.gateway.buckets import Bucket
from llmgen.gateway.clock import Clock, resolve, was_granted
from llmgen.gateway.window import Window
from llmgen.types import Usage

DEFAULT_PAUSE_S = 1.0
KNOWN_GOOD_S = 60.0
OVERLOADED = frozenset({503, 529})


class Lease:
    """A place in flight. `epoch` counts the cuts before it was sent; `tokens` are what it reserved."""

    __slots__ = ("epoch", "tokens")

    def __init__(self, epoch: int, tokens: float) -> None:
        self.epoch = epoch
        self.tokens = tokens


class Limiter:
    """Decides when the next request may leave, from settings, rate headers and the endpoint's complaints.

    Every lease must be given back by exactly one of `succeeded`, `failed` and `returned`.
    """

    def __init__(self, settings: LimitSettings, clock: Clock, *, refunds_tokens: bool = True) -> None:
        self._settings = settings
        self._clock = clock
        self._refunds_tokens = refunds_tokens
        self._window = Window(settings.start_in_flight, settings.max_in_flight)
        self._requests: Bucket | None = None
        self._tokens: Bucket | None = None
        self._queue: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._epoch = 0
        self._pause_until = -math.inf
        self._limited_at = -math.inf
        self.in_flight = 0
        if settings.rpm is not None:
            self._requests = Bucket(settings.rpm, clock.now())
            self._window.open()
        if settings.tpm is not None:
            self._tokens = Bucket(settings.tpm, clock.now())
            self._window.open()

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return len(self._queue)

    @property
    def window(self) -> float:
        """The present number of places in flight."""
        return self._window.size

    @property
    def counts_tokens(self) -> bool:
        """Whether leases should say how many tokens they need."""
        return self._tokens is not None

    def try_acquire(self, tokens: float = 0.0) -> Lease | None:
        """A place at once, None when this request has to queue."""
        if self._queue or self._delay(tokens) > 0:
            return None
        self._take(tokens)
        return Lease(self._epoch, tokens)

    async def acquire(self, tokens: float = 0.0) -> Lease:
        """A place after all who came before. Raises ProviderError('cancelled') when the run stops."""
        future = self._clock.waiter()
        self._queue.append((tokens, future))
        self._pump()
        try:
            await future
        except asyncio.CancelledError:
            if was_granted(future):
                self.returned(Lease(self._epoch, tokens))
            raise
        return Lease(self._epoch, tokens)

    def succeeded(self, lease: Lease, usage: Usage) -> None:
        """An answer came: the window grows, reserved tokens that were not used come back."""
        self._window.grow(self.in_flight)
        used = usage.prompt_tokens + usage.completion_tokens
        if self._tokens is not None and self._refunds_tokens and used > 0:
            self._tokens.give_back(lease.tokens - used)
        self._leave()

    def failed(self, lease: Lease, error: ProviderError) -> None:
        """The attempt failed: a rate limit pauses and slows, overload and timeouts cut the window."""
        if lease.epoch == self._epoch:
            now = self._clock.now()
            if error.kind == "rate_limited":
                self._limited(error, now)
            elif error.kind == "timeout" or error.status in OVERLOADED:
                self._cut_unless_pacing(now)
                self._epoch += 1
        if self._tokens is not None and (error.kind == "rate_limited" or not error.sent):
            self._tokens.give_back(lease.tokens)
        self._leave()

    def returned(self, lease: Lease) -> None:
        """The lease was not used, or its end says nothing about the endpoint."""
        if self._tokens is not None:
            self._tokens.give_back(lease.tokens)
        self._leave()

    def observe(self, info: RateInfo) -> None:
        """What a response's headers say. Configured limits win over limits in headers."""
        now = self._clock.now()
        if self._settings.rpm is None and info.limit_requests:
            self._requests = self._learnt(self._requests, info.limit_requests, now)
        if self._settings.tpm is None and info.limit_tokens:
            self._tokens = self._learnt(self._tokens, info.limit_tokens, now)
        if self._requests is not None and info.remaining_requests is not None:
            self._requests.lower_to(info.remaining_requests, now)
        if self._tokens is not None and info.remaining_tokens is not None:
            self._tokens.lower_to(info.remaining_tokens, now)

    def _learnt(self, bucket: Bucket | None, per_minute: float, now: float) -> Bucket:
        if bucket is None:
            self._window.open()
            return Bucket(per_minute, now)
        if bucket.per_minute != per_minute:
            bucket.set_limit(per_minute, now)
        return bucket

    def _limited(self, error: ProviderError, now: float) -> None:
        asked_s = DEFAULT_PAUSE_S if error.retry_after_s is None else error.retry_after_s
        pause_s = min(asked_s * self._settings.pause_scale, self._settings.max_pause_s)
        self._pause_until = max(self._pause_until, now + pause_s)
        self._cut_unless_pacing(now)
        self._limited_at = now
        self._epoch += 1
        if self._requests is not None and self._settings.rpm is None:
            self._requests.slow_down(now)
        if self._tokens is not None and self._settings.tpm is None:
            self._tokens.slow_down(now)

    def _cut_unless_pacing(self, now: float) -> None:
        """A known rate without a recent 429 is trusted: it is not the window that overloads then."""
        paced = self._requests is not None or self._tokens is not None
        if not (paced and now - self._limited_at > KNOWN_GOOD_S):
            self._window.cut()

    def _delay(self, tokens: float) -> float:
        """Seconds until the next request may leave; infinite while the window is full."""
        if not self._window.has_room(self.in_flight):
            return math.inf
        now = self._clock.now()
        delay = max(0.0, self._pause_until - now)
        if self._requests is not None:
            delay = max(delay, self._requests.delay(1.0, now))
        if self._tokens is not None:
            delay = max(delay, self._tokens.delay(tokens, now))
        return delay

    def _take(self, tokens: float) -> None:
        self.in_flight += 1
        if self._requests is not None:
            self._requests.take(1.0)
        if self._tokens is not None:
            self._tokens.take(tokens)

    def _leave(self) -> None:
        self.in_flight -= 1
        if self._queue:
            self._pump()

    def _wake(self) -> None:
        self._timer = None
        self._pump()

    def _pump(self) -> None:
        """Lets go whoever may, in order. The next is let go by a timer or by a place that falls free."""
        while self._queue:
            tokens, future = self._queue[0]
            if not future.done():
                delay = self._delay(tokens)
                if delay > 0:
                    self._wake_after(delay)
                    return
                self._take(tokens)
                resolve(future)
            self._queue.popleft()

    def _wake_after(self, delay: float) -> None:
        """One timer, for the earliest time; one that rings too early only looks again."""
        if math.isinf(delay):
            return
        if self._timer is not None:
            if self._timer.when() <= self._clock.now() + delay:
                return
            self._timer.cancel()
        self._timer = self._clock.later(delay, self._wake)
