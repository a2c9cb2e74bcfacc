"""Fit statistics of LSAT6 and LSAT7 against those of R mirt."""

import json

import numpy as np
import pytest

from llmgen.analysis.irt.fit import fit
from llmgen.analysis.irt.grid import fitting_grid
from llmgen.analysis.irt.item_fit import item_fit
from llmgen.analysis.irt.model import Options
from llmgen.analysis.irt.model_fit import model_fit


@pytest.fixture(scope="module")
def reference(shared_data):
    return json.loads((shared_data / "irt" / "reference.json").read_text())


@pytest.fixture(scope="module")
def fitted(shared_data):
    def call(name, model="2pl"):
        matrix = np.load(shared_data / "irt" / f"{name}.npz")["responses"]
        options = Options(model=model, priors="none", precise=True)
        return matrix, fit(matrix, options), options

    return call


def test_s_x2(fitted, reference):
    matrix, found, _ = fitted("lsat7")
    tested = item_fit(matrix, found.items, found.theta, n_parameters=2)
    assert tested.statistic == "S-X2"
    assert list(tested.df) == [reference["lsat7"]["Rmirt_tests"]["df_S_X2"]] * 5
    assert tested.x2 == pytest.approx(np.array(reference["lsat7"]["Rmirt_tests"]["itemfit_S_X2"]), abs=0.01)
    at_the_maximum = [4.7505, 14.4536, 1.2727, 5.2365, 0.9409]
    assert tested.x2 == pytest.approx(np.array(at_the_maximum), abs=5e-4)
    assert list(np.flatnonzero(tested.p_holm < 0.05)) == [1]


@pytest.mark.parametrize(
    ("name", "model", "m2", "df"),
    [("lsat7", "2pl", 11.93841, 5), ("lsat6", "2pl", 4.737141, 5), ("lsat6", "1pl", 5.292566, 9)],
)
def test_m2(fitted, name, model, m2, df):
    matrix, found, options = fitted(name, model)
    tested = model_fit(matrix, found.items, fitting_grid(found.items, None), options)
    assert tested.m2 == pytest.approx(m2, abs=2e-3)
    assert tested.df == df
