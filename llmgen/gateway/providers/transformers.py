"""`transformers/<folder or name>`: a model in this process, asked in batches, in a thread of its own."""

from __future__ import annotations

import asyncio
import importlib.metadata
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from llmgen.config import ProviderRow, Settings
from llmgen.errors import ProviderError, UsageError
from llmgen.gateway.base import ModelInfo, RateInfo
from llmgen.gateway.engines.torch_load import find_source, load, need_torch
from llmgen.gateway.providers.encode import check_limits
from llmgen.types import Completion, Request

MAX_ROWS = 16
GATHER_S = 0.005  # requests that arrive within it are asked together


class TransformersProvider:
    """A `Provider` over a loaded model. Requests that wait together are decoded together."""

    def __init__(self, name: str, model: str, row: ProviderRow, engine: Any, endpoint: str) -> None:
        self.endpoint = endpoint
        self.row = row
        self.observe: Callable[[RateInfo], None] | None = None
        self._name = name
        self._model = model
        self._engine = engine
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="transformers")
        self._waiting: list[tuple[Request, asyncio.Future[Completion]]] = []
        self._worker: asyncio.Task[None] | None = None
        self._cancelled = threading.Event()

    def check(self, request: Request) -> None:
        """Raises UsageError for what an in-process model can never honour."""
        check_limits(request, self.row, self._name)
        if request.extra:
            raise UsageError(f"{self._name} takes no extra fields: {', '.join(request.extra)}")
        if request.api == "chat" and not self._engine.chats:
            raise UsageError(
                f"{self._model} has no chat template", hint="a base model is asked by the completions API"
            )

    async def complete(self, request: Request) -> Completion:
        """One attempt. Raises ProviderError: context_length, or unavailable when the model failed."""
        if self._cancelled.is_set():
            raise ProviderError("cancelled", "the provider is closed")
        future: asyncio.Future[Completion] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await future

    async def models(self) -> list[ModelInfo] | None:
        """The one model that is loaded."""
        return [ModelInfo(id=self._model)]

    async def aclose(self) -> None:
        """Ends decoding after the token at hand and frees the model."""
        self._cancelled.set()
        if self._worker is not None:
            await self._worker
        self._thread.shutdown()
        self._engine = None

    async def _work(self) -> None:
        """Answers everybody who waits, a batch at a time."""
        from llmgen.gateway.engines.torch_batch import answer  # noqa: PLC0415  # loads torch

        await asyncio.sleep(GATHER_S)
        while batch := self._next_batch():
            requests = [request for request, _ in batch]
            answers = await asyncio.get_running_loop().run_in_executor(
                self._thread, answer, self._engine, requests, self.endpoint, self._cancelled
            )
            for (_, future), result in zip(batch, answers, strict=True):
                if future.done():  # its asker went away
                    continue
                if isinstance(result, Completion):
                    future.set_result(result)
                else:
                    future.set_exception(result)

    def _next_batch(self) -> list[tuple[Request, asyncio.Future[Completion]]]:
        """The first of those who still wait, as many as fit, at least one; nobody: empty."""
        waiting = [entry for entry in self._waiting if not entry[1].done()]
        taken, texts = 0, 0
        for request, _ in waiting:
            texts += request.sampling.n
            if taken and texts > MAX_ROWS:
                break
            taken += 1
        self._waiting = waiting[taken:]
        return waiting[:taken]


async def build(
    name: str, model: str, row: ProviderRow, settings: Settings, _options: dict[str, Any]
) -> TransformersProvider:
    """The provider of `transformers/<model>`, loaded: a folder, a known local name, or a name on the hub.

    Raises UsageError with the install line without torch and transformers, and for a model that cannot
    be loaded.
    """
    need_torch()
    source = await find_source(model, settings.home_path, lambda _: None)
    engine = await asyncio.to_thread(load, source.place)
    digest = source.sha256 or f"hub:{model}@{engine.commit}"
    version = importlib.metadata.version("transformers")
    endpoint = f"managed:transformers:{version}:{digest}:-:{engine.dtype}"
    return TransformersProvider(name, model, row, engine, endpoint)
