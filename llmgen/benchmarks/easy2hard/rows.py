"""Rows of the six sets, checked, each as an item: what is asked, what is right, and how hard it is."""

from __future__ import annotations

import re
from typing import Any, NoReturn

import msgspec

from llmgen.benchmarks.easy2hard.formats import (
    AmcRow,
    ArcRow,
    CodeforcesRow,
    Gsm8kRow,
    LichessRow,
    Row,
    Scalar,
    Texts,
    WinograndeRow,
)
from llmgen.benchmarks.easy2hard.options import SetName
from llmgen.benchmarks.easy2hard.program import cases_of
from llmgen.benchmarks.rowfiles import Malformed
from llmgen.text import without_surrogates
from llmgen.types import AnswerType, Struct, content_hash

MOST_CHOICES = 26
_CALCULATION = re.compile(r"<<[^<>]*>>")
_LETTERS = re.compile(r"\w{1,3}")


class Unusable(ValueError):
    """The row is well formed but cannot be used: its difficulty or its answer is missing."""


class Item(Struct):
    """One row. `key` is unique within its set; `question` is all that is asked, options included.

    `worked` is the answer as an example shows it, "" where the row brings none. `tags` are for the grader.
    """

    set: SetName
    key: str
    question: str
    answer_type: AnswerType
    target: str | None
    rating: float
    rating_std: float | None
    rating_quantile: float | None
    choices: tuple[str, ...] = ()
    worked: str = ""
    tags: dict[str, str] = {}

    @property
    def id(self) -> str:
        """The sample's id when it is asked without examples."""
        return f"easy2hard/{self.set}/{self.key}"


def as_item(name: SetName, row: Any) -> Item:
    """The item of a decoded row of the set `name`.

    Raises Unusable without a rating in [0, 1] or an answer, Malformed when fields are missing or wrong.
    """
    kind, make = _SETS[name]
    try:
        checked = msgspec.convert(row, kind)
    except msgspec.ValidationError as error:
        raise Malformed(f"{name}: {error}") from error
    if checked.rating is None:
        raise Unusable("no rating")
    if not 0 <= checked.rating <= 1:
        raise Unusable("a rating outside [0, 1]")
    made: Item = make(checked)
    if not made.question.strip():
        raise Malformed(f"{name}: nothing is asked")
    return made


def _of_amc(row: AmcRow) -> Item:
    answer = _text(row.answer)
    if not answer:
        _no_answer()
    parts = (row.contest, row.subtest, row.year, row.month, row.index)
    key = _text(row.id) or content_hash([row.problem, *(_text(part) for part in parts)])[:12]
    worked = f"{row.solution.strip()}\nAnswer: {answer}" if row.solution else f"Answer: {answer}"
    return _item("amc", row, key, row.problem, "math", target=answer, worked=worked)


def _of_gsm8k(row: Gsm8kRow) -> Item:
    said, _, stated = _text(row.answer).rpartition("####")
    answer = stated.strip().replace(",", "")
    if not answer:
        _no_answer()
    said = _CALCULATION.sub("", said).strip()
    key = _text(row.id) or content_hash(row.question)[:12]
    worked = f"{said}\nAnswer: {answer}" if said else f"Answer: {answer}"
    return _item("gsm8k", row, key, row.question, "math", target=answer, worked=worked)


def _of_arc(row: ArcRow) -> Item:
    labels, texts = [label.strip() for label in row.choices.label], row.choices.text
    if len(labels) != len(texts) or not 2 <= len(texts) <= MOST_CHOICES:  # noqa: PLR2004  # a choice
        raise Malformed("arc: choices need as many labels as texts, from 2 to 26")
    if len(set(labels)) < len(labels) or not all(map(_LETTERS.fullmatch, labels)):
        raise Malformed("arc: the labels of choices must be different letters or digits")
    answer = (row.answerKey or "").strip()
    if not answer:
        _no_answer()
    if answer not in labels:
        raise Malformed(f"arc: answerKey {answer!r} is none of {', '.join(labels)}")
    return _chosen("arc", row, str(row.id), row.question, labels, texts, answer)


