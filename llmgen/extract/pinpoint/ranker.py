"""The learned part: one weight a feature, softmax over candidates and "no valid answer"."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import repeat
from pathlib import Path

import msgspec

from llmgen.errors import UsageError
from llmgen.types import Struct

_ZEROS = repeat(0.0)  # what an unknown feature weighs
WEIGHTS_FILE = Path(__file__).parent / "weights.json"


class Head(Struct):
    """Weights of one kind of range; probabilities are softmax(score * scale).

    Below `threshold` nothing is read: it would be a guess.
    """

    weights: dict[str, float]
    scale: float = 1.0
    threshold: float = 0.45


class Weights(Struct):
    """All heads (`options`, `labels`, `math`), the seed of their training and the hash of their bytes."""

    seed: int
    heads: dict[str, Head]
    digest: str = ""


@lru_cache(maxsize=4)
def load(path: Path = WEIGHTS_FILE) -> Weights:
    """The weights of a file; `digest` is the first 12 digits of its sha256. UsageError when it is none."""
    try:
        content = path.read_bytes()
        weights = msgspec.json.decode(content, type=Weights)
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(
            f"{path} holds no pinpoint weights: {error}", hint="llmgen extractors train"
        ) from error
    return msgspec.structs.replace(weights, digest=hashlib.sha256(content).hexdigest()[:12])


def probabilities(head: Head, candidates: Sequence[Sequence[str]], null: Sequence[str]) -> list[float]:
    """The probability of every candidate's place, that of no answer last. They sum to 1."""
    get = head.weights.get
    scores = [head.scale * math.fsum(map(get, names, _ZEROS)) for names in (*candidates, null)]
    top = max(scores)
    parts = [math.exp(score - top) for score in scores]
    total = math.fsum(parts)
    return [part / total for part in parts]
