"""The journal: what is appended comes back, what is torn is cut, what failed is asked again."""

import json
import os
import subprocess
import sys

import msgspec
import pytest

from llmgen.errors import StoreError, UsageError
from llmgen.redact import redact
from llmgen.store.journal import Journal
from llmgen.store.lines import Spend
from llmgen.store.reading import bad_path, journal_path, journalled_runs, last_run, records
from llmgen.types import Answer, Failure, Grade, TokenLogprobs


def lines(home, run):
    return [json.loads(line) for line in journal_path(home, run.id).read_bytes().splitlines()]


def test_every_line_says_what_it_is(tmp_path, make_run, make_record):
    run = make_run()
    with Journal.create(tmp_path, run) as journal:
        journal.append(make_record())
        journal.spend(Spend(endpoint="fake", model="m", usd=0.5))
        journal.end(msgspec.structs.replace(run, state="done", ended_at=5.0))
    found = lines(tmp_path, run)
    assert [line["t"] for line in found] == ["run", "record", "spend", "end"]
    assert all(line["v"] == 1 and line["ts"] > 1e9 for line in found)
    assert last_run(journal_path(tmp_path, run.id)).state == "done"


def test_a_record_comes_back_whole(tmp_path, make_run, make_record):
    run = make_run()
    logprobs = TokenLogprobs(tokens=("a", "b"), logprobs=(None, -0.5), top=({"a": -0.1}, {}))
    record = make_record()
    completion = msgspec.structs.replace(record.completion, logprobs=(logprobs,), texts=("ü\u0000\n€",))
    record = msgspec.structs.replace(record, completion=completion)
    with Journal.create(tmp_path, run) as journal:
        journal.append(record)
    assert list(records(tmp_path, run.id)) == [record]


def test_flush_puts_it_on_disk(tmp_path, make_run, make_record):
    run = make_run()
    with Journal.create(tmp_path, run) as journal:
        journal.append(make_record())
        journal.flush()
        assert len(lines(tmp_path, run)) == 2


@pytest.mark.parametrize("durability", ["batch", "line", "none"])
def test_every_durability_keeps_every_line(tmp_path, make_run, make_record, durability):
    run = make_run()
    with Journal.create(tmp_path, run, durability) as journal:
        for number in range(250):
            journal.append(make_record(f"s{number}"))
    assert [line["record"]["sample"]["id"] for line in lines(tmp_path, run)[1:]] == [
        f"s{n}" for n in range(250)
    ]


def test_failures_are_retried_and_verdicts_kept(tmp_path, make_run, make_record):
    run = make_run()
    outcomes = ("correct", "wrong", "refused", "truncated", "unparsed", "error", "failed")
    with Journal.create(tmp_path, run) as journal:
        for outcome in outcomes:
            journal.append(make_record(outcome, outcome=outcome))
        journal.flush()
        kept = {"correct", "wrong", "refused", "truncated", "unparsed"}
        assert journal.finished() == {(name, 0) for name in kept}
        assert journal.finished(retry=("refused", "unparsed")) == {
            ("correct", 0),
            ("wrong", 0),
            ("truncated", 0),
        }


def test_the_last_line_of_a_pair_counts(tmp_path, make_run, make_record):
    run = make_run()
    with Journal.create(tmp_path, run) as journal:
        journal.append(make_record("a", outcome="failed"))
        journal.append(make_record("a", outcome="wrong"))
        journal.append(make_record("b", outcome="correct"))
        journal.append(make_record("b", outcome="failed"))
        journal.append(make_record("a", repeat=1, outcome="correct"))
        journal.flush()
        assert journal.finished() == {("a", 0), ("a", 1)}
    found = [(record.sample.id, record.repeat, record.grade is None) for record in records(tmp_path, run.id)]
    assert found == [("a", 0, False), ("b", 0, True), ("a", 1, False)]


def test_a_grade_with_a_later_failure_is_asked_again(tmp_path, make_run, make_record):
    run = make_run()
    failure = Failure(stage="contamination", kind="timeout", message="slow")
    with Journal.create(tmp_path, run) as journal:
        journal.append(make_record("a", failure=failure))
        journal.flush()
        assert journal.finished() == set()


def test_what_was_spent_adds_up(tmp_path, make_run):
    run = make_run()
    with Journal.create(tmp_path, run) as journal:
        journal.spend(Spend(endpoint="e", model="m", prompt_tokens=5, usd=0.25))
        journal.spend(Spend(endpoint="e", model="m", requests=3, completion_tokens=2, usd=0.5, saved_usd=1.0))
        journal.spend(Spend(endpoint="e", model="judge", usd=None))
        journal.spend(Spend(endpoint="e", model="judge", usd=0.5))
        journal.flush()
        mine, judge = journal.spent()
    assert mine == Spend(
        endpoint="e", model="m", requests=4, prompt_tokens=5, completion_tokens=2, usd=0.75, saved_usd=1.0
    )
    assert judge.usd is None
    assert judge.requests == 2


