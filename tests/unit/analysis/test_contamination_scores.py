"""Scores beside the detectors' words: TED, twins, score by flag, agreement, examples."""

import json

import msgspec
import pytest

from llmgen.analysis.contamination import section
from llmgen.summary import ScoredRow
from llmgen.types import Contamination, Draw


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


def ted(graded, right, **more):
    """`graded` and `right`: counts after raw, dedupe, exclude and both rules."""
    details = {"verdict": "not_flagged", "reason": "correction", "preset": "robust", "tau": 2, "cut": "cap"}
    stages = ("raw", "dedupe", "exclude", "left")
    details |= {f"graded_{stage}": count for stage, count in zip(stages, graded, strict=True)}
    details |= {f"right_{stage}": count for stage, count in zip(stages, right, strict=True)}
    details |= {"emptied": False, "n_left": graded[3], "n_near": 0, "n_duplicates": 0, "greedy_value": 1.0}
    details |= more
    return Contamination(detector="ted", score=0.5, n_asked=50, n_used=50, details=details)


def row(name, *found, role=None, value=1.0, **more):
    tags = {"contamination_role": role, "role": "diagnostic"} if role else {}
    if role == "twin":
        tags["twin_of"] = more.pop("of")
    outcome = "unparsed" if value is None else "correct" if value else "wrong"
    return ScoredRow(
        sample_id=name, tags=tags | more.pop("tags", {}), value=value, outcome=outcome,
        contamination=found, text=f"answer {name}", **more,
    )  # fmt: skip


def twins_rows(originals, twins, values=None):
    values = values or [(1.0, 1.0)] * len(originals)
    pairs = zip(originals, twins, values, strict=True)
    return [
        one
        for i, (a, b, (mine, theirs)) in enumerate(pairs)
        for one in (
            row(f"t{i}", cdd(a), value=mine),
            row(f"twin/{i}", cdd(b), role="twin", of=f"t{i}", value=theirs),
        )
    ]


def rows_of(make, test, control):
    return [
        *(row(f"t{i}", make(score)) for i, score in enumerate(test)),
        *(row(f"control/{i}", make(score), role="control", value=None) for i, score in enumerate(control)),
    ]


def test_twins_are_compared_pair_by_pair():
    difficulty = [number / 12 for number in range(12)]
    rows = twins_rows([score + 0.08 for score in difficulty], difficulty)
    found = section(rows).metrics["detectors"]["cdd"]
    assert found["control"] == "twins"
    assert found["verdict"] == "evidence"  # unpaired, the spread of the difficulty would hide it
    assert found["effect"] == pytest.approx(0.08)
    unpaired = section(rows_of(cdd, [score + 0.08 for score in difficulty], difficulty))
    assert unpaired.metrics["detectors"]["cdd"]["verdict"] == "no_evidence"


def test_twins_gap():
    values = [(1.0, 0.0)] * 12 + [(0.0, 1.0)] + [(1.0, 1.0)] * 7
    rows = twins_rows([0.5] * 20, [0.5] * 20, values)
    found = section(rows).metrics["twins"]
    assert (found["n_pairs"], found["original"], found["twin"]) == (20, 19 / 20, 8 / 20)
    assert found["gap"] == pytest.approx(11 / 20)
    assert (found["original_better"], found["twin_better"]) == (12, 1)
    assert found["p"] == pytest.approx(2 * (1 + 13) / 2**13)
    assert found["verdict"] == "evidence"
    few = section(twins_rows([0.5] * 20, [0.5] * 20, [(1.0, 0.0)] * 9 + [(1.0, 1.0)] * 11)).metrics["twins"]
    assert (few["verdict"], few["reason"]) == ("insufficient", "few_discordant_pairs")
    ungraded = section([row("t0", value=None), row("w", role="twin", of="t0", value=1.0)]).metrics["twins"]
    assert (ungraded["n_pairs"], ungraded["p"], ungraded["reason"]) == (0, None, "no_graded_pairs")


def test_twins_without_a_detector_are_a_section_too():
    rows = [row("t0"), row("w1", role="twin", of="t0", value=0.0), row("w2", role="twin", of="t0", value=1.0)]
    made = section(rows)
    assert (made.metrics["twins"]["n_twins"], made.metrics["twins"]["twin"]) == (2, 0.5)
    assert [table.title for table in made.tables] == ["Items and their twins"]


def test_ted_raw_and_corrected_side_by_side():
    rows = [
        row("a", ted((4, 3, 3, 2), (3, 2, 2, 1), n_near=1, n_duplicates=1)),
        row("b", ted((4, 1, 0, 0), (4, 1, 0, 0), emptied=True, n_near=4)),
        row("c", ted((4, 4, 4, 4), (0, 0, 0, 0))),
    ]
    made = section(rows)
    found = made.metrics["ted"]
    accuracy = {rule: part["mean"] for rule, part in found["accuracy"].items()}
    assert accuracy == {
        "raw": pytest.approx((0.75 + 1 + 0) / 3),
        "dedupe": pytest.approx((2 / 3 + 1 + 0) / 3),
        "exclude": pytest.approx((2 / 3 + 0 + 0) / 3),
        "corrected": pytest.approx((0.5 + 0 + 0) / 3),
    }
    assert found["pass_at"]["1"]["corrected"]["mean"] == pytest.approx(0.5 / 3)
    assert found["pass_at"]["5"]["raw"] == {"mean": None, "low": None, "high": None, "n": 0}
    assert (found["near_removed"], found["duplicates_removed"], found["emptied"]) == (5, 1, 1)
    assert found["mean_left"] == pytest.approx(2.0)
    assert found["right_and_deterministic"] == 1
    raw = found["accuracy"]["raw"]
    assert raw["low"] < raw["mean"] < raw["high"]
    assert any("1 of 3 items are right and deterministic" in line for line in made.warnings)
    assert [item.verdict for item in made.items] == ["not_flagged"] * 3
    assert [item.flagged for item in made.items] == [None] * 3
    assert made.metrics["scores_by_flag"] == {}
    notes = [table.note for table in made.tables if "TED" in table.title]
    assert len(notes) == 1
    assert "honest determinism" in notes[0]
    assert "1 of 3 items emptied" in notes[0]


