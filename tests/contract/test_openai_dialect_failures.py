"""Every kind of failure of the specification (1.7), from real bytes on a real socket, for every row."""

import pytest

from llmgen.config import Settings, TimeoutSettings
from llmgen.errors import ConfigError, ProviderError
from llmgen.gateway.base import RateInfo
from llmgen.gateway.emulator.faults import ERRORS, NAMES, Fault
from llmgen.gateway.emulator.plan import always, script
from llmgen.gateway.providers.table import ROWS, open_provider
from llmgen.redact import redact

HTTP_ROWS = [name for name in ROWS if name not in {"gemini", "local", "transformers", "replay", "fake"}]

# fault -> kind, HTTP status, whether it may have been billed
KINDS = {
    "400": ("bad_request", 400, False),
    "401": ("auth", 401, False),
    "402": ("quota", 402, False),
    "403": ("auth", 403, False),
    "404": ("not_found", 404, False),
    "408": ("unavailable", 408, False),
    "409": ("unavailable", 409, False),
    "413": ("bad_request", 413, False),
    "418": ("bad_request", 418, False),
    "422": ("bad_request", 422, False),
    "429": ("rate_limited", 429, False),
    "500": ("unavailable", 500, False),
    "501": ("bad_request", 501, False),
    "502": ("unavailable", 502, False),
    "503": ("unavailable", 503, False),
    "504": ("unavailable", 504, False),
    "529": ("rate_limited", 529, False),
    "quota": ("quota", 429, False),
    "bad_key": ("auth", 401, False),
    "forbidden": ("auth", 403, False),
    "model_not_found": ("not_found", 404, False),
    "context_too_long": ("context_length", 400, False),
    "error_in_200": ("unavailable", 503, False),
    "rate_limit_in_200": ("rate_limited", 429, False),
    "error_in_choice": ("unavailable", 502, False),
    "cut_json": ("truncated_body", 200, True),
    "not_json": ("malformed", 200, True),
    "empty": ("malformed", 200, True),
    "html": ("malformed", 200, True),
    "wrong_schema": ("malformed", 200, True),
    "no_choices": ("malformed", 200, True),
    "bad_utf8": ("malformed", 200, True),
    "nan": ("malformed", 200, True),
    "reset_before": ("reset", None, True),
    "reset_during": ("truncated_body", None, True),
    "truncated_body": ("truncated_body", None, True),
    "half_chunk": ("truncated_body", None, True),
    "silent": ("timeout", None, True),
    "silent_body": ("timeout", None, True),
    "endless_headers": ("timeout", None, True),
    "slow_body": ("timeout", None, True),
    "huge": ("malformed", None, True),
}
ANSWERS = {"null_content", "content_filter", "refusal", "no_finish_reason", "no_usage", "fewer_than_n"}
REFUSALS = {"content_filter_400", "moderation"}
GEMINI_ONLY = {"blocked_prompt", "safety", "recitation"}


def test_every_fault_of_the_emulator_is_covered():
    assert set(NAMES) <= set(KINDS) | ANSWERS | REFUSALS | GEMINI_ONLY | {"close_after"}


async def failing(provider, request):
    with pytest.raises(ProviderError) as caught:
        await provider.complete(request)
    return caught.value


@pytest.mark.parametrize("fault", KINDS)
async def test_kinds(ask, request_for, emulator, fault):
    emulator.plan = script(fault)
    provider = await ask("openai")
    error = await failing(provider, request_for(provider))
    assert (error.kind, error.status, error.sent) == KINDS[fault], error.message
    assert "\n" not in error.message
    assert len(error.body) <= 500
    assert (await provider.complete(request_for(provider))).text  # and the next request is unharmed


@pytest.mark.parametrize("name", HTTP_ROWS)
@pytest.mark.parametrize("fault", ["401", "429", "503", "context_too_long", "html", "reset_before"])
async def test_kinds_of_every_row(ask, request_for, emulator, name, fault):
    emulator.plan = script(fault)
    provider = await ask(name)
    error = await failing(provider, request_for(provider))
    assert (error.kind, error.status, error.sent) == KINDS[fault]


@pytest.mark.parametrize("host", ["127.0.0.1:9", "no-such-host.invalid"])
async def test_nobody_listens_or_nobody_is_there(ask, request_for, host):
    provider = await ask("openai", base_url=f"http://{host}/v1")
    error = await failing(provider, request_for(provider))
    assert (error.kind, error.sent) == ("unavailable", False)


