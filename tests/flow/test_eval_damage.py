"""Disks and files that fail: torn or corrupt journals, spoilt cache or database, full or read-only disk."""

import os
import shutil
import sys
from pathlib import Path

import duckdb
import pytest

from llmgen.gateway.emulator.plan import script

EVAL = ("eval", "finetunebench", "--model", "openai/gpt-4o-mini")


def limited(size):
    """A command that lets what it starts write files of at most `size` bytes, as a full disk would."""
    code = (
        "import os, resource, sys; "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, resource.RLIM_INFINITY)); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    return (sys.executable, "-c", code)


@pytest.fixture
def no_override():
    """A command whose children may not write what their file modes forbid, root or not."""
    if os.geteuid() != 0:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root may write everything, and there is no setpriv to take that away")
    caps = "-dac_override,-dac_read_search"
    return (setpriv, f"--bounding-set={caps}", f"--inh-caps={caps}")


@pytest.fixture
def half(llmgen, emulator):
    """A run of which half is done: (its id, its journal)."""
    emulator.plan = script(*[None] * 10, "bad_key")
    run_id = llmgen.eval("--limit", "20", "--max-in-flight", "1", "--cache", "off").json["run_id"]
    emulator.plan = lambda _: None
    emulator.seen.clear()
    path = llmgen.home / "journal" / f"{run_id}.jsonl"
    assert len(llmgen.records(run_id)) == 10
    return run_id, path


def test_a_torn_last_line_is_cut_and_asked_again(llmgen, half, asked):
    run_id, path = half
    lines = path.read_bytes().splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if line.startswith(b'{"t":"record"'))
    path.write_bytes(b"".join(lines[:last]) + lines[last][: len(lines[last]) // 2])
    done = llmgen("eval", "--resume", run_id, "--json")
    assert (done.code, done.json["n"]) == (0, 16)
    assert "cut a torn last line of" in done.err
    assert len(asked()) == 11
    assert len(set(llmgen.records(run_id))) == 20


def test_a_corrupt_line_is_set_aside_and_asked_again(llmgen, half, asked):
    run_id, path = half
    lines = path.read_bytes().splitlines(keepends=True)
    number = next(number for number, line in enumerate(lines) if line.startswith(b'{"t":"record"'))
    lines[number] = b"\x00\xff" + lines[number][2:]
    path.write_bytes(b"".join(lines))
    done = llmgen("eval", "--resume", run_id, "--json")
    assert (done.code, done.json["n"]) == (0, 16)
    assert "1 unreadable lines, copied to" in done.err
    assert path.with_name(f"{run_id}.bad.jsonl").read_bytes() == lines[number]
    assert len(asked()) == 11


def test_a_journal_of_nothing_but_garbage(llmgen, half, asked):
    run_id, path = half
    (llmgen.home / "results.duckdb").unlink()
    path.write_bytes(b"garbage\n" * 3)
    done = llmgen("eval", "--resume", run_id)
    assert (done.code, done.out, asked()) == (2, "", [])
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1


def test_a_corrupt_cache_is_moved_aside(llmgen, asked):
    first = llmgen.eval("--limit", "5")
    cache = llmgen.home / "cache.sqlite"
    for suffix in ("-wal", "-shm"):
        cache.with_name(cache.name + suffix).unlink(missing_ok=True)
    cache.write_bytes(b"no database at all" * 1000)
    again = llmgen.run(*EVAL, "--limit", "5", "--json")
    assert (again.code, again.numbers) == (0, first.numbers)
    assert "the cache was damaged" in again.err
    assert "moved to" in again.err
    assert len(asked()) == 10
    assert llmgen.eval("--limit", "5").code == 0
    assert len(asked()) == 10


def newer(path):
    with duckdb.connect(str(path)) as con:
        con.execute("INSERT INTO schema_version VALUES (999, now()::TIMESTAMP)")


def garbage(path):
    path.write_bytes(os.urandom(8192))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(newer, "was made by a newer llmgen (schema 999"), (garbage, "is damaged")],
)
def test_a_database_that_cannot_be_used_is_said_before_anything_is_asked(llmgen, asked, spoil, said):
    first = llmgen.eval("--limit", "5")
    database = llmgen.home / "results.duckdb"
    spoil(database)
    n_asked = len(asked())
    for words in ((*EVAL, "--limit", "6"), ("eval", "--resume", first.json["run_id"]), ("sql", "select 1")):
        done = llmgen(*words)
        assert (done.code, done.out) == (2, ""), words
        assert said in done.err
        assert "Traceback" not in done.err
    assert len(asked()) == n_asked
    database.unlink()
    assert llmgen("fold").code == 0
    assert llmgen("eval", "--resume", first.json["run_id"], "--json").numbers == first.numbers


def test_a_read_only_home(llmgen, no_override, asked):
    llmgen.home.mkdir()
    llmgen.home.chmod(0o555)
    done = llmgen.run(*EVAL, "--limit", "3", prefix=no_override)
    assert (done.code, done.out, asked()) == (2, "", [])
    assert str(llmgen.home) in done.err
    assert "--home" in done.err
    assert done.err.count("\n") == 1


def test_a_read_only_journal_folder(llmgen, no_override, asked):
    assert llmgen.eval("--limit", "1").code == 0
    (llmgen.home / "journal").chmod(0o555)
    done = llmgen.run(*EVAL, "--limit", "3", prefix=no_override)
    (llmgen.home / "journal").chmod(0o755)
    assert (done.code, done.out, len(asked())) == (2, "", 1)
    assert "Permission denied" in done.err


def test_a_disk_that_fills_up_in_the_middle(llmgen, asked):
    words = (*EVAL, "--run-id", "full", "--max-in-flight", "4", "--json")
    done = llmgen.run(*words, prefix=limited(150_000))
    assert (done.code, done.out) == (2, "")
    assert "File too large" in done.err
    assert "answers so far are kept: llmgen eval --max-in-flight 4 --resume full" in done.err
    assert "Traceback" not in done.err
    kept = set(llmgen.records("full"))
    assert 20 < len(kept) < 136
    text = (llmgen.home / "journal" / "full.jsonl").read_text()
    assert text.endswith("}\n")
    n_asked = len(asked())
    again = llmgen("eval", "--resume", "full", "--json")
    assert (again.code, again.json["n"], again.json["state"]) == (0, 96, "done")
    assert len(asked()) - n_asked <= 136 - len(kept)
    assert len(llmgen.records("full")) == len(set(llmgen.records("full"))) == 136


def test_a_disk_that_is_full_when_the_numbers_are_due(llmgen, asked):
    done = llmgen.run(*EVAL, "--run-id", "late", "--limit", "30", "--json", prefix=limited(90_000))
    assert (done.code, done.out) == (2, "")
    assert "the answers are kept: llmgen eval --resume late" in done.err
    assert "Traceback" not in done.err
    assert len(llmgen.records("late")) == len(asked()) == 30
    again = llmgen("eval", "--resume", "late", "--json")
    assert (again.code, again.json["n"], len(asked())) == (0, 22, 30)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_a_recording_that_cannot_be_written_ends_the_run(llmgen, asked):
    done = llmgen.eval("--run-id", "rec", "--record", "/dev/full", "--max-in-flight", "2")
    assert (done.code, done.out) == (2, "")
    assert "cannot record to /dev/full: No space left on device" in done.err
    assert llmgen.records("rec") == []
    assert len(asked()) <= 2
