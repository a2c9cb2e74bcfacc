"""`local/<name>` and `local/<path>.gguf`: the embedded llama.cpp server, asked in the OpenAI dialect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

from llmgen.config import ProviderRow, Settings
from llmgen.gateway.base import ModelInfo, RateInfo
from llmgen.gateway.engines import embedded
from llmgen.gateway.engines.weights import locate
from llmgen.gateway.fanout import merged, part
from llmgen.gateway.providers import openai_dialect
from llmgen.types import Completion, Request

DRAWING = embedded.EngineSettings(slots=8)

Dial: TypeAlias = Callable[[embedded.EmbeddedServer], Awaitable[openai_dialect.OpenAIProvider]]


class LocalProvider:
    """A `Provider` over servers of our own, which are started again should they die between two requests.

    Single answers are decoded one at a time, so that they can be repeated. Several answers to one question
    differ anyhow: a second server, started when they are first asked for, decodes eight at once.
    """

    def __init__(
        self, server: embedded.EmbeddedServer, dialect: openai_dialect.OpenAIProvider, home: Path, dial: Dial
    ) -> None:
        self.endpoint = dialect.endpoint
        self.row = dialect.row
        self.observe: Callable[[RateInfo], None] | None = None
        self._server = server
        self._dialect = dialect
        self._home = home
        self._dial = dial
        self._drawing: tuple[embedded.EmbeddedServer, openai_dialect.OpenAIProvider] | None = None

    def check(self, request: Request) -> None:
        """Raises UsageError for what llama.cpp can never honour."""
        self._dialect.check(request)

    async def complete(self, request: Request) -> Completion:
        """One attempt. Raises ProviderError, and FatalProvider when a dead server cannot be started again."""
        async with self._server.turn:
            if request.sampling.n > 1:
                return await self._draw(request)
            await self._server.ensure()
            return await self._dialect.complete(request)

    async def models(self) -> list[ModelInfo] | None:
        """The one model that is loaded."""
        return await self._dialect.models()

    async def aclose(self) -> None:
        """Gives the server back; its last user stops it."""
        await self._dialect.aclose()
        await embedded.release(self._server)
        if self._drawing is not None:
            server, dialect = self._drawing
            await dialect.aclose()
            await embedded.release(server)

    async def _draw(self, request: Request) -> Completion:
        """Several answers. llama.cpp counts the tokens of the first only when it is asked for all at once."""
        if self._drawing is None:
            server = await embedded.acquire(self._server.weights, self._home, DRAWING)
            self._drawing = server, await self._dial(server)
        server, dialect = self._drawing
        await server.ensure()
        n = request.sampling.n
        return merged(await asyncio.gather(*(dialect.complete(part(request, i, 1)) for i in range(n))), n)


async def build(
    name: str, model: str, row: ProviderRow, settings: Settings, options: dict[str, Any]
) -> LocalProvider:
    """The provider of `local/<model>`, its server running.

    Raises UsageError for an engine that is not installed or weights that are not here (with the line that
    mends it), StoreError for damaged weights, FatalProvider when the server cannot start.
    """
    embedded.engine_version()
    weights = await locate(model, settings.home_path)

    async def dial(server: embedded.EmbeddedServer) -> openai_dialect.OpenAIProvider:
        managed = {**options, "base_url": server.base_url, "endpoint": embedded.identity(weights)}
        return await openai_dialect.build(name, model, row, settings, managed)

    server = await embedded.acquire(weights, settings.home_path, embedded.EngineSettings())
    try:
        return LocalProvider(server, await dial(server), settings.home_path, dial)
    except BaseException:
        await embedded.release(server)
        raise
