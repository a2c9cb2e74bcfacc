"""The whole gateway: cached -> budgeted -> fan-out -> retrying -> routed -> limited -> provider."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from llmgen.config import Settings
from llmgen.errors import LlmgenError, ProviderError, RunStopped
from llmgen.gateway.base import CacheStore, PriceOf, Provider
from llmgen.gateway.breaker import Breaker
from llmgen.gateway.budget import Budget, budgeted, priced
from llmgen.gateway.cached import CacheMode, cached
from llmgen.gateway.clock import Clock
from llmgen.gateway.fanout import fanned_out
from llmgen.gateway.limit import Limiter
from llmgen.gateway.prices import Tariff
from llmgen.gateway.retrying import Ledger, Retrying
from llmgen.gateway.route import Endpoint, Routed
from llmgen.gateway.tokens import TokenEstimate
from llmgen.types import Complete, Completion, Request, Struct, content_hash

RATE_SPAN_S = 10.0


class Member(NamedTuple):
    """One who may answer: a provider, the name of its row, and the model as it knows it."""

    provider: Provider
    row: str
    model: str


class Progress(Struct):
    """A glance at the gateway: counts of requests, dollars, and answers per second over the last 10 s.

    `failed` counts requests given up; `unpriced` answers whose cost is unknown and not in `spent_usd`.
    """

    done: int
    failed: int
    cached: int
    in_flight: int
    waiting: int
    rate: float
    spent_usd: float
    uncertain_usd: float
    reserved_usd: float
    saved_usd: float
    tokens: int
    unpriced: int


class Traffic:
    """What all stacks of a run share: clock, budget, limiters and breakers. Made inside the running loop.

    `rng` seeds the jitter of backoff.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # what the caller may put in place of the defaults
        self,
        settings: Settings,
        price_of: PriceOf,
        store: CacheStore,
        mode: CacheMode = "rw",
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.settings = settings
        self.price_of = price_of
        self.store = store
        self.mode: CacheMode = mode
        self.clock = clock or Clock()
        self.rng = rng or random.Random()  # noqa: S311  # jitter, no secret
        self.estimate = TokenEstimate()
        self.budget = Budget(settings.budget, self.clock, self.estimate)
        self.stacks: list[Stack] = []
        self._limiters: dict[tuple[str, str], Limiter] = {}
        self._breakers: dict[str, Breaker] = {}
        self._seen: deque[tuple[float, int]] = deque()

    def limiter(self, provider: Provider, model: str) -> Limiter:
        """The one limiter of this endpoint and model."""
        key = (provider.endpoint, model)
        if key not in self._limiters:
            refunds = provider.row.tpm_counts == "used"
            limits = self.settings.limits
            if provider.row.queues:
                limits = msgspec.structs.replace(limits, start_in_flight=limits.max_in_flight)
            self._limiters[key] = Limiter(limits, self.clock, refunds_tokens=refunds)
        return self._limiters[key]

    def breaker(self, provider: Provider) -> Breaker:
        """The one breaker of this endpoint."""
        if provider.endpoint not in self._breakers:
            self._breakers[provider.endpoint] = Breaker(self.settings.timeouts, self.clock)
        return self._breakers[provider.endpoint]

    def stop(self, reason: LlmgenError | None = None) -> None:
        """No new sends; requests in flight go on to their end, waiting ones fail as 'cancelled'."""
        self.clock.stop(reason)

    def progress(self) -> Progress:
        """Where things stand; call it regularly, the rate is measured between calls."""
        budget, limiters = self.budget, self._limiters.values()
        done = sum(stack.done for stack in self.stacks)
        return Progress(
            done=done,
            failed=sum(stack.failed for stack in self.stacks),
            cached=sum(stack.cached for stack in self.stacks),
            in_flight=sum(limiter.in_flight for limiter in limiters),
            waiting=budget.waiting
            + sum(limiter.waiting for limiter in limiters)
            + sum(stack.routed.waiting for stack in self.stacks),
            rate=self._rate(done),
            spent_usd=budget.spent_usd,
            uncertain_usd=budget.uncertain_usd,
            reserved_usd=budget.reserved_usd,
            saved_usd=sum(stack.saved_usd for stack in self.stacks),
            tokens=budget.spent_tokens,
            unpriced=budget.unpriced,
        )

    def _rate(self, done: int) -> float:
        now = self.clock.now()
        self._seen.append((now, done))
        while len(self._seen) > 1 and now - self._seen[1][0] >= RATE_SPAN_S:
            self._seen.popleft()
        then, before = self._seen[0]
        return (done - before) / (now - then) if now > then else 0.0


