"""Easy2Hard statistics: bins, curves, trend, and the interval of the gap recovered, by simulation."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmgen.analysis.easy2hard.bins import bins_of
from llmgen.analysis.easy2hard.curve import curve_of
from llmgen.analysis.easy2hard.gap import gap_of
from llmgen.analysis.easy2hard.items import Items
from llmgen.analysis.easy2hard.trend import monotone_of, non_increasing, slope_of


def items(ratings, values, stds=None, clusters=None):
    order = np.argsort(ratings, kind="stable")
    n = len(ratings)
    return Items(
        ids=tuple(map(str, range(n))),
        ratings=np.asarray(ratings, dtype=float)[order],
        stds=np.zeros(n) if stds is None else np.asarray(stds, dtype=float)[order],
        values=np.asarray(values, dtype=float)[order],
        clusters=np.arange(n) if clusters is None else np.asarray(clusters)[order],
    )


def falling(n, seed, slope=-6.0, half=0.5):
    """Items whose chance to be right is logistic in the rating."""
    rng = np.random.default_rng(seed)
    ratings = rng.uniform(0, 1, n)
    return items(ratings, rng.random(n) < 1 / (1 + np.exp(-slope * (ratings - half))))


def test_quantile_bins_are_of_equal_size():
    found = bins_of(items(np.arange(200) / 200, np.arange(200) < 100), 10, "quantile")
    assert [one.n for one in found] == [20] * 10
    assert [one.accuracy for one in found] == [1.0] * 5 + [0.0] * 5
    assert found[0].accuracy_high == pytest.approx(1.0)
    assert found[0].accuracy_low == pytest.approx(0.8389, abs=1e-4)  # Wilson, 20 of 20


def test_width_bins_are_of_equal_width():
    found = bins_of(items([0.1] * 30 + [0.6] * 40 + [0.9] * 30, [1.0] * 100), 2, "width")
    assert [(one.low, one.high, one.n) for one in found] == [(0.1, 0.1, 30), (0.6, 0.9, 70)]


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=150),
    st.integers(1, 12),
    st.sampled_from(["quantile", "width"]),
)
def test_bins_hold_everything_once_and_no_tie_is_split(ratings, count, binning):
    found = bins_of(items(np.array(ratings) / 12, np.ones(len(ratings))), count, binning)
    assert sum(one.n for one in found) == len(ratings)
    assert all(a.high < b.low for a, b in pairwise(found))
    assert len(found) == 1 or min(one.n for one in found) >= 20


def test_a_small_bin_joins_its_easier_neighbour():
    found = bins_of(items([0.1] * 30 + [0.5] * 25 + [0.9] * 5, [1.0] * 60), 3, "width")
    assert [(one.low, one.high, one.n) for one in found] == [(0.1, 0.1, 30), (0.5, 0.9, 30)]
    found = bins_of(items([0.1] * 5 + [0.5] * 25 + [0.9] * 30, [1.0] * 60), 3, "width")
    assert [(one.low, one.high, one.n) for one in found] == [(0.1, 0.5, 30), (0.9, 0.9, 30)]


def test_items_without_a_grade_are_counted_in_their_band_only():
    values = np.ones(60)
    values[[0, 57, 58, 59]] = np.nan
    found = bins_of(items(np.arange(60) / 60, values), 2, "quantile")
    assert [(one.n, one.n_ungraded, one.accuracy) for one in found] == [(28, 1, 1.0), (28, 3, 1.0)]
    assert bins_of(items([0.5], [np.nan]), 10, "quantile") == []


def test_the_curve_follows_the_truth_and_its_band_holds_it():
    found = curve_of(falling(2_000, seed=1), seed=3)
    truth = 1 / (1 + np.exp(6 * (np.array(found.at) - 0.5)))
    assert len(found.at) == 50
    assert np.abs(np.array(found.value) - truth).max() < 0.06
    inside = (np.array(found.low) <= truth) & (truth <= np.array(found.high))
    assert inside.mean() > 0.85
    assert np.array(found.high).max() <= 1
    assert np.array(found.low).min() >= 0


def test_a_local_line_passes_through_a_line():
    ratings = np.linspace(0, 1, 100)
    found = curve_of(items(ratings, 0.9 - 0.6 * ratings))
    assert found.value == pytest.approx(0.9 - 0.6 * np.array(found.at), abs=1e-9)
    assert (found.at[0], found.at[-1]) == pytest.approx((0.01, 0.99))


def test_rating_noise_widens_the_band():
    n = 150
    plain = falling(n, seed=5, slope=-20)
    noisy = Items(
        ids=plain.ids,
        ratings=plain.ratings,
        stds=np.full(n, 0.2),
        values=plain.values,
        clusters=plain.clusters,
    )
    narrow, wide = curve_of(plain), curve_of(noisy, rating_noise=True)
    assert curve_of(noisy) == narrow
    assert wide.value == narrow.value
    assert np.mean(np.subtract(wide.high, wide.low)) > 1.2 * np.mean(np.subtract(narrow.high, narrow.low))


def test_clusters_widen_the_band():
    values = np.repeat(np.arange(100) % 2, 4).astype(float)
    ratings = np.linspace(0, 1, 400)
    alone = curve_of(items(ratings, values))
    together = curve_of(items(ratings, values, clusters=np.repeat(np.arange(100), 4)))
    assert np.mean(np.subtract(together.high, together.low)) > 1.5 * np.mean(
        np.subtract(alone.high, alone.low)
    )


@pytest.mark.parametrize("given", [([0.5] * 40, [1.0] * 40), ([0.1, 0.9], [1.0, 0.0]), ([], [])])
def test_too_little_gives_no_curve(given):
    assert curve_of(items(*given)) is None


def test_many_ties_give_a_curve_all_the_same():
    found = curve_of(items([0.2] * 50 + [0.8] * 50, [1.0] * 50 + [0.0] * 50))
    assert found.value[0] == pytest.approx(1.0)
    assert found.value[-1] == pytest.approx(0.0)


def test_the_slope_covers_the_truth():
    slopes, halves = [], []
    for seed in range(200):
        found = slope_of(falling(400, seed))
        slopes.append(found.low <= -6 <= found.high)
        halves.append(found.half_low <= 0.5 <= found.half_high)
    assert 0.9 <= np.mean(slopes) <= 0.99
    assert 0.9 <= np.mean(halves) <= 0.99


def test_no_slope_says_why():
    assert slope_of(items([0.1, 0.2], [1.0, 1.0])).reason == "all grades are equal"
    assert slope_of(items([0.1, 0.1], [1.0, 0.0])).reason == "all ratings are equal"
    assert (
        slope_of(items([0.1, 0.2, 0.8, 0.9], [1.0, 1.0, 0.0, 0.0])).reason
        == "a rating separates right from wrong"
    )
    easy = slope_of(falling(500, seed=2, slope=-3, half=1.6))
    assert (easy.half, easy.half_reason) == (None, "not reached")
    assert easy.slope < 0


def test_the_isotonic_fit_pools_violators():
    values = np.array([[0.9, 0.5, 0.7, 0.2], [0.1, 0.2, 0.3, 0.4]])
    fitted = non_increasing(values, np.array([1.0, 1.0, 3.0, 1.0]))
    assert fitted[0] == pytest.approx([0.9, 0.65, 0.65, 0.2])
    assert fitted[1] == pytest.approx([1.6 / 6] * 4)


def test_monotonicity_is_rejected_where_it_is_broken_and_rarely_elsewhere():
    ratings = np.arange(1000) / 1000
    rising = monotone_of(
        bins_of(items(ratings, np.random.default_rng(0).random(1000) < ratings), 10, "quantile")
    )
    assert rising.p < 0.01
    p = [monotone_of(bins_of(falling(1000, seed, slope=-2), 10, "quantile")).p for seed in range(100)]
    assert np.mean(np.array(p) < 0.05) <= 0.08
    assert monotone_of(bins_of(items([0.5], [1.0]), 10, "quantile")) is None


def arms(rng, n, seeds, spread, levels=(0.3, 0.45, 0.6)):
    """Grades of n items under three arms; draws of examples vary by `spread`."""
    difficulty = rng.normal(0, 0.12, (n, 1))
    tables = []
    for place, level in enumerate(levels):
        columns = 1 if place == 0 else seeds
        effect = rng.normal(0, spread, (1, columns)) if place else 0.0
        tables.append((rng.random((n, columns)) < np.clip(level + difficulty + effect, 0, 1)).astype(float))
    return tables


def test_the_interval_of_the_gap_recovered_covers():
    found = [
        gap_of(*arms(np.random.default_rng(seed), 250, 5, 0.05), resamples=500, seed=seed)
        for seed in range(300)
    ]
    known = [one for one in found if one.sgr is not None]
    assert len(known) > 290
    covered = np.mean([one.low <= 0.5 <= one.high for one in known])
    assert 0.92 <= covered <= 0.98
    assert np.mean([one.sgr for one in known]) == pytest.approx(0.5, abs=0.05)


def test_the_gap_recovered_is_the_ratio_of_the_full_means():
    none, easy, hard = np.zeros((100, 1)), np.zeros((100, 2)), np.zeros((100, 2))
    none[:20], easy[:50], hard[:80] = 1, 1, 1
    found = gap_of(none, easy, hard, resamples=2_000)
    assert (found.none, found.easy, found.hard) == (0.2, 0.5, 0.8)
    assert found.sgr == pytest.approx(0.5)
    assert found.low < 0.5 < found.high
    assert found.p < 0.01
    assert gap_of(none, none, hard, resamples=2_000).p == pytest.approx(1.0)
    assert gap_of(none, easy, hard, resamples=2_000) == found


def test_a_gap_that_may_be_nothing_leaves_it_undefined():
    even, odd = (np.arange(60) % 2 == 0)[:, None].astype(float), (np.arange(60) % 2)[:, None].astype(float)
    found = gap_of(even, even, odd, resamples=1_000)
    assert found.sgr is None
    assert found.low is None
    assert "holds 0" in found.reason
    assert found.none is not None
    assert found.gap_low <= 0 <= found.gap_high


def test_examples_that_harm_or_hardly_help_leave_it_undefined():
    none, hard = np.ones((400, 1)), np.ones((400, 1))
    hard[:200] = 0
    assert "do not help" in gap_of(none, hard, hard, resamples=500).reason
    none[:2], hard[:] = 0, 1
    tiny = gap_of(np.tile(none, (10, 1)), np.tile(hard, (10, 1)), np.tile(hard, (10, 1)), resamples=500)
    assert tiny.gap_low > 0
    assert (tiny.sgr, "do not help" in tiny.reason) == (None, True)


def test_items_without_a_grade_in_an_arm_are_in_none_of_them():
    none, easy, hard = np.zeros((10, 1)), np.ones((10, 2)), np.ones((10, 2))
    easy[0], hard[1, 0] = np.nan, np.nan
    found = gap_of(none, easy, hard, resamples=200)
    assert (found.n, found.n_left_out, found.hard) == (9, 1, 1.0)
    nothing = gap_of(none * np.nan, easy, hard)
    assert (nothing.n, nothing.sgr) == (0, None)
    assert "no item" in nothing.reason
