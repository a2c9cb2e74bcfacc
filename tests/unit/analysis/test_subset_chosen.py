"""A subset as a file has it, and the full score that answers to it give."""

import msgspec
import numpy as np
import pytest

from llmgen.analysis.irt.items import items_of
from llmgen.analysis.subset.chosen import estimated, pick
from llmgen.analysis.subset.methods import CHOOSERS
from llmgen.analysis.subset.validation import Validated
from llmgen.errors import UsageError
from llmgen.subset import Subset

J = 120
IDS = [f"item-{at}" for at in range(J)]
WEIGHTS = np.full(J, 1 / J)


def simulate(theta, seed=0):
    rng = np.random.default_rng(7)
    a = np.exp(rng.normal(0, 0.4, J))
    items = items_of(a, -a * rng.normal(0, 1, J))
    p = 1 / (1 + np.exp(-(np.outer(theta, items.a) + items.d)))
    return (np.random.default_rng(seed).random(p.shape) < p).astype(np.int8)


MATRIX = simulate(np.random.default_rng(1).normal(size=150))


def made(method, *, half_width=0.1, matrix=MATRIX):
    row = Validated(method=method, k=40, mae=0.03, bias=0.0, half_width=half_width, n_models=150)
    return pick(
        "easy2hard",
        method,
        40,
        responses=matrix,
        sample_ids=IDS,
        weights=WEIGHTS,
        threshold=0.5,
        validated=row,
    )


def grades(chosen, row):
    return {name: float(row[IDS.index(name)]) for name in chosen.sample_ids}


@pytest.mark.parametrize("method", list(CHOOSERS))
def test_the_score_of_a_new_model_survives_the_file(method):
    chosen = msgspec.json.decode(msgspec.json.encode(made(method)), type=Subset)
    (row,) = simulate(np.array([0.4]), seed=5)
    found = estimated(chosen, grades(chosen, row))
    assert found.score == pytest.approx(row.mean(), abs=0.12)
    assert (found.low, found.high) == pytest.approx((found.score - 0.1, found.score + 0.1))
    assert (found.interval, found.n_asked, found.n_graded, found.n_items) == ("cross-validated", 40, 40, J)
    assert found.theta == pytest.approx(0.4, abs=0.7)
    assert found.warnings == ()


def test_only_methods_that_predict_carry_all_items():
    assert len(made("gpirt").parameters.sample_ids) == J
    assert len(made("stratified").parameters.sample_ids) == 40


def test_ungraded_samples_are_left_out_and_fractions_are_cut():
    chosen = made("random")
    some = dict.fromkeys(chosen.sample_ids[:10], 0.5) | dict.fromkeys(chosen.sample_ids[10:20], 0.4)
    found = estimated(chosen, some)
    assert (found.score, found.n_graded) == (0.5, 20)
    none = estimated(chosen, {})
    assert (none.score, none.low, none.high, none.interval, none.theta) == (None, 0.0, 1.0, "none", None)


def test_without_held_out_errors_the_interval_is_wilsons():
    found = estimated(made("stratified", half_width=None), dict.fromkeys(IDS, 1.0))
    assert found.interval == "wilson"
    assert found.high == 1
    assert found.low == pytest.approx(0.912, abs=0.001)


def test_a_model_beyond_the_calibration_is_told_so():
    top = made("stratified", matrix=simulate(np.random.default_rng(1).normal(-2, 0.3, 150)))
    found = estimated(top, dict.fromkeys(IDS, 1.0))
    assert any("outside the calibration" in line for line in found.warnings)


def test_a_strange_pattern_is_told_so():
    chosen = made("stratified")
    share = {name: MATRIX[:, IDS.index(name)].mean() for name in chosen.sample_ids}
    hard = sorted(share, key=share.get)[:20]
    found = estimated(chosen, {name: float(name in hard) for name in chosen.sample_ids})
    assert any("unusual for its ability" in line for line in found.warnings)


def test_without_parameters_a_mean_is_still_possible():
    chosen = made("stratified", matrix=MATRIX[:2])
    assert chosen.parameters is None
    found = estimated(chosen, dict.fromkeys(IDS, 1.0))
    assert (found.score, found.theta) == (1.0, None)


def test_few_models_are_in_the_file_as_a_warning():
    assert "use stratified" in made("gpirt", matrix=MATRIX[:50]).warnings[0]


@pytest.mark.parametrize(("method", "message"), [("adaptive", "no fixed subset"), ("gpirt", "2 models")])
def test_methods_that_cannot_be_written_down(method, message):
    with pytest.raises(UsageError, match=message):
        made(method, matrix=MATRIX[:2])
