"""The vendors as rows, a user's changes to them, and from a model id to the row that serves it.

Model ids are `row/model`; only the first slash splits. Limits of the rows are from the vendors'
documentation; those of vllm and llamacpp were measured.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from llmgen.config import ProviderRow, Settings
from llmgen.errors import ConfigError, UsageError
from llmgen.gateway.base import Provider
from llmgen.gateway.providers import PROVIDERS
from llmgen.gateway.providers.recording import Recording
from llmgen.registry import unknown_name

ROWS: dict[str, ProviderRow] = {
    "openai": ProviderRow(
        max_n=128,
        base_url="https://api.openai.com/v1",
        key_env="OPENAI_API_KEY",
        apis=("chat", "completions", "responses"),
        max_top_logprobs=20,
        max_completions_logprobs=5,
        max_stop=4,
        rate_headers="openai",
        tpm_counts="reserved",
        json_schema=True,
    ),
    "azure": ProviderRow(
        max_n=128,
        base_url="https://{resource}.openai.azure.com/openai/v1",
        key_env="AZURE_OPENAI_API_KEY",
        auth="api-key",
        apis=("chat", "completions", "responses"),
        max_top_logprobs=20,
        max_completions_logprobs=5,
        max_stop=4,
        lists_models=False,  # it lists base models, requests name deployments
        tpm_counts="reserved",
        json_schema=True,
    ),
    "together": ProviderRow(
        base_url="https://api.together.xyz/v1",
        key_env="TOGETHER_API_KEY",
        apis=("chat", "completions"),
        max_top_logprobs=20,
        logprobs_style="count",
        json_schema=True,
    ),
    "fireworks": ProviderRow(
        base_url="https://api.fireworks.ai/inference/v1",
        key_env="FIREWORKS_API_KEY",
        apis=("chat", "completions"),
        max_top_logprobs=5,
        max_stop=4,
        lists_models=False,  # it lists the serverless models, not an account's deployments
        json_schema=True,
    ),
    "nebius": ProviderRow(
        base_url="https://api.tokenfactory.nebius.com/v1",
        key_env="NEBIUS_API_KEY",
        apis=("chat", "completions"),
        max_top_logprobs=20,
        max_stop=4,
        json_schema=True,
    ),
    "openrouter": ProviderRow(
        base_url="https://openrouter.ai/api/v1",
        key_env="OPENROUTER_API_KEY",
        apis=("chat", "completions"),
        n_mode="loop",
        max_top_logprobs=20,
        max_stop=4,
        json_schema=True,
    ),
    "vllm": ProviderRow(
        base_url="http://localhost:8000/v1",
        key_env="VLLM_API_KEY",
        apis=("chat", "completions", "responses"),
        max_top_logprobs=20,
        max_stop=4,
        prompt_logprobs=True,
        local=True,
        queues=True,
        json_schema=True,
    ),
    "llamacpp": ProviderRow(
        base_url="http://localhost:8080/v1",
        key_env="LLAMA_API_KEY",
        apis=("chat", "completions"),
        n_mode="loop",  # n beyond its slots is refused, and the usage counts one text only
        max_top_logprobs=50,
        local=True,
        json_schema=True,
    ),
    "ollama": ProviderRow(
        base_url="http://localhost:11434/v1",
        auth="none",
        apis=("chat", "completions"),
        n_mode="loop",
        max_top_logprobs=20,
        local=True,
        json_schema=True,
    ),
    "openai-compatible": ProviderRow(apis=("chat", "completions", "responses"), max_top_logprobs=20),
    "gemini": ProviderRow(
        base_url="https://generativelanguage.googleapis.com",
        key_env="GEMINI_API_KEY",
        max_n=8,
        max_top_logprobs=20,
        max_stop=5,
    ),
    "local": ProviderRow(
        auth="none",
        apis=("chat", "completions"),
        max_n=8,  # as many as are decoded at once
        max_top_logprobs=50,
        json_schema=True,
        local=True,
    ),
    "transformers": ProviderRow(
        auth="none",
        apis=("chat", "completions"),
        max_top_logprobs=50,
        prompt_logprobs=True,
        local=True,
    ),
    "replay": ProviderRow(auth="none", local=True),
    "fake": ProviderRow(
        auth="none",
        apis=("chat", "completions", "responses"),
        max_top_logprobs=20,
        prompt_logprobs=True,
        local=True,
    ),
}
_BARE = (
    (re.compile(r"gpt-|chatgpt-|o\d+(-|$)|ft:"), "openai"),
    (re.compile(r"gemini-"), "gemini"),
)


def row_of(name: str, settings: Settings) -> ProviderRow:
    """The packaged row `name` with the user's changes; a new name starts from `openai-compatible`.

    Raises ConfigError naming the key that is unknown or of the wrong type, UsageError for a name that
    neither the table, nor llmgen.toml, nor a plug-in knows.
    """
    changes = settings.providers.get(name)
    if changes is None:
        if name in ROWS:
            return ROWS[name]
        if name in PROVIDERS.names():
            return ProviderRow()
        raise unknown_name("provider", name, [*PROVIDERS.names(), *settings.providers])
    packaged = msgspec.to_builtins(ROWS.get(name, ROWS["openai-compatible"]))
    try:
        row = msgspec.convert(packaged | changes, ProviderRow)
    except msgspec.ValidationError as error:
        raise ConfigError(f"[providers.{name}]: {error}") from error
    if name not in PROVIDERS.names() and not row.base_url:
        raise ConfigError(f"[providers.{name}] needs a base_url")
    return row


def resolve(model_id: str, settings: Settings) -> tuple[str, ProviderRow, str]:
    """`model_id` as (row name, row, model as the endpoint knows it).

    `row/model` names the row; bare `gpt-*`, `chatgpt-*`, `o1`, `o3-*`, ..., `ft:*` mean openai and
    `gemini-*` gemini. Anything else is a UsageError with a guess at what was meant.
    """
    for pattern, name in _BARE:
        if pattern.match(model_id):
            return name, row_of(name, settings), model_id
    name, slash, model = model_id.partition("/")
    if not slash:
        raise UsageError(
            f"model {model_id!r} does not say who serves it",
            hint=f"write provider/name, for example openai/{model_id or 'gpt-4o-mini'}; "
            f"providers: {', '.join([*ROWS, *settings.providers])}",
        )
    row = row_of(name, settings)
    if not model:
        raise UsageError(f"model {model_id!r} names no model", hint=f"write {name}/NAME")
    return name, row, model


async def open_provider(model_id: str, settings: Settings, options: dict[str, Any]) -> Provider:
    """The provider behind `model_id`, ready to be asked. Close it with `aclose`.

    `options["record"]` names a file to which every answer is appended, for `replay/MODEL`.
    Raises UsageError or ConfigError for everything the user can mend: unknown name, missing key or base
    URL, an engine that is not installed.
    """
    name, row, model = resolve(model_id, settings)
    factory = PROVIDERS.load(name if name in PROVIDERS.names() else "openai-compatible")
    provider: Provider = await factory(name, model, row, settings, options)
    return Recording(provider, Path(options["record"])) if options.get("record") else provider
