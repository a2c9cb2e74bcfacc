"""What `llmgen doctor` finds, on data homes in every state."""

import os
from types import SimpleNamespace

import msgspec
import pytest

from llmgen import doctor
from llmgen.config import Settings
from llmgen.doctor import examine
from llmgen.gateway.engines import process, records, weights
from llmgen.gateway.engines.records import ServerRecord
from llmgen.gateway.engines.weights import KNOWN, models_dir
from llmgen.gateway.providers.table import ROWS
from llmgen.store.cache import Cache
from llmgen.store.db import database_path, open_write


@pytest.fixture
def look(tmp_path, monkeypatch):
    """`await look()`: the findings by subject, in an environment without keys and without vLLM."""
    for row in ROWS.values():
        if row.key_env:
            monkeypatch.delenv(row.key_env, raising=False)
    monkeypatch.delenv("LLMGEN_VLLM_PYTHON", raising=False)

    async def found(home=tmp_path, **settings):
        findings = await examine(Settings(home=str(home), **settings))
        by_subject = {finding.subject: finding for finding in findings}
        assert len(by_subject) == len(findings)
        return by_subject

    return found


async def test_an_empty_home_works(look, tmp_path):
    found = await look()
    assert not [finding for finding in found.values() if finding.status == "fail"]
    assert [found[name].status for name in ("python", "home", "database", "journals", "cache", "gpu")] == [
        "ok"
    ] * 6
    assert all(finding.fix for finding in found.values() if finding.status != "ok")
    assert all("\n" not in finding.found + finding.fix for finding in found.values())
    assert list(tmp_path.iterdir()) == []  # it looks, it does not touch


async def test_a_home_that_is_not_there_yet_is_not_made(look, tmp_path):
    home = tmp_path / "a" / "b"
    found = await look(home)
    assert found["home"].status == "ok"
    assert not home.parent.exists()


async def test_the_sandbox_is_tried(look, bubblewrap):  # noqa: ARG001  # skips without bubblewrap
    found = (await look())["sandbox"]
    assert (found.status, found.found.partition(";")[0]) == ("ok", "bubblewrap works")


async def test_a_sandbox_that_is_missing(look, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = (await look())["sandbox"]
    assert (found.status, found.fix) == ("warn", "see docs/sandbox.md")
    assert "bubblewrap" in found.found


async def test_keys_by_name_never_by_value(look, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    found = await look(providers={"mine": {"base_url": "http://localhost/v1", "key_env": "MINE_KEY"}})
    assert (found["openai"].status, found["openai"].found) == ("ok", "OPENAI_API_KEY is set")
    assert (found["mine"].status, found["mine"].fix) == ("warn", "export MINE_KEY=... to ask mine/...")
    assert not [finding for finding in found.values() if "canary" in finding.found + finding.fix]


async def test_a_wrong_row_is_said(look):
    found = await look(providers={"openai": {"bas_url": "x"}})
    assert found["openai"].status == "fail"
    assert "bas_url" in found["openai"].found


async def test_weights_that_are_missing_or_damaged(look, tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "_package_dirs", lambda _: [])
    found = await look()
    assert (found["local/..."].status, found["local/..."].fix) == (
        "warn",
        "run: llmgen models pull smollm2-135m",
    )
    models_dir(tmp_path).mkdir()
    (models_dir(tmp_path) / KNOWN["smollm2-135m"].file).write_bytes(b"GGUF")
    assert "is damaged" in (await look())["local/..."].found


@pytest.mark.parametrize(("free", "status"), [(10_000_000, "fail"), (500_000_000, "warn"), (1 << 40, "ok")])
async def test_room_on_the_disk(look, monkeypatch, free, status):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert (await look())["home"].status == status


async def test_a_home_that_cannot_be_written(look, tmp_path):
    (tmp_path / "file").touch()
    found = await look(tmp_path / "file")
    assert (found["home"].status, found["home"].fix) == ("fail", "choose another --home")


async def test_a_database_by_its_version_or_its_damage(look, tmp_path):
    with open_write(tmp_path):
        pass
    assert (await look())["database"].found.startswith("schema version ")
    database_path(tmp_path).write_bytes(b"not a database" * 1000)
    found = (await look())["database"]
    assert found.status == "fail"
    assert found.fix


async def test_a_journal_that_is_not_folded(look, tmp_path):
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "run.jsonl").write_text("{}\n")
    found = (await look())["journals"]
    assert (found.status, found.found, found.fix) == (
        "warn",
        "1 runs, some not in the database yet",
        "llmgen fold",
    )


async def test_a_cache_that_is_whole_or_damaged(look, tmp_path):
    with Cache(tmp_path):
        pass
    assert (await look())["cache"].found == "0 completions"
    for path in tmp_path.glob("cache.sqlite*"):
        path.unlink()
    (tmp_path / "cache.sqlite").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    found = (await look())["cache"]
    assert found.status == "warn"
    assert (tmp_path / "cache.sqlite").exists()


async def test_servers_that_run_and_that_died(look, tmp_path):
    me = process.identity(os.getpid())
    gone = msgspec.structs.replace(me, started="1")
    for name, leader in (("vllm-1", me), ("vllm-2", gone)):
        record = ServerRecord(
            id=name,
            model="m",
            identities={"m": "managed"},
            base_url="http://127.0.0.1:1/v1",
            key="k",
            leader=leader,
            members=(leader,),
            command=(),
            log="",
            started_at=1.0,
            version="1",
        )
        records.save(record, tmp_path)
    found = await look()
    assert (found["vllm-1"].status, found["vllm-1"].found) == ("ok", "serves m")
    assert (found["vllm-2"].status, found["vllm-2"].fix) == ("warn", "llmgen vllm down vllm-2")
    (tmp_path / "servers" / "vllm-2.json").write_text("{")
    assert (await look())["servers"].status == "warn"
