"""Fits of simulated matrices: scale, coverage, order, missing cells, what degenerate data still say."""

import numpy as np
import pytest

from llmgen.analysis.irt.design import connected, default_model
from llmgen.analysis.irt.fit import fit
from llmgen.analysis.irt.items import curves, items_of
from llmgen.analysis.irt.model import Options
from llmgen.errors import UsageError


def simulated(n_models, n_items, seed=0, missing=0.0, c=0.0):
    """(responses, abilities, items); abilities are scaled to this pool: mean 0, variance 1."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=n_models)
    theta = (theta - theta.mean()) / theta.std()
    a = np.exp(rng.normal(0.0, 0.5, n_items))
    items = items_of(a, -a * rng.normal(0.0, 1.2, n_items), c)
    matrix = (rng.random((n_models, n_items)) < curves(items, theta)).astype(np.int8)
    matrix[rng.random(matrix.shape) < missing] = -1
    return matrix, theta, items


def covered(found, errors, truth):
    return float(np.mean(np.abs(found - truth) < 1.96 * errors))


@pytest.mark.parametrize("n_models", [15, 200, 1000])
def test_the_scale_is_that_of_the_pool(n_models):
    """A fixed grid is too coarse for 2,000 items and loses the scale by tens of per cent."""
    matrix, theta, items = simulated(n_models, 2000)
    found = fit(matrix, Options(model=default_model(n_models)))
    assert found.converged
    slope = np.polyfit(theta, found.theta, 1)[0]
    assert slope == pytest.approx(1.0, abs=0.02)
    assert np.sqrt(np.mean((found.theta - theta) ** 2)) < 0.07
    if n_models >= 200:
        assert np.median(found.items.a / items.a) == pytest.approx(1.0, abs=0.02)


def test_intervals_cover():
    hits = np.array(
        [
            (
                covered(found.theta, found.se_pool, theta),
                covered(found.items.b, found.se_b, items.b),
                covered(found.items.a, found.se_a, items.a),
            )
            for seed in range(6)
            for matrix, theta, items in [simulated(400, 300, seed)]
            for found in [fit(matrix, Options(priors="none"))]
        ]
    )
    assert hits.mean(axis=0) == pytest.approx(np.full(3, 0.95), abs=0.03)


def test_intervals_cover_with_few_models():
    hits = [
        covered(found.theta, found.se_pool, theta)
        for seed in range(8)
        for matrix, theta, _ in [simulated(15, 1000, seed)]
        for found in [fit(matrix, Options(slope="positive"))]
    ]
    assert np.mean(hits) > 0.9


def test_a_common_slope_has_an_error():
    matrix, _, _ = simulated(15, 300)
    found = fit(matrix, Options(model="1pl"))
    assert found.se_a == pytest.approx(found.se_a[0])
    assert 0.0 < found.se_a[0] < 0.1


def test_intervals_with_the_items_own_errors_are_wider_where_few_models_calibrate():
    matrix, _, _ = simulated(30, 400)
    found = fit(matrix, Options())
    assert (found.se_pool > found.se_theta).all()
    wide = fit(simulated(600, 400)[0], Options())
    assert np.median(found.se_pool / found.se_theta) > np.median(wide.se_pool / wide.se_theta)


@pytest.mark.parametrize("priors", ["none", "default"])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_the_order_of_rows_and_columns_is_of_no_account(priors, missing):
    matrix, _, _ = simulated(150, 60, missing=missing)
    rng = np.random.default_rng(1)
    rows, columns = rng.permutation(150), rng.permutation(60)
    options = Options(priors=priors, precise=True)
    found, other = fit(matrix, options), fit(matrix[np.ix_(rows, columns)], options)
    assert other.items.a == pytest.approx(found.items.a[columns], abs=1e-6)
    assert other.items.d == pytest.approx(found.items.d[columns], abs=1e-6)
    assert other.theta == pytest.approx(found.theta[rows], abs=1e-6)
    assert other.loglik == pytest.approx(found.loglik, abs=1e-6)


def test_a_missing_cell_is_not_a_wrong_answer():
    matrix, theta, _ = simulated(300, 200)
    hidden = matrix.copy()
    hidden[:150, :100] = -1
    found = fit(hidden, Options())
    assert np.sqrt(np.mean((found.theta - theta) ** 2)) < 0.2
    wrong = fit(np.where(hidden < 0, 0, hidden), Options())
    assert np.sqrt(np.mean((wrong.theta - theta) ** 2)) > 0.4


def test_reversed_items_keep_their_sign():
    matrix, _, items = simulated(400, 50)
    matrix[:, :3] = 1 - matrix[:, :3]
    found = fit(matrix, Options())
    assert (found.items.a[:3] < 0.0).all()
    assert (found.items.a[3:] > 0.0).all()
    assert -found.items.a[:3] == pytest.approx(items.a[:3], abs=0.5)


def test_positive_slopes_stay_positive():
    matrix, theta, _ = simulated(15, 300)
    matrix[:, 0] = matrix[np.argsort(-theta), 1]
    found = fit(matrix, Options(slope="positive"))
    assert found.converged
    assert (found.items.a > 0.0).all()


def test_ability_is_upright_when_most_items_are_reversed():
    matrix, theta, _ = simulated(300, 40)
    matrix[:, :10] = 1 - matrix[:, :10]
    found = fit(matrix, Options())
    assert np.corrcoef(found.theta, theta)[0, 1] > 0.8


def test_guessing_rates_are_found_with_many_models():
    matrix, _, _ = simulated(3000, 60, c=0.2)
    found = fit(matrix, Options(model="3pl", n_choices=5))
    assert found.converged
    assert np.mean(found.items.c) == pytest.approx(0.2, abs=0.03)


def test_two_thousand_items_do_not_underflow():
    matrix, _, _ = simulated(200, 2000)
    found = fit(matrix, Options(model="1pl", priors="none"))
    assert found.converged
    assert found.loglik == pytest.approx(found.objective, abs=0.01)
    assert found.loglik > -0.7 * matrix.size


def test_extreme_items_are_held_by_priors_or_set_aside():
    matrix, _, _ = simulated(100, 40)
    matrix[:, 0], matrix[:, 1] = 1, 0
    with_priors, without = fit(matrix, Options()), fit(matrix, Options(priors="none"))
    assert list(np.flatnonzero(with_priors.extreme)) == [0, 1]
    assert with_priors.items.d[0] > 3.0 > -3.0 > with_priors.items.d[1]
    assert np.isfinite(with_priors.se_d).all()
    assert np.isnan(without.items.a[:2]).all()
    assert np.isfinite(without.items.a[2:]).all()
    assert (with_priors.n_items, without.n_items) == (40, 38)
    assert any("2 items that all or none have right are set aside" in note for note in without.notes)


def test_models_that_are_all_right_or_all_wrong_have_finite_abilities():
    matrix, _, _ = simulated(100, 40)
    matrix[0], matrix[1] = 1, 0
    found = fit(matrix, Options())
    assert found.theta[0] == found.theta.max()
    assert found.theta[1] == found.theta.min()
    assert np.isfinite(found.se_pool).all()
    assert {"1 models have everything wrong", "1 models have everything right"} <= set(found.notes)


def test_rows_and_columns_without_a_response_are_left_out():
    matrix, _, _ = simulated(60, 40)
    matrix[3], matrix[:, 5] = -1, -1
    found = fit(matrix, Options())
    assert (found.n_models, found.n_items) == (59, 39)
    assert np.isnan([found.theta[3], found.items.a[5], found.se_pool[3]]).all()
    assert np.isfinite(np.delete(found.theta, 3)).all()
    assert {"1 models without a response are left out", "1 items without a response are left out"} <= set(
        found.notes
    )


def test_models_that_answer_alike_are_counted():
    matrix, _, _ = simulated(60, 40)
    matrix[1] = matrix[0]
    found = fit(matrix, Options())
    assert found.theta[0] == pytest.approx(found.theta[1], abs=1e-9)
    assert any(note.startswith("1 models answer exactly as another one") for note in found.notes)


def test_a_slope_at_its_bound_has_no_error():
    """Two groups that an item parts without a mistake: the likelihood rises with the slope for ever."""
    matrix, theta, _ = simulated(60, 80)
    matrix[:, 0] = theta > 0.0
    found = fit(matrix, Options(priors="none"))
    assert found.items.a[0] > 10.0
    assert np.isnan(found.se_a[0]) == found.not_identified[0]
    assert not (found.se_a > 100.0).any()
    assert np.isfinite(found.se_pool).all()


def test_a_fit_that_may_not_go_on_says_so():
    matrix, _, _ = simulated(60, 40)
    assert not fit(matrix, Options(max_cycles=3)).converged


def test_parts_that_share_nothing_are_told_apart():
    matrix = np.full((9, 12), -1, dtype=np.int8)
    matrix[:5, :6] = matrix[5:8, 6:10] = 1
    matrix[0, 0] = matrix[5, 6] = 0
    large, small = connected(matrix)
    assert (list(large.rows), list(large.columns)) == ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5])
    assert (list(small.rows), list(small.columns)) == ([5, 6, 7], [6, 7, 8, 9])


def test_a_chain_of_common_items_connects():
    matrix = np.full((20, 21), -1, dtype=np.int8)
    for row in range(20):
        matrix[row, row : row + 2] = 1
    assert len(connected(matrix)) == 1


def test_few_models_get_a_common_slope():
    assert [default_model(n) for n in (3, 19, 20, 5000)] == ["1pl", "1pl", "2pl", "2pl"]


TWO_PARTS = np.full((8, 8), -1)
TWO_PARTS[:4, :4] = TWO_PARTS[4:, 4:] = np.tile([[0, 1, 1, 0], [1, 0, 0, 1]], (2, 1))


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([1, 0, 1], "responses has 1 dimensions"),
        ([[1, 0.5], [0, 1]], "responses holds 0.5"),
        ([[1, 2], [0, 1]], "responses holds 2"),
        ([[1, np.nan], [0, 1]], "responses holds NaN"),
        ([["a", "b"]], "not numbers"),
        ([[1, 0, 1, 1]], "1 of 1 models with a response, 3 are needed"),
        (np.full((5, 5), -1), "0 of 5 models with a response"),
        (np.zeros((0, 0)), "0 of 0 models with a response"),
        ([[1], [0], [1], [0]], "1 of 1 items have both right and wrong answers"),
        (np.ones((5, 5)), "0 of 5 items have both right and wrong answers"),
        (np.zeros((5, 5)), "0 of 5 items have both right and wrong answers"),
        (TWO_PARTS, "2 groups of models share no item"),
    ],
)
def test_bad_input_is_refused_in_one_line(matrix, message):
    with pytest.raises(UsageError) as refused:
        fit(matrix, Options())
    assert message in refused.value.message
    assert "\n" not in refused.value.message
    assert refused.value.hint


def test_a_refusal_says_what_can_still_be_said():
    with pytest.raises(UsageError) as refused:
        fit([[1, 0, 1, -1]], Options())
    assert refused.value.hint == "what can be said: 2 of 3 answers are right"
