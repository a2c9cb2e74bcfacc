"""DetCon's numbers from hand-made readings."""

import json

import pytest

from llmgen.analysis.detcon import summarise
from llmgen.summary import ScoredRow
from llmgen.types import Contamination


def cdd(score, reason="", xi=0.2):
    flagged = None if reason else score > xi
    return Contamination(
        detector="cdd", score=score, flagged=flagged, details={"preset": "robust", "reason": reason}
    )


def min_k(score, reason="no_control"):
    return Contamination(detector="min_k", score=score, details={"reason": reason})


def item(name, dose, *found, model="m-ft"):
    tags = {"label": "1" if dose else "0", "dose": str(dose), "model": model}
    return ScoredRow(sample_id=name, tags=tags, outcome="unparsed", contamination=found)


CLEAN = [0.0, 0.1, 0.0, 0.3, 0.0, 0.1, 0.0, 0.02, 0.04, 0.06]
ROWS = [
    *(item(f"c{i}", 0, cdd(score)) for i, score in enumerate(CLEAN)),
    *(item(f"k1-{i}", 1, cdd(score)) for i, score in enumerate([0.0, 0.1, 0.02, 0.04, 0.0])),
    *(item(f"k8-{i}", 8, cdd(score)) for i, score in enumerate([0.9, 1.0, 0.8, 0.1, 0.9])),
]


def found_of(rows, name="cdd"):
    return summarise(rows, None, {}).metrics["detectors"][name]


def test_the_json_that_is_promised():
    found = found_of(ROWS)
    assert (found["n"], found["insufficient"], found["flagged"]) == (20, 0, 5)
    assert found["accuracy"] == pytest.approx((4 + 9) / 20)
    assert found["precision"] == pytest.approx(4 / 5)
    assert found["recall"] == pytest.approx(4 / 10)
    assert found["f1"] == pytest.approx(8 / 15)
    assert found["fpr"] == pytest.approx(1 / 10)
    assert found["auc_low"] < found["auc"] < found["auc_high"]
    assert list(found["by_dose"]) == ["0", "1", "8"]
    # against the ten clean items: .1 beats 7 of them and draws with 2, the others beat all
    assert found["by_dose"]["8"]["auc"] == pytest.approx((4 * 10 + 7 + 1) / 50)
    assert found["by_dose"]["8"]["accuracy"] == pytest.approx((4 + 9) / 15)
    assert found["by_dose"]["8"]["mean_score"] == pytest.approx(3.7 / 5)
    assert (found["by_dose"]["8"]["n"], found["by_dose"]["8"]["flagged"]) == (5, 4)
    assert found["all"]["n"] == 20
    json.dumps(found, allow_nan=False)


def test_untouched_models_count_in_all_only():
    untouched = [item(f"b{i}", 0, cdd(0.5), model="m-base") for i in range(6)]
    found = found_of([*ROWS, *untouched])
    assert (found["n"], found["all"]["n"]) == (20, 26)
    assert (found["fpr"], found["all"]["fpr"]) == (pytest.approx(1 / 10), pytest.approx(7 / 16))
    assert found["tuning"]["effect"] == pytest.approx(sum(CLEAN) / 10 - 0.5)
    assert "verdict" not in found["tuning"]
    assert found_of(ROWS)["tuning"] is None


def test_insufficient_items_are_counted_and_in_no_rate():
    rows = [*ROWS, item("x", 8, cdd(1.0, "too_short")), item("y", 8, cdd(None, "no_greedy")), item("z", 0)]
    found = found_of(rows)
    assert (found["n"], found["insufficient"], found["decided"], found["n_scored"]) == (23, 3, 20, 21)
    assert found["reasons"] == {"too_short": 1, "no_greedy": 1, "not_read": 1}
    assert found["accuracy"] == found_of(ROWS)["accuracy"]
    assert found["auc"] > found_of(ROWS)["auc"]  # a score needs no threshold
    assert found["auc_decided"] == found_of(ROWS)["auc"]


def test_the_model_dose_by_dose():
    found = found_of(ROWS)["verdicts"]
    assert [(dose, one["verdict"]) for dose, one in found.items()] == [
        ("1", "no_evidence"), ("8", "evidence"), ("clean", "no_evidence"),
    ]  # fmt: skip
    assert found["8"]["p"] < 0.01
    assert found["1"]["p"] > 0.2
    assert found["clean"]["p"] > 0.05
    assert (found["clean"]["n"], found["clean"]["n_control"]) == (5, 5)


