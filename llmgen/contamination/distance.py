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
    if cutoff is None:
        return _row(centre, others, None)
    # each token that one list has more costs one edit, so most lists need not be compared at all
    low, high = len(centre) - cutoff, len(centre) + cutoff
    alike = [other for other in others if low <= len(other) <= high]
    found = _row(centre, alike, cutoff)
    if len(alike) == len(others):
        return found
    left = iter(found)
    return [next(left) if low <= len(other) <= high else cutoff + 1 for other in others]


def _row(centre: Tokens, others: Sequence[Tokens], cutoff: int | None) -> list[int]:
    if not others:
        return []
    row: list[int] = cdist([centre], others, scorer=Levenshtein.distance, score_cutoff=cutoff)[0].tolist()
    return row
