"""Fewer items on real models: which methods err less, and by how much, as it was measured."""

import numpy as np
import pytest

from llmgen.analysis.subset.adaptive import asked, full_scores
from llmgen.analysis.subset.methods import CHOOSERS, METHODS, choose, full_score
from llmgen.analysis.subset.validation import calibration


def errors(responses, calibrating, k, repetitions, seed=0):
    """Mean absolute error in percentage points by method; up to 500 models are tested."""
    rng = np.random.default_rng(seed)
    found = {method: [] for method in METHODS}
    for _ in range(repetitions):
        order = rng.permutation(responses.shape[0])
        known = calibration(
            responses[order[:calibrating]], np.full(responses.shape[1], 1 / responses.shape[1])
        )
        test = responses[order[calibrating:][:500]]
        choices = {chooser: choose(chooser, known, k, rng) for chooser in sorted(set(CHOOSERS.values()))}
        for method in METHODS:
            if method == "adaptive":
                scores = full_scores(asked(test, known.items, k), known.items, known.weights)
            else:
                choice = choices[CHOOSERS[method]]
                scores = full_score(method, known, choice, test[:, choice.items])
            found[method].append(np.abs(scores - test.mean(axis=1)).mean())
    return {method: 100 * np.mean(values) for method, values in found.items()}


@pytest.fixture(scope="module")
def gsm8k(shared_data):
    path = shared_data / "irt" / "metabench_gsm8k_B_2PL_5041x249.npz"
    if not path.exists():
        pytest.skip("no gsm8k-249 matrix")
    return np.load(path)["responses"]


def test_gsm8k_with_300_models(gsm8k):
    mae = errors(gsm8k, 300, 50, 2)
    measured = {"random": 3.36, "stratified": 3.10, "anchors": 3.42, "pirt": 3.19, "gpirt": 2.98}
    for method, expected in {**measured, "adaptive": 2.55}.items():
        assert mae[method] == pytest.approx(expected, abs=0.45)
    assert mae["adaptive"] < min(mae["stratified"], mae["gpirt"], mae["pirt"], mae["control"])
    assert max(mae["stratified"], mae["gpirt"], mae["pirt"], mae["control"]) < mae["random"]


def test_gsm8k_with_40_models(gsm8k):
    mae = errors(gsm8k, 40, 50, 3)
    assert mae["stratified"] == pytest.approx(3.02, abs=0.4)
    assert mae["adaptive"] == pytest.approx(2.40, abs=0.5)
    assert mae["adaptive"] < mae["stratified"] < mae["random"]


def test_zeroeval_gsm_with_30_models(shared_data):
    path = shared_data / "irt" / "zeroeval_56x2840.npz"
    if not path.exists():
        pytest.skip("no zeroeval matrix")
    with np.load(path) as file:
        responses = file["responses"][:, np.char.startswith(file["items"], "gsm/")]
    mae = errors(responses[(responses >= 0).all(axis=1)], 30, 50, 4)
    for method, expected in {"random": 3.24, "stratified": 2.57, "gpirt": 2.66, "adaptive": 2.44}.items():
        assert mae[method] == pytest.approx(expected, abs=1.0)
    assert max(mae["stratified"], mae["gpirt"], mae["adaptive"]) < mae["random"]
