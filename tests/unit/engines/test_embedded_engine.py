"""The real llama.cpp server with the real weights: one for all, ready when healthy, gone when we are."""

import asyncio
import contextlib
import importlib.util
import os
import signal
import sys

import pytest

from llmgen.errors import FatalProvider, StoreError, UsageError
from llmgen.gateway.engines import embedded, process
from llmgen.gateway.engines.embedded import EngineSettings
from llmgen.gateway.engines.weights import Located, locate

SETTINGS = EngineSettings(context=512)


@pytest.fixture
async def weights(home_with_weights):
    return await locate("smollm2-135m", home_with_weights)


@contextlib.asynccontextmanager
async def serving(weights, home, settings=SETTINGS):
    server = await embedded.acquire(weights, home, settings)
    try:
        yield server
    finally:
        await embedded.release(server)


async def health(server):
    status, _ = await process.get(server.base_url.removesuffix("/v1") + "/health")
    return status


async def test_ready_means_healthy_and_released_means_gone(weights, home_with_weights):
    async with serving(weights, home_with_weights) as server:
        assert await health(server) == 200
        child = process.identity(server.pid)
        assert os.getpgid(child.pid) == child.pid  # Ctrl-C in our terminal is not for it
        assert server.log.exists()
    assert not process.alive(child)
    assert not server.log.exists()


async def test_everybody_shares_one_server(weights, home_with_weights):
    first, second = await asyncio.gather(
        embedded.acquire(weights, home_with_weights, SETTINGS),
        embedded.acquire(weights, home_with_weights, SETTINGS),
    )
    try:
        assert first is second
        await embedded.release(first)
        assert await health(second) == 200
    finally:
        await embedded.release(second)
    assert second.pid is None


async def test_a_server_that_died_is_started_again_at_its_address(weights, home_with_weights):
    async with serving(weights, home_with_weights) as server:
        before, address = server.pid, server.base_url
        os.kill(before, signal.SIGKILL)
        await server._child.wait()
        await asyncio.gather(server.ensure(), server.ensure())
        assert server.pid not in {None, before}
        assert (server.base_url, await health(server)) == (address, 200)


async def test_damaged_weights_end_with_the_servers_last_words(gguf, home):
    torn = home / "torn.gguf"
    with gguf.open("rb") as whole:
        torn.write_bytes(whole.read(3_000_000))
    located = await locate(str(torn), home)
    with pytest.raises(FatalProvider, match="died while starting") as error:
        await embedded.acquire(located, home, SETTINGS)
    assert "failed to load model" in error.value.message
    assert embedded._shared == {}


@pytest.fixture
def children(monkeypatch):
    """Every child process that is started from now on."""
    found = asyncio.Queue()
    spawn = asyncio.create_subprocess_exec

    async def watched(*words, **how):
        child = await spawn(*words, **how)
        found.put_nowait(child)
        return child

    monkeypatch.setattr(asyncio, "create_subprocess_exec", watched)
    return found


async def test_a_server_that_never_gets_ready_is_ended(weights, home_with_weights, children):
    impatient = EngineSettings(context=512, start_s=0.05)
    with pytest.raises(FatalProvider, match=r"was not ready within 0.05 s"):
        await embedded.acquire(weights, home_with_weights, impatient)
    assert children.get_nowait().returncode == -signal.SIGTERM
    assert children.empty()


async def test_a_cancelled_start_leaves_nothing(weights, home_with_weights, children):
    starting = asyncio.create_task(embedded.acquire(weights, home_with_weights, SETTINGS))
    child = await children.get()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert child.returncode == -signal.SIGTERM
    assert embedded._shared == {}


async def test_without_the_extra(home, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "xllamacpp" else find_spec(name)
    )
    with pytest.raises(UsageError, match="not installed") as error:
        await embedded.acquire(Located(name="x", path="x", sha256="0" * 64, quant="-"), home, SETTINGS)
    assert error.value.hint == "pip install 'llmgen[embedded]'"


async def test_a_home_without_room_for_a_log(weights, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError):
        await embedded.acquire(weights, tmp_path / "file", SETTINGS)


PARENT = """
import asyncio, sys
from pathlib import Path
from llmgen.gateway.engines import embedded
from llmgen.gateway.engines.weights import Located
async def main():
    weights = Located(name="smol", path=sys.argv[1], sha256="0" * 64, quant="Q4_1")
    server = await embedded.acquire(weights, Path(sys.argv[2]), embedded.EngineSettings(context=512))
    print(server.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


async def test_kill_9_of_the_parent_leaves_no_server(gguf, home):
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(gguf), str(home), stdout=asyncio.subprocess.PIPE
    )
    child = process.identity(int(await parent.stdout.readline()))
    parent.kill()
    await parent.wait()
    assert await process._gone([child], 30)
    (log,) = (home / "servers").iterdir()
    assert log.name.startswith(f"embedded-{parent.pid}-")
    embedded._sweep(home / "servers")
    assert not log.exists()


def test_the_identity_names_everything_but_the_port():
    located = Located(name="smol", path="x.gguf", sha256="ab" * 32, quant="Q4_1")
    version = embedded.engine_version()
    assert embedded.identity(located) == f"managed:llama.cpp:{version}:{'ab' * 32}:-:Q4_1"


def test_no_more_threads_than_help():
    assert EngineSettings(threads=3).n_threads == 3
    assert 1 <= EngineSettings().n_threads <= embedded.MAX_THREADS
