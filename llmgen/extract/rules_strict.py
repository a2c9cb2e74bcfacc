"""`strict`: the announced answer and nothing else (lm-evaluation-harness, flan, GSM8K and MMLU-Pro tasks)."""

from __future__ import annotations

import re
import string

from llmgen.extract.ranges import Range

_OPTION = re.compile(
    r"(?<=The answer is )(.*)(?=.)|(?<=answer is )(.*)(?=.)"
    r"|(?<=The answer: )(.*)(?=.)|(?<=The final answer: )(.*)(?=.)"
)
_TEXT = re.compile(r"(?<=[Tt]he answer is )(.*)(?=.)")
_HASHES = re.compile(r"#### (\-?[0-9\.\,]+)")
_COT = re.compile(r"The answer is (\-?[0-9\.\,]+)\.")
_MMLU_PRO = re.compile(r"answer is \(?([ABCDEFGHIJ])\)?")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def strict(answers: Range, text: str) -> str | None:
    """The first announced answer. The look-ahead drops the last character of the line, as upstream does."""
    if answers.answer_type == "math":
        return _first(_HASHES, text)
    if answers.answer_type == "alphabet_option":
        match = _OPTION.search(text)
        letter = match[0].translate(_NO_PUNCTUATION).strip().upper() if match else ""
        return letter if letter in answers.values else None
    found = _first(_TEXT, text)
    if found is None or not answers.values:
        return found
    said = found.strip().removesuffix(".").casefold()
    return next((value for value in answers.values if value.casefold() == said), None)


def cot(answers: Range, text: str) -> str | None:
    """`strict` with the number of "The answer is 12." for math."""
    return _first(_COT, text) if answers.answer_type == "math" else strict(answers, text)


def mmlu_pro(answers: Range, text: str) -> str | None:
    """`strict` with MMLU-Pro's "answer is (B)" for options."""
    if answers.answer_type != "alphabet_option":
        return strict(answers, text)
    letter = _first(_MMLU_PRO, text)
    return letter if letter in answers.values else None


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None