def test_the_order_of_rows_changes_nothing():
    assert found_of(ROWS) == found_of([*ROWS[::-1]])


def test_one_class_is_undefined_with_a_reason():
    found = found_of(ROWS[:10])
    assert (found["auc"], found["auc_low"], found["recall"]) == (None, None, None)
    assert found["undefined"] == {"recall": "no_label_1", "f1": "no_label_1", "auc": "one_class"}
    assert (found["flagged"], found["precision"]) == (1, 0.0)
    only = found_of(ROWS[10:])
    assert (only["fpr"], only["undefined"]["fpr"], only["undefined"]["auc"]) == (
        None,
        "no_label_0",
        "one_class",
    )
    assert only["verdicts"]["8"]["reason"] == "no_control"


def test_scores_without_a_threshold_are_judged_by_each_models_clean_items():
    low = [-9.0 + i / 10 for i in range(20)]
    rows = [
        *(item(f"a{i}", 0, min_k(score), model="a") for i, score in enumerate(low)),
        *(item(f"b{i}", 0, min_k(score + 6), model="b") for i, score in enumerate(low)),
        item("a-dirty", 4, min_k(-5.0), model="a"),
        item("b-dirty", 4, min_k(-5.0), model="b"),
    ]
    found = found_of(rows, "min_k")
    # -5 is above all clean scores of a and below all of b; each model flags its best clean item
    assert (found["flagged"], found["recall"], found["fpr"]) == (3, 0.5, 2 / 40)


def test_a_control_that_is_too_small_gives_scores_but_no_flags():
    rows = [
        *(item(f"c{i}", 0, min_k(float(i))) for i in range(10)),
        *(item(f"d{i}", 2, min_k(20.0 + i)) for i in range(6)),
    ]
    found = found_of(rows, "min_k")
    assert (found["auc"], found["decided"], found["insufficient"]) == (1.0, 0, 16)
    assert found["reasons"] == {"control_too_small": 16}
    assert set(found["undefined"].values()) == {"nothing_decided"}
    assert found["verdicts"]["2"]["verdict"] == "evidence"


def test_a_detector_that_lacks_its_input():
    summary = summarise([item(f"c{i}", i % 2, min_k(None, "no_prompt_logprobs")) for i in range(8)], None, {})
    found = summary.metrics["detectors"]["min_k"]
    assert (found["n"], found["insufficient"], found["auc"]) == (8, 8, None)
    assert found["undefined"]["auc"] == "no_scores"
    assert any("min_k says nothing of any item: no log probabilities" in line for line in summary.warnings)


def test_labels_without_a_dose():
    rows = [
        msg if msg.tags["label"] == "0" else ScoredRow(
            sample_id=msg.sample_id, tags={"label": "1", "model": "m-ft"}, contamination=msg.contamination
        )
        for msg in ROWS
    ]  # fmt: skip
    found = found_of(rows)
    assert list(found["by_dose"]) == ["0"]
    assert found["verdicts"]["unknown"]["n"] == 10
    assert found["n"] == 20


def test_presets_and_many_false_positives():
    published = Contamination(detector="cdd", score=0.3, flagged=True, details={"preset": "published"})
    rows = [item(f"c{i}", i % 2 * 4, cdd(0.0), published) for i in range(20)]
    summary = summarise(rows, None, {})
    assert list(summary.metrics["detectors"]) == ["cdd:robust", "cdd:published"]
    assert summary.metrics["detectors"]["cdd:published"]["fpr"] == 1.0
    assert any("cdd:published flags 100% of the clean items" in line for line in summary.warnings)


def test_tables_show_what_the_metrics_hold():
    tables = {table.title: table for table in summarise(ROWS, None, {}).tables}
    assert list(tables) == ["Detectors", "By dose", "Mean scores by dose"]
    assert [row[:3] for row in tables["Detectors"].rows] == [("cdd", "tuned", "20"), ("cdd", "all", "20")]
    assert [row[1] for row in tables["By dose"].rows] == ["0", "1", "8"]
    assert tables["Mean scores by dose"].rows[1][-1] == "evidence"
    for table in tables.values():
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_nothing_was_read():
    summary = summarise([item("a", 0)], None, {})
    assert summary.metrics == {"detectors": {}}
    assert summary.tables == ()
    assert "no detector read these items" in summary.warnings
