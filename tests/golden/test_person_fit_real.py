"""Person fit on real models: lz* spreads more than a normal one, and injected answers are noticed."""

import numpy as np
import pytest

from llmgen.analysis.irt.fit import fit
from llmgen.analysis.irt.model import Options
from llmgen.analysis.person_fit.verdicts import person_fit


@pytest.fixture(scope="module")
def result(shared_data):
    """500 models calibrate gsm8k-249, 600 others are tested."""
    path = shared_data / "irt" / "metabench_gsm8k_B_2PL_5041x249.npz"
    if not path.exists():
        pytest.skip("no gsm8k-249 matrix")
    responses = np.load(path)["responses"]
    order = np.random.default_rng(0).permutation(responses.shape[0])
    return person_fit(responses[order[500:1100]], fit(responses[order[:500]], Options()).items)


def test_real_models_are_not_normal(result):
    assert np.nanstd(result.fits.lz_star) == pytest.approx(1.68, abs=0.15)
    assert np.nanmean(result.fits.lz_star < -1.645) == pytest.approx(0.14, abs=0.03)


def test_the_sensitivity_is_that_which_was_measured(result):
    measured = [
        (0.05, 0.864, 0.858, 0.49),
        (0.1, 0.950, 0.930, 0.73),
        (0.2, 0.992, 0.974, 0.86),
        (0.4, 0.999, 0.992, 0.99),
    ]
    for row, (share, auc_lz_star, auc_z, tpr) in zip(result.sensitivity, measured, strict=True):
        assert row.share == share
        assert row.auc_lz_star == pytest.approx(auc_lz_star, abs=0.04)
        assert row.auc_z == pytest.approx(auc_z, abs=0.03)
        assert row.tpr == pytest.approx(tpr, abs=0.12)
        assert row.fpr == pytest.approx(0.05, abs=0.015)
