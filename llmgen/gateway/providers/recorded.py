"""Answers that a benchmark brings along (published responses of a model), by sample id."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from llmgen.config import ProviderRow
from llmgen.errors import ProviderError
from llmgen.gateway.base import ModelInfo, RateInfo
from llmgen.types import Completion, Request


class RecordedAnswers:
    """A provider that looks `request.sample_id` up. `endpoint` says whose answers they are."""

    def __init__(self, answers: Mapping[str, str], endpoint: str = "recorded") -> None:
        self.endpoint = endpoint
        self.row = ProviderRow(auth="none", n_mode="loop", local=True)
        self.observe: Callable[[RateInfo], None] | None = None
        self._answers = answers

    def check(self, request: Request) -> None:
        """How the answers were drawn is not known here: nothing to check."""

    async def complete(self, request: Request) -> Completion:
        """The recorded text, without finish reason or usage. Raises ProviderError: replay_miss."""
        text = self._answers.get(request.sample_id)
        if text is None:
            raise ProviderError(
                "replay_miss", f"no recorded answer to {request.sample_id!r}", should_retry=False
            )
        return Completion(
            texts=(text,),
            finish_reasons=(None,),
            model=request.model,
            endpoint=self.endpoint,
            n_asked=request.sampling.n,
            via="replay",
        )

    async def models(self) -> list[ModelInfo] | None:
        """Nothing to check."""
        return None

    async def aclose(self) -> None:
        """Nothing is open."""