def _of_winogrande(row: WinograndeRow) -> Item:
    answer = _text(row.answer)
    if not answer:
        _no_answer()
    if answer not in {"1", "2"}:
        raise Malformed(f"winogrande: answer {answer!r} is neither 1 nor 2")
    if "_" not in row.sentence:
        raise Malformed("winogrande: the sentence has no blank (_)")
    key = _text(row.id) or content_hash([row.sentence, row.option1, row.option2])[:12]
    options = [row.option1, row.option2]
    return _chosen("winogrande", row, key, row.sentence, ["A", "B"], options, "AB"[int(answer) - 1])


def _of_lichess(row: LichessRow) -> Item:
    san, uci = (_first(moves) for moves in (row.answer_san, row.answer_uci))
    answer = san or uci
    if not answer:
        _no_answer()
    side = {"w": "White", "b": "Black"}.get(([*row.fen.split(), "", ""])[1])
    if side is None:
        raise Malformed("lichess: the fen does not say whose move it is")
    played = f"Moves so far: {row.pgn.strip()}\n" if row.pgn and row.pgn.strip() else ""
    question = f"{played}Position (FEN): {row.fen.strip()}\n{side} to move."
    tags = {"fen": row.fen.strip(), "san": san, "uci": uci, "range": "a chess move"}
    return _item(
        "lichess",
        row,
        str(row.puzzle_id),
        question,
        "short_text",
        target=answer,
        worked=f"Answer: {answer}",
        tags={name: value for name, value in tags.items() if value},
    )


def _of_codeforces(row: CodeforcesRow) -> Item:
    shown = list(zip(_list(row.sample_inputs), _list(row.sample_outputs), strict=False))
    tests = cases_of(shown, list(zip(_list(row.inputs), _list(row.answers), strict=False)))
    if tests is None:
        _no_answer()
    parts = [
        row.problem_name or "",
        row.problem_main,
        f"Input: {row.input_spec}" if row.input_spec else "",
        f"Output: {row.output_spec}" if row.output_spec else "",
        *(f"Example input:\n{given.strip()}\nExample output:\n{wanted.strip()}" for given, wanted in shown),
        f"Note: {row.problem_note}" if row.problem_note else "",
    ]
    solution = (row.solution or "").strip("\n")
    return _item(
        "codeforces",
        row,
        f"{row.contest_id}{row.problem_index}",
        "\n\n".join(part.strip() for part in parts if part.strip()),
        "code",
        target=solution or None,
        worked=f"```python\n{solution}\n```" if solution else "",
        tags={"tests": tests},
    )


_SETS: dict[SetName, tuple[type[Row], Any]] = {
    "amc": (AmcRow, _of_amc),
    "codeforces": (CodeforcesRow, _of_codeforces),
    "lichess": (LichessRow, _of_lichess),
    "gsm8k": (Gsm8kRow, _of_gsm8k),
    "arc": (ArcRow, _of_arc),
    "winogrande": (WinograndeRow, _of_winogrande),
}
SETS: tuple[SetName, ...] = tuple(_SETS)


def _chosen(  # noqa: PLR0913, PLR0917  # the parts of a question with options
    name: SetName, row: Row, key: str, asked: str, labels: list[str], texts: list[str], answer: str
) -> Item:
    options = [f"{label}. {text.strip()}" for label, text in zip(labels, texts, strict=True)]
    return _item(
        name,
        row,
        key,
        "\n".join([asked.strip(), *options]),
        "alphabet_option",
        target=answer,
        choices=tuple(without_surrogates(text.strip()) for text in texts),
        worked=f"Answer: {answer}",
        tags={"letters": ",".join(labels)},
    )


def _item(  # the parts of an item
    name: SetName, row: Row, key: str, question: str, answer_type: AnswerType, **more: Any
) -> Item:
    return Item(
        set=name,
        key=key,
        question=without_surrogates(question.strip()),
        answer_type=answer_type,
        rating=row.rating or 0.0,
        rating_std=row.rating_std,
        rating_quantile=row.rating_quantile,
        **more,
    )


def _no_answer() -> NoReturn:
    raise Unusable("no answer")


def _text(value: Scalar | None) -> str:
    return "" if value is None else str(value).strip()


def _list(values: Texts | None) -> list[str]:
    return [values] if isinstance(values, str) else values or []


def _first(moves: Texts | None) -> str:
    listed = moves.split() if isinstance(moves, str) else moves or []
    return listed[0].strip() if listed else ""
