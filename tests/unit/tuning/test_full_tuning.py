"""Training all weights of a small model: it learns what it sees, and the same call gives the same weights."""

import threading

import pytest

from llmgen.errors import Interrupted
from llmgen.gateway.engines.torch_load import load
from llmgen.gateway.engines.weights import _sha256_dir

TEXTS = ["to the north", "of the sea"]


@pytest.fixture(scope="module")
def tune(tiny_learner):
    from llmgen.tuning.full import Recipe, train  # noqa: PLC0415  # loads torch

    def run(target, texts=TEXTS, steps=8, on_step=lambda *_: None, cancelled=None):
        recipe = Recipe(steps=steps, batch=len(texts), lr=1e-2, seed=1)
        cancelled = cancelled or threading.Event()
        train(str(tiny_learner), texts * steps, recipe, target, on_step=on_step, cancelled=cancelled)
        return target

    return run


def likelihood(place, text):
    engine = load(str(place))
    return sum(engine.prompt_logprobs(engine.text_tokens(text), 0).logprobs[1:])


def test_it_learns_what_it_sees_and_nothing_else(tiny_learner, tune, tmp_path):
    losses = []
    tuned = tune(tmp_path / "tuned", on_step=lambda step, loss: losses.append((step, loss)))
    assert [step for step, _ in losses] == list(range(1, 9))
    assert losses[-1][1] < losses[0][1]
    for text in TEXTS:
        assert likelihood(tuned, text) > likelihood(tiny_learner, text) + 5
    assert likelihood(tuned, "QQQQ") < likelihood(tiny_learner, "QQQQ")


def test_the_loss_is_that_of_the_tokens_and_the_end_without_the_padding(tiny_learner, tune, tmp_path):
    engine = load(str(tiny_learner))
    end = engine._tokenizer.eos_token_id
    logprobs = [
        value
        for text in TEXTS
        for value in engine.prompt_logprobs([*engine.text_tokens(text), end], 0).logprobs[1:]
    ]
    losses = []
    tune(tmp_path / "tuned", steps=1, on_step=lambda _, loss: losses.append(loss))
    assert losses == pytest.approx([-sum(logprobs) / len(logprobs)], abs=1e-4)


def test_the_same_call_gives_the_same_weights(tune, tmp_path):
    first, again = tune(tmp_path / "first"), tune(tmp_path / "again")
    assert _sha256_dir(first) == _sha256_dir(again)


def test_a_text_beyond_the_context_is_cut(tune, tmp_path):
    assert (tune(tmp_path / "tuned", ["x" * 400, "y"], steps=1) / "config.json").is_file()


def test_an_interrupted_training_leaves_no_weights(tune, tmp_path):
    cancelled, steps = threading.Event(), []

    def on_step(step, _):
        steps.append(step)
        cancelled.set()

    with pytest.raises(Interrupted):
        tune(tmp_path / "tuned", on_step=on_step, cancelled=cancelled)
    assert steps == [1]
    assert list(tmp_path.iterdir()) == []
