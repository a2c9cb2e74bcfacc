"""Fewer items: choices, estimators, adaptive asking, errors on held-out models, plans."""

import numpy as np
import pytest

from llmgen.analysis.irt.items import items_of
from llmgen.analysis.subset.adaptive import asked, full_scores, next_items
from llmgen.analysis.subset.choice import Choice, anchors, at_random, stratified
from llmgen.analysis.subset.clusters import k_means
from llmgen.analysis.subset.estimators import control, gp_irt, p_irt, weighted_mean
from llmgen.analysis.subset.methods import METHODS
from llmgen.analysis.subset.validation import (
    Validated,
    calibration,
    doubts,
    has_parameters,
    needed,
    sizes,
    validate,
)


def make_items(n, seed=0):
    rng = np.random.default_rng(seed)
    a = np.exp(rng.normal(0, 0.4, n))
    return items_of(a, -a * rng.normal(0, 1, n))


def answers(items, theta, seed=0):
    p = 1 / (1 + np.exp(-(np.outer(theta, items.a) + items.d)))
    return (np.random.default_rng(seed).random(p.shape) < p).astype(np.int8)


def even(n):
    return np.full(n, 1 / n)


def rng():
    return np.random.default_rng(0)


def test_stratified_takes_one_item_from_each_slice_of_difficulty():
    p_value = np.linspace(0.99, 0.01, 100)
    choice = stratified(p_value, even(100), 10, rng())
    assert (choice.items // 10).tolist() == list(range(10))
    assert choice.weights == pytest.approx([0.1] * 10)


def test_slices_of_unequal_size_keep_their_weight():
    choice = stratified(np.linspace(1, 0, 7), even(7), 3, rng())
    assert choice.weights.tolist() == pytest.approx([3 / 7, 2 / 7, 2 / 7])


@pytest.mark.parametrize("weights", [even(60), np.arange(1, 61) / np.arange(1, 61).sum()])
def test_the_stratified_mean_is_unbiased(weights):
    score = np.random.default_rng(3).integers(2, size=60).astype(np.int8)
    generator = rng()
    estimates = []
    for _ in range(1000):
        choice = stratified(score * 0.5, weights, 6, generator)
        estimates.append(weighted_mean(score[None, choice.items], choice)[0])
    assert np.mean(estimates) == pytest.approx(weights @ score, abs=0.02)


def test_random_items_are_different_and_count_by_weight():
    choice = at_random(np.array([0.1, 0.2, 0.3, 0.4]), 4, rng())
    assert choice.items.tolist() == [0, 1, 2, 3]
    assert choice.weights == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_k_means_finds_clusters_that_are_there():
    generator = rng()
    truth = np.repeat(np.arange(5), 40)
    corners = np.array([[0, 0], [9, 0], [0, 9], [9, 9], [4, 4]])
    points = corners[truth] + generator.normal(0, 0.3, (200, 2))
    _, labels = k_means(points, np.ones(200), 5, generator)
    assert [len(set(labels[truth == at].tolist())) for at in range(5)] == [1] * 5
    assert len(set(labels.tolist())) == 5


def test_k_means_copes_with_fewer_different_points_than_clusters():
    _, labels = k_means(np.zeros((6, 2)), np.ones(6), 4, rng())
    assert labels.shape == (6,)


def test_anchors_stand_for_the_share_of_their_clusters():
    items = items_of([1, 1, 1, 1, 2, 2], [3, 3.1, 2.9, 3, -3, -3.1])
    choice = anchors(items, even(6), 2, rng())
    assert choice.items[0] in (0, 3)
    assert choice.items[1] in (4, 5)
    assert choice.weights == pytest.approx([4 / 6, 2 / 6])
    heavy = anchors(items, np.array([0.05, 0.05, 0.05, 0.05, 0.4, 0.4]), 2, rng())
    assert heavy.weights == pytest.approx([0.2, 0.8])


def test_what_a_missing_answer_stood_for_is_spread_over_the_rest():
    choice = Choice(items=np.array([0, 1, 2]), weights=np.array([0.5, 0.25, 0.25]))
    found = weighted_mean(np.array([[1, -1, 0], [-1, -1, -1]], dtype=np.int8), choice)
    assert found[0] == pytest.approx(0.5 / 0.75)
    assert np.isnan(found[1])


def test_p_irt_by_hand():
    items = items_of(np.ones(4), np.zeros(4))
    choice = Choice(items=np.array([0, 1]), weights=np.array([0.5, 0.5]))
    low, high = -5.0, 5.0  # both right: 2 (1 - P) = theta
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if 2 * (1 - 1 / (1 + np.exp(-middle))) > middle else (low, middle)
    expected = (2 + 2 / (1 + np.exp(-low))) / 4
    right = np.array([[1, 1]], dtype=np.int8)
    assert p_irt(right, choice, items, even(4))[0] == pytest.approx(expected)
    assert gp_irt(right, choice, items, even(4))[0] == pytest.approx((1 + expected) / 2)


def test_control_corrects_for_items_easier_than_what_they_stand_for():
    items = items_of(np.ones(4), [3, -3, 3, -3])
    choice = Choice(items=np.array([0, 2]), weights=np.array([0.5, 0.5]))  # both easy by chance
    right = np.array([[1, 1]], dtype=np.int8)
    assert weighted_mean(right, choice)[0] == 1
    assert 0.4 < control(right, choice, items, even(4))[0] < 0.8


@pytest.mark.parametrize("estimator", [p_irt, gp_irt, control])
def test_with_all_items_asked_predictions_are_the_score_itself(estimator):
    items = make_items(30)
    matrix = answers(items, np.linspace(-2, 2, 9))
    choice = at_random(even(30), 30, rng())
    assert estimator(matrix, choice, items, even(30)) == pytest.approx(matrix.mean(axis=1))
    ungraded = np.full((1, 30), -1, dtype=np.int8)
    assert np.isnan(estimator(ungraded, choice, items, even(30))).all()


def test_the_next_items_are_the_most_informative_ones_that_are_allowed():
    items = items_of([1, 3, 1, 2, 1, 1, 1], [0, 0, 0, 0, 4, 0, 0])
    allowed = np.ones((1, 7), dtype=bool)
    assert set(next_items(items, np.zeros(1), allowed)[0]) == {1, 3, 0, 2, 5}
    allowed[0, 1] = False
    assert 1 not in next_items(items, np.zeros(1), allowed)[0]


def test_adaptive_asking_stops_at_k_at_the_standard_error_and_at_the_exposure_cap():
    items = make_items(200)
    matrix = answers(items, np.random.default_rng(1).normal(size=40))
    matrix[0, 50:] = -1
    shown = asked(matrix, items, 23)
    assert (shown >= 0).sum(axis=1).tolist() == [23] * 40
    assert (shown[shown >= 0] == matrix[shown >= 0]).all()
    assert (shown[0, 50:] == -1).all()
    early = asked(matrix, items, 150, stop_at_se=0.4)
    assert (early >= 0).sum(axis=1).max() < 40
    spread = asked(matrix, items, 20, exposure=0.25)
    assert (spread >= 0).sum(axis=0).max() == 10
    assert (shown >= 0).sum(axis=0).max() > 10
    few = asked(matrix[:, :8], items.take(slice(8)), 20)
    assert (few >= 0).sum(axis=1).tolist() == [8] * 40
    assert np.abs(full_scores(shown, items, even(200)) - matrix.mean(axis=1))[1:].mean() < 0.06


@pytest.fixture(scope="module")
def table():
    items = make_items(150)
    matrix = answers(items, np.random.default_rng(2).normal(size=160))
    return validate(matrix, even(150), METHODS, (15, 50), repetitions=1)


def test_errors_fall_with_more_items_and_prediction_beats_chance(table):
    mae = {(row.method, row.k): row.mae for row in table}
    assert len(mae) == 14
    for method in METHODS:
        assert mae[method, 50] < mae[method, 15]
    for method in ("stratified", "pirt", "gpirt", "control", "adaptive"):
        assert mae[method, 15] < mae["random", 15]
    assert all(row.n_models == 160 and abs(row.bias) < 0.03 for row in table)


def test_half_widths_hold_95_percent_of_new_models(table):
    items = make_items(150)
    matrix = answers(items, np.random.default_rng(9).normal(size=700), seed=9)
    known = calibration(matrix[:128], even(150))
    choice = stratified(known.p_value, even(150), 50, rng())
    errors = np.abs(weighted_mean(matrix[128:, choice.items], choice) - matrix[128:].mean(axis=1))
    (row,) = (row for row in table if (row.method, row.k) == ("stratified", 50))
    assert np.mean(errors <= row.half_width) == pytest.approx(0.95, abs=0.03)


def test_a_plan_names_the_fewest_items_that_stay_good_enough():
    def row(k, half_width, method="random"):
        return Validated(method=method, k=k, mae=0.0, bias=0.0, half_width=half_width, n_models=30)

    table = [row(10, 0.1), row(20, 0.04), row(30, 0.06), row(50, 0.04), row(75, 0.03), row(10, None, "pirt")]
    assert needed(table, 0.05) == {"random": 50, "pirt": None}
    assert needed(table, 0.2) == {"random": 10, "pirt": None}
    assert needed(table, 0.01) == {"random": None, "pirt": None}


def test_sizes_go_from_ten_to_half_of_the_items():
    assert sizes(250) == (10, 20, 30, 50, 75, 100)
    assert sizes(12) == (6,)


def test_gaps_are_left_out_and_poorly_covered_models_are_not_tested():
    items = make_items(60)
    matrix = answers(items, np.random.default_rng(2).normal(size=40))
    matrix[:10, 30:] = -1
    matrix[:, 3] = -1
    matrix[39, 3] = 1  # an item of one model: the fold without that model does not know it
    (row,) = validate(matrix, even(60), ["stratified"], [20], repetitions=1)
    assert row.n_models == 30
    assert row.mae < 0.1


def test_few_models():
    items = make_items(40)
    matrix = answers(items, np.random.default_rng(2).normal(size=12))
    rows = validate(matrix, even(40), METHODS, [10], repetitions=1)
    assert {row.method for row in rows} == set(METHODS)
    assert all(row.half_width is None and row.n_models == 12 for row in rows)
    assert validate(matrix[:4], even(40), METHODS, [10]) == ()
    pair = calibration(matrix[:2], even(40))
    assert not has_parameters(pair)
    assert {row.method for row in validate(np.ones((9, 40), np.int8), even(40), METHODS, [10])} == {
        "random",
        "stratified",
    }


@pytest.mark.parametrize(
    ("method", "n_models", "warned"),
    [("pirt", 99, True), ("pirt", 100, False), ("stratified", 5, False), ("gpirt", 40, True)],
)
def test_few_models_make_predictions_doubtful(method, n_models, warned):
    known = calibration(answers(make_items(30), np.linspace(-2, 2, n_models)), even(30))
    found = doubts(method, known)
    assert bool(found) is warned
    if warned:
        assert "use stratified" in found[0]
        assert str(n_models) in found[0]
