"""Gemini: the real google-genai SDK against the emulator."""

import pytest

from llmgen.config import Settings, TimeoutSettings
from llmgen.errors import ConfigError, ProviderError, UsageError
from llmgen.gateway.emulator.answers import logprob
from llmgen.gateway.emulator.faults import Fault
from llmgen.gateway.emulator.plan import script
from llmgen.gateway.providers.table import open_provider

TEXT = "You said: Say something nice, please."


async def failing(provider, request):
    with pytest.raises(ProviderError) as caught:
        await provider.complete(request)
    return caught.value


async def test_an_answer(ask, request_for):
    provider = await ask("gemini", "gemini-x")
    completion = await provider.complete(request_for(provider, model="gemini-x"))
    assert completion.texts == (TEXT,)
    assert completion.finish_reasons == ("STOP",)
    assert completion.model == "gemini-x-001"
    assert completion.endpoint == provider.endpoint
    usage = completion.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.reasoning_tokens, usage.cached_tokens) == (
        4,
        11,
        5,
        1,
    )


async def test_what_is_sent(ask, request_for, emulator, keys):
    provider = await ask("gemini")
    request = request_for(
        provider,
        system="Be brief.",
        temperature=0.5,
        top_p=0.9,
        max_tokens=9,
        stop=("\n",),
        seed=3,
        n=2,
        logprobs=1,
        extra={"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]},
    )
    provider.check(request)
    await provider.complete(request)
    seen = emulator.seen[-1]
    assert seen.path == "/gemini/v1/models/emulated-model:generateContent"
    assert seen.body == {
        "contents": [{"role": "user", "parts": [{"text": "Say something nice, please."}]}],
        "systemInstruction": {"role": "user", "parts": [{"text": "Be brief."}]},
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "generationConfig": {
            "temperature": 0.5,
            "topP": 0.9,
            "maxOutputTokens": 9,
            "stopSequences": ["\n"],
            "seed": 3,
            "candidateCount": 2,
            "responseLogprobs": True,
            "logprobs": 1,
        },
    }
    headers = dict(seen.headers)
    assert headers.pop("x-goog-api-key") == keys
    assert keys not in str((headers, seen.path, seen.body))


async def test_n_and_logprobs(ask, request_for):
    provider = await ask("gemini")
    completion = await provider.complete(request_for(provider, n=2, logprobs=2))
    assert completion.texts == (TEXT, f"{TEXT} (1)")
    assert ["".join(each.tokens) for each in completion.logprobs] == list(completion.texts)
    assert completion.logprobs[0].top[0] == {"You": logprob("You"), "You~": logprob("You") - 1}


async def test_truncation(ask, request_for):
    provider = await ask("gemini")
    completion = await provider.complete(request_for(provider, max_tokens=2))
    assert (completion.text, completion.finish_reasons) == ("You said:", ("MAX_TOKENS",))


@pytest.mark.parametrize("fault", ["safety", "recitation"])
async def test_a_withheld_answer(ask, request_for, emulator, fault):
    emulator.plan = script(fault)
    provider = await ask("gemini")
    completion = await provider.complete(request_for(provider))
    assert completion.finish_reasons == (fault.upper(),)
    assert completion.refusals == (f"the answer was withheld: {fault.upper()}",)


async def test_a_blocked_prompt(ask, request_for, emulator):
    emulator.plan = script("blocked_prompt")
    provider = await ask("gemini")
    completion = await provider.complete(request_for(provider, n=2))
    assert completion.texts == ("", "")
    assert completion.finish_reasons == ("PROHIBITED_CONTENT",) * 2
    assert all(completion.refusals)


@pytest.mark.parametrize(
    "case",
    [
        ("400", "bad_request"),
        ("401", "auth"),
        ("403", "auth"),
        ("404", "not_found"),
        ("429", "rate_limited"),
        ("500", "unavailable"),
        ("503", "unavailable"),
        ("529", "rate_limited"),
        ("context_too_long", "context_length"),
        ("cut_json", "truncated_body"),
        ("not_json", "malformed"),
        ("empty", "malformed"),
        ("html", "malformed"),
        ("wrong_schema", "malformed"),
        ("no_choices", "malformed"),
        ("bad_utf8", "malformed"),
        ("reset_before", "reset"),
        ("reset_during", "truncated_body"),
        ("truncated_body", "truncated_body"),
        ("half_chunk", "truncated_body"),
        ("silent", "timeout"),
        ("silent_body", "timeout"),
        ("huge", "malformed"),
    ],
)
async def test_kinds(ask, request_for, emulator, keys, case):
    fault, kind = case
    emulator.plan = script(fault)
    provider = await ask("gemini")
    error = await failing(provider, request_for(provider))
    assert error.kind == kind, error.message
    assert emulator.n_requests == 1  # the SDK has not asked again
    assert keys not in error.message + error.body + str(error)


async def test_nobody_listens_and_nobody_waits(ask, request_for):
    provider = await ask("gemini", base_url="http://127.0.0.1:9")
    assert (await failing(provider, request_for(provider))).kind == "unavailable"


async def test_retry_after(ask, request_for, emulator):
    emulator.plan = script(Fault(name="429", headers={"retry-after": "12"}))
    provider = await ask("gemini")
    assert (await failing(provider, request_for(provider))).retry_after_s == 12


async def test_models(ask, emulator):
    emulator.served = ("gemini-a", "gemini-b")
    provider = await ask("gemini")
    assert [model.id for model in await provider.models()] == ["gemini-a", "gemini-b"]


async def test_a_wrong_key(ask, request_for, emulator):
    emulator.key = "another"
    provider = await ask("gemini")
    assert (await failing(provider, request_for(provider))).kind == "auth"
    with pytest.raises(ProviderError, match="401"):
        await provider.models()


async def test_limits(ask, request_for):
    provider = await ask("gemini")
    with pytest.raises(UsageError, match="at most 20 top logprobs"):
        provider.check(request_for(provider, logprobs=21))
    with pytest.raises(UsageError, match="prompt_logprobs"):
        provider.check(request_for(provider, prompt_logprobs=1))
    with pytest.raises(UsageError, match="completions API"):
        provider.check(request_for(provider, api="completions"))


async def test_the_key_is_required_and_the_environment_cannot_switch_to_vertex(monkeypatch, emulator):
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    with pytest.raises(ConfigError, match="GEMINI_API_KEY is not set"):
        await open_provider("gemini-2.5-flash", Settings(), {})
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-for-the-emulator")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    emulator.key = "a-key-for-the-emulator"
    settings = Settings(timeouts=TimeoutSettings(total_s=5))
    provider = await open_provider("gemini-2.5-flash", settings, {"base_url": emulator.url("gemini")})
    assert await provider.models()
    await provider.aclose()
