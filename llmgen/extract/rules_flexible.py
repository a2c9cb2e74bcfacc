"""`flexible`: the last thing that looks like an answer (lm-evaluation-harness); two OpenCompass readers."""

from __future__ import annotations

import re
import string

from llmgen.extract.ranges import Range

_PARENTHESISED = re.compile(r"(\([A-Z]\))")
_NUMBER = re.compile(r"(-?[$0-9.,]{2,})|(-?[0-9]+)")
_GSM8K_NOISE = re.compile(r"(?s).*#### |,|\$|\.$")
_OC_NUMBER = re.compile(r"\-?\d+\.\d+|\-?\d+")
_BOLD = re.compile(r"\*\*(.*?)\*\*")
_YES_NO = re.compile(r"(yes|no|true|false)\b", re.IGNORECASE)
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def flexible(answers: Range, text: str) -> str | None:
    """The last `(B)`, option text, label or number. Nothing for a described range."""
    if answers.answer_type == "math":
        return _last_number(text)
    if answers.answer_type == "alphabet_option":
        return _last_option(answers, text)
    return _last_word(answers, text) if answers.values else None


def opencompass_number(answers: Range, text: str) -> str | None:
    """OpenCompass's GSM8K reader: the last number before an invented "Question:". It reads 1,234 as 234."""
    if answers.answer_type != "math":
        return flexible(answers, text)
    numbers = _OC_NUMBER.findall(text.partition("Question:")[0])
    return numbers[-1] if numbers else None


def freeform(answers: Range, text: str) -> str | None:
    """OpenCompass's freeform reader: after the last "answer is", the bold part, a leading yes or no."""
    if answers.answer_type in ("math", "alphabet_option"):
        return flexible(answers, text)
    said = text.rpartition("answer is ")[2].partition("\n")[0].strip().removesuffix(".")
    bold = _BOLD.search(said)
    said = bold[1].strip() if bold else said
    leading = _YES_NO.match(said)
    said = leading[1] if leading else said
    if not answers.values:
        return said or None
    return next((value for value in answers.values if value.casefold() == said.casefold()), None)


def _last_number(text: str) -> str | None:
    numbers = [match[0] for match in _NUMBER.finditer(text)]
    return _GSM8K_NOISE.sub("", numbers[-1]) if numbers else None


def _last_option(answers: Range, text: str) -> str | None:
    found = _PARENTHESISED.findall(text)
    if found:
        letter = found[-1].strip("()")
        return letter if letter in answers.values else None
    said = text.lower().translate(_NO_PUNCTUATION)
    texts = [option.lower().translate(_NO_PUNCTUATION) for option in answers.texts]
    known = [re.escape(option) for option in texts if option]
    by_text = re.findall("|".join(known), said) if known else []
    if by_text:
        return answers.values[texts.index(by_text[-1])]
    letters = re.findall(rf":\s*({'|'.join(answers.values)})", text) if answers.values else []
    return letters[-1] if letters else None


def _last_word(answers: Range, text: str) -> str | None:
    ordered = sorted(answers.values, key=len, reverse=True)
    inside = "|".join(re.escape(value) for value in ordered)
    pattern = rf"\b(?:{inside})\b" if all(value.isascii() for value in ordered) else inside
    for flags in (0, re.IGNORECASE):
        found = re.findall(pattern, text, flags)
        if found:
            said = found[-1].casefold()
            return found[-1] if not flags else next(v for v in answers.values if v.casefold() == said)
    return None
