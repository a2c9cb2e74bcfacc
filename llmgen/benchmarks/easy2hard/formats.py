"""The fields of the six sets, as Easy2Hard-Bench has them.

`split`, `id` (amc, gsm8k, winogrande) and `solution` (codeforces, a Python program) are ours and optional.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from llmgen.benchmarks.easy2hard.options import SetName
from llmgen.benchmarks.rowfiles import Malformed
from llmgen.types import Struct

Scalar: TypeAlias = str | int | float
Texts: TypeAlias = list[str] | str


class Row(Struct, frozen=True, kw_only=True):
    """What rows of all sets have."""

    rating: float | None = None
    rating_std: float | None = None
    rating_quantile: float | None = None


class AmcRow(Row):
    """American Mathematics Competitions; what tells a contest's problems apart goes into the key."""

    problem: str
    answer: Scalar | None = None
    solution: str | None = None
    id: Scalar | None = None
    contest: Scalar | None = None
    subtest: Scalar | None = None
    year: Scalar | None = None
    month: Scalar | None = None
    index: Scalar | None = None


class CodeforcesRow(Row):
    """Programming problems: `inputs` and `answers` are hidden tests, texts of stdin and stdout."""

    problem_main: str
    contest_id: Scalar
    problem_index: Scalar
    problem_name: str | None = None
    problem_note: str | None = None
    input_spec: str | None = None
    output_spec: str | None = None
    sample_inputs: Texts | None = None
    sample_outputs: Texts | None = None
    inputs: Texts | None = None
    answers: Texts | None = None
    solution: str | None = None


class LichessRow(Row):
    """Chess puzzles: the best move in a position. Of several moves the first one counts."""

    fen: str
    puzzle_id: Scalar
    pgn: str | None = None
    answer_san: Texts | None = None
    answer_uci: Texts | None = None


class Gsm8kRow(Row):
    """Word problems: the answer follows `####` behind its explanation."""

    question: str
    answer: Scalar | None = None
    id: Scalar | None = None


class Choices(Struct):
    """Options of a question with their labels."""

    label: list[str]
    text: list[str]


class ArcRow(Row):
    """Science questions with options."""

    question: str
    choices: Choices
    id: Scalar
    answerKey: str | None = None  # noqa: N815  # the field's name


class WinograndeRow(Row):
    """A sentence with a blank (`_`) and two names for it; `answer` is "1" or "2"."""

    sentence: str
    option1: str
    option2: str
    answer: Scalar | None = None
    id: Scalar | None = None


def set_of(row: Any) -> SetName:
    """The set that a decoded row is of. Raises Malformed when it is of none."""
    if not isinstance(row, Mapping):
        raise Malformed("not an object")
    marks: dict[str, SetName] = {
        "fen": "lichess",
        "problem_main": "codeforces",
        "choices": "arc",
        "sentence": "winogrande",
        "problem": "amc",
        "question": "gsm8k",
    }
    for field, name in marks.items():
        if field in row:
            return name
    raise Malformed(f"none of the six sets has the fields {', '.join(map(str, list(row)[:8])) or '(none)'}")
