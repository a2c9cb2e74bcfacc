"""One provider for every vendor that speaks the OpenAI dialect: chat, completions, responses."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec

from llmgen.config import ProviderRow, Settings
from llmgen.errors import ProviderError, UsageError
from llmgen.gateway.base import ModelInfo, RateInfo
from llmgen.gateway.providers.address import Address, address, headers_for, key_for
from llmgen.gateway.providers.decode import decode, decode_models
from llmgen.gateway.providers.encode import PATHS, check_limits, encode, unsupported, without
from llmgen.gateway.providers.failures import Refused, failed, refusal
from llmgen.gateway.providers.ratelimit_headers import rate_info
from llmgen.gateway.transport import Reply, Sender, Transport
from llmgen.types import Completion, Request

_OK, _NOT_FOUND, _NO_METHOD = 200, 404, 405


class OpenAIProvider:
    """A `Provider` over HTTP. `drop_unsupported`: leave out what the row cannot honour, and record it."""

    dialect = "openai"

    def __init__(  # noqa: PLR0913  # its parts, handed in by build
        self,
        name: str,
        row: ProviderRow,
        where: Address,
        transport: Sender,
        *,
        key: str | None = None,
        drop_unsupported: bool = False,
    ) -> None:
        self.endpoint = where.identity
        self.row = row
        self.observe: Callable[[RateInfo], None] | None = None
        self._name = name
        self._where = where
        self._transport = transport
        self._headers = headers_for(row, key)
        self._drop = drop_unsupported

    def check(self, request: Request) -> None:
        """Raises UsageError for a request that this row or model can never honour."""
        check_limits(request, self.row, self._name)
        fields = unsupported(request, self.row)
        if fields and not self._drop:
            raise UsageError(
                f"{self._name}/{request.model} does not support {', '.join(fields)} ({request.api} API)",
                hint="leave it out, or use --drop-unsupported",
            )

    async def complete(self, request: Request) -> Completion:
        """One attempt. Raises ProviderError."""
        dropped = unsupported(request, self.row) if self._drop else ()
        if dropped:
            request = without(request, dropped)
        started = time.perf_counter()
        url = self._where.url(PATHS[request.api], request.model)
        reply = await self._transport.send("POST", url, self._headers, encode(request, self.row))
        if self.observe is not None and self.row.rate_headers != "none":
            self.observe(rate_info(reply.headers))
        completion = decode_reply(reply, request, self.endpoint)
        return msgspec.structs.replace(completion, latency_s=time.perf_counter() - started, dropped=dropped)

    async def models(self) -> list[ModelInfo] | None:
        """What /models lists; None where the list is incomplete or missing. Raises ProviderError."""
        if not self.row.lists_models:
            return None
        reply = await self._transport.send("GET", self._where.url("/models"), self._headers)
        if reply.status in {_NOT_FOUND, _NO_METHOD}:
            return None
        if reply.status != _OK:
            raise _as_error(failed(reply))
        return decode_models(reply)

    async def aclose(self) -> None:
        """Lets the connections go."""
        await self._transport.aclose()


def decode_reply(reply: Reply, request: Request, endpoint: str) -> Completion:
    """The Completion that any HTTP answer stands for; a refusal by status or error code is one, too.

    Raises ProviderError.
    """
    try:
        if reply.status != _OK:
            raise failed(reply)
        return decode(reply, request, endpoint)
    except Refused as refused:
        return refusal(refused, request, endpoint)


async def build(
    name: str, model: str, row: ProviderRow, settings: Settings, options: dict[str, Any]
) -> OpenAIProvider:
    """The provider of row `name`.

    `options`: `base_url` (wins over the row's), `drop_unsupported`, and for managed servers `endpoint` (their
    identity) and `api_key`. Raises ConfigError for a missing key or base URL.
    """
    where = address(name, row, options)
    key = key_for(name, row, options)
    transport = Transport(where.url("", model), settings.timeouts, local=row.local)
    return OpenAIProvider(
        name, row, where, transport, key=key, drop_unsupported=bool(options.get("drop_unsupported"))
    )


def _as_error(outcome: ProviderError | Refused) -> ProviderError:
    return outcome if isinstance(outcome, ProviderError) else ProviderError("auth", outcome.message)
