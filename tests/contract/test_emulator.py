"""The emulator is honest: the vendors' own SDK reads it, its limiter limits, its process serves."""

import json
import subprocess
import sys
import urllib.request

import openai
import pytest

from llmgen.gateway.emulator.plan import Bucket, checked, rates, script


@pytest.fixture
async def sdk(emulator):
    async with openai.AsyncOpenAI(api_key="k-123456789", base_url=emulator.url(), max_retries=0) as client:
        yield client


MESSAGES = [{"role": "user", "content": "one two three"}]


async def test_chat_through_the_sdk(sdk):
    answer = await sdk.chat.completions.create(
        model="m", messages=MESSAGES, n=2, logprobs=True, top_logprobs=2, max_tokens=4, seed=1
    )
    assert [choice.message.content for choice in answer.choices] == ["You said: one two"] * 2
    assert [choice.finish_reason for choice in answer.choices] == ["length", "length"]
    assert len(answer.choices[0].logprobs.content[0].top_logprobs) == 2
    assert answer.usage.prompt_tokens == 3
    assert answer.usage.completion_tokens == 8
    assert answer.usage.completion_tokens_details.reasoning_tokens == 0


async def test_completions_through_the_sdk(sdk):
    answer = await sdk.completions.create(model="m", prompt="a b", echo=True, logprobs=1, stop=[" b"])
    assert answer.choices[0].text == "a bYou said: a"
    assert answer.choices[0].logprobs.token_logprobs[0] is None
    assert len(answer.choices[0].logprobs.tokens) == 5


async def test_responses_through_the_sdk(sdk):
    answer = await sdk.responses.create(model="m", input="one two", max_output_tokens=3)
    assert answer.output_text == "You said: one"
    assert answer.status == "incomplete"
    assert answer.incomplete_details.reason == "max_output_tokens"
    assert answer.usage.input_tokens == 2


async def test_models_through_the_sdk(sdk, emulator):
    emulator.served = ("a", "b")
    assert [model.id async for model in sdk.models.list()] == ["a", "b"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("400", openai.BadRequestError),
        ("bad_key", openai.AuthenticationError),
        ("forbidden", openai.PermissionDeniedError),
        ("model_not_found", openai.NotFoundError),
        ("429", openai.RateLimitError),
        ("503", openai.InternalServerError),
        ("reset_before", openai.APIConnectionError),
        ("truncated_body", openai.APIConnectionError),
    ],
)
async def test_errors_through_the_sdk(sdk, emulator, fault, error):
    emulator.plan = script(fault)
    with pytest.raises(error):
        await sdk.chat.completions.create(model="m", messages=MESSAGES)


async def test_it_rejects_what_the_vendors_reject(sdk):
    for wrong in (
        {"model": "m", "messages": MESSAGES, "top_logprobs": 2},
        {"model": "m", "messages": MESSAGES, "logprobs": True, "top_logprobs": 21},
        {"model": "o3", "messages": MESSAGES, "temperature": 0.5},
        {"model": "o3", "messages": MESSAGES, "max_tokens": 5},
        {"model": "m", "messages": []},
    ):
        with pytest.raises(openai.BadRequestError):
            await sdk.chat.completions.create(**wrong)


async def test_an_unknown_model_and_a_wrong_key(sdk, emulator):
    emulator.served = ("other",)
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        await sdk.chat.completions.create(model="m", messages=MESSAGES)
    emulator.key = "right"
    with pytest.raises(openai.AuthenticationError):
        await sdk.chat.completions.create(model="other", messages=MESSAGES)


def test_the_bucket_lets_the_burst_in_and_then_the_rate():
    now = [0.0]
    bucket = Bucket(60, 5, lambda: now[0])
    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]
    assert bucket.headers()["x-ratelimit-remaining-requests"] == "0"
    assert bucket.headers()["x-ratelimit-reset-requests"] == "1000ms"
    now[0] = 2.0
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    now[0] = 1000.0
    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]


def test_rates_are_drawn_from_the_seed():
    def draws(seed):
        plan = rates({"503": 0.3, "reset_before": 0.1}, seed)
        return [fault.name if fault else "" for fault in (plan(None) for _ in range(1000))]

    first = draws(1)
    assert first == draws(1)
    assert first != draws(2)
    assert 250 < first.count("503") < 350
    assert 60 < first.count("reset_before") < 140


def test_a_fault_that_does_not_exist_is_told():
    with pytest.raises(ValueError, match="no fault 'tornado'"):
        checked("tornado")


def call(url, payload=None):
    request = urllib.request.Request(url, json.dumps(payload).encode() if payload is not None else None)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def test_the_process():
    command = [sys.executable, "-m", "llmgen.gateway.emulator", "--text", "fixed", "--latency", "0.01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().strip()
            chat = f"{address}/openai/v1/chat/completions"
            body = {"model": "m", "messages": MESSAGES}
            assert call(chat, body)["choices"][0]["message"]["content"] == "fixed"
            assert call(f"{address}/_emulator/script", [{}, {"name": "418", "headers": {"x-a": "b"}}]) == {}
            assert call(chat, body)["choices"]
            with pytest.raises(urllib.error.HTTPError, match="418") as caught:
                call(chat, body)
            caught.value.close()
            assert caught.value.headers["x-a"] == "b"
            stats = call(f"{address}/_emulator")
            assert stats == {"n_requests": 3, "statuses": {"200": 2, "418": 1}, "in_flight_peak": 1}
        finally:
            process.kill()
