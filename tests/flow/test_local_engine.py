"""The embedded engine for real: llama.cpp with the packaged weights, asked, killed, damaged."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llmgen.config import Settings
from llmgen.errors import FatalProvider, StoreError, UsageError
from llmgen.gateway.engines import embedded, process
from llmgen.gateway.engines.weights import KNOWN, Located, locate, verify
from llmgen.gateway.providers.table import open_provider
from llmgen.types import Message, Request, Sampling

NAME = "smollm2-135m"
QUESTION = "What is the capital of France? Answer with one word."

HOLDER = """
import asyncio, sys
from llmgen.config import Settings
from llmgen.gateway.providers.table import open_provider

async def main():
    provider = await open_provider("local/smollm2-135m", Settings(home=sys.argv[1]), {})
    print(provider._server.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture
def home(tmp_path, weights):
    """A data home that has the weights."""
    (tmp_path / "models").symlink_to(weights)
    return tmp_path


@pytest.fixture
async def provider(home):
    opened = await open_provider(f"local/{NAME}", Settings(home=str(home)), {})
    yield opened
    await opened.aclose()


def request(provider, text=QUESTION, **sampling):
    chosen = {"temperature": 0.0, "max_tokens": 16, **sampling}
    message = Message(role="user", content=text)
    return Request(endpoint=provider.endpoint, model=NAME, messages=(message,), sampling=Sampling(**chosen))


async def test_it_answers_with_logprobs_and_usage(provider):
    completion = await provider.complete(request(provider, logprobs=3))
    assert "Paris" in completion.text
    assert completion.usage.completion_tokens > 0
    assert completion.usage.prompt_tokens > 10
    (logprobs,) = completion.logprobs
    assert len(logprobs.tokens) == len(logprobs.logprobs) == len(logprobs.top)
    assert all(value <= 0 for value in logprobs.logprobs)


async def test_greedy_answers_do_not_depend_on_what_else_is_asked(provider):
    texts = [f"Write one sentence about the number {number}." for number in range(6)]
    alone = [(await provider.complete(request(provider, text))).text for text in texts]
    together = await asyncio.gather(*(provider.complete(request(provider, text)) for text in reversed(texts)))
    assert [completion.text for completion in reversed(together)] == alone


async def test_its_identity_names_engine_and_weights_but_no_port(provider):
    assert provider.endpoint.startswith("managed:llama.cpp:")
    assert KNOWN[NAME].sha256 in provider.endpoint
    assert str(provider._server.port) not in provider.endpoint.split(":")


async def test_one_server_serves_all_who_ask_for_the_same_weights(provider, home):
    other = await open_provider(f"local/{NAME}", Settings(home=str(home)), {})
    assert other._server is provider._server
    await other.aclose()
    assert "Paris" in (await provider.complete(request(provider))).text


async def test_a_killed_server_is_started_again(provider):
    os.kill(provider._server.pid, signal.SIGKILL)
    await provider._server._child.wait()
    assert "Paris" in (await provider.complete(request(provider))).text


async def test_closing_ends_the_server(home):
    opened = await open_provider(f"local/{NAME}", Settings(home=str(home)), {})
    who = process.identity(opened._server.pid)
    await opened.aclose()
    assert not process.alive(who)
    assert list((home / "servers").glob("*.log")) == []


def test_no_server_outlives_a_killed_parent(home, until):
    parent = subprocess.Popen([sys.executable, "-c", HOLDER, str(home)], stdout=subprocess.PIPE, text=True)
    with parent:
        who = process.identity(int(parent.stdout.readline()))
        assert process.alive(who)
        parent.kill()
    until(lambda: not process.alive(who), "the server is gone")


async def test_damaged_weights_are_found_out(home, weights):
    (home / "models").unlink()
    (home / "models").mkdir()
    damaged = home / "models" / KNOWN[NAME].file
    shutil.copy(weights / KNOWN[NAME].file, damaged)
    with damaged.open("r+b") as file:
        file.seek(1 << 20)
        file.write(b"\0" * 64)
    with pytest.raises(StoreError, match=KNOWN[NAME].sha256[:8]):
        await verify(damaged, KNOWN[NAME])


async def test_missing_weights_name_the_command_that_fetches_them(tmp_path):
    with pytest.raises(UsageError) as missing:
        await locate(NAME, tmp_path)
    assert "llmgen models pull" in f"{missing.value.message} {missing.value.hint}"


async def test_a_file_that_is_no_model_ends_with_the_engines_own_words(tmp_path):
    nonsense = tmp_path / "nonsense.gguf"
    nonsense.write_bytes(b"GGUF" + b"\xff" * 4096)
    located = Located(name="nonsense", path=str(nonsense), sha256="0" * 64, quant="?")
    with pytest.raises(FatalProvider, match="died while starting"):
        await embedded.acquire(located, tmp_path, embedded.EngineSettings())


async def test_a_server_that_is_not_ready_in_time_is_ended(home):
    located = await locate(NAME, home)
    with pytest.raises(FatalProvider, match="not ready within"):
        await embedded.acquire(located, home, embedded.EngineSettings(start_s=0.001))


def test_models_list_tells_what_is_pulled(home, tmp_path_factory):
    def listed(folder):
        words = [str(Path(sys.executable).with_name("llmgen")), "--home", str(folder), "models", "list"]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    assert NAME in listed(home)
    assert listed(home) != listed(tmp_path_factory.mktemp("empty"))
