"""The scripted model: same seed and request, same behaviour."""

import collections
import json

import msgspec
import pytest

from llmgen.config import Settings
from llmgen.errors import ProviderError, UsageError
from llmgen.gateway.providers.table import open_provider
from llmgen.types import Message, Request, Sampling


async def opened(model, **options):
    return await open_provider(f"fake/{model}", Settings(), options)


def asking(provider, text, **sampling):
    return Request(
        endpoint=provider.endpoint,
        model="m",
        messages=(Message(role="user", content=text),),
        sampling=Sampling(**sampling),
    )


async def test_echo_fixed_and_table(tmp_path):
    table = tmp_path / "answers.json"
    table.write_text(json.dumps({"capital of France?": "Paris", "*": "unknown"}))
    for model, text in (
        ("echo", "capital of France?"),
        ("fixed?text=A", "A"),
        (f"table?table={table}", "Paris"),
    ):
        provider = await opened(model)
        completion = await provider.complete(asking(provider, "capital of France?"))
        assert completion.text == text
        assert completion.finish_reasons == ("stop",)
    assert (await provider.complete(asking(provider, "of Spain?"))).text == "unknown"


async def outcomes(provider, n=300):
    found = []
    for i in range(n):
        try:
            completion = await provider.complete(asking(provider, f"question {i}"))
            found.append(completion.finish_reasons[0])
        except ProviderError as error:
            assert error.should_retry is False  # noqa: PT017
            found.append(error.kind)
    return found


async def test_rates_repeat_exactly():
    model = "echo?error_rate=0.1&refusal_rate=0.2&seed=5"
    first = await outcomes(await opened(model))
    assert first == await outcomes(await opened(model))
    counts = collections.Counter(first)
    assert 15 <= counts["unavailable"] <= 50
    assert 40 <= counts["content_filter"] <= 85
    assert counts["stop"] == 300 - counts["unavailable"] - counts["content_filter"]
    assert first != await outcomes(await opened(model.replace("seed=5", "seed=6")))
    assert await outcomes(await opened("echo?error_rate=0.1", seed=5)) != await outcomes(
        await opened("echo?error_rate=0.1", seed=6)
    )


async def test_behaviour_is_part_of_the_identity():
    assert (await opened("fixed?text=A")).endpoint != (await opened("fixed?text=B")).endpoint
    assert (await opened("fixed?text=A")).endpoint == (await opened("fixed?text=A")).endpoint


async def test_sampling_is_honoured():
    provider = await opened("echo")
    request = asking(provider, "one two three four", n=2, max_tokens=3, logprobs=2, prompt_logprobs=0)
    completion = await provider.complete(request)
    assert completion.texts == ("one two three",) * 2
    assert completion.finish_reasons == ("length",) * 2
    assert "".join(completion.logprobs[1].tokens) == "one two three"
    assert len(completion.logprobs[0].top[0]) == 2
    assert completion.prompt_logprobs.logprobs[0] is None
    assert len(completion.prompt_logprobs.tokens) == 4
    assert completion.usage.prompt_tokens == 4
    assert completion.usage.completion_tokens == 6
    assert msgspec.json.decode(msgspec.json.encode(completion), type=type(completion)) == completion


async def test_mistakes_are_told(tmp_path):
    with pytest.raises(UsageError, match="unknown fake model 'ecko'") as caught:
        await opened("ecko")
    assert "echo" in caught.value.hint
    with pytest.raises(UsageError, match="unknown field `colour`"):
        await opened("echo?colour=red")
    with pytest.raises(UsageError, match="error_rate"):
        await opened("echo?error_rate=2")
    with pytest.raises(UsageError, match="cannot read the table"):
        await opened(f"table?table={tmp_path / 'none.json'}")
    (tmp_path / "bad.json").write_text("[1]")
    with pytest.raises(UsageError, match="not a JSON object of texts"):
        await opened(f"table?table={tmp_path / 'bad.json'}")
