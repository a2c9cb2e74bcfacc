"""Majority vote over the repeats of a sample."""

from itertools import permutations

import pytest

from llmgen.analysis.vote import voted
from llmgen.summary import ScoredRow
from llmgen.types import Answer

GRADES = {"A": ("correct", 1.0), None: ("unparsed", None)}


def answer(value, extractor="pinpoint", kind=None):
    return Answer(
        kind=kind or ("no_valid_answer" if value is None else "answered"), value=value, extractor=extractor
    )


def draw(repeat, value, **more):
    outcome, grade = GRADES.get(value, ("wrong", 0.0))
    fields = {"answers": (answer(value),), "outcome": outcome, "value": grade, **more}
    return ScoredRow(sample_id="s", repeat=repeat, **fields)


def result(*values):
    (row,) = voted([draw(repeat, value) for repeat, value in enumerate(values)])
    return row.outcome, row.value


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("A",), ("correct", 1.0)),
        (("A", "B", "A"), ("correct", 1.0)),
        (("B", "A", "B"), ("wrong", 0.0)),
        (("A", "B"), ("unparsed", None)),
        (("A", "A", "B", "B", "C"), ("unparsed", None)),
        (("A", None, None), ("unparsed", None)),
        (("A", "A", None), ("correct", 1.0)),
        ((None, None), ("unparsed", None)),
    ],
)
def test_the_most_frequent_answer_counts_and_a_tie_is_none(values, expected):
    assert {result(*order) for order in permutations(values)} == {expected}


def test_case_and_blanks_make_no_other_answer():
    rows = [draw(0, "no"), draw(1, "The  Pier"), draw(2, "the pier ")]
    (row,) = voted(rows)
    assert row.answers[0].value == "The  Pier"
    assert row.repeat == 0


def test_who_failed_has_no_vote():
    failed = ScoredRow(sample_id="s", repeat=0, outcome="error")
    broken = ScoredRow(sample_id="s", repeat=1, answers=(answer("B", kind="error"),), outcome="error")
    assert voted([failed, broken, draw(2, "A")])[0].value == 1.0
    assert voted([failed, broken])[0].outcome == "error"
    assert voted([failed])[0] == failed


def test_every_extractor_has_a_vote_of_its_own():
    def read(repeat, first, second):
        grades = {
            "by:pinpoint": GRADES.get(first, ("", 0.0))[1],
            "by:whole": GRADES.get(second, ("", 0.0))[1],
        }
        return draw(repeat, first, answers=(answer(first), answer(second, "whole")), scores=grades)

    (row,) = voted([read(0, "A", "B"), read(1, "B", "A"), read(2, "B", "A")])
    assert (row.value, row.scores) == (0.0, {"by:pinpoint": 0.0, "by:whole": 1.0})
    (row,) = voted([read(0, "A", "A"), read(1, "B", "A")])
    assert (row.value, row.reason) == (None, "a tie of 2 answers")
    assert row.scores == {"by:pinpoint": None, "by:whole": 1.0}


def test_samples_stay_apart_and_in_order():
    rows = [draw(0, "A"), ScoredRow(sample_id="t", answers=(answer("B"),), outcome="wrong", value=0.0)]
    assert [row.sample_id for row in voted(rows)] == ["s", "t"]
