"""Levels and bins of difficulty: from the ratings of a set's items, equal ratings never apart."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

EASY_SHARE, HARD_SHARE = 0.3, 0.7
LEVELS = ("easy", "medium", "hard")


class Levels:
    """Where the items of one set are cut, by the quantiles of the ratings of all of them."""

    def __init__(self, ratings: Sequence[float], bins: int | None) -> None:
        ordered = sorted(ratings)
        self._easy, self._hard = (_quantile(ordered, share) for share in (EASY_SHARE, HARD_SHARE))
        self._cuts = [_quantile(ordered, number / bins) for number in range(1, bins)] if bins else []

    def level(self, rating: float) -> str:
        """`easy` up to the 30 % quantile, `hard` from the 70 % quantile on, else `medium`."""
        if rating <= self._easy:
            return "easy"
        return "hard" if rating >= self._hard else "medium"

    def bin(self, rating: float) -> int:
        """The number of the bin, from 1; the last one is the hardest."""
        return 1 + bisect_left(self._cuts, rating)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The quantile by linear interpolation (Hyndman and Fan's type 7)."""
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
