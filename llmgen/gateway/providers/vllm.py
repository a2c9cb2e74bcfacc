"""`vllm/<name>`: a server that `llmgen vllm up` started, found by the name it serves, or any other one."""

from __future__ import annotations

from typing import Any

from llmgen.config import ProviderRow, Settings
from llmgen.gateway.engines.records import serving
from llmgen.gateway.providers import openai_dialect


async def build(
    name: str, model: str, row: ProviderRow, settings: Settings, options: dict[str, Any]
) -> openai_dialect.OpenAIProvider:
    """The provider of `vllm/<model>`.

    An address that the user gave (`--base-url`, `[providers.vllm]`) wins. Else a managed server of this
    data home brings its own address, key and identity; without one, the row's address is asked.
    """
    given = options.get("base_url") or settings.providers.get(name, {}).get("base_url")
    if not given and (record := serving(model, settings.home_path)):
        managed = {"base_url": record.base_url, "api_key": record.key, "endpoint": record.identities[model]}
        options = {**options, **managed}
    return await openai_dialect.build(name, model, row, settings, options)
