"""Rows of a run's summary: put in the place of earlier ones, and gone with their run."""

import pytest

from llmgen.store.db import open_read
from llmgen.store.queries import delete_run
from llmgen.store.summaries import store_summary

BIN = {
    "set": "arc",
    "lo": 0.1,
    "hi": 0.2,
    "n": 3,
    "n_ungraded": 0,
    "accuracy": 0.5,
    "acc_lo": 0.1,
    "acc_hi": 0.9,
}


def bins(home):
    with open_read(home) as reader:
        return reader.con.execute("SELECT run_id, bin FROM store.easy2hard_bins ORDER BY ALL").fetchall()


def test_rows_take_the_place_of_earlier_ones(stored, make_run, make_record):
    home = stored(make_run(), [make_record("a")])
    run_id = make_run().id
    store_summary(home, run_id, {"easy2hard_bins": [BIN | {"bin": 1}, BIN | {"bin": 2}]})
    store_summary(home, "other", {"easy2hard_bins": [BIN | {"bin": 9}]})
    store_summary(home, run_id, {"easy2hard_bins": [BIN | {"bin": 3}], "easy2hard_grid": []})
    assert sorted(bins(home)) == sorted([("other", 9), (run_id, 3)])
    delete_run(home, run_id)
    assert bins(home) == [("other", 9)]
    store_summary(home, "other", {"easy2hard_bins": []})
    assert bins(home) == []


def test_no_other_table_is_written(tmp_path):
    with pytest.raises(ValueError, match="no table runs"):
        store_summary(tmp_path, "r", {"runs": []})


def test_all_rows_or_none(stored, make_run, make_record):
    home = stored(make_run(), [make_record("a")])
    store_summary(home, "r", {"easy2hard_bins": [BIN | {"bin": 1}]})
    with pytest.raises(Exception, match="NOT NULL"):
        store_summary(home, "r", {"easy2hard_bins": [BIN | {"bin": 2}, BIN | {"bin": None}]})
    assert bins(home) == [("r", 1)]
