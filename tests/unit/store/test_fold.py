"""Folding: once or ten times, in parts or at once, the database says what the journals say."""

import msgspec
import pytest

from llmgen.errors import StoreError, UsageError
from llmgen.store import fold as folding
from llmgen.store.db import database_path, open_read
from llmgen.store.fold import behind, fold, fold_in_child
from llmgen.store.journal import Journal
from llmgen.store.lines import Spend
from llmgen.store.reading import bad_path, journal_path
from llmgen.types import Contamination

VIEWS = ("runs", "scores", "samples", "answers", "failures", "contamination", "spend", "leaderboard")
VIEWS += ("ftb_items", "finetunebench_scores")


def rows(home, query, parameters=()):
    with open_read(home) as reader:
        return reader.con.execute(query, list(parameters)).fetchall()


def everything(home):
    return {view: rows(home, f"SELECT * FROM {view} ORDER BY ALL") for view in VIEWS}


def test_a_record_becomes_a_row_of_each_view(stored, make_run, make_record):
    seen = Contamination(detector="cdd", score=0.5, flagged=True, n_asked=9, n_used=8, details={"k": [1]})
    home = stored(
        make_run(n_samples=2, cost_usd=0.25),
        [
            make_record("a", tags={"cluster": "c", "domain": "d"}, contamination=(seen,)),
            make_record("b", outcome="failed"),
        ],
    )
    run_id = make_run().id
    assert rows(home, "SELECT run_id, benchmark, model, state, n_samples, cost_usd FROM runs") == [
        (run_id, "toy", "fake/m", "running", 2, 0.25)
    ]
    assert rows(home, "SELECT * EXCLUDE (run_id, tags, scores) FROM scores ORDER BY sample_id") == [
        ("toy", "fake/m", "a", 0, "c", 1.0, "correct", "because", False),
        ("toy", "fake/m", "b", 0, "b", None, "error", "no answer", False),
    ]
    assert rows(home, "SELECT tags ->> 'domain', CAST(scores ->> 'exact' AS DOUBLE) FROM scores LIMIT 1") == [
        ("d", 1.0)
    ]
    columns = (
        "prompt, text, finish_reason, prompt_tokens, cached_tokens, cost_usd, latency_ms, cached, attempts"
    )
    columns += ", via, served_model, request_key"
    assert rows(home, f"SELECT {columns} FROM samples ORDER BY sample_id") == [
        (
            "Be short.\n\nWhat is a?",
            "answer to a",
            "stop",
            7,
            0,
            0.25,
            500.0,
            False,
            2,
            "live",
            "m-2026",
            "key-a-0",
        ),
        ("Be short.\n\nWhat is b?", *[None] * 10, "key-b-0"),
    ]
    assert rows(home, "SELECT sample_id, extractor, value, kind, confidence FROM answers") == [
        ("a", "whole", "answer to a", "answered", None)
    ]
    assert rows(home, "SELECT sample_id, stage, kind, status, message FROM failures") == [
        ("b", "gateway", "timeout", 504, "no answer")
    ]
    assert rows(home, "SELECT sample_id, detector, score, flagged, n_asked, n_used FROM contamination") == [
        ("a", "cdd", 0.5, True, 9, 8)
    ]


def test_folding_again_changes_nothing(stored, make_run, make_record):
    spend = Spend(endpoint="e", model="m", usd=0.1, prompt_tokens=3)
    home = stored(make_run(), [make_record(f"s{n}") for n in range(20)], [spend, spend])
    before = everything(home)
    assert fold(home).records == 0
    assert everything(home) == before
    assert not behind(home)


def test_a_deleted_database_is_rebuilt(stored, make_run, make_record, monkeypatch):
    """Folded bit by bit while runs are resumed, or all at once: the same views."""
    home = stored(make_run(), [make_record(f"s{n}", outcome="failed") for n in range(30)])
    other = make_run("other", benchmark="finetunebench")
    tags = {"domain": "news", "split": "memorization", "role": "train", "fact_key": "f"}
    with Journal.create(home, other) as journal:
        journal.append(make_record("x", "other", tags=tags))
        journal.spend(Spend(endpoint="e", model="m", usd=0.1))
    fold(home)
    with Journal.resume(home, make_run().id) as journal:
        for number in range(0, 30, 2):
            journal.append(make_record(f"s{number}", outcome="wrong"))
            journal.spend(Spend(endpoint="e", model="m", usd=0.3, uncertain_usd=0.1))
            journal.flush()
            fold(home, make_run().id)
        journal.end(msgspec.structs.replace(make_run(), state="done", ended_at=1.0))
    fold(home)
    before = everything(home)
    assert len(before["scores"]) == 31
    assert len(before["failures"]) == 15
    database_path(home).unlink()
    monkeypatch.setattr(folding, "_PART_LINES", 7)
    assert fold(home).journals == 2
    assert everything(home) == before


