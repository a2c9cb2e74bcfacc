"""Every row of the OpenAI dialect over real HTTP: shapes, usage, finish reasons, n, logprobs, keys."""

import math

import pytest

from llmgen.errors import UsageError
from llmgen.gateway.emulator import answers
from llmgen.gateway.emulator.answers import FINGERPRINT, logprob
from llmgen.gateway.providers.table import ROWS

HTTP_ROWS = [name for name in ROWS if name not in {"gemini", "local", "transformers", "replay", "fake"}]
TEXT = "You said: Say something nice, please."


@pytest.fixture(params=HTTP_ROWS)
def name(request):
    return request.param


def with_api(api):
    return [name for name in HTTP_ROWS if api in ROWS[name].apis]


async def test_chat(ask, request_for, name):
    provider = await ask(name)
    completion = await provider.complete(request_for(provider, temperature=0.5, seed=7, max_tokens=50))
    assert completion.texts == (TEXT,)
    assert completion.finish_reasons == ("stop",)
    assert completion.model == "emulated-model"
    assert completion.endpoint == provider.endpoint
    assert completion.usage.prompt_tokens == 4
    assert completion.usage.completion_tokens == 6
    assert completion.latency_s > 0
    assert completion.via == "live"
    assert not completion.refusals
    assert not completion.dropped
    assert completion.fingerprint == ("Upstream:" if name == "openrouter" else "") + FINGERPRINT


async def test_what_is_sent(ask, request_for, name, emulator):
    provider = await ask(name)
    request = request_for(
        provider,
        system="Be brief.",
        temperature=0.5,
        top_p=0.9,
        max_tokens=9,
        stop=("\n",),
        seed=3,
        extra={"user": "u"},
    )
    provider.check(request)
    await provider.complete(request)
    assert emulator.seen[-1].body == {
        "model": "emulated-model",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Say something nice, please."},
        ],
        "temperature": 0.5,
        "top_p": 0.9,
        "max_tokens": 9,
        "stop": ["\n"],
        "seed": 3,
        "user": "u",
    }


async def test_nothing_is_sent_that_was_not_asked(ask, request_for, name, emulator):
    provider = await ask(name)
    await provider.complete(request_for(provider))
    assert set(emulator.seen[-1].body) == {"model", "messages"}


async def test_truncation_keeps_the_finish_reason(ask, request_for, name):
    provider = await ask(name)
    completion = await provider.complete(request_for(provider, max_tokens=2))
    assert completion.texts == ("You said:",)
    assert completion.finish_reasons == ("length",)


async def test_stop(ask, request_for, name):
    provider = await ask(name)
    completion = await provider.complete(request_for(provider, stop=(" nice",)))
    assert completion.texts == ("You said: Say something",)


async def test_n(ask, request_for, name):
    provider = await ask(name)
    completion = await provider.complete(request_for(provider, n=3))
    native = provider.row.n_mode == "native"
    assert completion.texts == ((TEXT, f"{TEXT} (1)", f"{TEXT} (2)") if native else (TEXT,))
    assert completion.n_asked == 3


async def test_logprobs(ask, request_for, name):
    provider = await ask(name)
    request = request_for(provider, logprobs=3)
    provider.check(request)
    (found,) = (await provider.complete(request)).logprobs
    assert "".join(found.tokens) == TEXT
    assert found.logprobs == tuple(logprob(token) for token in found.tokens)
    assert all(math.exp(value) <= 1 for value in found.logprobs)
    assert [len(top) for top in found.top] == [3] * len(found.tokens)
    assert found.top[0] == {"You": logprob("You"), "You~": logprob("You") - 1, "You~~": logprob("You") - 2}


async def test_alternatives_that_print_alike_keep_the_likelier_value(ask, request_for, emulator, monkeypatch):
    alike = [{"token": "\ufffd", "logprob": value} for value in (-1.0, -3.0)]
    content = [{"token": "a", "logprob": -1.0, "top_logprobs": [*alike, {"token": "b", "logprob": -2.0}]}]
    monkeypatch.setattr(answers, "content", lambda *_: content)
    provider = await ask("openai")
    (found,) = (await provider.complete(request_for(provider, logprobs=3))).logprobs
    assert found.top == ({"\ufffd": -1.0, "b": -2.0},)
    assert emulator.n_requests == 1


async def test_logprobs_of_the_chosen_tokens_only(ask, request_for, name):
    provider = await ask(name)
    (found,) = (await provider.complete(request_for(provider, logprobs=0))).logprobs
    assert "".join(found.tokens) == TEXT
    assert not found.top or name == "together"  # Together always sends at least one alternative


async def test_more_logprobs_than_the_vendor_gives(ask, request_for, name, emulator):
    provider = await ask(name)
    limit = provider.row.max_top_logprobs
    provider.check(request_for(provider, logprobs=limit))
    with pytest.raises(UsageError, match=f"at most {limit} top logprobs"):
        provider.check(request_for(provider, logprobs=limit + 1))
    assert emulator.n_requests == 0


@pytest.mark.parametrize("name", with_api("completions"))
async def test_completions(ask, request_for, name, emulator):
    provider = await ask(name)
    request = request_for(provider, "Once upon a time", api="completions", logprobs=2, max_tokens=4)
    provider.check(request)
    completion = await provider.complete(request)
    assert emulator.seen[-1].body["prompt"] == "Once upon a time"
    assert completion.texts == ("You said: Once upon",)
    assert completion.finish_reasons == ("length",)
    assert "".join(completion.logprobs[0].tokens) == "You said: Once upon"
    assert [len(top) for top in completion.logprobs[0].top] == [2] * 4


