"""The vendor emulator, and providers that talk to it over real HTTP."""

import contextlib

import msgspec
import pytest

from llmgen.config import Settings, TimeoutSettings
from llmgen.gateway.emulator.running import running
from llmgen.gateway.providers.table import ROWS, open_provider
from llmgen.types import Message, Request, Sampling

CANARY = "canary-Zq7x1-secret-key-0123456789"
FAST = Settings(timeouts=TimeoutSettings(connect_s=2, idle_s=0.3, body_idle_s=0.3, total_s=1.0))


@pytest.fixture(scope="session")
def emulator_server():
    with running() as emulator:
        yield emulator


@pytest.fixture
def emulator(emulator_server):
    """A serving emulator, as new."""
    emulator_server.reset()
    return emulator_server


@pytest.fixture
def keys(monkeypatch):
    """A canary key in every row's environment variable."""
    for row in ROWS.values():
        if row.key_env:
            monkeypatch.setenv(row.key_env, CANARY)
    return CANARY


@pytest.fixture
async def ask(emulator, keys):  # noqa: ARG001  # the keys have to be set
    """`await ask(row)` is a provider of that row that talks to the emulator; closed at the end."""
    async with contextlib.AsyncExitStack() as stack:

        async def opened(name, model="emulated-model", settings=FAST, **options):
            if name == "openai-compatible":
                settings = msgspec.structs.replace(settings, providers={name: {"key_env": "OPENAI_API_KEY"}})
            options = {"base_url": emulator.url(name)} | options
            provider = await open_provider(f"{name}/{model}", settings, options)
            stack.push_async_callback(provider.aclose)
            return provider

        yield opened


@pytest.fixture
def request_for():
    """A request; keyword arguments go into its sampling, but for model, api, text, system and extra."""

    def make(provider, text="Say something nice, please.", **given):
        messages = (Message(role="user", content=text),)
        if system := given.pop("system", None):
            messages = (Message(role="system", content=system), *messages)
        return Request(
            endpoint=provider.endpoint,
            model=given.pop("model", "emulated-model"),
            messages=messages,
            api=given.pop("api", "chat"),
            extra=given.pop("extra", {}),
            sampling=Sampling(**given),
        )

    return make
