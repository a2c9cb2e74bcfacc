"""The chi-square distribution, which tests of fit need."""

from __future__ import annotations

import math


def chi2_survival(x: float, df: int) -> float:
    """P(X >= x) for chi-square with an integer number `df` >= 1 of degrees of freedom.

    Q(a + 1, h) = Q(a, h) + h^a e^-h / Γ(a + 1) with h = x/2, from Q(1/2, h) = erfc(√h) or Q(1, h) = e^-h
    (Abramowitz and Stegun 26.4.4, 26.4.5): a sum of positive terms.
    """
    if x <= 0.0:
        return 1.0
    half = 0.5 * x
    a = 0.5 if df % 2 else 1.0
    total = math.erfc(math.sqrt(half)) if df % 2 else math.exp(-half)
    while a < 0.5 * df:
        total += math.exp(a * math.log(half) - half - math.lgamma(a + 1.0))
        a += 1.0
    return min(total, 1.0)
