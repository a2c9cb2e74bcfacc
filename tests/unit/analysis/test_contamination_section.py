"""The section on contamination from hand-made readings: every verdict, every reason for none."""

import pytest

from llmgen.analysis.contamination import section
from llmgen.analysis.contamination.items import control_p
from llmgen.summary import ScoredRow
from llmgen.types import Contamination

LOW = [0.0, 0.02, 0.04, 0.0, 0.1, 0.0, 0.02, 0.06, 0.0, 0.12]
HIGH = [0.9, 0.8, 1.0, 0.7, 0.02, 0.95, 0.88, 0.64, 0.3, 0.92]


def cdd(score, reason="", **details):
    flagged = None if reason else score > 0.2
    words = {None: "insufficient", True: "flagged", False: "not_flagged"}
    details = {"preset": "robust", "tokenizer": "regex", "centre": "greedy", "near": 5, **details}
    return Contamination(
        detector="cdd", score=score, flagged=flagged, n_asked=50, n_used=50,
        details={"verdict": words[flagged], "reason": reason, **details},
    )  # fmt: skip


def min_k(score, reason="no_control"):
    return Contamination(
        detector="min_k", score=score, details={"verdict": "insufficient", "reason": reason, "k": 0.2}
    )


def row(name, *found, role=None, value=1.0, **more):
    tags = {"contamination_role": role, "role": "diagnostic"} if role else {}
    if role == "twin":
        tags["twin_of"] = more.pop("of")
    outcome = "unparsed" if value is None else "correct" if value else "wrong"
    return ScoredRow(
        sample_id=name, tags=tags | more.pop("tags", {}), value=value, outcome=outcome,
        contamination=found, text=f"answer {name}", **more,
    )  # fmt: skip


def rows_of(make, test, control):
    return [
        *(row(f"t{i}", make(score)) for i, score in enumerate(test)),
        *(row(f"control/{i}", make(score), role="control", value=None) for i, score in enumerate(control)),
    ]


def found_of(rows, name="cdd"):
    return section(rows).metrics["detectors"][name]


def test_evidence():
    made = section(rows_of(cdd, HIGH, LOW))
    found = made.metrics["detectors"]["cdd"]
    assert found["verdict"] == "evidence"
    assert found["effect"] == pytest.approx(sum(HIGH) / 10 - sum(LOW) / 10)
    assert found["effect"] == pytest.approx(found["avg_score"] - found["control_avg"])
    assert found["effect95"][0] > 0
    assert found["p"] < 0.01
    assert (found["flagged"], found["decided"], found["flagged_by_chance"]) == (9, 10, 0.0)
    (model,) = made.models
    assert (model.n_items, model.n_control, model.n_insufficient, model.seed) == (10, 10, 0, 0)
    assert [item.flagged for item in made.items[:10]] == [score > 0.2 for score in HIGH]
    assert [item.role for item in made.items[10:]] == ["control"] * 10
    assert any("evidence" in cells for table in made.tables for cells in table.rows)


def test_no_evidence_is_no_innocence():
    made = section(rows_of(cdd, LOW, list(reversed(LOW))))
    found = made.metrics["detectors"]["cdd"]
    assert (found["verdict"], found["reason"]) == ("no_evidence", "")
    assert found["p"] > 0.4
    assert any("no innocence" in line and "known by heart" in line for line in made.warnings)


def test_a_small_p_alone_is_not_enough_and_neither_is_the_interval():
    close = [0.10, 0.12, 0.08, 0.14, 0.10, 0.11, 0.09, 0.13, 0.12, 0.10]
    found = found_of(rows_of(cdd, close, [score - 0.02 for score in close]))
    assert found["p"] > 0.01
    assert found["verdict"] == "no_evidence"


def insufficient(rows):
    found = found_of(rows)
    assert found["verdict"] == "insufficient"
    assert (found["effect"], found["effect95"], found["p"]) == (None, None, None)
    return found["reason"]


def test_why_nothing_is_said_of_the_model():
    assert insufficient(rows_of(cdd, HIGH, [])) == "no_control"
    assert insufficient(rows_of(cdd, HIGH[:9], LOW)) == "too_few_items"
    assert insufficient(rows_of(cdd, HIGH, LOW[:9])) == "too_few_items"
    short = [row(f"s{i}", cdd(1.0, "too_short")) for i in range(11)]
    assert insufficient([*rows_of(cdd, HIGH, LOW), *short]) == "most_items_insufficient"
    assert found_of([*rows_of(cdd, HIGH, LOW), *short[:10]])["verdict"] == "evidence"
    other = [row("o", cdd(0.5, tokenizer="ids"))]
    assert insufficient([*rows_of(cdd, HIGH, LOW), *other]) == "mixed_tokenizers"
    other = [row("o", cdd(0.5, centre="medoid"), role="control", value=None)]
    assert insufficient([*rows_of(cdd, HIGH, LOW), *other]) == "mixed_centres"


