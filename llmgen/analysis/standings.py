"""Leaderboards under different graders: ranks, how they change, and how alike two orders are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations


def ranks(scores: Sequence[float | None]) -> list[int | None]:
    """1 for the highest score; equal scores share the better rank, a missing one has none."""
    known = [score for score in scores if score is not None]
    return [None if score is None else 1 + sum(other > score for other in known) for score in scores]


def kendall_tau(a: Sequence[float | None], b: Sequence[float | None]) -> float | None:
    """Kendall's tau-b of two lists of scores over the places that both have.

    (concordant - discordant) / sqrt((n0 - ties in a)·(n0 - ties in b)) with n0 pairs; None with fewer than
    two places or when one list is all ties.
    """
    both = [(x, y) for x, y in zip(a, b, strict=True) if x is not None and y is not None]
    concordant = discordant = tied_a = tied_b = 0
    for (x1, y1), (x2, y2) in combinations(both, 2):
        tied_a += x1 == x2
        tied_b += y1 == y2
        direction = (x1 - x2) * (y1 - y2)
        concordant += direction > 0
        discordant += direction < 0
    pairs = math.comb(len(both), 2)
    below = (pairs - tied_a) * (pairs - tied_b)
    return (concordant - discordant) / math.sqrt(below) if below else None
