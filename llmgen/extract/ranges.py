"""What may be answered: the answer range of a sample."""

from __future__ import annotations

import string
from itertools import chain, islice

from llmgen.types import AnswerType, Sample, Struct

NO_VALID_ANSWER = "[No valid answer]"
MATH_RANGE = "a(n) number / set / vector / matrix / interval / expression / function / equation / inequality"


class Range(Struct):
    """The answers that count for one sample.

    `values` are what `Answer.value` may be: letters, texts or labels, verbatim and in order; empty when
    any text counts, and then `description` says which. `texts` are the option texts beside the letters.
    """

    answer_type: AnswerType
    values: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    description: str = ""


def letters(count: int) -> tuple[str, ...]:
    """Names of `count` options by position: A to Z, then AA, AB, ..."""
    alphabet = string.ascii_uppercase
    doubles = (first + second for first in alphabet for second in alphabet)
    return tuple(islice(chain(alphabet, doubles), count))


def range_of(sample: Sample) -> Range:
    """The range of a sample: from its choices, else from `tags["range"]`, else what its type says.

    Options are lettered by position unless `tags["letters"]` names them ("A,B,D").
    """
    kind, choices = sample.answer_type, sample.choices
    if kind == "alphabet_option":
        named = tuple(filter(None, (letter.strip() for letter in sample.tags.get("letters", "").split(","))))
        return Range(
            answer_type=kind,
            values=named if len(named) == len(choices) else letters(len(choices)),
            texts=choices,
        )
    if kind in ("short_text", "categorical_label") and choices:
        return Range(answer_type=kind, values=choices)
    fallback = MATH_RANGE if kind == "math" else "the stated text"
    return Range(answer_type=kind, description=sample.tags.get("range", fallback))
