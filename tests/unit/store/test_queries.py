"""What the stories read: runs by name, rows in order, counts; removal and export."""

import csv
import json
import subprocess
import sys

import duckdb
import msgspec
import pytest

from llmgen.errors import StoreError, UsageError
from llmgen.store import queries
from llmgen.store.db import database_path, open_read
from llmgen.store.fold import behind, fold
from llmgen.store.journal import Journal
from llmgen.store.reading import bad_path, journal_path, lock_path


@pytest.fixture
def home(stored, make_run, make_record):
    folder = stored(make_run("20260101-a", started_at=1.0, state="done"), [make_record("a", "20260101-a")])
    for run_id, started in (("20260102-b", 3.0), ("20260102-c", 2.0)):
        run = make_run(run_id, started_at=started, state="done", model=f"model-{run_id[-1]}")
        Journal.create(folder, run).close()
    fold(folder)
    return folder


def test_runs_come_newest_first_and_whole(home, make_run):
    assert [run.id for run in queries.runs(home)] == ["20260102-b", "20260102-c", "20260101-a"]
    assert queries.runs(home)[-1] == make_run("20260101-a", started_at=1.0, state="done")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"model": "model-b"}, ["20260102-b"]),
        ({"benchmark": "toy", "state": "done"}, ["20260102-b", "20260102-c", "20260101-a"]),
        ({"benchmark": "other"}, []),
        ({"state": "running"}, []),
    ],
)
def test_runs_can_be_narrowed(home, asked, found):
    assert [run.id for run in queries.runs(home, **asked)] == found


@pytest.mark.parametrize(
    ("name", "found"),
    [("20260102-c", "20260102-c"), ("20260101", "20260101-a"), ("last", "20260102-b")],
)
def test_a_run_by_id_beginning_or_last(home, name, found):
    assert queries.run(home, name).id == found


def test_an_id_that_begins_another_is_that_run(home, make_run):
    Journal.create(home, make_run("20260102")).close()
    assert queries.run(home, "20260102").id == "20260102"


def test_an_unclear_or_unknown_name(home, tmp_path):
    with pytest.raises(UsageError, match="fits 2 runs") as caught:
        queries.run(home, "20260102")
    assert "20260102-b" in caught.value.hint
    with pytest.raises(UsageError, match="no run 'nope'"):
        queries.run(home, "nope")
    with pytest.raises(UsageError, match="no run 'last'"):
        queries.run(tmp_path / "empty", "last")


def test_a_run_that_was_never_folded_is_found(tmp_path, make_run, make_record):
    with Journal.create(tmp_path, make_run()) as journal:
        journal.append(make_record())
    assert queries.run(tmp_path, "last").id == make_run().id
    assert not database_path(tmp_path).exists()


def test_a_run_is_running_only_while_somebody_writes_it(tmp_path, make_run):
    with Journal.create(tmp_path, make_run(state="running")):
        assert queries.run(tmp_path, "last").state == "running"
    assert queries.run(tmp_path, "last").state == "interrupted"


def test_rows_come_in_order_page_by_page(stored, make_run, make_record, monkeypatch):
    names = [f"s{number:02d}" for number in range(11)]
    records = [make_record(name, repeat=repeat) for name in reversed(names) for repeat in (1, 0)]
    home = stored(make_run(), records)
    whole = list(queries.scored_rows(home, make_run().id))
    assert [(row.sample_id, row.repeat) for row in whole] == [(name, r) for name in names for r in (0, 1)]
    for page in (1, 3, 22):
        monkeypatch.setattr(queries, "_PAGE", page)
        assert list(queries.scored_rows(home, make_run().id)) == whole


def test_a_row_says_what_was_answered_and_graded(stored, make_run, make_record):
    home = stored(
        make_run(),
        [make_record("a", tags={"cluster": "c", "d": "1"}), make_record("b", outcome="failed")],
    )
    answered, failed = queries.scored_rows(home, make_run().id)
    assert (answered.cluster, answered.tags) == ("c", {"cluster": "c", "d": "1"})
    assert (answered.target, answered.text, answered.outcome, answered.value) == (
        "x", "answer to a", "correct", 1.0
    )  # fmt: skip
    assert (answered.reason, answered.scores) == ("because", {"exact": 1.0})
    assert (failed.cluster, failed.text, failed.outcome, failed.value) == ("b", None, "error", None)
    assert failed.reason == "no answer"


