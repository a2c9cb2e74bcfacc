"""pass@k and the fates of programs, from stored draws."""

import pytest

from llmgen.analysis.humaneval import summarise
from llmgen.summary import ScoredRow

TIMEOUT = {"outcome": "wrong", "value": 0.0, "reason": "timeout"}
ERROR = {"outcome": "error", "reason": "sandbox: it was killed"}
NOT_RUN = {"outcome": "unparsed", "reason": "not_executed"}
REFUSED = {"outcome": "refused"}
PASS = {"outcome": "correct", "value": 1.0}


def fail(reason="AssertionError: no"):
    return {"outcome": "wrong", "value": 0.0, "reason": reason}


def rows(**draws):
    """Rows of tasks: name -> its draws; each draw has a text of its own unless it brings one."""
    return [
        ScoredRow(**{"sample_id": name, "repeat": repeat, "text": f"{name}{repeat}", **draw})
        for name, mine in draws.items()
        for repeat, draw in enumerate(mine)
    ]


def summary(found, base=None, **context):
    return summarise(found, base, context)


def test_each_task_counts_once():
    metrics = summary(rows(a=[PASS] * 2 + [fail()] * 3, b=[PASS], c=[fail()])).metrics
    assert metrics["tasks"] == 3
    assert metrics["pass_at"]["1"]["mean"] == pytest.approx((0.4 + 1 + 0) / 3)
    assert metrics["pass_at"]["1"]["n"] == 3
    assert (metrics["pass_at"]["5"]["mean"], metrics["pass_at"]["5"]["n"]) == (1.0, 1)
    assert metrics["pass_at"]["10"] == {"mean": None, "low": None, "high": None, "n": 0}


def test_one_draw_a_task_has_wilsons_interval():
    found = summary(rows(**{f"t{i}": [PASS if i < 3 else fail()] for i in range(10)})).metrics["pass_at"]["1"]
    assert (found["mean"], found["n"]) == (0.3, 10)
    assert (found["low"], found["high"]) == pytest.approx((0.1078, 0.6032), abs=1e-4)


def test_a_timeout_is_wrong_and_an_error_is_no_draw():
    metrics = summary(
        rows(a=[PASS, TIMEOUT], b=[ERROR, PASS], c=[{"outcome": "error"}], d=[REFUSED, NOT_RUN])
    ).metrics
    assert metrics["pass_at"]["1"]["mean"] == pytest.approx((0.5 + 1) / 2)
    assert metrics["pass_at"]["1"]["n"] == 2
    assert metrics["draws"] == {
        "draws": 7,
        "passed": 2,
        "failed": 1,
        "timeouts": 1,
        "not_executed": 1,
        "sandbox_errors": 1,
        "errors": 1,
        "ungraded": 1,
        "cut": 0,
    }


def test_reasons_are_counted_by_kind():
    found = rows(a=[fail("AssertionError"), fail(), fail("NameError: x"), TIMEOUT, PASS, ERROR])
    assert summary(found).metrics["failures"] == [
        {"reason": "AssertionError", "draws": 2},
        {"reason": "NameError", "draws": 1},
        {"reason": "timeout", "draws": 1},
    ]


def test_companions_of_detectors_do_not_count():
    twin = {**PASS, "tags": {"role": "diagnostic"}}
    assert summary(rows(a=[fail()], twin=[twin])).metrics["tasks"] == 1


def test_equal_draws_are_named():
    found = rows(a=[{**PASS, "text": "x"}] * 2, b=[PASS, PASS])
    (line,) = [line for line in summary(found).warnings if "same text" in line]
    assert line.startswith("all draws of 1 of 2 tasks are the same text")
    assert not any("same text" in line for line in summary(rows(a=[PASS], b=[PASS])).warnings)


def test_what_was_not_run_is_said():
    found = summary(rows(a=[NOT_RUN], b=[NOT_RUN]))
    assert found.warnings == ("2 answers were not run (--no-exec): they have no grade",)
    assert found.tables[0].rows == (("model", "1", "-", "-", "0"),)


def test_a_base_run_stands_beside():
    found = summary(rows(a=[PASS]), rows(a=[fail()]), sandbox="bwrap", python="3.11.2")
    assert found.metrics["base"]["pass_at"]["1"]["mean"] == 0.0
    assert (found.metrics["sandbox"], found.metrics["python"]) == ("bwrap", "3.11.2")
    assert [row[:3] for row in found.tables[0].rows] == [("model", "1", "1.000"), ("base", "1", "0.000")]


def test_no_rows():
    assert summary([]).metrics["tasks"] == 0
