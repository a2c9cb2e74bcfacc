"""The quantiles against values of published tables and closed forms."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmgen.analysis.distributions import (
    incomplete_beta,
    normal_quantile,
    student_cdf,
    student_quantile,
)


@pytest.mark.parametrize("p", [0.6, 0.9, 0.975, 0.995, 0.9999])
def test_one_degree_of_freedom_is_the_cauchy_distribution(p):
    assert student_quantile(p, 1) == pytest.approx(math.tan(math.pi * (p - 0.5)), rel=1e-10)


@pytest.mark.parametrize("p", [0.6, 0.9, 0.975, 0.995, 0.9999])
def test_two_degrees_of_freedom_have_a_closed_form(p):
    expected = (2 * p - 1) / math.sqrt(2 * p * (1 - p))
    assert student_quantile(p, 2) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    ("df", "expected"),
    [
        (3, 3.182446305284263),
        (5, 2.570581835636314),
        (9, 2.262157162740992),
        (10, 2.228138851964939),
        (30, 2.042272456301238),
        (100, 1.983971518449634),
    ],
)
def test_known_quantiles_of_student(df, expected):
    assert student_quantile(0.975, df) == pytest.approx(expected, abs=1e-8)


def test_search_and_expansion_agree_where_they_meet():
    by_search, by_expansion = student_quantile(0.975, 999.999999), student_quantile(0.975, 1000)
    assert by_search == pytest.approx(by_expansion, abs=1e-9)
    assert student_quantile(0.975, 1e7) == pytest.approx(normal_quantile(0.975), abs=1e-6)


@given(p=st.floats(1e-6, 1 - 1e-6), df=st.floats(0.5, 3000))
def test_quantile_inverts_the_distribution_function(p, df):
    assert student_cdf(student_quantile(p, df), df) == pytest.approx(p, rel=1e-7)


@given(a=st.floats(0.3, 400), b=st.floats(0.3, 400), steps=st.integers(0, 2**30))
def test_incomplete_beta_is_a_distribution_function_and_symmetric(a, b, steps):
    x = steps / 2**30  # 1 - x is exact: the symmetry is that of the function, not of rounding
    value = incomplete_beta(a, b, x)
    assert 0 <= value <= 1
    assert value == pytest.approx(1 - incomplete_beta(b, a, 1 - x), abs=1e-9)


@pytest.mark.parametrize(("n", "k"), [(5, 1), (20, 5), (100, 40), (999, 470)])
def test_incomplete_beta_sums_the_binomial(n, k):
    exact = sum(math.comb(n, i) for i in range(k + 1)) / 2**n
    assert incomplete_beta(n - k, k + 1, 0.5) == pytest.approx(exact, rel=1e-10)


def test_incomplete_beta_at_the_ends():
    assert incomplete_beta(2, 3, 0) == 0
    assert incomplete_beta(2, 3, 1) == 1
    assert incomplete_beta(1, 1, 0.3) == pytest.approx(0.3, abs=1e-14)
