"""The database file: made, migrated, refused when newer or damaged, read while somebody writes."""

import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import duckdb
import pytest

from llmgen.errors import StoreError
from llmgen.store import db, migrations
from llmgen.store.db import database_path, open_read, open_write
from llmgen.store.fold import fold
from llmgen.store.migrations import latest_version

HOLDER = """
import sys
from pathlib import Path
from llmgen.store.db import open_write
with open_write(Path(sys.argv[1])) as con:
    con.execute("INSERT INTO store.spend SELECT * FROM store.spend WHERE false")
    print("held", flush=True)
    sys.stdin.readline()
"""


OTHER_WRITER = """
import sys
from pathlib import Path
from llmgen.store.db import open_write
try:
    with open_write(Path(sys.argv[1]), patience_s=1.0): print("opened")
except Exception as error: print(error)
"""


@pytest.fixture
def holder(stored, make_run, make_record):
    """A home whose database another process holds for writing until it is told to let go."""
    home = stored(make_run(), [make_record("a")])
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "held\n"
    yield home, child
    child.communicate("\n", timeout=30)


def test_a_new_database_has_the_latest_schema(tmp_path):
    with open_write(tmp_path) as con:
        assert con.execute("SELECT version FROM schema_version ORDER BY 1").fetchall() == [
            (number,) for number in range(1, latest_version() + 1)
        ]


def test_an_older_database_is_migrated_by_whoever_opens_it(tmp_path, monkeypatch):
    files = migrations._files()
    monkeypatch.setattr(migrations, "_files", lambda: {1: files[1]})
    with open_write(tmp_path) as con:
        con.execute("INSERT INTO store.folded VALUES ('kept', '', 0)")
    monkeypatch.undo()
    with open_read(tmp_path) as reader:
        assert reader.con.execute("SELECT count(*) FROM leaderboard").fetchall() == [(0,)]
        assert reader.con.execute("SELECT run_id FROM store.folded").fetchall() == [("kept",)]


def test_a_newer_database_is_refused(tmp_path):
    with open_write(tmp_path) as con:
        con.execute("INSERT INTO schema_version VALUES (999, now()::TIMESTAMP)")
    for opened in (open_read, open_write):
        with pytest.raises(StoreError, match="made by a newer llmgen") as caught, opened(tmp_path):
            pass
        assert caught.value.hint == "update llmgen"


@pytest.mark.parametrize("damage", ["garbage", "empty tail", "flipped bytes"])
def test_a_damaged_database_says_how_to_rebuild_it(stored, make_run, make_record, damage):
    home = stored(make_run(), [make_record(f"s{n}") for n in range(500)])
    path = database_path(home)
    sound = path.read_bytes()
    if damage == "garbage":
        path.write_bytes(b"no database" * 5000)
    elif damage == "empty tail":
        path.write_bytes(sound[:12288] + bytes(len(sound) - 12288))
    else:
        path.write_bytes(sound[:12288] + bytes(byte ^ 0x5A for byte in sound[12288:]))
    with pytest.raises(StoreError, match="is damaged") as caught, open_read(home) as reader:
        reader.con.execute("SELECT * FROM samples").fetchall()
    assert "llmgen fold" in caught.value.hint
    path.unlink()
    fold(home)
    with open_read(home) as reader:
        assert reader.con.execute("SELECT count(*) FROM samples").fetchall() == [(500,)]


def test_no_database_yet(tmp_path):
    with pytest.raises(StoreError, match="no results in"), open_read(tmp_path):
        pass


def test_a_reader_gets_a_copy_while_a_writer_holds_the_file(holder, tmp_path, monkeypatch):
    home, _ = holder
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    with open_read(home, patience_s=0.1) as reader:
        assert reader.age_s is not None
        assert 0 <= reader.age_s < 3600
        assert reader.con.execute("SELECT sample_id FROM scores").fetchall() == [("a",)]
        assert len(list(scratch.iterdir())) == 1
    assert list(scratch.iterdir()) == []


def test_a_writer_gives_up_after_its_patience_and_says_who_is_in_the_way(holder):
    home, child = holder
    with pytest.raises(StoreError, match=f"busy.*PID {child.pid}"), open_write(home, patience_s=0.2):
        pass


def test_a_writer_waits_for_the_lock(holder):
    home, child = holder
    child.stdin.write("\n")
    child.stdin.flush()
    with open_write(home, patience_s=30.0) as con:
        assert con.execute("SELECT count(*) FROM store.records").fetchall() == [(1,)]


def test_a_reader_waits_for_a_writer_of_its_own_process(stored, make_run, make_record):
    home = stored(make_run(), [make_record("a")])
    found, reading = [], threading.Event()

    def read():
        reading.set()
        with open_read(home, patience_s=0.05) as reader:
            found.append((reader.age_s, *reader.con.execute("SELECT count(*) FROM store.folded").fetchall()))

    thread = threading.Thread(target=read)
    with open_write(home) as con:
        thread.start()
        reading.wait()
        con.execute("INSERT INTO store.folded VALUES ('b', '', 0)")
        other = subprocess.run(
            [sys.executable, "-c", OTHER_WRITER, str(home)], capture_output=True, text=True, check=True
        )
    thread.join()
    assert "is busy" in other.stdout  # the reader has not dropped this process's lock
    assert found == [(None, (2,))]


def test_a_copy_is_only_taken_while_nothing_changes(stored, make_run, make_record, monkeypatch, tmp_path):
    home = stored(make_run(), [make_record("a")])
    stamps = iter([1, 1, 2, 1, *[3] * 4])
    monkeypatch.setattr(db, "_stamp", lambda _path: (next(stamps), 1))
    folder = tmp_path / "copy"
    folder.mkdir()
    reader = db._snapshot(database_path(home), folder)
    assert reader.con.execute("SELECT sample_id FROM scores").fetchall() == [("a",)]
    assert list(stamps) == []
    reader.con.close()


def test_a_failed_transaction_leaves_nothing(tmp_path):
    with open_write(tmp_path) as con:
        with pytest.raises(duckdb.Error, match="nonsense"), db.transaction(con):
            con.execute("INSERT INTO store.folded VALUES ('a', '', 0); SELECT nonsense")
        assert con.execute("SELECT count(*) FROM store.folded").fetchall() == [(0,)]


def test_the_migrations_are_in_the_package():
    folder = Path(migrations.__file__).parent
    names = sorted(path.name for path in folder.glob("*.sql"))
    assert [int(name[:3]) for name in names] == list(range(1, latest_version() + 1))


def test_no_progress_is_printed_among_the_data_of_a_process_that_looks_interactive(tmp_path):
    code = (
        "import sys; from pathlib import Path; from llmgen.store.db import open_read, open_write\n"
        "home, asked = Path(sys.argv[1]), \"SELECT current_setting('enable_progress_bar')\"\n"
        "with open_write(home) as con: print(con.execute(asked).fetchone()[0])\n"
        "with open_read(home) as reader: print(reader.con.execute(asked).fetchone()[0])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "False\nFalse\n"