def test_ted_without_grades_still_counts():
    found = section([row("a", ted((0, 0, 0, 0), (0, 0, 0, 0), n_left=3))]).metrics["ted"]
    assert (found["accuracy"], found["pass_at"], found["mean_left"]) == (None, None, 3.0)


def test_draws_that_are_left_but_not_graded_are_no_zero():
    found = section([row("a", ted((2, 1, 1, 0), (2, 1, 1, 0), n_left=2))]).metrics["ted"]
    assert found["accuracy"]["corrected"]["n"] == 0


def test_scores_by_flag():
    rows = [
        row("a", cdd(0.9), value=1.0),
        row("b", cdd(0.8), value=0.0),
        row("c", cdd(0.0), value=1.0),
        row("d", cdd(0.0, "too_short"), value=None),
        row("control/1", cdd(0.0), role="control", value=None),
    ]
    groups = section(rows).metrics["scores_by_flag"]["cdd"]
    assert {name: (part["n"], part["n_graded"], part["mean"]) for name, part in groups.items()} == {
        "all": (4, 3, pytest.approx(2 / 3)), "not_flagged": (1, 1, 1.0),
        "flagged": (2, 2, 0.5), "insufficient": (1, 0, None),
    }  # fmt: skip
    assert groups["insufficient"]["low"] is None


def test_repeats_are_averaged_and_read_once():
    rows = [row("a", cdd(0.9), value=1.0, repeat=0), row("a", value=0.0, repeat=1)]
    found = section(rows).metrics
    assert found["detectors"]["cdd"]["n"] == 1
    assert found["scores_by_flag"]["cdd"]["all"]["mean"] == 0.5


def test_agreement_of_detectors():
    control = [row(f"c{i}", cdd(0.0), min_k(-3.0 + i / 20), role="control", value=None) for i in range(20)]
    rows = [row(f"t{i}", cdd(peak), min_k(score)) for i, (peak, score) in enumerate(
        [(0.9, 0.0), (0.9, -9.0), (0.1, 0.0), (0.0, -9.0), (0.0, -8.0)]
    )]  # fmt: skip
    (pair,) = section([*rows, *control]).metrics["agreement"]
    assert (pair["a"], pair["b"], pair["n"]) == ("cdd", "min_k", 5)
    assert (pair["both"], pair["only_a"], pair["only_b"], pair["agree"]) == (1, 1, 1, 0.6)
    assert pair["kappa"] == pytest.approx((0.6 - (0.4 * 0.4 + 0.6 * 0.6)) / (1 - 0.52))
    assert pair["p"] == 1.0


def test_the_picture_and_the_flagged_items():
    draws = tuple(Draw(text=f"draw {i}") for i in range(3))
    rows = [
        row("a", cdd(1.0, near_draws=[0, 2]), draws=draws, question="Q?"),
        row("b", cdd(0.5), greedy=Draw(text="greedy")),
        row("c", cdd(0.0)),
        row("control/1", cdd(0.3), role="control", value=None),
    ]
    made = section(rows)
    (picture,) = made.histograms
    assert (len(picture.edges), sum(picture.test), sum(picture.control)) == (21, 3, 1)
    assert (picture.test[0], picture.test[10], picture.test[19], picture.control[6]) == (1, 1, 1, 1)
    first, second = made.examples
    assert (first.sample_id, first.question, first.greedy) == ("a", "Q?", "answer a")
    assert first.near == ("draw 0", "draw 2")
    assert (second.sample_id, second.greedy, second.near) == ("b", "greedy", ())


def test_a_flagged_item_shows_what_it_shares_with_the_training_file():
    def ngram(score):
        details = {"reason": "no_control", "matched": "the same words"}
        return Contamination(detector="ngram", score=score, details=details)

    made = section(rows_of(ngram, [0.9, 0.0], [i / 100 for i in range(20)]))
    assert [(one.sample_id, one.matched) for one in made.examples] == [("t0", "the same words")]
    assert made.models[0].reason == "own_file_only"
    assert made.warnings == ()


def test_the_section_is_plain_json():
    made = section([*rows_of(cdd, [0.9] * 10, [0.0] * 10), row("x", ted((2, 2, 2, 2), (1, 1, 1, 1)))])
    decoded = json.loads(json.dumps(made.metrics, allow_nan=False))
    assert decoded["detectors"]["cdd"]["verdict"] == "evidence"
    assert msgspec.json.decode(msgspec.json.encode(made), type=type(made)).models == made.models
