"""Who answers: one row per vendor, one factory per dialect.

A factory is `async (name, model, row, settings, options) -> Provider`. `options` holds what a command line
may add to a row: `base_url`, `drop_unsupported`, `replay` (a recording), `seed`, ...
"""

from llmgen.registry import Registry

_OPENAI = "llmgen.gateway.providers.openai_dialect:build"

PROVIDERS = Registry(
    "provider",
    {
        "openai": _OPENAI,
        "azure": _OPENAI,
        "together": _OPENAI,
        "fireworks": _OPENAI,
        "nebius": _OPENAI,
        "openrouter": _OPENAI,
        "vllm": "llmgen.gateway.providers.vllm:build",
        "llamacpp": _OPENAI,
        "ollama": _OPENAI,
        "openai-compatible": _OPENAI,
        "gemini": "llmgen.gateway.providers.gemini:build",
        "local": "llmgen.gateway.providers.local:build",
        "transformers": "llmgen.gateway.providers.transformers:build",
        "replay": "llmgen.gateway.providers.replay:build",
        "fake": "llmgen.gateway.providers.fake:build",
    },
)
