"""Model ids, rows, a user's changes to them, addresses and keys."""

import pytest

from llmgen.config import ProviderRow, Settings
from llmgen.errors import ConfigError, UsageError
from llmgen.gateway.providers import PROVIDERS
from llmgen.gateway.providers.address import address, headers_for, key_for, missing_key
from llmgen.gateway.providers.table import ROWS, resolve, row_of
from llmgen.redact import redact


@pytest.mark.parametrize(
    ("model_id", "name", "model"),
    [
        ("openai/gpt-4o", "openai", "gpt-4o"),
        ("openrouter/meta-llama/llama-3", "openrouter", "meta-llama/llama-3"),
        ("fireworks/accounts/a/models/m", "fireworks", "accounts/a/models/m"),
        ("gpt-4o-mini", "openai", "gpt-4o-mini"),
        ("o1", "openai", "o1"),
        ("o3-mini", "openai", "o3-mini"),
        ("o4-mini-2025-04-16", "openai", "o4-mini-2025-04-16"),
        ("chatgpt-4o-latest", "openai", "chatgpt-4o-latest"),
        ("ft:gpt-4o-mini:org::id", "openai", "ft:gpt-4o-mini:org::id"),
        ("gemini-2.5-flash", "gemini", "gemini-2.5-flash"),
        ("local/smollm2-135m", "local", "smollm2-135m"),
        ("fake/echo", "fake", "echo"),
    ],
)
def test_resolve(model_id, name, model):
    assert resolve(model_id, Settings()) == (name, ROWS[name], model)


@pytest.mark.parametrize(
    ("model_id", "message", "hint"),
    [
        ("opnai/gpt-4o", "unknown provider 'opnai'", "did you mean openai"),
        ("llama3", "'llama3' does not say who serves it", "openai/llama3"),
        ("olmo", "does not say who serves it", "provider/name"),
        ("", "does not say who serves it", "provider/name"),
        ("openai/", "names no model", "openai/NAME"),
        ("meta-llama/Llama-3", "unknown provider 'meta-llama'", "did you mean"),
    ],
)
def test_unresolvable(model_id, message, hint):
    with pytest.raises(UsageError, match=message) as caught:
        resolve(model_id, Settings())
    assert hint in caught.value.hint


def test_every_row_has_a_factory_that_can_be_loaded():
    assert set(ROWS) == set(PROVIDERS.names())
    for name in ROWS:
        if name not in {"local", "transformers", "vllm"}:  # their engines are optional
            assert callable(PROVIDERS.load(name))


def test_a_user_s_changes_are_merged_into_the_row():
    settings = Settings(providers={"openai": {"base_url": "http://proxy/v1", "max_stop": 8}})
    row = row_of("openai", settings)
    assert row.base_url == "http://proxy/v1"
    assert row.max_stop == 8
    assert row.key_env == "OPENAI_API_KEY"
    assert row.apis == ROWS["openai"].apis
    assert row_of("azure", settings) is ROWS["azure"]


def test_a_new_row():
    settings = Settings(providers={"mine": {"base_url": "http://mine/v1", "key_env": "MINE"}})
    name, row, model = resolve("mine/a/b", settings)
    assert (name, model) == ("mine", "a/b")
    assert (row.key_env, row.max_top_logprobs, row.apis) == ("MINE", 20, ("chat", "completions", "responses"))


@pytest.mark.parametrize(
    ("providers", "message"),
    [
        ({"openai": {"colour": "red"}}, r"\[providers.openai\]: .*colour"),
        ({"openai": {"max_stop": "four"}}, r"\[providers.openai\]: .*max_stop"),
        ({"openai": {"auth": "basic"}}, r"\[providers.openai\]: .*auth"),
        ({"openai": {"apis": ["chat", "speech"]}}, r"\[providers.openai\]: .*apis"),
        ({"mine": {"key_env": "X"}}, r"\[providers.mine\] needs a base_url"),
    ],
)
def test_wrong_changes_name_the_key(providers, message):
    with pytest.raises(ConfigError, match=message):
        row_of(next(iter(providers)), Settings(providers=providers))