def test_items_without_enough_data_are_in_no_average():
    rows = [
        *rows_of(cdd, HIGH, LOW),
        row("short", cdd(1.0, "too_short")),
        row("letter", cdd(None, "answer_only")),
    ]
    made = section([*rows, row("failed", value=None)])
    found = made.metrics["detectors"]["cdd"]
    assert found["avg_score"] == pytest.approx(sum(HIGH) / 10)
    assert found["insufficient"] == {"too_short": 1, "answer_only": 1, "not_read": 1}
    assert (found["n"], found["n_items"], made.models[0].n_insufficient) == (13, 10, 3)
    words = {item.sample_id: (item.verdict, item.flagged, item.reason) for item in made.items}
    assert words["short"] == ("insufficient", None, "too_short")
    assert words["failed"] == ("insufficient", None, "not_read")


def test_presets_of_one_detector_stand_side_by_side():
    rows = [
        row(f"t{i}", cdd(score), cdd(score / 2, preset="published")) for i, score in enumerate(HIGH)
    ]  # fmt: skip
    made = section(
        [
            *rows,
            *(
                row(f"c{i}", cdd(s), cdd(s, preset="published"), role="control", value=None)
                for i, s in enumerate(LOW)
            ),
        ]
    )
    assert list(made.metrics["detectors"]) == ["cdd:robust", "cdd:published"]
    assert [model.preset for model in made.models] == ["robust", "published"]
    assert made.metrics["detectors"]["cdd:published"]["avg_score"] == pytest.approx(sum(HIGH) / 20)
    assert any("cdd:published" in line and "faults" in line for line in made.warnings)
    assert made.metrics["agreement"][0]["n"] == 10


@pytest.mark.parametrize(
    ("score", "control", "p"),
    [(5, [1, 2, 3], 1 / 4), (2, [1, 2, 3], 3 / 4), (0, [1, 2, 3], 1.0), (1, [], 1.0)],
)
def test_the_rank_among_the_control(score, control, p):
    assert control_p(score, control) == pytest.approx(p)


def test_an_item_of_the_control_is_ranked_among_the_others():
    assert control_p(3, [1, 2, 3], is_member=True) == pytest.approx(1 / 3)
    assert control_p(1, [1, 1, 3], is_member=True) == pytest.approx(1.0)


def test_scores_without_a_threshold_are_ranked_among_the_control():
    control = [-3.0 + number / 20 for number in range(20)]
    made = section(rows_of(min_k, [-1.0, -2.06, -9.0], control))
    items = {item.sample_id: item for item in made.items}
    assert items["t0"].p_value == pytest.approx(1 / 21)
    assert items["t1"].p_value == pytest.approx(2 / 21)
    assert [items[f"t{i}"].flagged for i in range(3)] == [True, False, False]
    assert items["t0"].reason == ""
    # the best of the control, ranked among the 19 others, and the second of them
    assert items["control/19"].p_value == pytest.approx(1 / 20)
    assert (items["control/19"].flagged, items["control/18"].flagged) == (True, False)
    found = made.metrics["detectors"]["min_k"]
    assert (found["flagged"], found["flagged_by_chance"]) == (1, pytest.approx(0.15))
    assert found["power"]["share"] is None
    assert found["power"]["effect"] > 0


def test_a_control_that_is_too_small_and_none():
    eighteen = section(rows_of(min_k, [1.0], [float(i) for i in range(18)]))
    assert {item.reason for item in eighteen.items} == {"control_too_small"}
    nineteen = section(rows_of(min_k, [99.0], [float(i) for i in range(19)]))
    words = {item.sample_id: item.reason for item in nineteen.items}
    assert words["t0"] == ""
    assert words["control/3"] == "control_too_small"  # eighteen others
    alone = section(rows_of(min_k, [1.0, 2.0], []))
    assert {(item.flagged, item.reason, item.p_value) for item in alone.items} == {(None, "no_control", None)}
    assert any("no control set" in line for line in alone.warnings)


def test_a_detector_without_its_input_stays_insufficient():
    made = section([row(f"t{i}", min_k(None, "no_prompt_logprobs")) for i in range(12)])
    assert made.metrics["detectors"]["min_k"]["insufficient"] == {"no_prompt_logprobs": 12}
    assert made.models[0].avg_score is None


def test_nothing_was_asked_for():
    assert section([row("t0")]) is None
    assert section([]) is None


def test_splits_that_never_rank_are_left_out():
    rows = [row("t0", cdd(0.1)), row("side", tags={"role": "diagnostic"})]
    assert found_of(rows)["n"] == 1
