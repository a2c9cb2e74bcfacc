"""LSAT6 and LSAT7 against published and reference numbers (data/irt/reference.json)."""

import json

import numpy as np
import pytest

from llmgen.analysis.irt.fit import fit
from llmgen.analysis.irt.model import Options

LL, PARAMETER, DIFFICULTY, SE, SE_B = 1e-3, 1e-3, 3e-3, 3e-3, 1e-2


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data / "irt"


@pytest.fixture(scope="module")
def reference(folder):
    return json.loads((folder / "reference.json").read_text())


@pytest.fixture(scope="module")
def matrices(folder):
    return {name: np.load(folder / f"{name}.npz")["responses"] for name in ("lsat6", "lsat7")}


def ml(matrix, **options):
    return fit(matrix, Options(priors="none", precise=True, **options))


@pytest.mark.parametrize("name", ["lsat6", "lsat7"])
@pytest.mark.parametrize(
    ("model", "entry"),
    [("1pl", "1PL_common_slope"), ("rasch-fixed", "Rasch_slope1_thetaN01"), ("2pl", "2PL")],
)
def test_estimates(matrices, reference, name, model, entry):
    expected, found = reference[name][entry], ml(matrices[name], model=model)
    assert found.converged
    assert found.loglik == pytest.approx(expected["loglik"], abs=LL)
    assert found.loglik_grid61 == pytest.approx(expected["loglik"], abs=LL)
    assert found.items.a == pytest.approx(np.broadcast_to(expected.get("a", 1.0), 5), abs=PARAMETER)
    assert found.items.b == pytest.approx(np.array(expected["b"]), abs=DIFFICULTY)
    if "d" in expected:
        assert found.items.d == pytest.approx(np.array(expected["d"]), abs=PARAMETER)


@pytest.mark.parametrize("name", ["lsat6", "lsat7"])
def test_standard_errors(matrices, reference, name):
    expected, found = reference[name]["2PL"], ml(matrices[name])
    assert found.se_a == pytest.approx(np.array(expected["se_a"]), abs=SE)
    assert found.se_d == pytest.approx(np.array(expected["se_d"]), abs=SE)
    assert found.se_b == pytest.approx(np.array(expected["se_b"]), abs=SE_B)


def test_information_criteria(matrices, reference):
    expected, found = reference["lsat7"]["Rmirt_tests"], ml(matrices["lsat7"])
    assert found.aic == pytest.approx(expected["AIC"], abs=0.01)
    assert found.bic == pytest.approx(expected["BIC"], abs=0.001)


def test_a_known_guessing_rate(matrices, reference):
    expected, found = reference["lsat6"]["2PL_c0.2fixed"], ml(matrices["lsat6"], guessing=0.2)
    assert found.loglik == pytest.approx(expected["loglik"], abs=LL)
    assert found.items.a == pytest.approx(np.array(expected["a"]), abs=PARAMETER)
    assert found.items.b == pytest.approx(np.array(expected["b"]), abs=DIFFICULTY)
    assert found.items.c == pytest.approx(np.full(5, 0.2))


def test_guessing_rates_without_a_prior_are_not_identified(matrices, reference):
    found = ml(matrices["lsat7"], model="3pl")
    assert found.loglik == pytest.approx(reference["lsat7"]["3PL_unregularised"]["loglik"], abs=0.01)
    assert found.not_identified.all()
    assert np.isnan([found.se_a, found.se_d, found.se_b, found.se_c]).all()


def test_guessing_rates_with_their_prior_have_errors(matrices):
    found = fit(matrices["lsat7"], Options(model="3pl"))
    assert found.converged
    assert not found.not_identified.any()
    assert ((found.items.c > 0.05) & (found.items.c < 0.35)).all()
    assert ((found.se_c > 0.0) & (found.se_c < 0.2)).all()


def test_missing_cells(matrices, reference):
    matrix = matrices["lsat7"].copy()
    matrix[0, 0] = matrix[1, 1] = -1
    expected, found = reference["lsat7"]["Rmirt_tests"]["missing_two_cells_[0,0]_[1,1]_2PL"], ml(matrix)
    near = 2e-3  # R stops short of the maximum: on the complete matrix, too, its third slope is .0015 off
    assert found.items.a == pytest.approx(np.array(expected["a"]), abs=near)
    assert found.items.d == pytest.approx(np.array(expected["d"]), abs=near)


def test_expected_a_posteriori_abilities(matrices, reference):
    expected, found = reference["lsat7"]["Rmirt_tests"], ml(matrices["lsat7"])
    patterns, first = np.unique(matrices["lsat7"], axis=0, return_index=True)
    assert patterns.shape[0] == 32
    near = 4e-3  # that fit of R stopped early: its all-wrong pattern is .003 from its own table by sums
    assert found.theta[first][:6] == pytest.approx(np.array(expected["EAP_first6_patterns"]), abs=near)
    none, every = (np.flatnonzero((matrices["lsat7"] == value).all(axis=1))[0] for value in (0, 1))
    means, errors = np.array(expected["EAPsum_theta_0to5"]), np.array(expected["EAPsum_se"])
    assert found.theta[[none, every]] == pytest.approx(means[[0, 5]], abs=1e-3)
    assert found.se_theta[[none, every]] == pytest.approx(errors[[0, 5]], abs=1e-3)
