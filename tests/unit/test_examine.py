"""What is gathered for contamination detectors, and how it is put together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmgen.contamination.base import Options
from llmgen.evidence import Evidence
from llmgen.examine import Examiner, draws_of, given_text
from llmgen.types import (
    Completion,
    Contamination,
    Message,
    Request,
    Sample,
    Sampling,
    TokenLogprobs,
    Usage,
)

SAMPLE = Sample(id="a", question="Who sang?", answer_type="short_text", target="Nobody")
ANSWER = Completion(texts=("No one",), finish_reasons=("stop",), model="m", usage=Usage(completion_tokens=2))


def request(**sampling):
    return Request(
        endpoint="e",
        model="m",
        messages=(Message(role="user", content="Who?"),),
        sampling=Sampling(**sampling),
    )


def examiner(*needs, recorded=None, prompt_logprobs=True):
    seen = []

    def detect(evidence):
        seen.append(evidence)
        return Contamination(detector="probe", n_asked=evidence.n_asked)

    built = Examiner(
        [detect],
        frozenset(needs),
        Options(draws=4),
        recorded=recorded,
        gives_prompt_logprobs=prompt_logprobs,
    )
    return built, seen


class Model:
    """Answers with as many texts as it is asked for; remembers what it was asked."""

    def __init__(self, **answer):
        self.asked = []
        self.answer = answer

    async def __call__(self, asked):
        self.asked.append(asked)
        n = asked.sampling.n
        text = asked.messages[-1].content
        words = tuple(text.split(" "))
        prompt = TokenLogprobs(tokens=words, logprobs=(None, *(-1.0 for _ in words[1:])))
        return Completion(
            texts=tuple(f"draw {i}" for i in range(n)),
            finish_reasons=("stop",) * n,
            model="m",
            n_asked=n,
            prompt_logprobs=prompt if asked.sampling.prompt_logprobs is not None else None,
            **self.answer,
        )


async def never(_sample, _completion):
    raise AssertionError("nobody asked for grades")


async def half(_sample, _completion):
    return 0.5


async def test_draws_are_asked_hot_and_short_and_the_greedy_answer_is_the_completion():
    built, seen = examiner("draws")
    model = Model()
    found = await built.examine(SAMPLE, request(temperature=0.0, max_tokens=900), ANSWER, model, never)
    (asked,) = model.asked
    assert (asked.sampling.n, asked.sampling.temperature, asked.sampling.max_tokens) == (4, 0.8, 160)
    assert found.greedy is None
    assert seen[0].greedy.text == "No one"
    assert [draw.text for draw in seen[0].draws] == [f"draw {i}" for i in range(4)]
    assert len(found.draws) == seen[0].n_asked == 4


async def test_draws_that_are_graded_are_as_long_as_answers():
    built, seen = examiner("draws", "grades")
    model = Model()
    await built.examine(SAMPLE, request(temperature=0.0, max_tokens=900), ANSWER, model, half)
    assert model.asked[0].sampling.max_tokens == 900
    assert [draw.value for draw in (seen[0].greedy, *seen[0].draws)] == [0.5] * 5


@pytest.mark.parametrize(("completion_tokens", "start"), [(161, "word"), (900, "draw 0")])
async def test_a_long_answer_is_asked_again_as_short_as_the_draws(completion_tokens, start):
    built, seen = examiner("draws")
    long = Completion(
        texts=(start + " word" * 900,),
        finish_reasons=("stop",),
        model="m",
        usage=Usage(completion_tokens=completion_tokens),
    )
    model = Model()
    found = await built.examine(SAMPLE, request(temperature=0.0, max_tokens=2000), long, model, never)
    assert found.greedy.text == "draw 0"
    assert [asked.sampling.max_tokens for asked in model.asked] == [160, 160]
    assert seen[0].greedy_unstable == (start != "draw 0")  # a longer answer may only go on


async def test_a_model_that_thinks_is_not_cut_off_in_its_thoughts():
    built, _ = examiner("draws")
    thinking = Completion(
        texts=("<think>hm</think>No",),
        finish_reasons=("stop",),
        model="m",
        usage=Usage(completion_tokens=700),
    )
    model = Model()
    await built.examine(SAMPLE, request(temperature=0.0, max_tokens=2000), thinking, model, never)
    assert [asked.sampling.max_tokens for asked in model.asked] == [2000]


async def test_a_hot_run_asks_the_greedy_answer_too():
    built, seen = examiner("draws")
    model = Model()
    plan = built.requests(SAMPLE, request(temperature=1.0))
    found = await built.examine(SAMPLE, request(temperature=1.0), ANSWER, model, never)
    assert sorted(asked.key for asked in plan) == sorted(asked.key for asked in model.asked)
    assert found.greedy == seen[0].greedy
    assert found.greedy.text == "draw 0"


async def test_without_a_temperature_there_is_no_greedy_answer():
    built, seen = examiner("draws")
    model = Model(dropped=("temperature",))
    await built.examine(SAMPLE, request(), ANSWER, model, never)
    assert (seen[0].greedy.text, seen[0].greedy.reason) == (None, "no_temperature")


@pytest.mark.parametrize(
    ("sample", "has_logprobs", "why", "n_asked"),
    [
        (SAMPLE, True, "", 2),
        (SAMPLE, False, "no_prompt_logprobs", 0),
        (Sample(id="a", question="Who?", answer_type="free"), True, "no_target", 0),
    ],
)
async def test_the_own_text_of_an_item(sample, has_logprobs, why, n_asked):
    built, seen = examiner("logprobs", prompt_logprobs=has_logprobs)
    model = Model()
    await built.examine(sample, request(temperature=0.0), ANSWER, model, never)
    assert (seen[0].no_given, len(model.asked)) == (why, n_asked)
    assert [asked.api for asked in model.asked] == ["completions"] * n_asked
    if not why:
        assert seen[0].given.target_start == 1  # "Who" is shared, "sang?\nNobody" is not "sang?\n"


async def test_recorded_evidence_asks_nobody():
    recorded = {"a": Evidence(sample=SAMPLE, n_asked=7)}
    built, seen = examiner("draws", "logprobs", recorded=recorded)
    model = Model()
    found = await built.examine(SAMPLE, request(), ANSWER, model, never)
    assert (built.requests(SAMPLE, request()), model.asked, seen) == ([], [], [recorded["a"]])
    assert found.contamination[0].n_asked == 7


def test_refused_texts_are_missing_draws():
    mixed = Completion(
        texts=("yes", "", "no"),
        finish_reasons=("stop", "content_filter", "stop"),
        refusals=(None, None, "I cannot"),
        model="m",
    )
    assert [(draw.text, draw.reason) for draw in draws_of(mixed)] == [
        ("yes", ""),
        (None, "refused"),
        (None, "refused"),
    ]
    nothing = Completion(texts=(), finish_reasons=(), model="m")
    assert [(draw.text, draw.reason) for draw in draws_of(nothing)] == [(None, "not_returned")]


def logprobs(tokens):
    return TokenLogprobs(
        tokens=tuple(tokens),
        logprobs=(None, *(-float(i) for i in range(1, len(tokens)))),
        mu=(None, *(-2.0 for _ in tokens[1:])),
        sigma=(None, *(1.0 for _ in tokens[1:])),
    )


@given(st.lists(st.sampled_from("abc"), min_size=1), st.lists(st.sampled_from("xyz"), min_size=1))
def test_the_target_starts_where_the_tokens_part(prompt, target):
    found = given_text(logprobs(prompt), logprobs(prompt + target))
    assert found.target_start == len(prompt)
    assert len(found.logprobs) == len(found.mu) == len(found.sigma) == len(prompt + target) - 1
    assert found.logprobs[found.target_start - 1 :] == tuple(
        -float(i) for i in range(len(prompt), len(prompt + target))
    )


def test_a_target_that_changes_the_last_token_of_the_prompt_starts_there():
    assert given_text(logprobs("ab"), logprobs("axy")).target_start == 1


@pytest.mark.parametrize(
    ("alone", "whole"), [("ab", "ab"), ("ab", "xy"), ("abc", "ab")], ids=["no target", "no prompt", "shorter"]
)
def test_without_a_prompt_or_a_target_there_is_nothing_to_measure(alone, whole):
    assert given_text(logprobs(alone), logprobs(whole)) is None


def test_a_token_without_its_log_probability_is_nothing_to_measure():
    whole = TokenLogprobs(tokens=("a", "b", "c"), logprobs=(None, -1.0, None))
    assert given_text(logprobs("a"), whole) is None
