"""Who is asked: one endpoint, a route's next member when one is down, or the least busy of equal ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextvars import ContextVar

from msgspec.structs import replace

from llmgen.errors import ProviderError, RunStopped
from llmgen.gateway.base import Provider, RateInfo
from llmgen.gateway.breaker import Breaker, Pass
from llmgen.gateway.clock import Clock
from llmgen.gateway.limit import Lease, Limiter
from llmgen.gateway.tokens import TokenEstimate
from llmgen.types import Completion, Request

_limiter: ContextVar[Limiter] = ContextVar("limiter")


def observe(info: RateInfo) -> None:
    """Takes a response's rate headers to the limiter of the request they answer.

    One provider may serve several models with a limiter each; the context says which one asked.
    """
    _limiter.get().observe(info)


class Reopened(Exception):  # a turn of events between two layers, no error
    """The breaker opened while the request was in the limiter's queue: it was not sent."""


class Endpoint:
    """One provider with its limiter and breaker; `model` is the name it knows the model by."""

    def __init__(
        self,
        provider: Provider,
        model: str,
        limiter: Limiter,
        breaker: Breaker,
        estimate: TokenEstimate,
    ) -> None:
        self.provider = provider
        self.model = model
        self.limiter = limiter
        self.breaker = breaker
        self.exhausted: ProviderError | None = None
        self._estimate = estimate
        provider.observe = observe

    @property
    def load(self) -> int:
        """Requests in flight and in the queue."""
        return self.limiter.in_flight + self.limiter.waiting

    async def attempt(self, request: Request, passed: Pass) -> Completion:
        """One attempt, as soon as the limiter allows it. Raises Reopened when nothing was sent."""
        if request.model != self.model:
            request = replace(request, model=self.model)
        lease = await self._lease(request, passed)
        _limiter.set(self.limiter)
        try:
            completion = await self.provider.complete(request)
        except ProviderError as error:
            self.limiter.failed(lease, error)
            self.breaker.report(error.kind, passed)
            raise
        except BaseException:
            self.limiter.returned(lease)
            self.breaker.abandon(passed)
            raise
        self.limiter.succeeded(lease, completion.usage)
        self.breaker.report(None, passed)
        self._estimate.learn(request, completion.usage.prompt_tokens)
        return completion if completion.endpoint else replace(completion, endpoint=self.provider.endpoint)

    async def _lease(self, request: Request, passed: Pass) -> Lease:
        tokens = self._tokens(request) if self.limiter.counts_tokens else 0.0
        try:
            lease = self.limiter.try_acquire(tokens)
            if lease is None:
                lease = await self.limiter.acquire(tokens)
        except BaseException:
            self.breaker.abandon(passed)
            raise
        if passed == "normal" and self.breaker.is_open:
            self.limiter.returned(lease)
            raise Reopened
        return lease

    def _tokens(self, request: Request) -> float:
        sampling = request.sampling
        return self._estimate.prompt_tokens(request) + sampling.n * (sampling.max_tokens or 0)


class Routed:
    """`Complete` over `endpoints`, in order of preference or, with `balanced`, by least load.

    The next member is asked when a breaker is open and after `quota` or `unavailable`; nothing else moves
    a request. While all are down, requests wait. Raises RunStopped when all were down for too long.
    """

    def __init__(self, endpoints: Sequence[Endpoint], clock: Clock, subject: str, *, balanced: bool) -> None:
        self._endpoints = tuple(endpoints)
        self._clock = clock
        self._subject = subject
        self._balanced = balanced
        self.waiting = 0

    async def __call__(self, request: Request) -> Completion:
        """The answer of the first member that can give one."""
        tried: set[Endpoint] = set()
        failure: ProviderError | None = None
        while True:
            self._clock.check()
            chosen = self._choose(tried)
            if chosen is None:
                if failure is not None:
                    raise failure
                await self._wait()
                continue
            endpoint, passed = chosen
            try:
                return await endpoint.attempt(request, passed)
            except Reopened:
                continue
            except ProviderError as error:
                if error.kind not in ("quota", "unavailable"):
                    raise
                if error.kind == "quota":
                    endpoint.exhausted = error
                failure = error
                tried.add(endpoint)

    def _choose(self, tried: set[Endpoint]) -> tuple[Endpoint, Pass] | None:
        members: Sequence[Endpoint] = self._endpoints
        if self._balanced:
            members = sorted(members, key=lambda member: member.load)
        for member in members:
            if member.exhausted is None and member not in tried:
                passed = member.breaker.admit()
                if passed is not None:
                    return member, passed
        return None

    async def _wait(self) -> None:
        """Until a breaker may let somebody pass."""
        members = [member for member in self._endpoints if member.exhausted is None]
        if not members and self._endpoints[0].exhausted is not None:
            raise self._endpoints[0].exhausted
        if all(member.breaker.give_up for member in members):
            raise RunStopped(
                f"{self._subject} gave no answer for too long",
                hint="answers so far are saved; continue with llmgen eval --resume when it is well again",
            )
        future = self._clock.waiter()
        for member in members:
            member.breaker.waiters.append(future)
        wake_at = min(member.breaker.wake_at for member in members)
        self.waiting += 1
        try:
            await self._clock.until(future, None if math.isinf(wake_at) else wake_at - self._clock.now())
        finally:
            self.waiting -= 1
