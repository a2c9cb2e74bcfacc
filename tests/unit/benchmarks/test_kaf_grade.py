"""How KAF scores the readings of one output."""

import pytest

from llmgen.assets import asset_dir
from llmgen.benchmarks.base import Context
from llmgen.benchmarks.kaf.benchmark import load
from llmgen.benchmarks.kaf.options import Options
from llmgen.errors import UsageError
from llmgen.extract.comparators import open_comparators
from llmgen.types import Answer, Completion, Sample

TEXT = Completion(texts=("",), finish_reasons=(None,), model="recorded")
OPTIONS = Sample(
    id="o", question="q", answer_type="alphabet_option", choices=("x", "y"), target="B", tags={"label": "A"}
)
NOTHING = Sample(
    id="n",
    question="q",
    answer_type="alphabet_option",
    choices=("x", "y"),
    target="B",
    tags={"label": "[No valid answer]"},
)
MATH = Sample(id="m", question="What percent?", answer_type="math", target="60", tags={"label": "60%"})


@pytest.fixture
async def kaf():
    comparators, close = open_comparators()

    def loaded(**options):
        context = Context(model="recorded", datasets=asset_dir("datasets"), comparators=comparators)
        return load(Options(**options), context)

    yield loaded
    await close()


def read(value, name="e"):
    kind = "no_valid_answer" if value is None else "answered"
    return Answer(kind=kind, value=value, extractor=name)


@pytest.mark.parametrize(
    ("sample", "value", "right", "verdict"),
    [
        (OPTIONS, "A", 1.0, 1.0),
        (OPTIONS, "B", 0.0, 0.0),  # it would be graded as correct, the label is not
        (OPTIONS, None, 0.0, 1.0),  # lenient: no answer is as wrong as the label
        (NOTHING, None, 1.0, 1.0),
        (NOTHING, "A", 0.0, 1.0),
        (NOTHING, "B", 0.0, 0.0),
        (MATH, "60", 1.0, 1.0),
        (MATH, "6", 0.0, 0.0),
    ],
)
async def test_a_reading_against_label_and_gold(kaf, sample, value, right, verdict):
    grade = await kaf().grade(sample, [read(value)], TEXT)
    assert grade.scores == {"by:e": right, "verdict:e": verdict}
    assert (grade.value, grade.outcome) == (right, "correct" if right else "wrong")


async def test_pairs_are_compared_in_value(kaf):
    answers = [read("1,000", "a"), read("1000.0", "b"), read(None, "c"), read(None, "d")]
    sample = Sample(id="m", question="q", answer_type="math", target="7", tags={"label": "1000"})
    scores = (await kaf().grade(sample, answers, TEXT)).scores
    assert {name: value for name, value in scores.items() if name.startswith("same:")} == {
        "same:a|b": 1.0, "same:a|c": 0.0, "same:a|d": 0.0, "same:b|c": 0.0, "same:b|d": 0.0, "same:c|d": 1.0,
    }  # fmt: skip


async def test_a_failed_extractor_leaves_the_item_to_a_resume_and_the_others_their_scores(kaf):
    failed = Answer(kind="error", extractor="x", reason="timeout")
    grade = await kaf().grade(OPTIONS, [read("A"), failed], TEXT)
    assert (grade.outcome, grade.value, grade.reason) == ("error", None, "x: timeout")
    assert grade.scores == {
        "by:e": 1.0, "verdict:e": 1.0, "by:x": None, "verdict:x": None, "same:e|x": None,
    }  # fmt: skip


async def test_a_verdict_without_a_value_is_judged_by_its_word(kaf):
    said = Answer(kind="answered", extractor="j", reason="incorrect")
    grade = await kaf().grade(OPTIONS, [said], TEXT)
    assert grade.scores == {"by:j": None, "verdict:j": 1.0}
    assert (grade.outcome, grade.value) == ("correct", 1.0)


async def test_an_expression_that_cannot_be_compared_is_an_error(kaf):
    sample = Sample(id="m", question="q", answer_type="math", target="1", tags={"label": "5^{5^{5^{5}}}"})
    grade = await kaf().grade(sample, [read("x+1")], TEXT)
    assert grade.outcome == "error"
    assert grade.value is None


async def test_the_published_comparator_can_be_chosen(kaf):
    sample = Sample(id="m", question="q", answer_type="math", target="12", tags={"label": "12"})
    ours = await kaf().grade(sample, [read("1,2")], TEXT)
    theirs = await kaf(comparator="xfinder").grade(sample, [read("1,2")], TEXT)
    assert (ours.value, theirs.value) == (0.0, 1.0)


def test_disagree_names_two(kaf):
    with pytest.raises(UsageError, match="two extractors"):
        kaf(disagree=("a",))
