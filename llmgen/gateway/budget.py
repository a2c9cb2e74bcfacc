"""The budget layer: caps on dollars, tokens and requests over a run, kept by reserving before sending."""

from __future__ import annotations

import asyncio
from collections import deque

from msgspec.structs import replace

from llmgen.config import BudgetSettings
from llmgen.errors import BudgetReached, UsageError
from llmgen.gateway.clock import Clock, resolve, was_granted
from llmgen.gateway.prices import Tariff
from llmgen.gateway.tokens import TokenEstimate
from llmgen.types import Complete, Completion, Request, Struct

_MILLION = 1e6


class Need(Struct):
    """The most that one request may take: dollars, tokens, calls to the vendor."""

    usd: float = 0.0
    tokens: int = 0
    requests: int = 1


class Budget:
    """What a run has spent and reserved, all models together, against its caps.

    `spent_usd` is settled cost, `uncertain_usd` the prompt cost of attempts that were lost after they had
    been sent, `unpriced` the number of answers whose price is unknown. The cap can be exceeded only by an
    error of the prompt estimate.
    """

    def __init__(self, caps: BudgetSettings, clock: Clock, estimate: TokenEstimate) -> None:
        self._caps = caps
        self._clock = clock
        self._estimate = estimate
        self._queue: deque[tuple[Need, asyncio.Future[None]]] = deque()
        self._reached: BudgetReached | None = None
        self._outstanding = 0
        self.spent_usd = self.uncertain_usd = self.reserved_usd = 0.0
        self.spent_tokens = self.reserved_tokens = 0
        self.spent_requests = self.reserved_requests = 0
        self.unpriced = 0

    @property
    def waiting(self) -> int:
        """Requests that wait for others to settle."""
        return len(self._queue)

    def check_priced(self, tariff: Tariff, name: str) -> None:
        """Raises UsageError when a dollar cap cannot be kept because the price of `name` is unknown."""
        if self._caps.usd is not None and not tariff.known and not self._caps.allow_unpriced:
            raise UsageError(
                f"the price of {name} is unknown, so a cap in dollars cannot be kept",
                hint=f'put it into llmgen.toml, [prices."{name}"] input = .., output = .. (USD per million '
                "tokens), or use --allow-unpriced",
            )

    def need(self, request: Request, tariff: Tariff) -> Need:
        """The reservation of `request`: prompt estimate and n answers of `max_tokens`.

        Raises UsageError when a cap needs the longest answer and neither the request nor the price says it.
        """
        limit = request.sampling.max_tokens or tariff.max_output_tokens
        bounded_usd = self._caps.usd is not None and tariff.output > 0
        if limit is None and (bounded_usd or self._caps.tokens is not None):
            raise UsageError(
                f"a budget needs to know how long the answers of {request.model} may become",
                hint="say --max-tokens",
            )
        return self._need(request, tariff, limit or 0)

    def estimate(self, request: Request, tariff: Tariff) -> tuple[int, float | None]:
        """(tokens, USD) of `request` at most, for dry runs; without a known longest answer, of its prompt."""
        limit = request.sampling.max_tokens or tariff.max_output_tokens or 0
        need = self._need(request, tariff, limit)
        return need.tokens, need.usd if tariff.known else None

    def _need(self, request: Request, tariff: Tariff, max_tokens: int) -> Need:
        n = request.sampling.n
        calls = n if tariff.prompt_per_text else 1
        prompt = self._estimate.prompt_tokens(request) * calls
        usd = (prompt * tariff.input + n * max_tokens * tariff.output) / _MILLION
        return Need(usd=usd, tokens=prompt + n * max_tokens, requests=calls)

    @property
    def capped(self) -> bool:
        """Whether there is any cap to keep."""
        return not (self._caps.usd is None and self._caps.tokens is None and self._caps.requests is None)

    def try_reserve(self, need: Need) -> bool:
        """Takes `need` at once if there is room and nobody waits."""
        if self._queue or self._reached is not None or not self._fits(need):
            return False
        self._take(need, 1)
        return True

    async def reserve(self, need: Need) -> None:
        """Takes `need`, waiting while others may give room back. Raises BudgetReached when none can."""
        if self._reached is not None:
            raise self._reached
        future = self._clock.waiter()
        self._queue.append((need, future))
        self._pump()
        try:
            await future
        except asyncio.CancelledError:
            if was_granted(future):
                self.release(need)
            raise

    def release(self, need: Need) -> None:
        """Gives a reservation back whose request brought no answer."""
        self._take(need, -1)
        self._pump()

    def settle(self, need: Need, completion: Completion) -> None:
        """Turns a reservation into what was really used. An answer without usage counts as reserved."""
        usage = completion.usage
        tokens = usage.prompt_tokens + usage.completion_tokens
        self.spend(completion, requests=need.requests)
        if tokens == 0:
            self.spent_tokens += need.tokens
        if usage.cost_usd is None:
            self.spent_usd += need.usd
        self.release(need)

    def spend(self, completion: Completion, requests: int = 1) -> None:
        """Counts an answer that was paid."""
        usage = completion.usage
        self.spent_requests += requests
        self.spent_tokens += usage.prompt_tokens + usage.completion_tokens
        if usage.cost_usd is None:
            self.unpriced += 1
        else:
            self.spent_usd += usage.cost_usd

    def lose(self, request: Request, tariff: Tariff) -> float:
        """Counts an attempt that was lost after sending: its prompt may be billed. Returns the dollars."""
        usd = self._estimate.prompt_tokens(request) * tariff.input / _MILLION
        self.uncertain_usd += usd
        return usd

    def check_retry(self) -> None:
        """Raises BudgetReached when lost attempts have used up the room of the reservations that are held."""
        if self._caps.usd is not None and self._committed_usd() > self._caps.usd and self.uncertain_usd > 0:
            self._stop(Need(requests=0))
        if self._reached is not None:
            raise self._reached

    def _committed_usd(self) -> float:
        return self.spent_usd + self.uncertain_usd + self.reserved_usd

    def _fits(self, need: Need) -> bool:
        caps = self._caps
        return (
            (caps.usd is None or self._committed_usd() + need.usd <= caps.usd)
            and (caps.tokens is None or self.spent_tokens + self.reserved_tokens + need.tokens <= caps.tokens)
            and (
                caps.requests is None
                or self.spent_requests + self.reserved_requests + need.requests <= caps.requests
            )
        )

    def _take(self, need: Need, sign: int) -> None:
        self._outstanding += sign
        self.reserved_usd += sign * need.usd
        self.reserved_tokens += sign * need.tokens
        self.reserved_requests += sign * need.requests
        if self._outstanding == 0:
            self.reserved_usd = 0.0  # no dust of float subtraction may eat the cap

    def _pump(self) -> None:
        while self._queue:
            need, future = self._queue[0]
            if not future.done():
                if not self._fits(need):
                    break
                self._take(need, 1)
                resolve(future)
            self._queue.popleft()
        if self._queue and self._outstanding == 0:
            self._stop(self._queue[0][0])

    def _stop(self, need: Need) -> None:
        self._reached = self._reached or self._explain(need)
        for _, future in self._queue:
            if not future.done():
                future.set_exception(self._reached)
        self._queue.clear()

    def _explain(self, need: Need) -> BudgetReached:
        caps = self._caps
        parts = []
        if caps.usd is not None:
            parts.append(f"${self.spent_usd + self.uncertain_usd:.4f} of ${caps.usd:g}")
        if caps.tokens is not None:
            parts.append(f"{self.spent_tokens} of {caps.tokens} tokens")
        if caps.requests is not None:
            parts.append(f"{self.spent_requests} of {caps.requests} requests")
        wanted = f"; the next request may need ${need.usd:.4f}, {need.tokens} tokens" if need.requests else ""
        return BudgetReached(
            f"budget reached: {', '.join(parts)} spent{wanted}",
            hint="raise the cap and continue with llmgen eval --resume",
        )


def budgeted(inner: Complete, budget: Budget, tariff: Tariff) -> Complete:
    """`inner` within `budget`; answers get their `cost_usd` here."""
    free = Need()

    async def complete(request: Request) -> Completion:
        need = budget.need(request, tariff) if budget.capped else free
        if not budget.try_reserve(need):
            await budget.reserve(need)
        try:
            completion = await inner(request)
        except BaseException:
            budget.release(need)
            raise
        completion = priced(completion, tariff)
        budget.settle(need, completion)
        return completion

    return complete


def priced(completion: Completion, tariff: Tariff) -> Completion:
    """`completion` with its cost, unless the vendor gave one; unknown stays None."""
    usage = completion.usage
    if usage.cost_usd is None and (usd := tariff.cost(completion)) is not None:
        return replace(completion, usage=replace(usage, cost_usd=usd))
    return completion
