"""The store under real processes: killed at any moment, several at once, a full disk, a read-only home."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from llmgen.store.db import open_read
from llmgen.store.fold import fold
from llmgen.store.journal import Journal
from llmgen.store.queries import records
from llmgen.store.reading import journal_path

RECORDS = """
import json, sys
from pathlib import Path
from llmgen.store.journal import Journal
from llmgen.types import Completion, Grade, Record, Run, Sample

def record(run_id, number):
    sample = Sample(id=f"s{number:06d}", question="why? " * 20, answer_type="free", target="x")
    completion = Completion(texts=("because " * 20,), finish_reasons=("stop",), model="m")
    grade = Grade(outcome="correct", value=1.0)
    return Record(run_id=run_id, sample=sample, model="m", completion=completion, grade=grade)

def run(run_id):
    return Run(id=run_id, benchmark="toy", model="m", state="running", started_at=1.0)
"""

ENDLESS = (
    RECORDS
    + """
home, start = Path(sys.argv[1]), int(sys.argv[2])
journal = Journal.resume(home, "r") if start else Journal.create(home, run("r"))
number = start
while True:
    for number in range(number, number + 37):
        journal.append(record("r", number))
    number += 1
    journal.flush()
    print(number, flush=True)
"""
)

WRITER = (
    RECORDS
    + """
from llmgen.store.fold import fold
home, name = Path(sys.argv[1]), sys.argv[2]
with Journal.create(home, run(name)) as journal:
    for number in range(3000):
        journal.append(record(name, number))
        if number % 500 == 499:
            journal.flush()
            fold(home, name)
fold(home, name)
"""
)

FOLDER = """
import sys
from pathlib import Path
from llmgen.store.fold import fold
while not Path(sys.argv[1], "stop").exists():
    fold(Path(sys.argv[1]))
"""

KILLED_FOLDER = """
import os, signal, sys
from pathlib import Path
from llmgen.store import fold as folding
folding._PART_LINES = 250
left, insert = int(sys.argv[2]), folding._insert
def insert_or_die(*arguments):
    global left
    insert(*arguments)
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
folding._insert = insert_or_die
folding.fold(Path(sys.argv[1]))
"""

READER = """
import sys
from pathlib import Path
from llmgen.store.db import database_path, open_read
home, n = Path(sys.argv[1]), 0
while not (home / "stop").exists():
    if database_path(home).exists():
        with open_read(home) as reader:
            reader.con.execute("SELECT * FROM leaderboard").fetchall()
        n += 1
print(n)
"""

FULL_DISK = (
    RECORDS
    + """
import resource
from llmgen.errors import StoreError
journal = Journal.create(Path(sys.argv[1]), run("r"))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    for number in range(10_000):
        journal.append(record("r", number))
        if number % 50 == 49:
            journal.flush()
    print("no error")
except StoreError as error:
    print(error.message)
try:
    journal.close()
    print("no error")
except StoreError as error:
    print(error.message)
