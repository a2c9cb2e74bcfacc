"""How many tokens a prompt will have, before the vendor has counted them."""

from __future__ import annotations

import math

from llmgen.types import Request

START_TOKENS_PER_BYTE = 0.30
EWMA_WEIGHT = 0.05


class TokenEstimate:
    """Tokens = UTF-8 bytes x r; r is learnt per model as a weighted mean (EWMA) of what vendors counted."""

    def __init__(self) -> None:
        self._ratio: dict[str, float] = {}

    def prompt_tokens(self, request: Request) -> int:
        """The expected prompt tokens of one call."""
        ratio = self._ratio.get(request.model, START_TOKENS_PER_BYTE)
        return math.ceil(prompt_bytes(request) * ratio)

    def learn(self, request: Request, prompt_tokens: int) -> None:
        """Takes in the vendor's count for one call; 0 means that the vendor did not say."""
        size = prompt_bytes(request)
        if prompt_tokens > 0 and size > 0:
            ratio = self._ratio.get(request.model, START_TOKENS_PER_BYTE)
            self._ratio[request.model] = ratio + EWMA_WEIGHT * (prompt_tokens / size - ratio)


def prompt_bytes(request: Request) -> int:
    """UTF-8 bytes of all messages together."""
    return sum(len(message.content.encode()) for message in request.messages)
