"""The circuit breaker of one endpoint: when most attempts fail, wait and probe instead of burning samples."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import Literal, TypeAlias

from llmgen.config import TimeoutSettings
from llmgen.gateway.clock import Clock, resolve
from llmgen.types import FailureKind

Pass: TypeAlias = Literal["normal", "probe"]

SEEN = 20
SEEN_AT_LEAST = 10
FAILED_SHARE = 0.5
SICK: frozenset[FailureKind] = frozenset({"unavailable", "timeout", "reset", "truncated_body", "malformed"})
"""What counts against an endpoint. A refused request is a sign of life, a rate limit no sign at all."""


class Breaker:
    """Closed: all pass. Open: nobody does for 30 s (doubling to 300 s), then one real request as a probe.

    It opens when at least half of the last 20 attempts (at least 10) failed, and closes when a probe
    succeeds. `give_up` is true when nothing succeeded for `give_up_s`.
    """

    def __init__(self, settings: TimeoutSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._outcomes: deque[bool] = deque(maxlen=SEEN)
        self._open_s = settings.breaker_open_s
        self._open_until = -math.inf
        self._probing = False
        self._failing_since: float | None = None
        self.is_open = False
        self.waiters: list[asyncio.Future[None]] = []

    def admit(self) -> Pass | None:
        """How a request may pass now, None when it has to wait. A probe must end in a report or `abandon`."""
        if not self.is_open:
            return "normal"
        if self._probing or self._clock.now() < self._open_until:
            return None
        self._probing = True
        return "probe"

    def report(self, failure: FailureKind | None, passed: Pass) -> None:
        """The outcome of an attempt, None for an answer. While open, only a probe changes anything."""
        if failure == "rate_limited":
            self.abandon(passed)
        elif failure in SICK:
            self._sick(passed)
        else:
            self._well(passed)

    def abandon(self, passed: Pass) -> None:
        """The attempt ended without saying anything about the endpoint."""
        if passed == "probe":
            self._probing = False
            self._wake_all()

    @property
    def wake_at(self) -> float:
        """When it is worth asking again, on the clock; infinite while a probe is under way."""
        if self._probing:
            return math.inf
        since = self._failing_since
        return self._open_until if since is None else min(self._open_until, since + self._settings.give_up_s)

    @property
    def give_up(self) -> bool:
        """Whether the endpoint was down for so long that waiting on makes no sense."""
        if not self.is_open or self._probing or self._failing_since is None:
            return False
        return self._clock.now() - self._failing_since >= self._settings.give_up_s

    def _well(self, passed: Pass) -> None:
        self._failing_since = None
        if self.is_open:
            if passed == "probe":
                self._close()
        else:
            self._outcomes.append(True)

    def _sick(self, passed: Pass) -> None:
        now = self._clock.now()
        if self._failing_since is None:
            self._failing_since = now
        if passed == "probe":
            self._open_s = min(self._open_s * 2, self._settings.breaker_max_open_s)
            self._open(now)
        elif not self.is_open:
            self._outcomes.append(False)
            failed = len(self._outcomes) - sum(self._outcomes)
            if len(self._outcomes) >= SEEN_AT_LEAST and failed >= FAILED_SHARE * len(self._outcomes):
                self._open(now)

    def _open(self, now: float) -> None:
        self.is_open = True
        self._probing = False
        self._open_until = now + self._open_s
        self._wake_all()

    def _close(self) -> None:
        self.is_open = self._probing = False
        self._open_s = self._settings.breaker_open_s
        self._outcomes.clear()
        self._wake_all()

    def _wake_all(self) -> None:
        waiters, self.waiters = self.waiters, []
        for waiter in waiters:
            resolve(waiter)
