"""Recorded answers that a benchmark brings along: failed calls among them, a reference to compare with."""

import csv
import json

import pytest


@pytest.fixture
def recorded(llmgen, root):
    """A folder with recorded answers of `m` to the sample set: all right, but the last call had failed."""
    source = root / "datasets" / "finetunebench" / "sample" / "latest_news" / "latest_news_memorization.csv"
    with source.open(newline="") as file:
        rows = list(csv.DictReader(file))
    target = llmgen.folder / "answers" / "latest_news" / "latest_news_original_w_responses.csv"
    target.parent.mkdir(parents=True)
    with target.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "m_response"])
        writer.writeheader()
        for row in rows:
            writer.writerow({**row, "m_response": "<error>" if row is rows[-1] else row["answer"]})
    return llmgen.folder / "answers"


def test_a_recorded_call_that_had_failed_is_a_failure(llmgen, recorded, emulator):
    done = llmgen("eval", "finetunebench", "--replay", str(recorded), "--model", "m", "--json")
    assert (done.code, done.json["exclusions"]["error"]) == (3, 1)
    assert done.json["mean"] == 1.0
    assert llmgen.sql("select stage, kind from failures") == [{"stage": "gateway", "kind": "replay_miss"}]
    assert not emulator.seen


def test_a_drift_from_the_reference_outranks_a_failed_sample(llmgen, recorded):
    reference = {"latest_news_original_w_responses.csv": {"m": {"n": 8, "exact": 0.5}}}
    (llmgen.folder / "reference.json").write_text(json.dumps(reference))
    words = ("eval", "finetunebench", "--replay", str(recorded), "--model", "m", "--check", "reference.json")
    done = llmgen(*words, "--json")
    assert (done.code, done.json["metrics"]["check"]["ok"]) == (1, False)
    table = llmgen(*words)
    assert table.code == 1
    assert "Numbers that differ from the reference" in table.out
