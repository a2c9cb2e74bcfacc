"""Into the range: every option form, nothing fuzzy, duplicates never guessed."""

# ruff: noqa: RUF001, E501  # full-width letters on purpose; one case is one cell
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmgen.extract.normalise import into_range
from llmgen.extract.ranges import Range, letters, range_of
from llmgen.types import Sample

CITIES = Range(
    answer_type="alphabet_option", values=("A", "B", "C", "D"), texts=("Oslo", "1.0", "A man", "Bonn (old)")
)
LABELS = Range(answer_type="categorical_label", values=("婚姻家庭", "yes", "No way"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A", "A"), ("a", "A"), ("(A)", "A"), ("A.", "A"), ("A: Oslo", "A"), ("**A**", "A"), (r"\text{A}", "A"),
        (r"$\boxed{\text{A}}$", "A"), ("Option A", "A"), ("选项B", "B"), ("Ａ", "A"), ("oslo", "A"), ('"Oslo."', "A"),
        ("1", "B"), ("1.00", "B"), ("A man", "C"), ("A) Oslo", "A"), ("B Oslo", "B"), ("D. Bonn (old)", "D"),
        ("E", None), ("Osl", None), ("A woman", None), ("", None), ("[No valid answer]", None), ("2", None),
    ],
)  # fmt: skip
def test_options(text, value):
    assert into_range(CITIES, text).value == value


def test_a_letter_beats_a_text_that_belongs_to_another_option():
    assert into_range(CITIES, "B: Oslo") == ("B", "", True)


def test_duplicate_texts_need_the_letter():
    answers = Range(answer_type="alphabet_option", values=("A", "B", "C"), texts=("Oslo", "oslo", "Bonn"))
    assert into_range(answers, "Oslo") == (None, "ambiguous_text", False)
    assert into_range(answers, "B. oslo").value == "B"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("婚姻家庭", "婚姻家庭"),
        ("【婚姻家庭】。", "婚姻家庭"),
        ("Yes!", "yes"),
        ("no way", "No way"),
        ("y", None),
    ],
)
def test_labels(text, value):
    assert into_range(LABELS, text).value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$1,234", "1234"),
        ("18 eggs", "18"),
        ("60%", "60%"),
        ("243/2", "243/2"),
        (r"\frac{1}{2}", r"\frac{1}{2}"),
        ("101! + 102", "101! + 102"),
    ],
)
def test_math_keeps_its_notation_and_loses_units(text, value):
    assert into_range(Range(answer_type="math"), text).value == value


def test_ranges_of_samples():
    options = Sample(id="1", question="", answer_type="alphabet_option", choices=tuple("xyz"))
    assert range_of(options).values == ("A", "B", "C")
    named = Sample(
        id="1", question="", answer_type="alphabet_option", choices=tuple("xyz"), tags={"letters": "B,D,E"}
    )
    assert range_of(named).values == ("B", "D", "E")
    described = Sample(id="1", question="", answer_type="short_text", tags={"range": "the words"})
    assert (range_of(described).values, range_of(described).description) == ((), "the words")
    assert letters(30)[25:28] == ("Z", "AA", "AB")


@given(st.text(max_size=200))
def test_any_text_maps_or_does_not_and_never_raises(text):
    for answers in (CITIES, LABELS, Range(answer_type="math"), Range(answer_type="short_text")):
        value = into_range(answers, text).value
        assert value is None or not answers.values or value in answers.values
