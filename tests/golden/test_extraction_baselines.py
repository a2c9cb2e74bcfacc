"""The regex baselines and the comparator on the labelled public file: the specification's own figures."""

import json

import pytest

from llmgen.extract.comparator import Comparator
from llmgen.extract.ranges import NO_VALID_ANSWER, Range
from llmgen.extract.rules import RULES

TYPES = ("alphabet_option", "math", "short_text", "categorical_label")
FIGURES = {  # right per type, in the order of TYPES
    "strict": (79, 7, 3, 16),
    "strict:cot": (79, 14, 3, 16),
    "strict:mmlu-pro": (79, 7, 3, 16),
    "flexible": (75, 111, 76, 65),
    "flexible:oc": (75, 111, 76, 65),
    "flexible:freeform": (75, 111, 12, 25),
}
OPTIONS_ONLY = {"first-option": (67, 3), "first-option:capital": (50, 1), "first-option:bbh": (86, 1)}


def range_of_row(row):
    listed, kind = row["standard_answer_range"], row["key_answer_type"]
    if isinstance(listed, str):
        return Range(answer_type=kind, description=listed)
    if kind == "alphabet_option":
        return Range(answer_type=kind, values=tuple(r[0] for r in listed), texts=tuple(r[1] for r in listed))
    return Range(answer_type=kind, values=tuple(listed))


@pytest.fixture(scope="module")
def rows(shared_data):
    path = shared_data / "extraction" / "public.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def right_per_type(rows, rule):
    right = dict.fromkeys(TYPES, 0)
    async with Comparator() as comparator:
        for row in rows:
            answers = range_of_row(row)
            value = rule(answers, row["llm_output"]) or None
            same = await comparator.same(answers, value, row["extracted_label"], percent="notation")
            right[row["key_answer_type"]] += bool(same.equal)
    return right


@pytest.mark.parametrize("name", FIGURES)
async def test_strict_and_flexible_reproduce_the_published_rules(rows, name):
    right = await right_per_type(rows, RULES[name])
    for kind, figure in zip(TYPES, FIGURES[name], strict=True):
        assert abs(right[kind] - figure) <= 1, (kind, right)


@pytest.mark.parametrize("name", OPTIONS_ONLY)
async def test_first_option_reproduces_the_published_rules(rows, name):
    figure, tolerance = OPTIONS_ONLY[name]
    options = [row for row in rows if row["key_answer_type"] == "alphabet_option"]
    assert abs((await right_per_type(options, RULES[name]))["alphabet_option"] - figure) <= tolerance


async def test_the_comparator_gives_the_labels_verdicts(rows):
    agree = dict.fromkeys(TYPES, 0)
    async with Comparator() as comparator:
        for row in rows:
            label, gold = row["extracted_label"], row["correct_answer"]
            same = await comparator.same(range_of_row(row), label, gold, question=row["question"])
            assert same.equal is not None, row["id"]
            assert not (same.equal and label == NO_VALID_ANSWER)
            agree[row["key_answer_type"]] += same.equal
    assert agree == {"alphabet_option": 28, "math": 53, "short_text": 62, "categorical_label": 27}
