"""pinpoint under bad input, its determinism, its cost, and what it needs to run."""
# ruff: noqa: E501  # one case is one cell

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmgen.extract import EXTRACTORS
from llmgen.extract.pinpoint import Reader
from llmgen.extract.pinpoint.ranker import WEIGHTS_FILE, load
from llmgen.extract.ranges import Range, letters
from llmgen.types import Sample

OPTIONS = Range(answer_type="alphabet_option", values=("A", "B", "C"), texts=("Oslo", "Bonn", "Rome"))
LABELS = Range(answer_type="categorical_label", values=("yes", "no"))
MATH = Range(answer_type="math", description="a(n) number")
STATED = Range(answer_type="short_text", description="the words in order")
FREE, CODE = Range(answer_type="free"), Range(answer_type="code")
ALL = (OPTIONS, LABELS, MATH, STATED, FREE, CODE)
LOAD = "import sys, llmgen.extract.pinpoint as p; p.build(); print('numpy' in sys.modules, 'sympy' in sys.modules)"


@pytest.fixture(scope="module")
def reader():
    return Reader()


@pytest.mark.parametrize(
    "text",
    ["\0", "\0B\0", "\ud800", "\u202eB\u202c", "\u200b" * 50, "(" * 9_999, "{" * 9_999, '"answer": "', "\\boxed{" * 500,
     "```json\n{" * 200, "9" * 20_000, "1,000" + ",000" * 5_000, "$" * 5_000, "<think>" * 500, "\n" * 9_999, "İ" * 300],
)  # fmt: skip
def test_malformed_text_is_read_or_not_but_never_raises(reader, text):
    for answers in ALL:
        read = reader.read(answers, "Which one?", text)
        assert 0 <= read.confidence <= 1
        assert (read.value is None) == bool(read.reason)
        assert read.value is None or not answers.values or read.value in answers.values


@given(st.text(max_size=300), st.text(max_size=100))
@settings(deadline=None)
def test_any_text_and_question(text, question):
    for answers in ALL:
        value = Reader().read(answers, question, text).value
        assert value is None or not answers.values or value in answers.values


def test_invisible_marks_do_not_hide_the_letter(reader):
    assert reader.read(OPTIONS, "", "The answer is \u202eB\u202c\u200b.").value == "B"
    assert reader.read(OPTIONS, "", "The answer\0 is B\0.").value == "B"


def test_thirty_options(reader):
    answers = Range(
        answer_type="alphabet_option", values=letters(30), texts=tuple(f"town {n}" for n in range(30))
    )
    assert reader.read(answers, "", "The answer is (AC).").value == "AC"
    assert reader.read(answers, "", "It must be town 7.").value == "H"
    assert reader.read(answers, "", "The answer is (AE).").value is None


def test_duplicate_texts_need_the_letter(reader):
    answers = Range(answer_type="alphabet_option", values=("A", "B", "C"), texts=("Oslo", "Oslo", "Rome"))
    read = reader.read(answers, "", "The answer is Oslo.")
    assert (read.value, read.reason) == (None, "ambiguous_text")
    assert reader.read(answers, "", "The answer is (B) Oslo.").value == "B"
    assert reader.read(answers, "", "The answer is Rome.").value == "C"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("The answer is A and C.", None),
        ("I cannot answer this.", None),
        ("The answer is E.", None),
    ],
)
def test_abstention_says_why(reader, text, reason):
    read = reader.read(OPTIONS, "", text)
    assert read.value is None
    assert read.reason == reason if reason else read.reason


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Here they are:\n\nape bee cat", "ape bee cat"),
        ('{"answer": "ape bee cat"}', "ape bee cat"),
        ("Sorted words: ape bee cat.", "ape bee cat"),
        ("I cannot sort them.", None),
        ("", None),
    ],
)
def test_described_ranges(reader, text, value):
    assert reader.read(STATED, "Sort: cat ape bee", text).value == value


def test_code_and_free_text(reader):
    assert reader.read(CODE, "", "Sure:\n```python\nx = 1\n```\nDone.").value == "x = 1"
    assert reader.read(FREE, "", " so be it </s>").value == "so be it"


async def test_the_extractor_says_what_read_the_answer():
    sample = Sample(id="1", question="Which town?", answer_type="alphabet_option", choices=("Oslo", "Bonn"))
    answer = await EXTRACTORS.load("pinpoint")()(sample, "The answer is (B).")
    assert (answer.kind, answer.value, answer.extractor) == ("answered", "B", "pinpoint")
    assert answer.method == f"pinpoint@{load().digest}"
    assert answer.confidence is not None
    assert answer.confidence > 0.9


def test_the_same_bytes_give_the_same_answer_and_confidence():
    texts = ["The answer is (B).", "A or B", "so 3 + 4 = 7", "no, yes"]
    reads = [[Reader().read(answers, "q", text) for answers in ALL for text in texts] for _ in range(2)]
    assert reads[0] == reads[1]


def test_weights_are_small():
    assert WEIGHTS_FILE.stat().st_size <= 200_000
    assert WEIGHTS_FILE.with_suffix(".md").is_file()


def test_it_loads_without_numpy_and_sympy():
    result = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    "piece",
    [
        "so A is 12 ",
        "The answer is (B). ",
        "\n(A) Oslo\n",
        "1+2=3 ",
        "x^2+1, ",
        '"answer": "A", ',
        "答案是A。",
        "\\boxed{",
        "$a$ ",
        "\n",
    ],
)
def test_a_megabyte_is_read_in_bounded_time(reader, piece):
    text = piece * (1_000_000 // len(piece))
    for answers in (OPTIONS, LABELS, MATH, STATED):
        best = min(_seconds(reader, answers, text) for _ in range(3))
        assert best < 0.2  # twice the bar of 100 ms: the machine is shared


def test_cost_is_linear_in_length(reader):
    text = "We know that (A) Oslo is a town, and 12 + 3 = 15. It is not Bonn.\n" * 120
    for answers in (OPTIONS, MATH):
        once = min(_seconds(reader, answers, text) for _ in range(7))
        eight = min(_seconds(reader, answers, text * 8) for _ in range(5))
        assert eight / once < 16  # a quadratic cost would be 64 times as high


def _seconds(reader, answers, text):
    started = time.thread_time()
    reader.read(answers, "Which one?", text)
    return time.thread_time() - started
