"""The retry layer: which failures are asked again, how long to wait, and which failures end the run."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from llmgen.config import RetrySettings
from llmgen.errors import FatalProvider, ProviderError, RunStopped
from llmgen.gateway.clock import Clock
from llmgen.retry import full_jitter, persist
from llmgen.types import Complete, Completion, FailureKind, Request

RETRIED: frozenset[FailureKind] = frozenset(
    {"unavailable", "timeout", "reset", "truncated_body", "malformed"}
)
FATAL: frozenset[FailureKind] = frozenset({"quota", "auth", "not_found"})
REFUSED_INPUT: frozenset[FailureKind] = frozenset({"bad_request", "context_length"})
OURS: frozenset[FailureKind] = frozenset({"cache_miss", "replay_miss", "budget", "cancelled", "internal"})
MALFORMED_ATTEMPTS = 2
REFUSED_IN_A_ROW = 20


class Ledger(NamedTuple):
    """The budget, as the retry layer sees it: `lose` counts an attempt that was lost after sending and says
    its dollars, `check_retry` raises BudgetReached when such losses leave no room for another attempt.
    """

    lose: Callable[[Request], float]
    check_retry: Callable[[], None]


class Retrying:
    """`inner` with retries. `subject` names who is asked, in messages (`row/model`).

    Raises the last ProviderError when a request is given up; FatalProvider for failures that every request
    would repeat (key, model, account, or 20 refused inputs in a row and no answer yet); RunStopped when
    the server asks for a pause longer than `max_pause_s`.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # the parts of the layer, composed in one place
        self,
        inner: Complete,
        settings: RetrySettings,
        max_pause_s: float,
        ledger: Ledger,
        clock: Clock,
        rng: random.Random,
        subject: str,
    ) -> None:
        self.inner = inner
        self.settings = settings
        self.max_pause_s = max_pause_s
        self.ledger = ledger
        self.clock = clock
        self.subject = subject
        self.backoff = full_jitter(settings.max_backoff_s, rng)
        self._answered = False
        self._refused = 0

    async def __call__(self, request: Request) -> Completion:
        """The answer, from whichever attempt; `attempts` counts them all."""
        try:
            completion = await self.inner(request)
        except ProviderError as error:
            completion = await self._again(request, error)
        self._answered = True
        return completion

    async def _again(self, request: Request, first: ProviderError) -> Completion:
        """All after a failed first attempt. Tenacity costs more than the other layers, so it starts here."""
        effort = _Effort(self, request)
        pending = [first]

        async def attempt() -> Completion:
            if pending:
                raise pending.pop()
            return await self.inner(request)

        completion = await persist(attempt, effort.wait_after, self.clock.sleep)
        return replace(
            completion,
            attempts=effort.attempts + 1,
            usage=replace(completion.usage, uncertain_usd=effort.uncertain_usd),
        )

    def raise_if_fatal(self, error: ProviderError) -> None:
        """Raises FatalProvider when asking on is pointless for every request."""
        if error.kind in FATAL:
            raise FatalProvider(f"{self.subject}: {error.message}", hint=_HINTS[error.kind]) from error
        if error.kind not in REFUSED_INPUT:
            return
        self._refused += 1
        if self._refused >= REFUSED_IN_A_ROW and not self._answered:
            raise FatalProvider(
                f"{self.subject} refused the first {self._refused} requests: {error.message}",
                hint="the settings of the run do not fit this model; nothing was graded",
            ) from error


_HINTS = {
    "auth": "check the key in the environment variable of this provider (llmgen doctor)",
    "not_found": "check the model's name and the base URL (llmgen models list)",
    "quota": "the account has no quota left: top it up, then llmgen eval --resume",
}


class _Effort:
    """The story of one request: its attempts so far, and what comes after the next failure."""

    def __init__(self, layer: Retrying, request: Request) -> None:
        self._layer = layer
        self._request = request
        self._since = layer.clock.now()
        self._counted = self._limited = self._malformed = 0
        self._limited_s = 0.0
        self._free_used = False
        self.attempts = 0
        self.uncertain_usd = 0.0

    def wait_after(self, failure: Exception) -> float | None:
        """Seconds until the next attempt, None = this request is given up."""
        if not isinstance(failure, ProviderError):
            return None
        self.attempts += 1
        failure.attempts = self.attempts
        if failure.sent:
            self.uncertain_usd += self._layer.ledger.lose(self._request)
        self._layer.raise_if_fatal(failure)
        wait_s = self._wait(failure)
        if wait_s is not None:
            self._layer.ledger.check_retry()
        return wait_s

    def _wait(self, error: ProviderError) -> float | None:
        if error.kind in OURS or error.should_retry is False:
            return None
        if error.free_retry and not self._free_used:
            self._free_used = True
            return 0.0
        if error.kind == "rate_limited":
            return self._wait_for_room(error)
        if error.kind not in RETRIED and error.should_retry is not True:
            return None
        return self._wait_for_health(error)

    def _wait_for_room(self, error: ProviderError) -> float | None:
        """A rate limit loses no sample: only patience ends it."""
        self._limited += 1
        wait_s = self._pause(error, self._limited)
        self._limited_s += wait_s
        return wait_s if self._limited_s <= self._layer.settings.rate_limit_patience_s else None

    def _wait_for_health(self, error: ProviderError) -> float | None:
        settings = self._layer.settings
        self._counted += 1
        self._malformed += error.kind == "malformed"
        if self._counted >= settings.max_attempts or self._malformed >= MALFORMED_ATTEMPTS:
            return None
        wait_s = self._pause(error, self._counted)
        spent_s = self._layer.clock.now() - self._since - self._limited_s
        return wait_s if spent_s + wait_s <= settings.retry_deadline_s else None

    def _pause(self, error: ProviderError, k: int) -> float:
        asked_s = error.retry_after_s or 0.0
        if asked_s > self._layer.max_pause_s:
            raise self._too_long(asked_s) from error
        return max(asked_s, self._layer.backoff(k))

    def _too_long(self, pause_s: float) -> RunStopped:
        return RunStopped(
            f"{self._layer.subject} asks to pause for {_span(pause_s)}, until "
            f"{_moment(self._layer.clock.wall() + pause_s)}",
            hint="answers so far are saved; continue then with llmgen eval --resume",
        )


def _span(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "ever"
    days, rest = divmod(int(seconds), 86_400)
    hours, rest = divmod(rest, 3_600)
    return f"{days} d {hours} h" if days else f"{hours} h {rest // 60} min"


def _moment(epoch_s: float) -> str:
    try:
        return dt.datetime.fromtimestamp(epoch_s, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return "a time beyond all calendars"
