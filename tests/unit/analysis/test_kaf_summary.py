"""KAF's numbers from hand-made readings."""

import pytest

from llmgen.analysis.kaf import summarise
from llmgen.analysis.kappa import kappa
from llmgen.summary import ScoredRow
from llmgen.types import Answer

NVA = "[No valid answer]"


def row(number, kind, label, readings, **tags):
    """`readings`: extractor -> (value or None, right, verdict, confidence), or None for an error."""
    answers, scores = [], {}
    for name, reading in readings.items():
        if reading is None:
            answers.append(Answer(kind="error", extractor=name, reason="timeout", elapsed_us=10))
            scores |= {f"by:{name}": None, f"verdict:{name}": None}
            continue
        value, right, verdict, confidence = reading
        answers.append(
            Answer(
                kind="no_valid_answer" if value is None else "answered",
                value=value,
                extractor=name,
                method=f"{name}@1",
                confidence=confidence,
                elapsed_us=100,
            )
        )
        scores |= {f"by:{name}": right, f"verdict:{name}": verdict}
    names = list(readings)
    if len(names) == 2:
        alike = None if None in readings.values() else float(readings[names[0]][0] == readings[names[1]][0])
        scores[f"same:{names[0]}|{names[1]}"] = alike
    return ScoredRow(
        sample_id=f"i{number}",
        cluster=tags.pop("cluster", f"c{number % 2}"),
        answer_type=kind,
        tags={"label": label, **tags},
        text=f"output {number}",
        answers=tuple(answers),
        scores=scores,
    )


ROWS = [
    row(0, "alphabet_option", "A", {"p": ("A", 1.0, 1.0, 0.9), "s": ("B", 0.0, 0.0, None)}, tags="x,y"),
    row(1, "alphabet_option", "B", {"p": ("A", 0.0, 1.0, 0.8), "s": ("B", 1.0, 1.0, None)}, tags="x"),
    row(2, "alphabet_option", NVA, {"p": (None, 1.0, 1.0, 0.7), "s": ("B", 0.0, 1.0, None)}),
    row(3, "math", "7", {"p": ("7", 1.0, 1.0, 0.6), "s": None}),
    row(4, "math", NVA, {"p": ("3", 0.0, 1.0, 0.99), "s": (None, 1.0, 1.0, None)}),
]


def test_the_json_that_is_promised():
    metrics = summarise(ROWS, None, {}).metrics["extractors"]["p"]
    assert (metrics["n"], metrics["accuracy"], metrics["errors"]) == (5, 0.6, 0)
    types = metrics["by_type"]
    assert (types["alphabet_option"]["n"], types["alphabet_option"]["accuracy"]) == (3, pytest.approx(2 / 3))
    assert (types["math"]["n"], types["math"]["accuracy"]) == (2, 0.5)
    assert (metrics["answered"]["n"], metrics["answered"]["accuracy"]) == (3, pytest.approx(2 / 3))
    assert (metrics["no_valid_answer"]["n"], metrics["no_valid_answer"]["accuracy"]) == (2, 0.5)
    assert metrics["no_valid_answer"]["precision"] == 1.0
    assert metrics["judgement_accuracy"] == 1.0
    assert metrics["macro"] == pytest.approx((2 / 3 + 0.5) / 2)
    assert metrics["outputs_per_s"] == pytest.approx(10_000)
    assert metrics["median_us"] == metrics["p95_us"] == 100


def test_an_error_is_not_right_and_is_counted_apart():
    summary = summarise(ROWS, None, {})
    metrics = summary.metrics["extractors"]["s"]
    assert (metrics["accuracy"], metrics["errors"]) == (0.4, 1)
    assert metrics["confusion"]["math"] == {
        "right": 1, "wrong_value": 0, "false_no_valid_answer": 0, "missed_no_valid_answer": 0, "error": 1,
    }  # fmt: skip
    assert any("s failed on 1 of 5" in line for line in summary.warnings)


def test_a_failed_item_counts_for_every_extractor():
    failed = ScoredRow(sample_id="f", answer_type="math", tags={"label": "1"})
    metrics = summarise([*ROWS, failed], None, {}).metrics["extractors"]
    assert [(found["n"], found["errors"]) for found in metrics.values()] == [(6, 1), (6, 2)]


def test_confusion_of_options():
    confusion = summarise(ROWS, None, {}).metrics["extractors"]["p"]["confusion"]
    assert confusion["alphabet_option"] == {"A": {"A": 1}, "B": {"A": 1}, NVA: {NVA: 1}}
    assert confusion["math"]["missed_no_valid_answer"] == 1


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(331, 386, 0.819, 0.889), (234, 386, 0.557, 0.654), (86, 108, 0.711, 0.861), (111, 123, 0.837, 0.943),
     (76, 85, 0.811, 0.943), (65, 70, 0.843, 0.969)],
)  # fmt: skip
def test_wilson_intervals_of_the_specification(k, n, low, high):
    rows = [row(i, "math", "7", {"p": ("7", float(i < k), 1.0, None)}) for i in range(n)]
    found = summarise(rows, None, {}).metrics["extractors"]["p"]["wilson95"]
    assert [round(value, 3) for value in found] == [low, high]