def test_the_last_line_of_a_pair_wins_inside_one_fold(stored, make_run, make_record):
    home = stored(make_run(), [make_record("a", outcome="failed"), make_record("a", outcome="wrong")])
    assert rows(home, "SELECT sample_id, outcome FROM scores") == [("a", "wrong")]
    assert rows(home, "SELECT count(*) FROM failures") == [(0,)]


def test_only_complete_lines_are_folded(stored, make_run, make_record):
    home = stored(make_run(), [make_record("a")])
    path = journal_path(home, make_run().id)
    sound = path.read_bytes()
    with path.open("ab") as file:
        file.write(sound.splitlines()[1].replace(b'"id":"a"', b'"id":"b"')[:-5])
    assert not behind(home)
    assert fold(home).records == 0
    assert rows(home, "SELECT count(*) FROM scores") == [(1,)]


def test_a_bad_line_is_left_out_counted_and_set_aside(stored, make_run, make_record):
    home = stored(make_run(), [make_record("a")])
    path = journal_path(home, make_run().id)
    good = path.read_bytes().splitlines()[1]
    with path.open("ab") as file:
        file.write(b"garbage\n" + good.replace(b'"id":"a"', b'"id":"b"') + b"\n")
    counts = fold(home)
    assert (counts.records, counts.unreadable) == (1, 1)
    assert rows(home, "SELECT sample_id FROM scores ORDER BY 1") == [("a",), ("b",)]
    assert bad_path(home, make_run().id).read_bytes() == b"garbage\n"


def test_another_journal_of_the_same_name_starts_again(stored, make_run, make_record):
    run = make_run()
    home = stored(run, [make_record(f"s{n}") for n in range(5)])
    journal_path(home, run.id).unlink()
    with Journal.create(home, msgspec.structs.replace(run, model="other")) as journal:
        for number in range(9):
            journal.append(make_record(f"t{number}"))
    fold(home)
    assert rows(home, "SELECT model, n FROM leaderboard") == [("other", 9)]


def test_odd_texts_survive(stored, make_run, make_record):
    texts = ("\u0000\u0001", "a\nb\r\n", '"quoted" \\ \\u0000', "\u2028 🙂 ü", "", "x" * 300_000)
    records = []
    for number, text in enumerate(texts):
        record = make_record(f"s{number}")
        completion = msgspec.structs.replace(record.completion, texts=(text,))
        records.append(msgspec.structs.replace(record, completion=completion))
    home = stored(make_run(), records)
    assert [row[0] for row in rows(home, "SELECT text FROM samples ORDER BY sample_id")] == list(texts)


def test_an_unknown_price_is_null_and_spoils_the_sum(stored, make_run):
    spends = [
        Spend(endpoint="e", model="priced", usd=0.25, prompt_tokens=2, completion_tokens=1),
        Spend(endpoint="e", model="priced", usd=0.5, requests=2, saved_usd=1.0, uncertain_usd=0.125),
        Spend(endpoint="e", model="unpriced", usd=0.5),
        Spend(endpoint="e", model="unpriced", usd=None),
    ]
    home = stored(make_run(), [], spends)
    query = "SELECT model, usd, uncertain_usd, saved_usd, tokens, requests FROM spend ORDER BY model"
    assert rows(home, query) == [("priced", 0.75, 0.125, 1.0, 3, 3), ("unpriced", None, 0.0, 0.0, 0, 2)]


def test_folding_what_does_not_exist(tmp_path):
    assert fold(tmp_path).journals == 0
    assert not database_path(tmp_path).exists()
    with pytest.raises(UsageError, match="no journal of run nope"):
        fold(tmp_path, "nope")


def test_a_child_folds_and_says_what_went_wrong(stored, make_run, make_record):
    home = stored(make_run(), [make_record("a")])
    database_path(home).unlink()
    fold_in_child(home, make_run().id)
    assert rows(home, "SELECT count(*) FROM scores") == [(1,)]
    database_path(home).write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="is damaged"):
        fold_in_child(home, make_run().id)