class Stack:
    """All layers over one model, as one `Complete`. The first error that ends the run stops all stacks."""

    def __init__(self, traffic: Traffic, routed: Routed, tariff: Tariff, layers: Complete) -> None:
        self.routed = routed
        self.tariff = tariff
        self.done = self.failed = self.cached = 0
        self.saved_usd = 0.0
        self._traffic = traffic
        self._layers = layers

    async def __call__(self, request: Request) -> Completion:
        """The answer, through all layers. Raises ProviderError, or RunStopped when the run must end."""
        self._traffic.clock.check()
        try:
            completion = await self._layers(request)
        except RunStopped as reason:
            self._traffic.stop(reason)
            raise
        except ProviderError as error:
            self.failed += error.kind != "cancelled"
            raise
        self.done += 1
        if completion.cached:
            self.cached += 1
            self.saved_usd += completion.usage.saved_usd
        return completion

    def check(self, request: Request) -> None:
        """Raises UsageError for a request that a cap forbids to judge (see Budget.need)."""
        if self._traffic.budget.capped:
            self._traffic.budget.need(request, self.tariff)

    def estimate(self, request: Request) -> tuple[int, float | None]:
        """(tokens, USD) of `request` at most; USD is None when the price is unknown."""
        return self._traffic.budget.estimate(request, self.tariff)


def build_stack(
    traffic: Traffic,
    members: Sequence[Member],
    name: str,
    *,
    balanced: bool = False,
    mode: CacheMode | None = None,
) -> Stack:
    """All layers over `members`: one, several in order of preference, or equal ones (`balanced`).

    `name` is what messages call it; `mode` is the cache's, when it is not that of all traffic. Raises
    UsageError when a dollar cap is set and a price is unknown.
    """
    clock, budget = traffic.clock, traffic.budget
    endpoints = [
        Endpoint(
            member.provider,
            member.model,
            traffic.limiter(member.provider, member.model),
            traffic.breaker(member.provider),
            traffic.estimate,
        )
        for member in members
    ]
    limits = [member.provider.row.max_n for member in members if member.provider.row.max_n is not None]
    loops = any(member.provider.row.n_mode == "loop" for member in members)
    prices = {member.provider.endpoint: traffic.price_of(member.row, member.model) for member in members}
    tariff = Tariff(prices, prompt_per_text=loops)
    budget.check_priced(tariff, name)
    routed = Routed(endpoints, clock, name, balanced=balanced)
    retrying = Retrying(
        routed,
        traffic.settings.retry,
        traffic.settings.limits.max_pause_s,
        Ledger(lambda request: budget.lose(request, tariff), budget.check_retry),
        clock,
        traffic.rng,
        name,
    )
    fanned = fanned_out(
        retrying,
        "loop" if loops else "native",
        lambda completion: budget.spend(priced(completion, tariff)),
        min(limits, default=None),
    )
    layers = cached(budgeted(fanned, budget, tariff), traffic.store, mode or traffic.mode, tariff.cost)
    stack = Stack(traffic, routed, tariff, layers)
    traffic.stacks.append(stack)
    return stack


def route_endpoint(members: Sequence[Member]) -> str:
    """The identity that goes into request keys: the endpoint, or the hash of a route's ordered members."""
    if len(members) == 1:
        return members[0].provider.endpoint
    identities = [[member.provider.endpoint, member.model] for member in members]
    return f"route:{content_hash(identities)}"