def test_the_bootstrap_draws_groups():
    right = {"p": ("7", 1.0, 1.0, None)}
    wrong = {"p": ("8", 0.0, 1.0, None)}
    alone = [row(i, "math", "7", right if i < 20 else wrong, cluster=f"c{i}") for i in range(40)]
    grouped = [row(i, "math", "7", right if i < 20 else wrong, cluster=f"c{i // 20}") for i in range(40)]
    low, high = summarise(alone, None, {}).metrics["extractors"]["p"]["bootstrap95"]
    assert 0.3 < low < 0.45
    assert 0.55 < high < 0.7
    assert summarise(grouped, None, {}).metrics["extractors"]["p"]["bootstrap95"] == [0.0, 1.0]


def test_calibration():
    found = summarise(ROWS, None, {}).metrics["extractors"]
    assert found["s"]["calibration"] is None
    bins = found["p"]["calibration"]["reliability"]
    assert [(one["n"], one["confidence"], one["accuracy"]) for one in bins] == [
        (1, 0.6, 1.0), (1, 0.7, 1.0), (1, 0.8, 0.0), (1, 0.9, 1.0), (1, 0.99, 0.0),
    ]  # fmt: skip
    assert found["p"]["calibration"]["ece"] == pytest.approx((0.4 + 0.3 + 0.8 + 0.1 + 0.99) / 5)
    coverage = {one["share"]: one["accuracy"] for one in found["p"]["calibration"]["coverage"]}
    assert (coverage[1.0], coverage[0.8], coverage[0.5]) == (0.6, 0.5, 0.5)


def test_bins_of_equal_count():
    rows = [row(i, "math", "7", {"p": ("7", 1.0, 1.0, i / 100)}) for i in range(25)]
    bins = summarise(rows, None, {}).metrics["extractors"]["p"]["calibration"]["reliability"]
    assert [one["n"] for one in bins] == [3, 3, 3, 3, 3, 2, 2, 2, 2, 2]


def test_the_worst_come_surest_first():
    worst = summarise(ROWS, None, {"worst": 1}).metrics["extractors"]["p"]["worst"]
    assert [(item["id"], item["label"], item["read"], item["confidence"]) for item in worst] == [
        ("i4", NVA, "3", 0.99)
    ]
    assert worst[0]["tail"] == "output 4"
    assert len(summarise(ROWS, None, {"worst": 9}).metrics["extractors"]["p"]["worst"]) == 2


def test_slices_and_hand_read_rows_beside_the_others():
    rows = [
        row(i, "math", "7", {"p": ("7", float(i), 1.0, None)}, label_method=method)
        for i, method in enumerate(("hand", "rule"))
    ]
    by = summarise(rows, None, {}).metrics["extractors"]["p"]["by"]
    assert {value: group["accuracy"] for value, group in by["label_method"].items()} == {
        "hand": 0.0,
        "rule": 1.0,
    }
    by = summarise(ROWS, None, {"by": ["tags"]}).metrics["extractors"]["p"]["by"]
    assert {value: group["n"] for value, group in by["tags"].items()} == {"-": 3, "x": 2, "y": 1}


def test_agreement_leaves_failures_out():
    (pair,) = summarise(ROWS, None, {}).metrics["agreement"]
    assert (pair["a"], pair["b"], pair["n"], pair["n_error"], pair["agree"]) == ("p", "s", 4, 1, 0.0)
    assert (pair["a_only"], pair["b_only"], pair["p"]) == (2, 2, 1.0)
    options = pair["by_type"]["alphabet_option"]
    assert (options["n"], options["agree"]) == (3, 0.0)
    assert options["kappa"] == pytest.approx(0.0)  # B is all that s says: chance explains everything


def test_disagreements_are_listed():
    found = summarise(ROWS, None, {"disagree": ["p", "s"]}).metrics["disagreements"]
    assert [(item["id"], item["p"], item["s"]) for item in found] == [
        ("i0", "A", "B"), ("i1", "A", "B"), ("i2", NVA, "B"), ("i4", "3", NVA),
    ]  # fmt: skip
    summary = summarise(ROWS, None, {"disagree": ["p", "z"]})
    assert "disagreements" not in summary.metrics
    assert any("--disagree p,z" in line for line in summary.warnings)


@pytest.mark.parametrize(("least", "ok"), [(0.6, True), (0.61, False)])
def test_the_gate(least, ok):
    assert summarise(ROWS, None, {"min_accuracy": least}).metrics["check"]["ok"] is ok


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], None),
        ([("a", "a"), ("a", "a")], None),
        ([("a", "a"), ("b", "b")], 1.0),
        ([("a", "b"), ("b", "a")], -1.0),
        # Cohen's textbook table: 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no -> 0.4
        ([("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15, 0.4),
    ],
)
def test_kappa(pairs, expected):
    assert kappa(pairs) == (None if expected is None else pytest.approx(expected))


def test_a_verdict_extractor_has_no_extraction_accuracy():
    rows = [
        ScoredRow(
            sample_id="v",
            answer_type="math",
            tags={"label": "7"},
            answers=(Answer(kind="answered", extractor="j", reason="correct", elapsed_us=0),),
            scores={"by:j": None, "verdict:j": 1.0},
        )
    ]
    summary = summarise(rows, None, {"worst": 5})
    found = summary.metrics["extractors"]["j"]
    assert (found["accuracy"], found["judgement_accuracy"], found["errors"]) == (None, 1.0, 0)
    assert found["outputs_per_s"] is None
    assert summary.tables[0].rows[0][0] == "j"


def test_an_empty_run_has_a_summary():
    assert summarise([], None, {"min_accuracy": 0.5}).metrics["check"]["ok"] is False