def test_a_torn_last_line_is_cut_and_said(tmp_path, make_run, make_record):
    run = make_run()
    with Journal.create(tmp_path, run) as journal:
        journal.append(make_record("a"))
    path = journal_path(tmp_path, run.id)
    sound = path.read_bytes()
    path.write_bytes(sound + b'{"t":"record","v":1,"ts":1.0,"record":{"run_id":"x","samp')
    with Journal.resume(tmp_path, run.id) as journal:
        assert path.read_bytes() == sound
        assert len(journal.notes) == 1
        assert "torn last line of 57 bytes" in journal.notes[0]
        journal.append(make_record("b"))
    assert [line["t"] for line in lines(tmp_path, run)] == ["run", "record", "record"]


@pytest.mark.parametrize(
    "bad", [b"garbage", b"{}", b'{"t":"record","v":1,"ts":1.0}', b'{"t":"x","v":1,"ts":1}', b"\xff\xfe", b""]
)
def test_a_bad_line_is_set_aside_and_counted(tmp_path, make_run, make_record, bad):
    run = make_run()
    with Journal.create(tmp_path, run) as journal:
        journal.append(make_record("a"))
    path = journal_path(tmp_path, run.id)
    path.write_bytes(path.read_bytes() + bad + b"\n")
    with Journal.resume(tmp_path, run.id) as journal:
        assert "1 unreadable lines" in journal.notes[0]
        journal.append(make_record("b"))
        journal.flush()
        assert journal.finished() == {("a", 0), ("b", 0)}
    assert bad_path(tmp_path, run.id).read_bytes() == bad + b"\n"
    assert journalled_runs(tmp_path) == [run.id]


def test_a_journal_without_a_run_line_cannot_be_resumed(tmp_path, make_run):
    run = make_run()
    Journal.create(tmp_path, run).close()
    path = journal_path(tmp_path, run.id)
    path.write_bytes(b"garbage\n")
    with pytest.raises(StoreError, match="no readable run line"):
        Journal.resume(tmp_path, run.id)
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="no readable run line"):
        Journal.resume(tmp_path, run.id)


def test_a_line_of_a_newer_llmgen_is_an_error_not_a_bad_line(tmp_path, make_run):
    run = make_run()
    Journal.create(tmp_path, run).close()
    path = journal_path(tmp_path, run.id)
    path.write_bytes(path.read_bytes() + b'{"t":"shiny","v":2,"ts":1.0}\n')
    with pytest.raises(StoreError, match="newer llmgen"):
        Journal.resume(tmp_path, run.id)


def test_one_writer_per_run(tmp_path, make_run):
    run = make_run()
    with Journal.create(tmp_path, run):
        code = (
            "import sys; from pathlib import Path; from llmgen.store.journal import Journal\n"
            "try: Journal.resume(Path(sys.argv[1]), sys.argv[2])\n"
            "except Exception as error: print(type(error).__name__, error)"
        )
        asked = [sys.executable, "-c", code, str(tmp_path), run.id]
        said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert said == f"UsageError run {run.id} is being written by process {os.getpid()}\n"
    Journal.resume(tmp_path, run.id).close()


def test_a_run_is_created_once(tmp_path, make_run):
    run = make_run()
    Journal.create(tmp_path, run).close()
    with pytest.raises(UsageError, match="exists already") as caught:
        Journal.create(tmp_path, run)
    assert f"--resume {run.id}" in caught.value.hint
    Journal.resume(tmp_path, run.id).close()


@pytest.mark.parametrize("name", ["", "../x", ".hidden", "a/b", "x.bad", "a b"])
def test_a_run_id_is_a_file_name(tmp_path, make_run, name):
    with pytest.raises(UsageError, match="cannot be a run id"):
        Journal.create(tmp_path, make_run(name))


def test_resuming_what_does_not_exist(tmp_path):
    with pytest.raises(UsageError, match="no run nope"):
        Journal.resume(tmp_path, "nope")


def test_a_closed_journal_takes_nothing(tmp_path, make_run, make_record):
    journal = Journal.create(tmp_path, make_run())
    journal.close()
    with pytest.raises(StoreError, match="closed"):
        journal.append(make_record())


def test_secrets_in_error_texts_are_masked(tmp_path, make_run, make_record):
    run = make_run()
    canary = "canary-4711-secret"
    redact.learn(canary)
    failed = make_record("a", outcome="failed")
    failure = msgspec.structs.replace(failed.failure, message=f"401 for {canary} at sk-abcdefghijkl")
    judged = make_record(
        "b",
        grade=Grade(outcome="error", reason=f"judge said {canary}"),
        answers=(Answer(kind="error", reason=f"xfinder: {canary}"),),
    )
    with Journal.create(tmp_path, run) as journal:
        journal.append(msgspec.structs.replace(failed, failure=failure))
        journal.append(judged)
    text = journal_path(tmp_path, run.id).read_text()
    assert canary not in text
    assert "sk-abcdefghijkl" not in text
    assert "401 for *** at ***" in text


def test_lone_surrogates_do_not_lose_a_record(tmp_path, make_run, make_record):
    run = make_run()
    record = make_record("a")
    completion = msgspec.structs.replace(record.completion, texts=("broken \ud83d emoji",))
    with Journal.create(tmp_path, run) as journal:
        journal.append(msgspec.structs.replace(record, completion=completion))
    (found,) = records(tmp_path, run.id)
    assert found.completion.text == "broken ? emoji"