@pytest.mark.parametrize(
    ("base_url", "identity"),
    [
        ("https://API.OpenAI.com/v1/", "openai:https://api.openai.com/v1"),
        ("http://localhost:8000/V1", "openai:http://localhost:8000/V1"),
        ("https://x.openai.azure.com/openai?api-version=1", "openai:https://x.openai.azure.com/openai"),
    ],
)
def test_identity_is_normalised(base_url, identity):
    assert address("openai", ROWS["openai"], {"base_url": base_url}).identity == identity


def test_the_flag_wins_over_the_row_and_a_managed_identity_over_both():
    where = address("vllm", ROWS["vllm"], {"base_url": "http://h:1/v1", "endpoint": "managed:vllm:x"})
    assert where.url("/models") == "http://h:1/v1/models"
    assert where.identity == "managed:vllm:x"


@pytest.mark.parametrize(
    ("base_url", "message"),
    [
        ("", "has no base URL"),
        ("ftp://host/v1", "is not http"),
        ("localhost:8000", "is not http"),
        ("https://user:secret@host/v1", "carries a user name"),
    ],
)
def test_bad_addresses(base_url, message):
    with pytest.raises(ConfigError, match=message) as caught:
        address("openai-compatible", ProviderRow(), {"base_url": base_url})
    assert "secret" not in caught.value.message
    assert caught.value.hint


def test_azure_s_resource_comes_from_the_environment(monkeypatch):
    monkeypatch.delenv("AZURE_OPENAI_RESOURCE", raising=False)
    with pytest.raises(ConfigError, match="AZURE_OPENAI_RESOURCE is not set"):
        address("azure", ROWS["azure"], {})
    monkeypatch.setenv("AZURE_OPENAI_RESOURCE", "mine")
    assert address("azure", ROWS["azure"], {}).url("/x") == "https://mine.openai.azure.com/openai/v1/x"


def test_keys(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "  key-of-the-table-test \n")
    assert key_for("openai", ROWS["openai"], {}) == "key-of-the-table-test"
    assert redact("x key-of-the-table-test y") == "x *** y"
    assert missing_key(ROWS["openai"]) is None
    monkeypatch.setenv("OPENAI_API_KEY", " ")
    assert missing_key(ROWS["openai"]) == "OPENAI_API_KEY"
    with pytest.raises(ConfigError, match="OPENAI_API_KEY is not set") as caught:
        key_for("openai", ROWS["openai"], {})
    assert caught.value.hint == "export OPENAI_API_KEY=..."
    monkeypatch.setenv("OPENAI_API_KEY", "two words")
    with pytest.raises(ConfigError, match="characters that no key has") as caught:
        key_for("openai", ROWS["openai"], {})
    assert "two words" not in caught.value.message


def test_keys_of_local_and_keyless_rows(monkeypatch):
    monkeypatch.delenv("VLLM_API_KEY", raising=False)
    assert key_for("vllm", ROWS["vllm"], {}) is None
    assert key_for("vllm", ROWS["vllm"], {"api_key": "managed-key"}) == "managed-key"
    assert key_for("ollama", ROWS["ollama"], {"api_key": "ignored"}) is None
    assert key_for("openai-compatible", ROWS["openai-compatible"], {}) is None


def test_headers():
    row = ProviderRow(extra_headers={"X-Title": "llmgen"})
    expected = {"Content-Type": "application/json", "X-Title": "llmgen", "Authorization": "Bearer k"}
    assert headers_for(row, "k") == expected
    assert "Authorization" not in headers_for(row, None)
    assert headers_for(ROWS["azure"], "k") == {"Content-Type": "application/json", "api-key": "k"}