"""
)


# after the imports: an ordinary user may not be allowed to read the interpreter's own files
ORDINARY_USER = """
import os
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
"""


def start(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(child, timeout=120):
    out, err = child.communicate(timeout=timeout)
    assert child.returncode == 0, err
    return out


@pytest.fixture
def public_home():
    """A data home that everybody may enter (pytest's own folders are for their owner only)."""
    with tempfile.TemporaryDirectory(prefix="llmgen-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "home"


@pytest.mark.parametrize("seed", range(6))
def test_kill_nine_loses_nothing_that_was_flushed(tmp_path, seed):
    """The child says what it has flushed; whatever it has said must be there after kill -9 at any moment."""
    rng = random.Random(seed)
    flushed = 0
    for _ in range(3):
        child = start(ENDLESS, tmp_path, flushed)
        for _ in range(rng.randrange(1, 30)):
            flushed = int(child.stdout.readline())
        os.kill(child.pid, signal.SIGKILL)
        said = child.communicate()[0].split()
        # a number that was cut short while it was printed is no promise
        flushed = max([flushed, *(int(word) for word in said[:-1])])
        with Journal.resume(tmp_path, "r") as journal:
            assert {(f"s{number:06d}", 0) for number in range(flushed)} <= journal.finished()
            assert not [note for note in journal.notes if "unreadable" in note]
        flushed = len(journal.finished())
    fold(tmp_path)
    with open_read(tmp_path) as reader:
        (found,) = reader.con.execute("SELECT count(*), count(DISTINCT sample_id) FROM scores").fetchall()
    assert found == (flushed, flushed)


@pytest.mark.parametrize("seed", range(4))
def test_kill_nine_while_folding_leaves_whole_transactions(tmp_path, seed):
    """Killed at its n-th commit, with a log that is not checkpointed: readable, and the next fold goes on."""
    finish(
        start(
            WRITER.replace("\n            fold(home, name)", "").replace("\nfold(home, name)", ""),
            tmp_path,
            "r",
        )
    )
    commits = random.Random(seed).randrange(1, 12)
    child = start(KILLED_FOLDER, tmp_path, commits)
    child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL
    with open_read(tmp_path) as reader:
        (found,) = reader.con.execute("SELECT count(*) FROM store.records").fetchall()
        offsets = reader.con.execute("SELECT byte_offset FROM store.folded").fetchall()
    assert found == (250 * (commits - 1),)
    assert len(offsets) == (commits > 1)
    assert fold(tmp_path).records == 3000 - found[0]
    with open_read(tmp_path) as reader:
        rows = reader.con.execute("SELECT count(*), count(DISTINCT sample_id) FROM scores").fetchall()
    assert rows == [(3000, 3000)]


def test_two_writers_a_folder_and_a_reader_lose_nothing(tmp_path):
    folder, reader = start(FOLDER, tmp_path), start(READER, tmp_path)
    writers = [start(WRITER, tmp_path, name) for name in ("one", "two")]
    try:
        for writer in writers:
            finish(writer)
    finally:
        (tmp_path / "stop").write_text("")
    finish(folder)
    assert int(finish(reader)) > 0
    with open_read(tmp_path) as opened:
        found = opened.con.execute("SELECT run_id, n, n_graded FROM leaderboard ORDER BY run_id").fetchall()
    assert found == [("one", 3000, 3000), ("two", 3000, 3000)]


def test_a_full_disk_is_said_and_nothing_written_is_torn(tmp_path):
    said = finish(start(FULL_DISK, tmp_path)).splitlines()
    path = journal_path(tmp_path, "r")
    assert said == [f"cannot write {path}: File too large"] * 2
    text = path.read_bytes()
    assert text.endswith(b"\n")
    whole = [json.loads(line) for line in text.splitlines()]
    kept = len(whole) - 1
    assert 90_000 < len(text) <= 100_000
    assert [line["record"]["sample"]["id"] for line in whole[1:]] == [f"s{n:06d}" for n in range(kept)]
    with Journal.resume(tmp_path, "r") as journal:
        assert journal.notes == ()
        assert len(journal.finished()) == kept
        journal.append(next(records(tmp_path, "r")))
    assert len(list(records(tmp_path, "r"))) == kept


def test_a_disk_that_is_full_from_the_start_leaves_no_journal(tmp_path):
    code = (
        RECORDS
        + "\nimport resource\nfrom llmgen.errors import StoreError\n"
        + "resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))\n"
        + "try: Journal.create(Path(sys.argv[1]), run('r'))\nexcept StoreError as error: print(error.message)"
    )
    said = finish(start(code, tmp_path))
    assert said == f"cannot write {journal_path(tmp_path, 'r')}: File too large\n"
    assert not journal_path(tmp_path, "r").exists()


@pytest.mark.parametrize("there", [False, True])
def test_a_read_only_home_is_said(public_home, there):
    (public_home / "journal" if there else public_home).mkdir(parents=True)
    for folder in (public_home / "journal", public_home):
        if folder.exists():
            folder.chmod(0o555)
    code = (
        "\nfrom llmgen.errors import StoreError\n"
        "try: Journal.create(Path(sys.argv[1]), run('r'))\n"
        "except StoreError as error: print(error.message, '|', error.hint)"
    )
    said = finish(start(RECORDS + ORDINARY_USER + code, public_home))
    assert said.startswith(f"cannot write {public_home / 'journal'}")
    assert "Permission denied | choose another" in said


def test_a_read_only_home_can_still_be_read(public_home):
    public_home.mkdir()
    finish(start(WRITER.replace("3000", "10"), public_home, "r"))
    for path in (*public_home.rglob("*"), public_home):
        path.chmod(0o555 if path.is_dir() else 0o444)
    code = (
        "\nhome = Path(sys.argv[1])\n"
        "print(queries.catch_up(home), queries.run(home, 'last').id, queries.counts(home, 'r').n)"
    )
    before = "import sys\nfrom pathlib import Path\nfrom llmgen.store import queries\n"
    assert finish(start(before + ORDINARY_USER + code, public_home)) == "None r 10\n"
