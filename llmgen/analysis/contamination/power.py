"""What a test of this size can find at all: the smallest contamination that 80 % of such runs would show."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from llmgen.analysis.distributions import normal_quantile

LEVEL, POWER = 0.01, 0.8
_METHOD = "normal approximation of the permutation test, one-sided, spread of the control's scores"


def detectable(
    n: int,
    control: Sequence[float],
    *,
    level: float = LEVEL,
    power: float = POWER,
    ceiling: float | None = 1.0,
) -> dict[str, Any]:
    """The smallest share of `n` test items, and with it of the mean score, that the test finds with `power`.

    The alternative: the share s of the test items has the score `ceiling` (all draws alike), the others
    score like the control (mean m0, variance v0, M items). The effect d = s·(ceiling - m0) is found when
    d >= z_{1-level}·SE0 + z_power·SE1, with SE1² = v1/n + v0/M (v1 the variance of the mixture) and SE0²
    = V·(1/n + 1/M), V the pooled variance under the alternative, which is what permutations see.

    Without a `ceiling` (log probabilities) all test items are shifted by d: SE0 with V = v0 + d²·nM/(n+M)²
    and SE1² = v0·(1/n + 1/M); `share` is None. Both are None when even the largest effect would be missed.
    """
    values = np.asarray(control, dtype=float)
    mean, variance, m = float(values.mean()), float(values.var(ddof=1)), values.size
    z_level, z_power = normal_quantile(1 - level), normal_quantile(power)

    def is_found(effect: float, share: float, top: float) -> bool:
        mixed = (1 - share) * variance + share * (1 - share) * (top - mean) ** 2
        pooled = (n * mixed + m * variance) / (n + m) + effect**2 * n * m / (n + m) ** 2
        spread = math.sqrt(mixed / n + variance / m)
        return effect >= z_level * math.sqrt(pooled * (1 / n + 1 / m)) + z_power * spread

    if ceiling is None:
        largest = 100 * math.sqrt(variance)
        effect = _smallest(lambda step: is_found(step * largest, 0.0, mean))
        found = {"effect": None if effect is None else effect * largest, "share": None}
    else:
        gap = ceiling - mean
        share = _smallest(lambda part: is_found(part * gap, part, ceiling)) if gap > 0 else None
        found = {"effect": None if share is None else share * gap, "share": share}
    return {**found, "level": level, "power": power, "n": n, "n_control": m, "method": _METHOD}


def _smallest(is_enough: Callable[[float], bool]) -> float | None:
    """The smallest number in (0, 1] from which on `is_enough` holds, by bisection; None when 1 is not."""
    if not is_enough(1.0):
        return None
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
