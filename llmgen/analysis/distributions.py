"""The three distribution functions that interval estimates need: beta, Student's t and the normal.

Written out so that numpy stays the only numerical dependency.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_TINY = 1e-300
_EPSILON = 1e-16
_EXPANSION_FROM = 1000.0  # degrees of freedom: above, the expansion is exact to 1e-12 and needs no search


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), for a, b > 0 and 0 <= x <= 1.

    The continued fraction of Abramowitz and Stegun 26.5.8, evaluated by the modified Lentz method.
    """
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast on the other side only
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) * _beta_fraction(a, b, x) / a


def _beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of I_x(a, b); needs about sqrt(max(a, b)) terms."""
    c, d = 1.0, 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 200 + 20 * math.isqrt(int(max(a, b)) + 1)):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        before = value
        for term in (even, odd):
            d = 1.0 / _away_from_zero(1.0 + term * d)
            c = _away_from_zero(1.0 + term / c)
            value *= c * d
        if abs(value - before) <= _EPSILON * abs(value):
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def normal_quantile(p: float) -> float:
    """The standard normal quantile, 0 < p < 1."""
    return NormalDist().inv_cdf(p)


def student_cdf(t: float, df: float) -> float:
    """P(T <= t) for Student's t with `df` > 0 degrees of freedom."""
    tail = 0.5 * incomplete_beta(df / 2, 0.5, df / (df + t * t))
    return 1.0 - tail if t > 0 else tail


@lru_cache(maxsize=4096)
def student_quantile(p: float, df: float) -> float:
    """The t with P(T <= t) = p, 0 < p < 1, for `df` > 0 degrees of freedom; relative error below 1e-9.

    Bisection on the tail; from 1,000 degrees of freedom on, the expansion of Abramowitz and Stegun 26.7.5.
    """
    if p < 0.5:  # noqa: PLR2004  # the median
        return -student_quantile(1.0 - p, df)
    if df >= _EXPANSION_FROM:
        return _student_expansion(normal_quantile(p), df)
    low, high = 0.0, 1.0
    while student_cdf(-high, df) > 1.0 - p:
        low, high = high, 2 * high
    while high - low > 1e-13 * high:
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if student_cdf(-middle, df) > 1.0 - p:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _student_expansion(z: float, df: float) -> float:
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / df**power for power, term in enumerate(terms, start=1))
