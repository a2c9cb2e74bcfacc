"""What the gateway's parts expect of each other: a provider, a cache store, rate information."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from llmgen.config import Price, ProviderRow
from llmgen.types import Completion, Request, Struct


class RateInfo(Struct):
    """What a response's headers say about the vendor's limits. Per minute; resets in seconds."""

    limit_requests: float | None = None
    limit_tokens: float | None = None
    remaining_requests: float | None = None
    remaining_tokens: float | None = None
    reset_requests_s: float | None = None
    reset_tokens_s: float | None = None


class ModelInfo(Struct):
    """What an endpoint says of one model it serves. `shutdown_date` is ISO 8601, None when not given."""

    id: str
    shutdown_date: str | None = None


class Provider(Protocol):
    """One endpoint. `complete` makes exactly one attempt and raises ProviderError on any failure.

    `endpoint` is the identity that goes into request keys. `observe`, when set, is called with the rate
    headers of every response, failed ones too. `check` raises UsageError for a request that the endpoint
    can never honour (too many logprobs, unsupported parameter) before anything is sent. `models` lists
    what is served, None when the endpoint cannot say.
    """

    endpoint: str
    row: ProviderRow
    observe: Callable[[RateInfo], None] | None

    async def complete(self, request: Request) -> Completion:
        """One attempt."""
        ...

    def check(self, request: Request) -> None:
        """Refuses what can never be honoured."""
        ...

    async def models(self) -> list[ModelInfo] | None:
        """What is served."""
        ...

    async def aclose(self) -> None:
        """Gives connections and servers back."""
        ...


class CacheStore(Protocol):
    """Where completions are kept by request key; safe for many processes."""

    def get(self, key: str) -> Completion | None:
        """The stored completion, None when there is none."""
        ...

    def put(self, key: str, request: Request, completion: Completion) -> None:
        """Keeps a completion."""
        ...


PriceOf = Callable[[str, str], Price | None]
"""(provider row name, model) -> price per million tokens, None when unknown; local rows cost 0."""
