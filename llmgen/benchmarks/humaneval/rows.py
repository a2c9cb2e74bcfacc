"""Problems as HumanEval and MBPP write them, checked, and as samples.

A sample's tags hold what grading needs: `test` (code to run after the answer), `entry_point` (the function's
name) and `prompt` (the code that an answer may go on with; empty where the question is prose).
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from llmgen.benchmarks.rowfiles import Malformed
from llmgen.text import without_surrogates
from llmgen.text.python import compiles, defines
from llmgen.types import Sample, Struct

_CALLED = re.compile(r"\b([A-Za-z_]\w*)\s*\(")


class HumanEvalRow(Struct):
    """`test` defines `check(candidate)`, which is called with the function `entry_point`."""

    task_id: str | int
    prompt: str
    test: str
    entry_point: str
    canonical_solution: str = ""


class MbppRow(Struct):
    """`test_list` are assertions; which function they call follows from them and from `code`."""

    task_id: str | int
    test_list: list[str]
    text: str = ""
    prompt: str = ""
    code: str = ""
    test_setup_code: str = ""
    test_imports: list[str] = []
    challenge_test_list: list[str] = []


def as_sample(row: Any, place: str) -> Sample:  # noqa: ARG001  # ids are in the rows
    """The sample of a decoded row. Raises Malformed: a field missing or of the wrong type, or no use."""
    is_mbpp = isinstance(row, dict) and "test_list" in row
    try:
        if is_mbpp:
            return _of_mbpp(msgspec.convert(row, MbppRow))
        return _of_humaneval(msgspec.convert(row, HumanEvalRow))
    except msgspec.ValidationError as error:
        raise Malformed(str(error)) from error


def _of_humaneval(row: HumanEvalRow) -> Sample:
    if not row.entry_point.isidentifier():
        raise Malformed(f"entry_point {row.entry_point!r} is no name")
    test = f"{row.test}\ncheck({row.entry_point})"
    if not defines(row.test, "check"):
        raise Malformed("test defines no function check")
    return _sample(
        row.task_id, row.prompt, row.canonical_solution, test, entry_point=row.entry_point, prompt=row.prompt
    )


def _of_mbpp(row: MbppRow) -> Sample:
    """The question shows the tests, as the authors' prompt does: they name the function."""
    text = row.text or row.prompt
    tests = [*row.test_imports, row.test_setup_code, *row.test_list, *row.challenge_test_list]
    test = "\n".join(tests).strip("\n")
    if not row.test_list or not compiles(test):
        raise Malformed("test_list holds no Python")
    names = [name for name in _CALLED.findall(row.test_list[0]) if not row.code or defines(row.code, name)]
    if not text.strip() or not names:
        raise Malformed("no text, or no function that the tests call")
    shown = "\n".join(row.test_list)
    question = f"{text.strip()}\nYour code should pass these tests:\n{shown}"
    return _sample(row.task_id, question, row.code, test, entry_point=names[0], prompt="")


def _sample(name: str | int, question: str, solution: str, test: str, **tags: str) -> Sample:
    if not question.strip():
        raise Malformed("the prompt is empty")
    return Sample(
        id=str(name),
        question=without_surrogates(question),
        answer_type="code",
        target=solution or None,
        tags={"test": test, **{key: value for key, value in tags.items() if value}},
    )