@pytest.mark.parametrize("name", with_api("responses"))
async def test_responses(ask, request_for, name, emulator):
    provider = await ask(name)
    request = request_for(provider, api="responses", logprobs=2, temperature=0.0)
    provider.check(request)
    completion = await provider.complete(request)
    assert completion.texts == (TEXT,)
    assert completion.finish_reasons == ("stop",)
    assert completion.usage.prompt_tokens == 4
    assert completion.usage.completion_tokens == 6
    assert completion.usage.cached_tokens == 1
    assert len(completion.logprobs[0].top[0]) == 2
    assert emulator.seen[-1].body["store"] is False
    cut = await provider.complete(request_for(provider, api="responses", max_tokens=2))
    assert cut.finish_reasons == ("length",)
    assert cut.text == "You said:"
    with pytest.raises(UsageError, match="seed, stop"):
        provider.check(request_for(provider, api="responses", seed=1, stop=("x",)))


async def test_prompt_logprobs_of_a_chat(ask, request_for):
    provider = await ask("vllm")
    found = (await provider.complete(request_for(provider, "a b c", prompt_logprobs=2))).prompt_logprobs
    assert found.tokens == ("", " b", " c")
    assert found.logprobs == (None, logprob(" b"), logprob(" c"))
    assert found.top[1] == {" b": logprob(" b"), " b~": logprob(" b") - 1}


async def test_prompt_logprobs_of_a_completion_by_echo(ask, request_for, emulator):
    provider = await ask("vllm")
    request = request_for(provider, "a b c", api="completions", prompt_logprobs=1, logprobs=1, n=2)
    completion = await provider.complete(request)
    assert emulator.seen[-1].body["echo"] is True
    assert completion.prompt_logprobs.tokens == ("a", " b", " c")
    assert completion.prompt_logprobs.logprobs[0] is None
    assert completion.texts == ("You said: a b c", "You said: a b c (1)")
    assert ["".join(each.tokens) for each in completion.logprobs] == list(completion.texts)


@pytest.mark.parametrize("name", [n for n in HTTP_ROWS if not ROWS[n].prompt_logprobs])
async def test_no_prompt_logprobs_elsewhere(ask, request_for, name):
    provider = await ask(name)
    with pytest.raises(UsageError, match="does not support prompt_logprobs"):
        provider.check(request_for(provider, prompt_logprobs=0))


async def test_the_vendor_s_own_limit_is_a_400(ask, request_for):
    provider = await ask("vllm")
    with pytest.raises(Exception, match="greater than max allowed: 20") as caught:
        await provider.complete(request_for(provider, logprobs=21))
    assert caught.value.kind == "bad_request"
    assert caught.value.status == 400


@pytest.mark.parametrize("model", ["o3-mini", "gpt-5-nano", "openai/o1", "ft:o4-mini:us::1", "gpt-5"])
async def test_reasoning_models(ask, request_for, model, emulator):
    provider = await ask("openai", model)
    request = request_for(provider, model=model, temperature=0.2, stop=("x",), logprobs=1, max_tokens=90)
    with pytest.raises(UsageError, match="does not support temperature, logprobs, stop"):
        provider.check(request)
    plain = request_for(provider, model=model, max_tokens=90)
    provider.check(plain)
    completion = await provider.complete(plain)
    assert emulator.seen[-1].body["max_completion_tokens"] == 90
    assert "max_tokens" not in emulator.seen[-1].body
    assert completion.usage.reasoning_tokens == 7
    dropping = await ask("openai", model, drop_unsupported=True)
    dropping.check(request)
    completion = await dropping.complete(request)
    assert completion.dropped == ("temperature", "logprobs", "stop")
    assert set(emulator.seen[-1].body) == {"model", "messages", "max_completion_tokens"}


async def test_chat_models_of_a_reasoning_family(ask, request_for):
    provider = await ask("openai", "gpt-5-chat-latest")
    provider.check(request_for(provider, model="gpt-5-chat-latest", temperature=0.2))
    provider.check(request_for(provider, model="gpt-5.1", temperature=0, extra={"reasoning_effort": "none"}))


async def test_usage_details_and_the_vendor_s_cost(ask, request_for):
    provider = await ask("openrouter")
    usage = (await provider.complete(request_for(provider))).usage
    assert usage.cached_tokens == 1
    assert usage.cost_usd == 0.00025
    openai = await ask("openai")
    assert (await openai.complete(request_for(openai))).usage.cost_usd is None


async def test_azure_s_older_address(ask, request_for, emulator):
    base = emulator.url("azure").removesuffix("/v1")
    provider = await ask("azure", "dep", base_url=base + "/openai/deployments/{model}?api-version=2024-10-21")
    await provider.complete(request_for(provider, model="dep"))
    assert emulator.seen[-1].path == "/azure/openai/deployments/dep/chat/completions?api-version=2024-10-21"
    assert "2024" not in provider.endpoint


async def test_models(ask, name, emulator):
    emulator.served = ("m-1", "m-2")
    emulator.shutdown_dates = {"m-2": "2027-01-31"}
    provider = await ask(name)
    found = await provider.models()
    if name in {"azure", "fireworks"}:
        assert found is None
    else:
        assert [(model.id, model.shutdown_date) for model in found] == [("m-1", None), ("m-2", "2027-01-31")]