def test_counts_by_outcome(stored, make_run, make_record):
    outcomes = ("correct", "correct", "wrong", "refused", "failed")
    home = stored(make_run(), [make_record(f"s{n}", outcome=o) for n, o in enumerate(outcomes)])
    counts = queries.counts(home, make_run().id)
    assert (counts.n, counts.n_graded) == (5, 3)
    assert counts.outcomes == {"correct": 2, "error": 1, "refused": 1, "wrong": 1}


def test_catching_up_folds_what_was_left_behind(home, make_record):
    with Journal.resume(home, "20260102-b") as journal:
        journal.append(make_record("late", "20260102-b"))
    assert behind(home)
    assert queries.catch_up(home) is None
    assert not behind(home)
    assert queries.counts(home, "20260102-b").n == 1


def test_a_changed_run_is_stored(home):
    changed = msgspec.structs.replace(queries.run(home, "20260101-a"), notes=("looked at",), cost_usd=2.0)
    queries.update_run(home, changed)
    assert queries.run(home, "20260101-a") == changed


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_export(stored, make_run, make_record, tmp_path, form):
    home = stored(make_run(), [make_record("b", outcome="failed"), make_record("a")])
    file = tmp_path / f"it's.{form}"
    assert queries.export_run(home, make_run().id, file, form) == 2
    if form == "csv":
        rows = list(csv.DictReader(file.read_text().splitlines()))
    elif form == "jsonl":
        rows = [json.loads(line) for line in file.read_text().splitlines()]
    else:
        con = duckdb.connect()
        names = [
            row[0] for row in con.execute("DESCRIBE SELECT * FROM read_parquet($1)", [str(file)]).fetchall()
        ]
        values = con.execute("SELECT * FROM read_parquet($1)", [str(file)]).fetchall()
        rows = [dict(zip(names, row, strict=True)) for row in values]
    assert [row["sample_id"] for row in rows] == ["a", "b"]
    assert rows[0]["text"] == "answer to a"
    assert rows[0]["outcome"] == "correct"
    assert "request_key" in rows[0]


def test_export_to_nowhere(stored, make_run, make_record, tmp_path):
    home = stored(make_run(), [make_record("a")])
    with pytest.raises(UsageError, match="cannot write"):
        queries.export_run(home, make_run().id, tmp_path / "no" / "file.csv", "csv")


def test_a_removed_run_stays_removed(home):
    bad_path(home, "20260101-a").write_bytes(b"x\n")
    queries.delete_run(home, "20260101-a")
    fold(home)
    assert [run.id for run in queries.runs(home)] == ["20260102-b", "20260102-c"]
    for path in (journal_path, lock_path, bad_path):
        assert not path(home, "20260101-a").exists()
    with open_read(home) as reader:
        for table in ("folded", "runs", "records", "spend"):
            query = f"SELECT count(*) FROM store.{table} WHERE run_id = '20260101-a'"
            assert reader.con.execute(query).fetchall() == [(0,)]


def test_a_run_that_is_being_written_is_not_removed(home):
    code = (
        "import sys; from pathlib import Path; from llmgen.store.journal import Journal\n"
        "Journal.resume(Path(sys.argv[1]), '20260101-a'); print('held', flush=True); sys.stdin.readline()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "held\n"
    with pytest.raises(UsageError, match=f"being written by process {child.pid}"):
        queries.delete_run(home, "20260101-a")
    child.communicate("\n", timeout=30)
    assert queries.counts(home, "20260101-a").n == 1


def test_a_damaged_record_is_named(stored, make_run, make_record):
    home = stored(make_run(), [make_record("a")])
    path = journal_path(home, make_run().id)
    path.write_bytes(
        path.read_bytes().replace(b'"n_asked"', b'"n"').replace(b'"latency_s":0.5', b'"n_asked":"x"')
    )
    with pytest.raises(StoreError, match="is damaged"):
        list(queries.records(home, make_run().id))
    with pytest.raises(UsageError, match="no journal of run nope"):
        list(queries.records(home, "nope"))