async def test_a_slow_body_is_bounded_in_all_not_only_between_bytes(ask, request_for, emulator):
    emulator.plan = always("slow_body")
    slow = Settings(timeouts=TimeoutSettings(idle_s=30, body_idle_s=30, total_s=0.4))
    provider = await ask("openai", settings=slow)
    error = await failing(provider, request_for(provider))
    assert error.kind == "timeout"


async def test_the_pause_within_a_body_has_its_own_bound(ask, request_for, emulator):
    emulator.plan = always("silent_body")
    patient = Settings(timeouts=TimeoutSettings(idle_s=300, body_idle_s=0.2, total_s=300))
    provider = await ask("openai", settings=patient)
    error = await failing(provider, request_for(provider))
    assert error.kind == "timeout"
    assert "stopped" in error.message


async def test_a_lost_idle_connection_earns_a_free_retry_and_a_new_one_does_not(ask, request_for, emulator):
    provider = await ask("openai")
    emulator.plan = script("reset_before", None, "reset_before")
    first = await failing(provider, request_for(provider))
    assert not first.free_retry
    await provider.complete(request_for(provider))
    second = await failing(provider, request_for(provider))
    assert second.free_retry
    assert [seen.connection for seen in emulator.seen] == [0, 1, 1]


async def test_a_connection_closed_after_the_answer(ask, request_for, emulator):
    emulator.plan = script("close_after")
    provider = await ask("openai")
    assert (await provider.complete(request_for(provider))).text
    try:
        completion = await provider.complete(request_for(provider))
    except ProviderError as error:  # the end of the connection was noticed only when it was used
        assert (error.kind, error.free_retry) == ("reset", True)  # noqa: PT017
        completion = await provider.complete(request_for(provider))
    assert completion.text


async def test_answers_that_are_no_failures(ask, request_for, emulator):
    provider = await ask("openai")
    emulator.plan = script("null_content", "content_filter", "refusal", "no_finish_reason", "no_usage")
    empty = await provider.complete(request_for(provider))
    assert (empty.text, empty.finish_reasons, empty.refusals) == ("", ("stop",), ())
    filtered = await provider.complete(request_for(provider))
    assert (filtered.text, filtered.finish_reasons) == ("", ("content_filter",))
    refused = await provider.complete(request_for(provider))
    assert (refused.text, refused.refusals) == ("", ("I cannot help with that.",))
    assert (await provider.complete(request_for(provider))).finish_reasons == (None,)
    assert (await provider.complete(request_for(provider))).usage.prompt_tokens == 0


async def test_fewer_texts_than_asked(ask, request_for, emulator):
    emulator.plan = script("fewer_than_n")
    provider = await ask("openai")
    completion = await provider.complete(request_for(provider, n=4))
    assert (len(completion.texts), completion.n_asked) == (1, 4)


@pytest.mark.parametrize("fault", sorted(REFUSALS))
async def test_a_refusal_by_status_is_an_answer(ask, request_for, emulator, fault):
    emulator.plan = script(fault)
    provider = await ask("azure")
    completion = await provider.complete(request_for(provider, n=2))
    assert completion.texts == ("", "")
    assert completion.finish_reasons == ("content_filter", "content_filter")
    assert completion.refusals == (ERRORS[fault][2],) * 2


@pytest.mark.parametrize(
    "waits",
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "abc"}, None),
        ({"retry-after": "1e9"}, 1e9),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("status", ["429", "503", "529"])
async def test_retry_after(ask, request_for, emulator, waits, status):
    headers, seconds = waits
    emulator.plan = script(Fault(name=status, headers=headers))
    provider = await ask("openai")
    assert (await failing(provider, request_for(provider))).retry_after_s == seconds


@pytest.mark.parametrize(("word", "meant"), [("true", True), ("false", False), ("perhaps", None)])
async def test_should_retry(ask, request_for, emulator, word, meant):
    emulator.plan = script(Fault(name="500", headers={"x-should-retry": word}))
    provider = await ask("openai")
    assert (await failing(provider, request_for(provider))).should_retry is meant


