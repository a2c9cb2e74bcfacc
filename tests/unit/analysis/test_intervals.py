"""Golden numbers of the specification, properties, and coverage by simulation with fixed seeds."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmgen.analysis.intervals import (
    holm,
    mcnemar_exact,
    mean_interval,
    minimum_detectable_effect,
    paired_bootstrap,
    sample_size,
    sign_flip,
    standard_error,
    wilson,
)

A = np.array([int(digit) for digit in "110110110111"], dtype=float)
B = np.array([int(digit) for digit in "100100101011"], dtype=float)
D = A - B
THREES = [index // 3 for index in range(12)]


def test_golden_standard_errors():
    assert D.mean() == 0.25
    assert standard_error(D) == pytest.approx(0.179435, abs=1e-6)
    assert math.hypot(standard_error(A), standard_error(B)) == pytest.approx(0.199431, abs=1e-6)
    assert standard_error(D, THREES) == pytest.approx(0.083333, abs=1e-6)
    assert standard_error(D, THREES) * math.sqrt(3 / 4) == pytest.approx(0.072169, abs=1e-6)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"), [(0, 50, 0, 0.0713), (187, 1000, 0.1640, 0.2123), (49, 50, 0.895, 0.997)]
)
def test_golden_wilson(k, n, low, high):
    assert wilson(k, n) == pytest.approx((low, high), abs=6e-4 if n == 50 else 5e-5)


def test_wilson_is_exact_to_its_formula():
    z = 1.959964
    for p in wilson(187, 1000):  # the bounds are where the score test has exactly z
        assert abs(0.187 - p) / math.sqrt(p * (1 - p) / 1000) == pytest.approx(z, abs=1e-9)


def test_wilson_without_trials_knows_nothing():
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("b", "c", "p"),
    [
        (5, 15, 0.041389),
        (0, 6, 0.03125),
        (1, 7, 0.070313),
        (40, 60, 0.056888),
        (3, 3, 1),
        (0, 0, 1),
        (4, 1, 0.375),
    ],
)
def test_golden_mcnemar(b, c, p):
    assert mcnemar_exact(b, c) == pytest.approx(p, abs=1e-6)
    assert mcnemar_exact(c, b) == mcnemar_exact(b, c)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_binomial_sum(b, c):
    tail = sum(math.comb(b + c, i) for i in range(min(b, c) + 1)) / 2 ** (b + c)
    assert mcnemar_exact(b, c) == pytest.approx(min(1.0, 2 * tail), rel=1e-9)


def test_golden_sign_flip():
    assert sign_flip(D) == pytest.approx(0.375, abs=1e-12)
    assert sign_flip(D, THREES) == 0.25


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_sign_flip_counts_all_patterns(values):
    patterns = [
        abs(sum(s * v for s, v in zip(signs, values, strict=True)))
        for signs in product((1, -1), repeat=len(values))
    ]
    expected = sum(total >= abs(sum(values)) for total in patterns) / len(patterns)
    assert sign_flip([value / 4 for value in values]) == pytest.approx(expected, abs=1e-12)


def test_sign_flip_by_draws_is_near_the_exact_value_and_never_zero():
    values = np.concatenate((np.ones(30), -np.ones(12)))
    drawn = sign_flip(values)
    assert drawn == pytest.approx(mcnemar_exact(30, 12), abs=3e-3)
    assert drawn == sign_flip(values)  # fixed seed
    assert sign_flip(np.ones(200)) == 1 / 10_001


def test_identical_runs_differ_with_probability_one():
    assert sign_flip(np.zeros(20)) == 1.0


def test_holm_steps_down_and_stays_monotone():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_golden_power():
    assert minimum_detectable_effect(1.0) == pytest.approx(2.8016, abs=5e-5)
    assert sample_size(0.2, 0.02) == 3925


def test_binary_independent_values_use_wilson():
    interval = mean_interval([1.0] * 187 + [0.0] * 813)
    assert interval.method == "wilson"
    assert (interval.low, interval.high) == wilson(187, 1000)
    assert (interval.n, interval.n_clusters, interval.mean) == (1000, 1000, 0.187)


def test_labels_that_are_all_different_mean_no_clusters():
    assert mean_interval(A, list(range(12))) == mean_interval(A)


def test_clusters_use_student_with_one_degree_of_freedom_less():
    interval = mean_interval(D, THREES, bounds=(-1, 1))
    half = 3.182446305284263 * 0.0833333333333
    assert interval.method == "t"
    assert (interval.low, interval.high) == pytest.approx((0.25 - half, 0.25 + half), abs=1e-9)
    assert interval.n_clusters == 4


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_unanimous_values_have_a_width(value):
    interval = mean_interval([value] * 50)
    assert (interval.low, interval.high) == pytest.approx(wilson(50 * value, 50), abs=1e-12)
    assert interval.se > 0


def test_unanimous_clusters_count_as_single_trials():
    clustered = mean_interval([1.0] * 50, [index // 10 for index in range(50)])
    assert clustered.low == pytest.approx(wilson(5, 5)[0], abs=1e-12)
    cancelled = mean_interval([0.0, 1.0] * 10, [index // 2 for index in range(20)])
    assert cancelled.se > 0
    assert cancelled.low < 0.5 < cancelled.high


def test_equal_runs_get_an_interval_around_zero_that_shrinks_with_n():
    few, many = (mean_interval(np.zeros(n), bounds=(-1, 1)) for n in (50, 5000))
    assert few.low == -few.high < 0
    assert many.high < few.high / 50


def test_nothing_and_one_cluster_say_everything_is_possible():
    assert mean_interval([]).mean is None
    lonely = mean_interval([0.0, 1.0, 1.0], ["x", "x", "x"])
    assert (lonely.low, lonely.high, lonely.se, lonely.method) == (0.0, 1.0, None, "none")


def test_labels_must_match_values():
    with pytest.raises(ValueError, match="3 values, but 2 cluster labels"):
        mean_interval([1, 0, 1], ["a", "b"])


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 5)), min_size=1, max_size=40))
def test_an_interval_holds_its_mean_and_stays_in_bounds(pairs):
    interval = mean_interval([value for value, _ in pairs], [label for _, label in pairs])
    assert -1e-12 <= interval.low <= interval.mean + 1e-12
    assert interval.mean - 1e-12 <= interval.high <= 1 + 1e-12


def test_bootstrap_of_independent_differences_is_near_the_normal_interval():
    rng = np.random.default_rng(3)
    values = rng.choice([-1.0, 0.0, 1.0], p=[0.1, 0.6, 0.3], size=400)
    low, high = paired_bootstrap(values)
    se = standard_error(values)
    assert low == pytest.approx(values.mean() - 1.96 * se, abs=0.006)
    assert high == pytest.approx(values.mean() + 1.96 * se, abs=0.006)
    assert (low, high) == paired_bootstrap(values)


def test_bootstrap_draws_clusters_not_samples():
    values = np.repeat([1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0], 25)
    clusters = [index // 25 for index in range(200)]
    low, high = paired_bootstrap(values, clusters)
    alone_low, alone_high = paired_bootstrap(values)
    assert high - low > 3 * (alone_high - alone_low)


def test_bootstrap_of_nothing_is_nan():
    assert all(math.isnan(bound) for bound in paired_bootstrap([]))


@pytest.mark.parametrize(("n", "p"), [(50, 0.1), (50, 0.5), (200, 0.9)])
def test_wilson_covers_95_percent(n, p):
    hits = np.random.default_rng(1).binomial(n, p, size=4000)
    covered = np.mean([low <= p <= high for low, high in (wilson(int(k), n) for k in hits)])
    assert 0.93 <= covered <= 0.975


def test_clustered_interval_covers_95_percent_where_the_naive_one_does_not():
    rng = np.random.default_rng(2)
    clusters = np.repeat(np.arange(30), 8)
    covered = naive = 0
    for _ in range(1000):
        levels = rng.beta(2, 2, size=30)  # samples of one cluster share their difficulty
        values = (rng.random(240) < levels[clusters]).astype(float)
        fair, blind = mean_interval(values, clusters.tolist()), mean_interval(values)
        covered += fair.low <= 0.5 <= fair.high
        naive += blind.low <= 0.5 <= blind.high
    assert 930 <= covered <= 970
    assert naive < 900


def test_p_values_of_equal_models_are_not_too_small():
    rng = np.random.default_rng(5)
    clusters = np.repeat(np.arange(12), 5).tolist()
    p_values = []
    for _ in range(600):
        shared = rng.choice([-1, 1], size=12)  # a cluster's difference has one sign, either equally likely
        values = np.repeat(shared, 5) * (rng.random(60) < 0.4)
        p_values.append(sign_flip(values, clusters))
    assert 0.02 <= np.mean(np.array(p_values) <= 0.05) <= 0.07
