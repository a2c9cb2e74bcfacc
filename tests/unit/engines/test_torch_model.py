"""The in-process model itself: draws, token ids, moments of log probabilities, what is read once."""

import math
import threading
from collections import Counter
from functools import partial

import pytest
from msgspec.structs import replace

from llmgen.gateway.engines.torch_load import load


@pytest.fixture(scope="module")
def engine(tiny_chat):
    return load(str(tiny_chat.folder))


@pytest.fixture(scope="module")
def job(engine):
    """`job(text, ...)`: a text to write, at most 12 tokens, greedily."""
    from llmgen.gateway.engines.torch_model import Job  # noqa: PLC0415  # loads torch

    def make(text, **how):
        return Job(tokens=engine.text_tokens(text), **{"max_new": 12, "temperature": 0.0, **how})

    return make


@pytest.fixture
def write(engine):
    return partial(engine.write, cancelled=threading.Event())


def scores(tiny, text):
    """Log probabilities of every next token after each position of `text`: one forward pass, no cache."""
    batch = tiny.tokenizer(text, return_tensors="pt").input_ids
    return tiny.model(batch).logits[0].detach().double().log_softmax(-1)


def test_draws_come_as_often_as_they_are_likely(tiny_chat, job, write):
    written = write([job("the cat", max_new=1, temperature=0.5, seed=seed) for seed in range(2000)])
    firsts = Counter(text.token_ids for text in written)
    likely = (scores(tiny_chat, "the cat")[-1] / 0.5).softmax(-1).topk(3)
    for token, p in zip(likely.indices.tolist(), likely.values.tolist(), strict=True):
        spread = 4 * math.sqrt(p * (1 - p) / 2000)
        assert firsts[(token,)] / 2000 == pytest.approx(p, abs=spread)


def test_what_rows_have_in_common_is_computed_once(engine, job, write, monkeypatch):
    sizes = []
    forward = engine._forward

    def counted(ids, *rest):
        sizes.append(len(ids))
        return forward(ids, *rest)

    jobs = [
        *(job("the cat", temperature=0.3, seed=seed) for seed in range(8)),
        *(job("what is it", max_new=6) for _ in range(3)),
    ]
    monkeypatch.setattr(engine, "_forward", counted)
    together = write(jobs)
    monkeypatch.undo()
    ids = [text.token_ids for text in together]
    assert ids == [write([one])[0].token_ids for one in jobs]

    def going_on(step):
        """The different beginnings of rows that are not over after `step` tokens."""
        pairs = zip(jobs, together, strict=True)
        return {(one.tokens, text.token_ids[:step]) for one, text in pairs if text.n_tokens > step}

    expected = [len(going_on(step)) for step in range(12)]
    assert sizes == [size for size in expected if size]
    assert sizes[0] == 2
    assert 2 < max(sizes) < len(jobs)


def test_the_token_ids_are_those_of_the_text(tiny_chat, job, write):
    (whole,) = write([job("the cat", max_new=20)])
    assert tiny_chat.tokenizer.decode(whole.token_ids) == whole.text
    (cut,) = write([replace(job("the cat", max_new=20), stop=(whole.text[5:8],))])
    assert cut.token_ids == whole.token_ids[: len(cut.token_ids)]
    assert tiny_chat.tokenizer.decode(cut.token_ids).startswith(cut.text)
    assert cut.text.startswith(tiny_chat.tokenizer.decode(cut.token_ids[:-1]))


def test_nothing_to_write(job, write):
    assert write([]) == []
    (none,) = write([job("the cat", max_new=0)])
    assert (none.text, none.token_ids, none.finish) == ("", (), "length")


def test_the_moments_are_those_of_the_whole_vocabulary(tiny_chat, engine):
    text = "what is it and said that"
    prompt = engine.prompt_logprobs(engine.text_tokens(text), 0)
    logp = scores(tiny_chat, text)[:-1]
    mu = (logp.exp() * logp).sum(-1)
    sigma = ((logp.exp() * logp**2).sum(-1) - mu**2).sqrt()
    assert (prompt.mu[0], prompt.sigma[0]) == (None, None)
    assert list(prompt.mu[1:]) == pytest.approx(mu.tolist(), abs=1e-4)
    assert list(prompt.sigma[1:]) == pytest.approx(sigma.tolist(), abs=1e-4)


def test_a_token_that_cannot_come_adds_nothing_to_the_moments():
    import torch  # noqa: PLC0415  # heavy, and for few tests

    from llmgen.gateway.engines.torch_model import _moments  # noqa: PLC0415  # loads torch

    three, four = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[1.0, 2.0, 3.0, -torch.inf]])
    assert _moments(three)[0] == pytest.approx(_moments(four)[0])
    assert _moments(three)[1] == pytest.approx(_moments(four)[1])
    assert _moments(torch.zeros(1, 8))[0] == pytest.approx([-math.log(8)])
    assert _moments(torch.zeros(1, 8))[1] == pytest.approx([0.0], abs=1e-6)
