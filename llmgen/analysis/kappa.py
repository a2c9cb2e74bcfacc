"""Cohen's kappa: how far two raters agree beyond chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence


def kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Cohen's kappa, (po - pe) / (1 - pe) with pe = Σ_k p1k·p2k; None when pe = 1 or without pairs."""
    if not pairs:
        return None
    n = len(pairs)
    ones, others = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    observed = sum(one == other for one, other in pairs)
    chance = sum(count * others[name] for name, count in ones.items())
    if chance == n * n:
        return None
    return (observed * n - chance) / (n * n - chance)
