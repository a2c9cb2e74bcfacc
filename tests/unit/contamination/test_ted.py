"""TED: which draws are removed, and what can be counted afterwards."""

import pytest

from llmgen.contamination.base import Options
from llmgen.contamination.ted import build
from llmgen.types import Draw, Sample

GREEDY = "def add(a, b):\n    return a + b\n"
NEAR = "def add(a, b):\n    return b - b\n"  # two tokens away
FAR = "def add(a, b):\n    return b - b - b\n"
OTHER = "def add(x, y):\n    result = sum((x, y))\n    return result\n"


def graded(text, value):
    return Draw(text=text, value=value)


@pytest.fixture
def read(evidence):
    """Reads answers: read(greedy, draws, options=Options(...), ...)."""

    def read(greedy, draws, *, options=None, **fields):
        return build(options or Options())(evidence(greedy, draws, **fields))

    return read


def test_near_copies_and_duplicates_are_removed(read):
    draws = [GREEDY, NEAR, FAR, OTHER, FAR, OTHER, GREEDY]
    found = read(GREEDY, draws)
    details = found.details
    assert (details["near_draws"], details["duplicate_draws"]) == ([0, 1, 6], [4, 5, 6])
    assert (details["n_near"], details["n_duplicates"], details["n_left"]) == (3, 2, 2)
    assert found.score == pytest.approx(5 / 7)
    assert (found.flagged, found.n_asked, found.n_used) == (None, 7, 7)
    assert (details["verdict"], details["reason"]) == ("insufficient", "correction")
    assert details["emptied"] is False


def test_tau_is_a_distance_in_tokens_whatever_the_length(read):
    assert read(GREEDY, [NEAR, FAR], options=Options(tau=1)).details["n_near"] == 0
    assert read(GREEDY, [NEAR, FAR], options=Options(tau=2)).details["n_near"] == 1
    assert read(GREEDY, [NEAR, FAR], options=Options(tau=6)).details["n_near"] == 2


def test_right_answers_are_counted_after_each_rule(read):
    draws = [
        graded(GREEDY, 1.0),
        graded(FAR, 0.0),
        graded(OTHER, 1.0),
        graded(OTHER, 1.0),
        Draw(text="x = 1"),
    ]
    details = read(graded(GREEDY, 1.0), draws).details
    counts = {
        name: (details[f"graded_{name}"], details[f"right_{name}"])
        for name in ("raw", "dedupe", "exclude", "left")
    }
    assert counts == {"raw": (4, 3), "dedupe": (3, 2), "exclude": (3, 2), "left": (2, 1)}
    assert details["n_left"] == 3
    assert details["greedy_value"] == 1.0


def test_an_honest_and_deterministic_model_is_emptied(read):
    found = read(graded(GREEDY, 1.0), [graded(GREEDY, 1.0)] * 50)
    assert (found.score, found.details["emptied"]) == (1.0, True)
    assert (found.details["n_left"], found.details["graded_left"], found.details["right_raw"]) == (0, 0, 50)


def test_an_answer_that_goes_on_is_no_copy(read):
    longer = f"{GREEDY}\n# and the same once more, with words\n"
    assert read(GREEDY, [longer]).details["n_near"] == 0
    assert read(GREEDY, [longer], options=Options(cut="greedy")).details["n_near"] == 1
    assert read(GREEDY, [longer], options=Options(preset="published")).details["n_near"] == 1
    assert read(GREEDY, [longer], options=Options(preset="published", cut="cap")).details["n_near"] == 0


def test_equal_code_is_a_duplicate_whatever_was_thought(read):
    draws = [f"<think>{n}</think>\n```python\n{OTHER}```" for n in range(3)]
    assert read(GREEDY, draws).details["duplicate_draws"] == [1, 2]


def test_published_duplicates_are_equal_to_the_letter(read):
    draws = [OTHER, f"{OTHER}\n", OTHER]
    assert read(GREEDY, draws, options=Options(preset="published")).details["duplicate_draws"] == [2]


def test_a_blank_draw_is_a_wrong_answer_and_a_refused_one_is_none(read):
    found = read(GREEDY, [graded("", 0.0), graded(OTHER, 1.0), Draw(reason="refused")], n_asked=5)
    assert (found.n_asked, found.n_used) == (5, 2)
    assert (found.details["graded_left"], found.details["right_left"]) == (2, 1)
    assert (found.details["n_refused"], found.details["n_not_returned"]) == (1, 2)


@pytest.mark.parametrize(
    ("greedy", "draws", "target", "reason"),
    [
        (None, [OTHER], "x", "no_greedy"),
        ("", [OTHER], "x", "no_greedy"),
        (Draw(reason="refused"), [OTHER], "x", "no_greedy"),
        (GREEDY, [], "x", "too_few_samples"),
        (GREEDY, [None, None], "x", "too_few_samples"),
        (GREEDY, [OTHER], "42", "answer_only"),
    ],
)
def test_what_cannot_be_corrected(read, greedy, draws, target, reason):
    about = Sample(id="s1", question="q", answer_type="short_text", target=target)
    found = read(greedy, draws, about=about)
    assert (found.score, found.flagged) == (None, None)
    assert (found.details["verdict"], found.details["reason"]) == ("insufficient", reason)
    assert "n_left" not in found.details


def test_the_settings_are_part_of_the_correction(read):
    details = read(GREEDY, [OTHER], options=Options(tau=3, cut="greedy")).details
    assert (details["tau"], details["cut"], details["tokenizer"]) == (3, "greedy", "regex")
    assert read(GREEDY, [OTHER]).details["cut"] == "cap"
