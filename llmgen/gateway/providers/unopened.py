"""An endpoint that is only named: what a preview needs of a model, without its weights or its server."""

from __future__ import annotations

from collections.abc import Callable

from llmgen.config import ProviderRow
from llmgen.errors import LlmgenError
from llmgen.gateway.base import ModelInfo, RateInfo
from llmgen.types import Completion, Request


class Unopened:
    """A provider by its row and its name. It can be asked nothing."""

    def __init__(self, endpoint: str, row: ProviderRow) -> None:
        self.endpoint = endpoint
        self.row = row
        self.observe: Callable[[RateInfo], None] | None = None

    def check(self, request: Request) -> None:
        """What a model can honour shows when it is opened."""

    async def complete(self, request: Request) -> Completion:
        """Raises LlmgenError: nobody is there."""
        raise LlmgenError(f"{self.endpoint} was not opened, {request.model} cannot be asked")

    async def models(self) -> list[ModelInfo] | None:
        """Nothing is known."""
        return None

    async def aclose(self) -> None:
        """Nothing is open."""
