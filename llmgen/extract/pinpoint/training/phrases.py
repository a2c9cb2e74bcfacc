"""The phrases of `phrases.txt` by the name of their list, and which of them a split may use."""

from __future__ import annotations

import random
from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).parent / "phrases.txt"
_KEPT_BACK = 4


@lru_cache(maxsize=1)
def phrase_lists() -> dict[str, list[str]]:
    """All lists, in the order of the file."""
    lists: dict[str, list[str]] = {}
    name = ""
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]") and line[1:-1].replace("_", "").isupper():
            name = line[1:-1]
            lists[name] = []
        elif name and line:
            lists[name].append(line.replace("\\n", "\n"))
    return lists


class Pool:
    """The phrases of one split: of every list each fourth is kept for validation, the others for training.

    So the validation figure is about phrases that no weight has seen.
    """

    def __init__(self, rng: random.Random, *, heldout: bool) -> None:
        self._rng = rng
        self._lists = {
            name: [line for i, line in enumerate(lines) if (i % _KEPT_BACK == _KEPT_BACK - 1) == heldout]
            or lines
            for name, lines in phrase_lists().items()
        }

    def pick(self, name: str) -> str:
        """One phrase of a list."""
        return self._rng.choice(self._lists[name])
