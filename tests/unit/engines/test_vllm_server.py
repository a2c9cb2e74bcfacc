"""Managed vLLM servers from start to end, with a stand-in that has vLLM's flags, key and end points."""

import os
import signal
import stat
import time

import msgspec
import pytest

from llmgen.config import Settings
from llmgen.errors import FatalProvider, ProviderError, StoreError, UsageError
from llmgen.gateway.engines import process, records, vllm_server
from llmgen.gateway.engines.vllm_command import Spec, prepare
from llmgen.gateway.providers.table import open_provider


@pytest.fixture
async def start(home, saved_model, stand_in, monkeypatch):
    """Starts the stand-in, which may misbehave; what is left of it is ended after the test."""
    python = stand_in()
    groups = []

    async def started(mode="", **spec):
        monkeypatch.setenv("LLMGEN_STAND_IN", mode)
        launch = await prepare(Spec(model=str(saved_model), python=python, **spec), home, lambda _: None)
        record = await vllm_server.start(launch, home)
        groups.append(record.leader.pid)
        return record

    yield started
    for leader in groups:
        for who in process.group(leader):
            os.kill(who.pid, signal.SIGKILL)


async def test_from_start_to_end(home, start, adapter):
    begun = await start(adapters=(("tuned", str(adapter("a", 8))),))
    assert records.load_all(home) == [begun]
    record = await vllm_server.wait_ready(begun, home)
    assert await vllm_server.is_healthy(record)
    assert len(record.members) == 2  # the server and its worker
    assert records.serving("tuned", home) == records.serving("saved", home) == record
    assert records.serving("another", home) is None
    await vllm_server.stop(record, home, patience_s=5.0)
    assert not any(process.alive(who) for who in record.members)
    assert records.load_all(home) == []
    with pytest.raises(UsageError, match="none was started"):
        records.load(record.id, home)


async def test_the_key_is_in_the_record_only(home, start):
    record = await vllm_server.wait_ready(await start(), home)
    path = home / "servers" / f"{record.id}.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert record.key.encode() in path.read_bytes()
    assert record.key not in " ".join(record.command)
    await vllm_server.stop(record, home, patience_s=0.1)


async def test_the_provider_finds_the_server_by_the_name_it_serves(home, start, monkeypatch):
    monkeypatch.delenv("VLLM_API_KEY", raising=False)
    record = await vllm_server.wait_ready(await start(), home)
    settings = Settings(home=str(home))
    provider = await open_provider("vllm/saved", settings, {})
    assert provider.endpoint == record.identities["saved"]
    assert [info.id for info in await provider.models()] == ["saved"]
    await provider.aclose()
    chosen = await open_provider("vllm/saved", settings, {"base_url": record.base_url})
    assert chosen.endpoint == f"vllm:{record.base_url}"
    with pytest.raises(ProviderError, match="401"):  # an address of the user's own gets no key of ours
        await chosen.models()
    await chosen.aclose()
    await vllm_server.stop(record, home, patience_s=0.1)
    gone = await open_provider("vllm/saved", settings, {})
    assert gone.endpoint == "vllm:http://localhost:8000/v1"
    await gone.aclose()


async def test_a_server_that_dies_shows_its_last_lines(home, start):
    record = await start("dies")
    with pytest.raises(FatalProvider, match="died while starting") as error:
        await vllm_server.wait_ready(record, home)
    lines = error.value.message.splitlines()[1:]
    assert len(lines) == 20
    assert lines[:2] == ["line 21", "line 22"]
    assert lines[-1] == "no room for the KV cache, key ***"
    assert records.load_all(home) == []
    assert (home / "servers" / f"{record.id}.log").exists()


@pytest.mark.parametrize(
    ("mode", "problem"),
    [("never ready", "was not ready within 2 s"), ("serves something else", "does not serve saved")],
)
async def test_a_server_that_is_of_no_use_is_ended(home, start, monkeypatch, mode, problem):
    monkeypatch.setattr(vllm_server, "STOP_S", 0.1)
    record = await start(mode)
    with pytest.raises(FatalProvider, match=problem):
        await vllm_server.wait_ready(record, home, within_s=2.0 if mode == "never ready" else 60.0)
    assert process.group(record.leader.pid) == ()
    assert records.load_all(home) == []


async def test_workers_of_a_killed_server_are_ended(home, start):
    record = await vllm_server.wait_ready(await start(), home)
    os.kill(record.leader.pid, signal.SIGKILL)
    assert await process._gone([record.leader], 10)
    assert not records.load(record.id, home).is_alive
    assert records.serving("saved", home) is None
    assert any(process.alive(who) for who in record.members)
    await vllm_server.stop(record, home)
    assert not any(process.alive(who) for who in record.members)


async def test_a_stale_record_ends_nobody(home, start):
    record = await vllm_server.wait_ready(await start(), home)
    me = process.identity(os.getpid())
    stale = msgspec.structs.replace(
        record, id="vllm-1", leader=msgspec.structs.replace(me, started="1"), members=()
    )
    records.save(stale, home)
    await vllm_server.stop(records.load("vllm-1", home), home)  # we are still here
    assert [left.id for left in records.load_all(home)] == [record.id]
    await vllm_server.stop(record, home, patience_s=0.1)


async def test_records_that_cannot_be_read(home):
    (home / "servers").mkdir()
    (home / "servers" / "vllm-7.json").write_text('{"id": "vllm-7"')
    with pytest.raises(StoreError, match=r"cannot read .*vllm-7\.json"):
        records.load_all(home)


async def test_an_unknown_server_is_guessed_at(home, start):
    record = await start()
    with pytest.raises(UsageError, match="unknown managed vLLM server") as error:
        records.load(record.id[:-1], home)
    assert record.id in error.value.hint
    await vllm_server.stop(record, home, patience_s=0.1)


async def test_the_newest_server_answers(home, start):
    older, newer = await start(), await start()
    assert older.started_at < newer.started_at <= time.time()
    assert records.serving("saved", home) == newer
    for record in (older, newer):
        await vllm_server.stop(record, home, patience_s=0.1)
