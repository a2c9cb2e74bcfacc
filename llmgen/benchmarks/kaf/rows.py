"""A labelled row as other programs write it, checked, and as a sample (specification, section 1.1)."""

from __future__ import annotations

import ast
import string
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import msgspec

from llmgen.benchmarks.rowfiles import Malformed
from llmgen.text import without_surrogates
from llmgen.types import AnswerType, Sample, Struct

NO_VALID_ANSWER = "[No valid answer]"
MOST_OPTIONS = 30

Scalar: TypeAlias = str | bool | int | float
_Listed: TypeAlias = list[Scalar | list[Scalar]]


class Row(Struct):
    """One row: fields that have two names upstream, values that may be text or numbers."""

    question: str
    llm_output: str
    key_answer_type: Literal["alphabet_option", "short_text", "categorical_label", "math"]
    standard_answer_range: str | _Listed
    correct_answer: Scalar
    extracted_label: Scalar
    id: Scalar | None = None
    model_name: str | None = None
    model: str | None = None
    dataset: str = ""
    source_repo: str = ""
    licence: str = ""
    label_method: str = ""
    tags: Annotated[list[str], msgspec.Meta(description="names of slices")] = []


class Item(NamedTuple):
    """A sample, its recorded output beside it. The label is `sample.tags["label"]`."""

    sample: Sample
    output: str


def as_item(row: Any, place: str) -> Item:
    """The item in a decoded row at `place` (`file:line`), which is its id when it has none of its own.

    Raises Malformed: a field missing or of the wrong type, a range that cannot be read, a label outside it.
    """
    try:
        checked = msgspec.convert(row, Row)
    except msgspec.ValidationError as error:
        raise Malformed(str(error)) from error
    kind: AnswerType = checked.key_answer_type
    listed = _range(checked)
    label, gold = str(checked.extracted_label).strip(), str(checked.correct_answer)
    model = checked.model_name or checked.model or ""
    tags = {
        "label": label,
        "dataset": checked.dataset,
        "model": model,
        "source_repo": checked.source_repo,
        "licence": checked.licence,
        "label_method": checked.label_method,
        "tags": ",".join(checked.tags),
        "cluster": " x ".join(filter(None, (checked.source_repo, model))),
    }
    values: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    if isinstance(listed, str):
        tags["range"] = listed
    elif kind == "alphabet_option":
        values, choices = _options(listed)
        if values != tuple(string.ascii_uppercase[: len(values)]):
            tags["letters"] = ",".join(values)
    else:
        values = choices = _texts(listed)
    tags["label"] = _label(label, values)
    sample = Sample(
        id=str(checked.id) if checked.id is not None else place,
        question=without_surrogates(checked.question),
        answer_type=kind,
        target=gold,
        choices=choices,
        tags={name: value for name, value in tags.items() if value},
    )
    return Item(sample, checked.llm_output)


def _range(row: Row) -> str | _Listed:
    """The range: a list (also one written as a Python literal), or a description."""
    listed = row.standard_answer_range
    kind = row.key_answer_type
    if isinstance(listed, str) and listed.lstrip().startswith("[") and kind != "math":
        try:
            listed = msgspec.convert(ast.literal_eval(listed.strip()), _Listed)
        except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
            raise Malformed("standard_answer_range is no list that can be read") from error
    if isinstance(listed, str):
        if kind in {"alphabet_option", "categorical_label"}:
            raise Malformed(f"standard_answer_range of {kind} must be a list")
        if not listed.strip():
            raise Malformed("standard_answer_range is empty")
        return listed
    if kind == "math":
        raise Malformed("standard_answer_range of math must be a description")
    if not listed:
        raise Malformed("standard_answer_range is empty")
    return listed


def _options(listed: _Listed) -> tuple[tuple[str, ...], tuple[str, ...]]:
    pairs = [pair for pair in listed if isinstance(pair, list) and len(pair) == 2]  # noqa: PLR2004  # letter, text
    if len(pairs) != len(listed):
        raise Malformed("standard_answer_range of alphabet_option must hold [letter, text] pairs")
    if len(pairs) > MOST_OPTIONS:
        raise Malformed(f"{len(pairs)} options, at most {MOST_OPTIONS} can be read")
    letters = tuple(str(letter).strip() for letter, _ in pairs)
    if any(not letter or "," in letter for letter in letters) or len(set(letters)) < len(letters):
        raise Malformed("the letters of standard_answer_range must be different names")
    return letters, tuple(without_surrogates(str(text)) for _, text in pairs)


def _texts(listed: _Listed) -> tuple[str, ...]:
    if any(isinstance(value, list) for value in listed):
        raise Malformed("standard_answer_range must hold texts")
    return tuple(without_surrogates(str(value)) for value in listed)


def _label(label: str, values: tuple[str, ...]) -> str:
    if label.casefold() == NO_VALID_ANSWER.casefold():
        return NO_VALID_ANSWER
    if not label:
        raise Malformed(f"extracted_label is empty: a reading, or {NO_VALID_ANSWER}")
    if values and label not in values:
        raise Malformed(f"extracted_label {label!r} is outside its range")
    return label
