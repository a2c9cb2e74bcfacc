"""Edit distances of one token list to many: Levenshtein with unit costs, by rapidfuzz."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

Tokens = Sequence[int]


def distances(centre: Tokens, others: Sequence[Tokens], cutoff: int | None = None) -> list[int]:
    """The Levenshtein distance of `centre` to each of `others`, in tokens.

    With a `cutoff`, every larger distance is given as `cutoff + 1`, which is several times as fast.
    """
    if not others:
        return []
    row = cdist([centre], others, scorer=Levenshtein.distance, score_cutoff=cutoff)[0]
    found: list[int] = row.tolist()
    return found
