"""The cache layer: an answered request costs nothing again, and one in flight is not sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal, TypeAlias

from msgspec.structs import replace

from llmgen.errors import ProviderError
from llmgen.gateway.base import CacheStore
from llmgen.types import Complete, Completion, Request

CacheMode: TypeAlias = Literal["rw", "r", "w", "off", "only"]
Outcome: TypeAlias = Completion | BaseException | None
"""What a leader leaves to its followers; None = it was cancelled, one of them has to ask instead."""


def cached(
    inner: Complete,
    store: CacheStore,
    mode: CacheMode,
    price: Callable[[Completion], float | None],
) -> Complete:
    """`inner` behind `store`. `price` says what a stored completion would cost today, None when unknown.

    Stored is every completion with all n texts, truncated and refused ones too; never a failure. With
    `only`, a miss raises ProviderError('cache_miss').
    """
    if mode == "off":
        return inner
    return _Cached(inner, store, mode, price)


class _Cached:
    def __init__(
        self,
        inner: Complete,
        store: CacheStore,
        mode: CacheMode,
        price: Callable[[Completion], float | None],
    ) -> None:
        self._inner = inner
        self._store = store
        self._mode = mode
        self._price = price
        self._followers: dict[str, list[asyncio.Future[Outcome]]] = {}

    async def __call__(self, request: Request) -> Completion:
        key = request.key
        if self._mode != "w" and (hit := self._store.get(key)) is not None:
            return self._as_hit(hit)
        if self._mode == "only":
            raise ProviderError("cache_miss", "not in the cache, and --cache only forbids to ask")
        while key in self._followers:
            outcome = await self._follow(key)
            if isinstance(outcome, BaseException):
                raise outcome
            if outcome is not None:
                return self._as_hit(outcome)
        return await self._lead(key, request)

    async def _follow(self, key: str) -> Outcome:
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._followers[key].append(future)
        return await future

    async def _lead(self, key: str, request: Request) -> Completion:
        self._followers[key] = []
        outcome: Outcome = None
        try:
            outcome = completion = await self._inner(request)
        except Exception as error:
            outcome = error
            raise
        finally:
            for future in self._followers.pop(key):
                if not future.done():
                    future.set_result(outcome)
        if self._mode != "r" and len(completion.texts) >= request.sampling.n:
            self._store.put(key, request, completion)
        return completion

    def _as_hit(self, completion: Completion) -> Completion:
        usage = completion.usage
        saved = usage.cost_usd if usage.cost_usd is not None else self._price(completion)
        usage = replace(usage, cost_usd=0.0, uncertain_usd=0.0, saved_usd=saved or 0.0)
        return replace(completion, cached=True, attempts=0, via="cache", usage=usage)
