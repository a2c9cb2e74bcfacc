"""A model in this process, through transformers: a small Qwen2 that the test builds."""

import asyncio
import math

import pytest

from llmgen.config import Settings
from llmgen.errors import ProviderError, UsageError
from llmgen.gateway.providers.table import open_provider
from llmgen.types import Message, Request, Sampling


@pytest.fixture
async def opened(tiny_qwen2, tmp_path):
    """Opens `transformers/<a small Qwen2>`; everything is closed after the test."""
    providers = []

    async def build(follow, **how):
        name = f"transformers/{tiny_qwen2(follow, **how)}"
        providers.append(await open_provider(name, Settings(home=str(tmp_path)), {}))
        return providers[-1]

    yield build
    for provider in providers:
        await provider.aclose()


def request(provider, text, api="completions", **sampling):
    chosen = {"temperature": 0.0, "max_tokens": 8, **sampling}
    return Request(
        endpoint=provider.endpoint,
        model="tiny",
        messages=(Message(role="user", content=text),),
        api=api,
        sampling=Sampling(**chosen),
    )


async def test_it_decodes_greedily_until_the_end(opened):
    provider = await opened({"?": "A", "A": "B"})
    completion = await provider.complete(request(provider, "Which?"))
    assert (completion.text, completion.finish_reasons) == ("AB", ("stop",))
    assert completion.usage.prompt_tokens == len("Which?")


async def test_the_limit_and_stop_strings_cut(opened):
    provider = await opened({"?": "A", "A": "A"})
    cut = await provider.complete(request(provider, "?", max_tokens=5))
    assert (cut.text, cut.finish_reasons) == ("AAAAA", ("length",))
    stopped = await provider.complete(request(provider, "?", stop=("AAA",)))
    assert (stopped.text, stopped.finish_reasons) == ("", ("stop",))


async def test_logprobs_of_answer_and_prompt(opened):
    provider = await opened({"?": "A"})
    completion = await provider.complete(request(provider, "a?", logprobs=2, prompt_logprobs=2))
    (logprobs,) = completion.logprobs
    assert logprobs.tokens[0] == "A"
    assert max(logprobs.top[0], key=logprobs.top[0].get) == "A"
    assert logprobs.logprobs[0] == pytest.approx(logprobs.top[0]["A"])
    assert completion.prompt_logprobs.logprobs[0] is None
    assert math.exp(completion.prompt_logprobs.logprobs[1]) < 0.1  # after `a` comes the end, not `?`


async def test_requests_that_arrive_together_get_their_own_answers(opened):
    provider = await opened({"?": "A", "A": "B", "!": "C"})
    texts = ["Which?", "No!", "A much longer prompt, padded on the left?", "!"]
    completions = await asyncio.gather(*(provider.complete(request(provider, text)) for text in texts))
    assert [completion.text for completion in completions] == ["AB", "C", "AB", "C"]


async def test_draws_repeat_with_their_seed(opened):
    provider = await opened({})
    drawn = request(provider, "?", temperature=50.0, n=4, seed=7)
    first = await provider.complete(drawn)
    assert len(set(first.texts)) > 1
    assert (await provider.complete(drawn)).texts == first.texts


async def test_what_it_cannot_do_is_said(opened):
    provider = await opened({"?": "A"}, context=64)
    with pytest.raises(UsageError, match="chat template"):
        provider.check(request(provider, "?", api="chat"))
    with pytest.raises(ProviderError) as long:
        await provider.complete(request(provider, "?" * 100))
    assert long.value.kind == "context_length"


async def test_a_folder_without_a_model_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError):
        await open_provider(f"transformers/{tmp_path}", Settings(home=str(tmp_path)), {})
