"""How the weights of pinpoint come about: by a seed, from invented outputs only."""

import pytest
from click.testing import CliRunner

from llmgen.cli.extractors import extractors
from llmgen.extract.pinpoint.ranker import Head, load, probabilities
from llmgen.extract.pinpoint.training.generate import MAKERS, examples
from llmgen.extract.pinpoint.training.train import expected_calibration_error, reliability


@pytest.mark.parametrize("head", MAKERS)
def test_examples_follow_the_seed_and_the_range(head):
    drawn = [list(examples(head, 400, seed, heldout=False)) for seed in (20, 20, 21)]
    assert drawn[0] == drawn[1] != drawn[2]
    for example in drawn[0]:
        assert example.label is None or not example.answers.values or example.label in example.answers.values
    void = sum(example.label is None for example in drawn[0])
    assert 20 < void < 240


def test_held_out_families_share_nothing_with_the_training_ones():
    for head in MAKERS:
        seen, unseen = (
            {(e.family, e.label is None) for e in examples(head, 1_500, 20, heldout=heldout)}
            for heldout in (False, True)
        )
        shared = seen & unseen
        # Math has too few ways to say nothing: those it shares differ by their phrases only.
        assert not shared or (head == "math" and all(void for _, void in shared))


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    files = [tmp_path / name for name in ("one.json", "two.json")]
    for file in files:
        result = CliRunner().invoke(
            extractors, ["train", "--seed", "3", "--size", "1000", "--out", str(file)]
        )
        assert result.exit_code == 0, result.output
        assert "held-out families" in result.stderr
    assert files[0].read_bytes() == files[1].read_bytes()
    assert load(files[0]).seed == 3


def test_training_needs_an_existing_folder(tmp_path):
    result = CliRunner().invoke(
        extractors, ["train", "--size", "1000", "--out", str(tmp_path / "no" / "w.json")]
    )
    assert result.exit_code != 0
    assert "does not exist" in str(result.exception)


def test_broken_weights_are_named(tmp_path):
    (tmp_path / "w.json").write_text("{}")
    with pytest.raises(Exception, match="holds no pinpoint weights"):
        load(tmp_path / "w.json")


def test_probabilities_sum_to_one_and_follow_the_weights():
    head = Head(weights={"good": 2.0, "bad": -1.0}, scale=1.0, threshold=0.5)
    shares = probabilities(head, [["good"], ["bad", "unknown"]], ["null"])
    assert sum(shares) == pytest.approx(1)
    assert shares[0] > shares[2] > shares[1]


def test_reliability_and_ece():
    verdicts = [(True, 0.9)] * 9 + [(False, 0.9)] + [(True, 0.5)] * 5 + [(False, 0.5)] * 5
    bins = reliability(verdicts, n_bins=2)
    assert bins == ((10, 0.5, 0.5), (10, 0.9, pytest.approx(0.9)))
    assert expected_calibration_error(bins) == pytest.approx(0)
    assert expected_calibration_error(((10, 0.5, 0.9),)) == pytest.approx(0.4)
