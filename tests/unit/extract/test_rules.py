"""The regex baselines read what upstream reads, faults included."""

import pytest

from llmgen.extract import EXTRACTORS
from llmgen.extract.rules import RULES
from llmgen.types import Sample

OPTIONS = Sample(id="1", question="", answer_type="alphabet_option", choices=("Oslo", "Bonn", "Rome", "Kyiv"))
MATH = Sample(id="1", question="", answer_type="math")
LABEL = Sample(id="1", question="", answer_type="categorical_label", choices=("True", "False"))
DESCRIBED = Sample(id="1", question="", answer_type="short_text", tags={"range": "the words"})


@pytest.mark.parametrize(
    ("name", "sample", "text", "value"),
    [
        ("strict", OPTIONS, "The answer is B.", "B"),
        ("strict", OPTIONS, "The answer is B", None),  # the look-ahead takes the last character
        ("strict", OPTIONS, "The answer is (b).", "B"),
        ("strict", MATH, "so\n#### 1,234", "1,234"),
        ("strict", LABEL, "the answer is False..", "False"),
        ("strict", DESCRIBED, "The answer is ape bee.", "ape bee"),
        ("strict:cot", MATH, "The answer is 12.5.", "12.5"),
        ("strict:mmlu-pro", OPTIONS, "answer is (C", "C"),
        ("flexible", OPTIONS, "(A) or (B)", "B"),
        ("flexible", OPTIONS, r"\boxed{A}", None),
        ("flexible", OPTIONS, "it is rome, Italy", "C"),
        ("flexible", OPTIONS, "choice: D", "D"),
        ("flexible", MATH, "costs $1,234.", "1234"),
        ("flexible", MATH, "12 ...", ".."),  # bare punctuation passes for a number
        ("flexible", LABEL, "True? no: false", "True"),  # spelled exactly comes first
        ("flexible", DESCRIBED, "ape bee", None),
        ("flexible:oc", MATH, "it is 1,234\nQuestion: 5", "234"),
        ("flexible:freeform", LABEL, "So the answer is **false**.", "False"),
        ("first-option", OPTIONS, "答案是C", "C"),
        ("first-option", OPTIONS, "The correct answer is: (D) Kyiv", "D"),
        ("first-option", OPTIONS, "A man cannot know", "A"),  # the cushion
        ("first-option:capital", OPTIONS, "so B or C", "B"),
        ("first-option:bbh", OPTIONS, "the answer is (C), not A", "C"),
    ],
)
async def test_reading(name, sample, text, value):
    answer = await EXTRACTORS.load(name)()(sample, text)
    assert answer.value == value
    assert answer.kind == ("answered" if value else "no_valid_answer")
    assert answer.extractor == name
    assert answer.method.startswith(f"{name}@")


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("text", ["", "\0", "\ud800 A", "\u202e(B)\u202c", "A" * 100_000, "(" * 5_000])
async def test_malformed_text_does_not_crash(name, text):
    for sample in (OPTIONS, MATH, LABEL, DESCRIBED, Sample(id="1", question="", answer_type="free")):
        answer = await EXTRACTORS.load(name)()(sample, text)
        assert answer.kind in ("answered", "no_valid_answer")