async def test_rate_headers_are_observed_on_good_and_bad_answers(ask, request_for, emulator):
    seen = []
    emulator.limit(6000, burst=1, clock=lambda: 0.0)
    provider = await ask("openai")
    provider.observe = seen.append
    await provider.complete(request_for(provider))
    error = await failing(provider, request_for(provider))
    assert (error.kind, error.retry_after_s) == ("rate_limited", 1.0)
    expected = RateInfo(limit_requests=6000, remaining_requests=0, reset_requests_s=0.01)
    assert seen == [expected, expected]


async def test_rows_without_known_headers_are_not_observed(ask, request_for, emulator):
    emulator.limit(6000)
    provider = await ask("together")
    provider.observe = lambda _: pytest.fail("not a family that we know")
    await provider.complete(request_for(provider))


@pytest.mark.parametrize("name", HTTP_ROWS)
async def test_the_key_goes_into_its_header_and_nowhere_else(ask, request_for, emulator, keys, name):
    header, value = ("api-key", keys) if name == "azure" else ("authorization", f"Bearer {keys}")
    provider = await ask(name)
    await provider.complete(request_for(provider))
    await provider.models()
    assert emulator.seen
    for seen in emulator.seen:
        headers = dict(seen.headers)
        if name != "ollama":
            assert headers.pop(header) == value
        assert keys not in str((seen.path, headers, seen.body))
    assert keys not in provider.endpoint


async def test_a_wrong_key(ask, request_for, emulator):
    emulator.key = "another"
    provider = await ask("openai")
    assert (await failing(provider, request_for(provider))).kind == "auth"
    with pytest.raises(ProviderError, match="401"):
        await provider.models()


@pytest.mark.parametrize("fault", [name for name in KINDS if name not in {"huge", "slow_body"}])
async def test_no_error_shows_the_key(ask, request_for, emulator, keys, fault):
    emulator.plan = script(Fault(name=fault, headers={"x-echo": keys}))
    provider = await ask("openai", base_url=emulator.url("openai"))
    error = await failing(provider, request_for(provider, text=f"my key is {keys}"))
    chain = [error, error.__cause__, error.__context__]
    assert keys not in " ".join([error.message, error.body, error.hint, str(error.failure())])
    assert all(keys not in redact(repr(each)) for each in chain)


async def test_a_vendor_that_echoes_the_key_is_redacted(ask, request_for, emulator, keys, monkeypatch):
    monkeypatch.setitem(ERRORS, "bad_key", (401, "invalid_api_key", f"Incorrect API key provided: {keys}."))
    emulator.plan = script("bad_key")
    provider = await ask("openai")
    error = await failing(provider, request_for(provider))
    assert "Incorrect API key provided: ***" in error.message
    assert keys not in error.message + error.body


async def test_a_redirect_is_not_followed(ask, request_for, emulator):
    elsewhere = f"{emulator.url('azure')}/chat/completions"
    emulator.plan = script(Fault(name="302", headers={"location": elsewhere}))
    provider = await ask("azure")
    error = await failing(provider, request_for(provider))
    assert (error.kind, emulator.n_requests) == ("not_found", 1)
    assert "redirected to" in error.message


async def test_the_body_of_a_malformed_answer_is_kept(ask, request_for, emulator):
    emulator.plan = script("html")
    provider = await ask("openai")
    assert (await failing(provider, request_for(provider))).body.startswith("<!doctype html>")


async def test_a_missing_key_is_one_line_that_names_the_variable(monkeypatch):
    monkeypatch.delenv("TOGETHER_API_KEY", raising=False)
    with pytest.raises(ConfigError, match="together: TOGETHER_API_KEY is not set"):
        await open_provider("together/m", Settings(), {})


@pytest.mark.parametrize("name", ["vllm", "llamacpp", "ollama"])
async def test_local_servers_need_no_key(request_for, emulator, monkeypatch, name):
    monkeypatch.delenv(str(ROWS[name].key_env), raising=False)
    provider = await open_provider(f"{name}/m", Settings(), {"base_url": emulator.url(name)})
    await provider.complete(request_for(provider))
    await provider.aclose()
    assert "authorization" not in emulator.seen[-1].headers


async def test_a_closed_provider_says_so(ask, request_for):
    provider = await ask("openai")
    await provider.aclose()
    assert (await failing(provider, request_for(provider))).kind == "cancelled"
