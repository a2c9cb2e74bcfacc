"""Thousands of language models against R mirt's fits of the same matrices, at the same yardstick."""

import numpy as np
import pytest

from llmgen.analysis.irt.expectation import expect
from llmgen.analysis.irt.fit import fit
from llmgen.analysis.irt.grid import fitting_grid, fixed_grid
from llmgen.analysis.irt.items import items_of
from llmgen.analysis.irt.likelihood import accurate_loglik, grid_loglik, modes
from llmgen.analysis.irt.model import Options
from llmgen.analysis.irt.responses import Responses, check

ARC, GSM8K, WINOGRANDE = "arc_B_2PL_4280x100", "gsm8k_B_2PL_5041x249", "winogrande_B_4PL_5476x106"


@pytest.fixture(scope="module")
def stored(shared_data):
    return lambda name: np.load(shared_data / "irt" / f"metabench_{name}.npz")


def evaluated(file):
    """(R's log-likelihood on its own 61 nodes, and accurately)."""
    matrix = check(file["responses"])
    data = Responses(matrix, np.arange(matrix.shape[1]), collapse=False)
    items = items_of(file["mirt_a"], file["mirt_d"], file["mirt_g"], file["mirt_u"]).take(data.columns)
    mode, sd = modes(data, items, expect(data, items, fitting_grid(items, None)).mean)
    return grid_loglik(data, items, fixed_grid(61)), accurate_loglik(data, items, mode, sd)


@pytest.mark.parametrize("name", [ARC, GSM8K, WINOGRANDE])
def test_the_stored_parameters_give_the_stored_likelihood(stored, name):
    file = stored(name)
    assert evaluated(file)[0] == pytest.approx(float(file["mirt_loglik"]), abs=0.06)


# arc: 601 to 4,001 equally spaced nodes and 31 or 61 adaptive ones all give this number
@pytest.mark.parametrize(("name", "loglik"), [(ARC, -120210.126), (GSM8K, -409846.25)])
def test_the_accurate_likelihood_of_the_stored_parameters(stored, name, loglik):
    assert evaluated(stored(name))[1] == pytest.approx(loglik, abs=0.1)


@pytest.mark.parametrize(
    ("name", "loglik", "furthest"), [(ARC, -120279.12, 0.21), (GSM8K, -409894.41, 0.012)]
)
def test_on_its_nodes_the_fit_is_that_of_mirt(stored, name, loglik, furthest):
    file = stored(name)
    found = fit(file["responses"], Options(priors="none", quadrature=61))
    assert found.converged
    assert found.loglik_grid61 == pytest.approx(loglik, abs=0.05)
    assert found.loglik_grid61 >= float(file["mirt_loglik"]) - 0.05
    assert np.abs(found.items.a - file["mirt_a"]).max() < furthest


@pytest.mark.parametrize(("name", "loglik"), [(ARC, -119840.28), (GSM8K, -409792.28)])
def test_accurate_quadrature_finds_more(stored, name, loglik):
    file = stored(name)
    found = fit(file["responses"], Options(priors="none"))
    assert found.converged
    assert found.loglik == pytest.approx(loglik, abs=1.0)
    assert found.loglik > evaluated(file)[1] + 50


def test_negative_slopes_are_kept(stored):
    file = stored(ARC)
    found = fit(file["responses"], Options(priors="none"))
    assert list(file["items"][found.items.a < 0]) == ["660", "1067"]
    assert np.abs(found.items.a).max() == pytest.approx(18.7, abs=0.2)


def test_guessing_rates_of_thousands_of_models_converge(stored):
    found = fit(stored(GSM8K)["responses"], Options(model="3pl"))
    assert found.converged
    assert found.cycles < 60
    assert not found.not_identified.any()
    assert found.loglik > -409792.28


def test_whole_benchmarks_missing(shared_data):
    matrix = np.load(shared_data / "irt" / "zeroeval_56x2840.npz")["responses"]
    found = fit(matrix, Options())
    assert found.converged
    complete = (matrix >= 0).all(axis=1)
    accuracy = matrix[complete].mean(axis=1)
    order = [np.argsort(np.argsort(values)) for values in (found.theta[complete], accuracy)]
    assert np.corrcoef(order)[0, 1] >= 0.99
    assert found.se_theta.min() == pytest.approx(0.034, abs=0.002)
