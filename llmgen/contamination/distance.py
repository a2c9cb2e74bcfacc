"""Edit distances of one token list to many: Levenshtein with unit costs, by rapidfuzz."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

Tokens = Sequence[int]


def distances(centre: Tokens, others: Sequence[Tokens]) -> list[int]:
    """The Levenshtein distance of `centre` to each of `others`, in tokens."""
    if not others:
        return []
    row: list[int] = cdist([centre], others, scorer=Levenshtein.distance)[0].tolist()
    return row


def near(centre: Tokens, others: Sequence[Tokens], cutoff: int) -> list[int]:
    """The indices of those `others` whose distance to `centre` is at most `cutoff`."""
    # each token that one list has more costs one edit, so most lists need not be compared at all
    low, high = len(centre) - cutoff, len(centre) + cutoff
    alike = [at for at, length in enumerate(map(len, others)) if low <= length <= high]
    if not alike:
        return []
    rest = [others[at] for at in alike]
    row = cdist([centre], rest, scorer=Levenshtein.distance, score_cutoff=cutoff)[0].tolist()
    return [at for at, found in zip(alike, row, strict=True) if found <= cutoff]
