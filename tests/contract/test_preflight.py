"""Preflight against the emulator: key, model, shutdown date, cost."""

import datetime as dt

import pytest

from llmgen.config import Settings
from llmgen.errors import UsageError
from llmgen.gateway.preflight import preflight
from llmgen.gateway.providers.table import open_provider

TODAY = dt.date(2027, 1, 1)


async def lines(provider, model="emulated-model", estimated_usd=None):
    return await preflight(provider, model, estimated_usd=estimated_usd, today=TODAY)


async def test_all_is_well(ask):
    assert await lines(await ask("openai")) == ()
    assert await lines(await ask("openai"), estimated_usd=1.5) == ("estimated cost: 1.5000 USD",)
    assert await lines(await ask("vllm"), estimated_usd=0.0) == ()


async def test_a_model_that_is_not_served(ask, emulator):
    emulator.served = ("gpt-4o-mini", "gpt-4o", "whisper")
    with pytest.raises(UsageError, match="does not serve 'gpt-4o-mni'") as caught:
        await lines(await ask("openai"), "gpt-4o-mni")
    assert caught.value.hint == "it serves gpt-4o-mini, gpt-4o"
    with pytest.raises(UsageError, match="does not serve 'zzz'") as caught:
        await lines(await ask("llamacpp"), "zzz")
    assert "whisper" in caught.value.hint


async def test_names_that_a_list_spells_otherwise(ask, emulator):
    emulator.served = ("llama3:latest", "openai/gpt-4o")
    assert await lines(await ask("ollama"), "llama3") == ()
    assert await lines(await ask("openrouter"), "openai/gpt-4o:nitro") == ()


@pytest.mark.parametrize(
    ("date", "expected"),
    [("2027-01-20", "will be shut down on 2027-01-20"), ("2027-06-01", None), ("someday", None)],
)
async def test_the_shutdown_date(ask, emulator, date, expected):
    emulator.shutdown_dates = {"emulated-model": date}
    found = await lines(await ask("openai"))
    assert (expected in found[0]) if expected else (found == ())


async def test_a_model_that_was_shut_down(ask, emulator):
    emulator.shutdown_dates = {"emulated-model": "2026-12-31"}
    with pytest.raises(UsageError, match="was shut down on 2026-12-31"):
        await lines(await ask("openai"))


@pytest.mark.parametrize("name", ["openai", "gemini"])
async def test_a_refused_key(ask, emulator, keys, name):
    emulator.key = "another-key"
    with pytest.raises(UsageError, match="401") as caught:
        await lines(await ask(name))
    assert caught.value.hint.startswith(f"check {'GEMINI' if name == 'gemini' else 'OPENAI'}_API_KEY")
    assert keys not in caught.value.message


async def test_a_server_that_is_not_there(ask):
    with pytest.raises(UsageError, match="cannot connect") as caught:
        await lines(await ask("vllm", base_url="http://127.0.0.1:9/v1"))
    assert caught.value.hint == "start the server, or check base_url"


@pytest.mark.parametrize("model", ["azure/deployment", "fake/echo"])
async def test_who_cannot_list_is_believed(emulator, keys, model):
    provider = await open_provider(model, Settings(), {"base_url": emulator.url("azure")})
    assert await lines(provider, "whatever") == ()
    await provider.aclose()
    assert emulator.n_requests == 0
    assert keys


@pytest.mark.parametrize("fault", ["404", "405"])
async def test_an_endpoint_without_a_list_is_believed(ask, emulator, fault):
    emulator.models_fault = fault
    assert await lines(await ask("openai-compatible")) == ()


async def test_an_endpoint_that_stumbles_over_its_list_is_believed_with_a_note(ask, emulator):
    emulator.models_fault = "503"
    (note,) = await lines(await ask("llamacpp"))
    assert "did not list its models (HTTP 503" in note
