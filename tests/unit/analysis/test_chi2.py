"""Chi-square tails against published quantiles and closed forms."""

import math

import pytest

from llmgen.analysis.chi2 import chi2_survival


@pytest.mark.parametrize(
    ("df", "quantile"),
    [(1, 3.841459), (2, 5.991465), (3, 7.814728), (5, 11.070498), (10, 18.307038), (100, 124.342113)],
)
def test_the_five_per_cent_points(df, quantile):
    assert chi2_survival(quantile, df) == pytest.approx(0.05, abs=1e-7)


def test_two_degrees_of_freedom_are_exponential():
    assert chi2_survival(7.0, 2) == pytest.approx(math.exp(-3.5), rel=1e-12)


def test_the_ends():
    assert chi2_survival(0.0, 3) == 1.0
    assert chi2_survival(-1.0, 3) == 1.0
    assert chi2_survival(1e5, 3) == 0.0
