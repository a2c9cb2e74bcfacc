"""ComiEval's table: what TED removes of a gain, and when there is nothing to say."""

import pytest

from llmgen.analysis.comieval import summarise
from llmgen.summary import ScoredRow
from llmgen.types import Contamination


def row(name, dose, raw, left, *, model="m"):
    """One item: `raw` right answers, `left` = (kept, right of them) after TED, of 10 draws."""
    n, (kept, right) = 10, left
    details = {
        "verdict": "insufficient",
        "reason": "correction",
        "preset": "robust",
        "tau": 2,
        "cut": "cap",
        "tokenizer": "ids",
        "n_near": n - kept,
        "n_duplicates": 0,
        "n_left": kept,
        "emptied": kept == 0,
        "greedy_value": 1.0,
    }
    for stage, (graded, good) in {
        "raw": (n, raw),
        "dedupe": (n, raw),
        "exclude": (kept, right),
        "left": (kept, right),
    }.items():
        details |= {f"graded_{stage}": graded, f"right_{stage}": good}
    found = Contamination(detector="ted", score=1 - kept / n, n_asked=n, n_used=n, details=details)
    return ScoredRow(
        sample_id=f"{model}{dose}{name}", tags={"dose": str(dose), "model": model}, contamination=(found,)
    )


def groups(*rows):
    return {(one["model"], one["dose"]): one for one in summarise(rows, None, {}).metrics["groups"]}


def test_the_gain_removed():
    found = groups(row("a", 0, 1, (10, 1)), row("a", 4, 9, (5, 1)), row("b", 4, 7, (4, 1)))
    clean, dosed = found["m", 0], found["m", 4]
    assert (clean["raw"]["mean"], clean["ted"]["mean"]) == (0.1, 0.1)
    assert (dosed["raw"]["mean"], dosed["ted"]["mean"]) == pytest.approx((0.8, 0.225))
    assert dosed["gain_removed"] == pytest.approx(1 - (0.225 - 0.1) / (0.8 - 0.1))
    assert (clean["gain_removed"], clean["no_gain_reason"]) == (None, "clean")
    assert (dosed["tasks"], dosed["mean_left"]) == (2, 4.5)


def test_an_emptied_task_scores_nothing():
    found = groups(row("a", 0, 0, (10, 0)), row("a", 12, 10, (0, 0)))
    assert (found["m", 12]["emptied"], found["m", 12]["ted"]["mean"]) == (1, 0.0)
    assert found["m", 12]["gain_removed"] == 1.0


def test_no_gain_and_no_clean_items():
    found = groups(row("a", 0, 5, (10, 5)), row("a", 1, 5, (10, 5)), row("a", 4, 9, (5, 1), model="other"))
    assert (found["m", 1]["gain_removed"], found["m", 1]["no_gain_reason"]) == (None, "no_gain")
    assert (found["other", 4]["gain_removed"], found["other", 4]["no_gain_reason"]) == (
        None,
        "no_clean_items",
    )


def test_without_grades_the_counts_stand():
    found = groups(row("a", 0, 0, (10, 0)), _ungraded("a", 4))
    assert (found["m", 4]["raw"], found["m", 4]["mean_left"]) == (None, 5.0)
    assert found["m", 4]["no_gain_reason"] == "not_graded"


def _ungraded(name, dose):
    graded = row(name, dose, 0, (5, 0))
    details = {
        key: 0 if key.startswith(("graded_", "right_")) else value
        for key, value in graded.contamination[0].details.items()
    }
    found = Contamination(detector="ted", score=0.5, n_asked=10, n_used=10, details=details)
    return ScoredRow(sample_id=graded.sample_id, tags=graded.tags, contamination=(found,))


def test_the_table_says_what_ted_cannot_tell():
    summary = summarise([row("a", 0, 1, (10, 1)), row("a", 4, 9, (5, 1))], None, {"sandbox": "bwrap"})
    (table,) = summary.tables
    assert [cells[0] for cells in table.rows] == ["0", "4"]
    assert "TED cannot tell contamination from honest determinism" in table.note
    assert "tau 2, cut cap, tokenizer ids" in table.note
    assert summary.metrics["sandbox"] == "bwrap"


def test_without_ted_nothing_is_said():
    summary = summarise([ScoredRow(sample_id="a", tags={"dose": "0"})], None, {})
    assert summary.metrics["groups"] == []
    assert summary.tables == ()
    assert any("--contamination ted" in line for line in summary.warnings)
