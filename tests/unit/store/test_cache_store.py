"""The cache: what was put is there at once and after a restart; damage costs answers, never a run."""

import multiprocessing
import sqlite3
import time

import pytest

from llmgen.errors import StoreError
from llmgen.store import cache as module
from llmgen.store.cache import Cache
from llmgen.types import Completion, Message, Request, Usage


def request(model="m", endpoint="e"):
    return Request(endpoint=endpoint, model=model, messages=(Message(role="user", content="hi"),))


def completion(text="hello", cost=0.5):
    usage = Usage(prompt_tokens=3, completion_tokens=2, cost_usd=cost)
    return Completion(texts=(text,), finish_reasons=("stop",), model="m", usage=usage)


def test_what_was_put_is_there_at_once(tmp_path, monkeypatch):
    with Cache(tmp_path) as cache:
        monkeypatch.setattr(cache._writer, "_beat_s", 3600.0)
        cache.put("k", request(), completion())
        assert cache.get("k") == completion()
        assert cache.get("other") is None


def test_it_survives_a_restart(tmp_path):
    with Cache(tmp_path) as cache:
        for number in range(250):
            cache.put(f"k{number}", request(), completion(f"text {number}"))
    with Cache(tmp_path) as cache:
        assert [cache.get(f"k{number}").text for number in range(250)] == [f"text {n}" for n in range(250)]
        assert cache._waiting == {}


def test_the_last_put_wins(tmp_path):
    with Cache(tmp_path) as cache:
        cache.put("k", request(), completion("first"))
        cache.flush()
        cache.put("k", request(), completion("second"))
        assert cache.get("k").text == "second"
        cache.flush()
        assert cache.get("k").text == "second"


def test_the_file_is_shared(tmp_path):
    with Cache(tmp_path) as one, Cache(tmp_path) as two:
        one.put("k", request(), completion())
        one.flush()
        assert two.get("k") == completion()


def _fill(home, start):
    with Cache(home) as cache:
        for number in range(start, start + 300):
            cache.put(f"k{number}", request(), completion(str(number)))


def test_many_processes_write_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=_fill, args=(tmp_path, start)) for start in (0, 1000, 2000, 3000)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * 4
    with Cache(tmp_path) as cache:
        assert cache.stats().entries == 1200
        assert cache.get("k3299").text == "3299"


def test_statistics(tmp_path):
    with Cache(tmp_path) as cache:
        assert cache.stats().entries == 0
        assert cache.stats().oldest_at is None
        cache.put("a", request("m1"), completion("x" * 1000))
        cache.put("b", request("m1"), completion())
        cache.put("c", request("m2"), completion(cost=None))
        stats = cache.stats()
    assert stats.entries == 3
    assert stats.file_bytes > 0
    assert time.time() - stats.oldest_at < 60
    first, second = stats.models
    assert (first.model, first.entries, first.cost_usd) == ("m1", 2, 1.0)
    assert first.bytes > 1000
    assert (second.model, second.cost_usd) == ("m2", None)


def test_pruning_by_age_and_model(tmp_path, monkeypatch):
    with Cache(tmp_path) as cache:
        now = time.time()
        for key, model, age in (("a", "m1", 100.0), ("b", "m1", 10.0), ("c", "m2", 100.0)):
            monkeypatch.setattr(module.time, "time", lambda age=age: now - age)
            cache.put(key, request(model), completion())
        monkeypatch.setattr(module.time, "time", lambda: now)
        assert cache.prune(older_than_s=50.0, model="m1") == 1
        assert [key for key in "abc" if cache.get(key)] == ["b", "c"]
        assert cache.prune(older_than_s=50.0) == 1
        assert cache.prune(model="m1") == 1
        assert cache.stats().entries == 0


def test_a_damaged_file_is_moved_aside_on_opening(tmp_path, caplog):
    (tmp_path / "cache.sqlite").write_bytes(b"no database" * 1000)
    with Cache(tmp_path) as cache:
        assert cache.get("k") is None
        cache.put("k", request(), completion())
    with Cache(tmp_path) as cache:
        assert cache.get("k") == completion()
    (aside,) = tmp_path.glob("cache.damaged-*.sqlite")
    assert aside.read_bytes().startswith(b"no database")
    assert "was damaged" in caplog.text


def test_a_file_damaged_while_open_is_moved_aside(tmp_path, caplog):
    with Cache(tmp_path) as cache:
        for number in range(2000):
            cache.put(f"k{number}", request(), completion())
    path = tmp_path / "cache.sqlite"
    with Cache(tmp_path) as cache:
        sound = path.read_bytes()
        path.write_bytes(sound[:4096] + b"\x5a" * (len(sound) - 4096))
        cache._reading.close()
        cache._reading = module.sqlite3.connect(path, check_same_thread=False)  # nothing of it in memory
        assert [cache.get(f"k{number}") for number in range(50)] == [None] * 50
        cache.put("new", request(), completion())
        cache.flush()
        assert cache.get("new") == completion()
    assert len(list(tmp_path.glob("cache.damaged-*.sqlite"))) == 1
    assert caplog.text.count("was damaged") == 1


def test_what_another_process_put_in_place_is_not_moved(tmp_path):
    with Cache(tmp_path) as cache:
        path = tmp_path / "cache.sqlite"
        path.rename(tmp_path / "moved by the other")
        with Cache(tmp_path) as other:
            other.put("k", request(), completion())
        stale = cache._reading
        for _ in range(2):  # the second time, the connection is one that has been replaced already
            cache._mend(stale, sqlite3.DatabaseError("database disk image is malformed"))
            assert cache.get("k") == completion()
    assert list(tmp_path.glob("cache.damaged-*.sqlite")) == []


def test_a_busy_or_full_disk_is_said_once_and_passes(tmp_path, caplog):
    with Cache(tmp_path) as cache:
        for _ in range(3):
            cache._mend(cache._reading, sqlite3.OperationalError("database or disk is full"))
        cache.put("k", request(), completion())
        assert cache.get("k") == completion()
    assert caplog.text.count("disk is full") == 1


def test_an_entry_of_another_version_is_asked_again(tmp_path):
    with Cache(tmp_path) as cache:
        cache.put("k", request(), completion())
        cache.flush()
        cache._writing.execute("UPDATE completions SET completion = '{\"texts\": 5}'")
        cache._writing.commit()
        assert cache.get("k") is None


def test_lone_surrogates_are_not_cached(tmp_path):
    with Cache(tmp_path) as cache:
        cache.put("k", request(), completion("\ud83d"))
        assert cache.get("k") is None


def test_a_home_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        Cache(tmp_path / "file")
    (tmp_path / "cache.sqlite").mkdir()
    with pytest.raises(StoreError, match="cannot open"):
        Cache(tmp_path)
