"""`local/<name>` and `local/<path>.gguf`: the embedded llama.cpp server, asked in the OpenAI dialect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llmgen.config import ProviderRow, Settings
from llmgen.gateway.base import ModelInfo, RateInfo
from llmgen.gateway.engines import embedded
from llmgen.gateway.engines.weights import locate
from llmgen.gateway.providers import openai_dialect
from llmgen.types import Completion, Request


class LocalProvider:
    """A `Provider` over a server of our own, which is started again should it die between two requests."""

    def __init__(self, server: embedded.EmbeddedServer, dialect: openai_dialect.OpenAIProvider) -> None:
        self.endpoint = dialect.endpoint
        self.row = dialect.row
        self.observe: Callable[[RateInfo], None] | None = None
        self._server = server
        self._dialect = dialect

    def check(self, request: Request) -> None:
        """Raises UsageError for what llama.cpp can never honour."""
        self._dialect.check(request)

    async def complete(self, request: Request) -> Completion:
        """One attempt. Raises ProviderError, and FatalProvider when a dead server cannot be started again."""
        await self._server.ensure()
        return await self._dialect.complete(request)

    async def models(self) -> list[ModelInfo] | None:
        """The one model that is loaded."""
        return await self._dialect.models()

    async def aclose(self) -> None:
        """Gives the server back; its last user stops it."""
        await self._dialect.aclose()
        await embedded.release(self._server)


async def build(
    name: str, model: str, row: ProviderRow, settings: Settings, options: dict[str, Any]
) -> LocalProvider:
    """The provider of `local/<model>`, its server running.

    Raises UsageError for an engine that is not installed or weights that are not here (with the line that
    mends it), StoreError for damaged weights, FatalProvider when the server cannot start.
    """
    embedded.engine_version()
    weights = await locate(model, settings.home_path)
    server = await embedded.acquire(weights, settings.home_path, embedded.EngineSettings())
    try:
        managed = {**options, "base_url": server.base_url, "endpoint": embedded.identity(weights)}
        return LocalProvider(server, await openai_dialect.build(name, model, row, settings, managed))
    except BaseException:
        await embedded.release(server)
        raise
