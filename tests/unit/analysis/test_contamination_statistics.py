"""Permutation tests, ROC areas, power and pass@k: known values, and properties that must hold."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmgen.analysis.contamination.auc import auc, auc_interval, rates, spearman
from llmgen.analysis.contamination.permutation import effect_interval, label_permutation, sign_permutation
from llmgen.analysis.contamination.power import detectable
from llmgen.analysis.passes import pass_at_k

SCORES = st.lists(st.integers(0, 50).map(lambda m: m / 50), min_size=1, max_size=12)


def exact_p(test, control):
    """All ways to choose the test items, counted."""
    pooled = [*test, *control]
    reach = sum(test) / len(test) - sum(control) / len(control)
    found = 0
    ways = list(combinations(range(len(pooled)), len(test)))
    for chosen in ways:
        mine = [pooled[i] for i in chosen]
        rest = [value for i, value in enumerate(pooled) if i not in chosen]
        found += sum(mine) / len(mine) - sum(rest) / len(rest) >= reach - 1e-12
    return found / len(ways)


@pytest.mark.parametrize(
    ("test", "control"),
    [
        ([0.9, 0.8, 1.0, 0.2], [0.0, 0.1, 0.0, 0.3, 0.2]),
        ([0.1, 0.2, 0.0, 0.1], [0.1, 0.0, 0.3, 0.1]),
        ([0.0, 0.0], [0.5, 0.6, 0.7]),
    ],
)
def test_label_permutations_approach_the_exact_p(test, control):
    assert label_permutation(test, control) == pytest.approx(exact_p(test, control), abs=0.015)


def test_the_smallest_p_and_the_seed():
    high, low = [0.9] * 20, [0.1] * 20
    assert label_permutation(high, low) == 1 / 10_001
    assert label_permutation(low, high) == 1.0
    spread = [0.0, 0.2, 0.4, 0.6], [0.1, 0.1, 0.3, 0.3]
    assert label_permutation(*spread, seed=3) == label_permutation(*spread, seed=3)
    assert label_permutation(*spread, seed=3) != label_permutation(*spread, seed=4)


def test_equal_groups_are_no_evidence_whatever_the_rounding():
    assert label_permutation([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]) > 0.4
    assert label_permutation([0.1] * 7, [0.1] * 11) == 1.0


def test_more_numbers_than_one_chunk():
    rng = np.random.default_rng(0)
    noise, other = rng.random(600), rng.random(600)
    assert label_permutation(noise + 0.2, other) == 1 / 10_001
    low, high = effect_interval(noise + 0.2, other)
    assert low < noise.mean() + 0.2 - other.mean() < high


@pytest.mark.parametrize("sides", [([], [1.0]), ([1.0], [])])
def test_an_empty_side_cannot_be_tested(sides):
    with pytest.raises(ValueError, match="both sides"):
        label_permutation(*sides)
    with pytest.raises(ValueError, match="both sides"):
        effect_interval(*sides)


def test_signs_of_paired_differences():
    # all eight patterns of (1, 1, 1): one reaches the sum 3
    assert sign_permutation([1.0, 1.0, 1.0]) == pytest.approx(1 / 8, abs=0.02)
    assert sign_permutation([-1.0, -1.0, -1.0]) == 1.0
    assert sign_permutation([0.0, 0.0]) == 1.0
    with pytest.raises(ValueError, match="no pairs"):
        sign_permutation([])


def test_the_interval_covers_the_true_difference_about_95_times_in_100():
    rng = np.random.default_rng(5)
    covered = 0
    for number in range(200):
        low, high = effect_interval(
            rng.normal(0.5, 0.2, 30), rng.normal(0.2, 0.1, 40), draws=500, seed=number
        )
        covered += low <= 0.3 <= high
    assert 180 <= covered <= 199


@pytest.mark.parametrize(
    ("positive", "negative", "area"),
    [([1, 2], [0, 0.5], 1.0), ([1, 1], [1, 1], 0.5), ([0], [1], 0.0), ([1, 0, 2], [1, 0], 2 / 3)],
)
def test_the_area_counts_ties_half(positive, negative, area):
    assert auc(positive, negative) == pytest.approx(area)


@given(SCORES, SCORES)
def test_the_area_is_the_share_of_pairs_in_the_right_order(positive, negative):
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in positive for b in negative]
    assert auc(positive, negative) == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)


def test_the_interval_of_an_area():
    rng = np.random.default_rng(1)
    positive, negative = rng.normal(1, 1, 60), rng.normal(0, 1, 60)
    low, high = auc_interval(positive, negative, draws=2_000)
    assert low < auc(positive, negative) < high
    assert 0.08 < high - low < 0.25
    assert auc_interval([1.0] * 5, [0.0] * 5) == (1.0, 1.0)


def test_one_class_has_no_area():
    assert auc([], [1.0]) is None
    assert auc_interval([1.0], []) is None


def test_rank_correlation():
    assert spearman([1, 2, 3], [10, 20, 1000]) == pytest.approx(1.0)
    assert spearman([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1.0)
    assert spearman([1, 2, 2, 3], [1, 3, 2, 4]) == pytest.approx(0.9486833)
    assert spearman([1, 1], [1, 2]) is None
    assert spearman([1], [1]) is None


def test_rates_and_the_reasons_for_those_that_are_undefined():
    found = rates([True, True, False, False, True], [True, False, True, False, True])
    assert found["flagged"] == 3
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["precision"] == found["recall"] == found["f1"] == pytest.approx(2 / 3)
    assert found["fpr"] == pytest.approx(1 / 2)
    assert found["undefined"] == {}
    clean = rates([False, False], [False, False])
    assert (clean["accuracy"], clean["fpr"]) == (1.0, 0.0)
    assert clean["undefined"] == {
        "precision": "nothing_flagged", "recall": "no_label_1", "f1": "no_label_1",
    }  # fmt: skip
    assert rates([True, False], [False, False])["f1"] is None
    assert set(rates([], [])["undefined"].values()) == {"nothing_decided"}


CLEAN = [0.0] * 20 + [0.02] * 8 + [0.06] * 4 + [0.2, 0.3, 0.42, 0.44]


@pytest.mark.parametrize(("n", "ceiling"), [(12, 1.0), (36, 1.0), (36, None)])
def test_what_would_be_found_is_found_four_times_in_five(n, ceiling):
    claim = detectable(n, CLEAN, ceiling=ceiling)
    rng = np.random.default_rng(2)
    found = 0
    for number in range(200):
        test, control = rng.choice(CLEAN, n), rng.choice(CLEAN, len(CLEAN))
        if ceiling is None:
            test = test + claim["effect"]
        else:
            test[rng.random(n) < claim["share"]] = ceiling
        found += label_permutation(test, control, draws=500, seed=number) < claim["level"]
    assert 0.70 <= found / 200 <= 0.96


def test_more_items_find_less_contamination():
    shares = [detectable(n, CLEAN)["share"] for n in (10, 20, 40, 80)]
    assert shares == sorted(shares, reverse=True)
    assert 0 < shares[-1] < shares[0] < 1


def test_where_nothing_can_be_found():
    assert detectable(20, [1.0] * 10)["effect"] is None
    assert detectable(1, [0.9, 0.1, 0.9, 0.1])["share"] is None
    assert detectable(30, [0.0] * 30)["share"] < 0.5


@pytest.mark.parametrize(
    ("n", "c", "k", "value"),
    [
        (5, 2, 1, 0.4), (10, 3, 5, 0.9166667), (50, 1, 10, 0.2), (50, 43, 10, 1.0),
        (200, 7, 100, 0.9929911), (5, 5, 10, None), (0, 0, 1, None), (7, 0, 7, 0.0),
    ],
)  # fmt: skip
def test_pass_at_k(n, c, k, value):
    assert pass_at_k(n, c, k) == (None if value is None else pytest.approx(value, abs=5e-8))
