"""`first-option`: an ordered list of announcements, the first that matches wins (OpenCompass)."""
# ruff: noqa: RUF001  # Chinese punctuation is what is looked for

from __future__ import annotations

import re
from functools import lru_cache

from llmgen.extract.ranges import Range

# X stands for a class of the range's letters.
_ANNOUNCEMENTS = (
    r"答案是?\s*[：:]?\s*(X)",
    r"答案选项应?该?[是为]\s*[：:]?\s*(X)",
    r"答案应该?[是选]\s*(X)",
    r"答案[为选]\s*(X)",
    r"选项?[是为]?\s*[：:]?\s*(X)",
    r"选择?\s*(X)",
    r"故选?\s*(X)",
    r"只有选?项?\s?(X)\s?是?对",
    r"只有选?项?\s?(X)\s?是?[错不]",
    r"说法不?[对错]误?选?项?的?是\s?(X)",
    r"说法不?正确选?项?的?是\s?(X)",
    r"(X)\s?是正确的",
    r"选项\s?(X)\s?正确",
    r"所以答\s?(X)",
    r"所[以有]\s?(X[.。$]?$)",
    r"[\s，：:,](X)[。，,.]?$",
    r"[\s，,：:](?:[故即]|因此)(X)[。.]?$",
    r"[是为。]\s?(X)[。.]?$",
    r"(?:因此|显然)\s?(X)[。.]?$",
    r"答案(?:应该)?[是为]\s?(\S+)(?:。|$)",
    r"(?i:ANSWER)\s*:\s*(X)",
    r"[Tt]he (?:correct )?answer(?: to the question)? is:?\s+(?:option:?\s+)?\(?\*?\*?(X)\*?\*?\)?",
    r"[Tt]he (?:correct )?option is:?\s+\(?\*?\*?(X)\*?\*?\)?",
    r"[Tt]he (?:correct )?(?:answer|option) is:?.*?boxed\{\(?\*?\*?(X)",
    r"^选项\s?(X)",
    r"^(X)\s?选?项",
    r"(?:\s|^)(X)[\s。，,：:.$]",
    r"1\.\s?(.*?)$",
)
_CUSHIONS = (r"(X):", r"(X)")
_BBH_AFTER = re.compile(r"answer is ")
_BBH_PAREN = re.compile(r"\(([A-Z])\)*")
_BBH_CAPITAL = re.compile(r"[A-Z]")


@lru_cache(maxsize=64)
def _patterns(letters: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    inside = f"(?:{'|'.join(map(re.escape, letters))})"
    return tuple(re.compile(text.replace("X", inside), re.DOTALL) for text in (*_ANNOUNCEMENTS, *_CUSHIONS))


def first_option(answers: Range, text: str) -> str | None:
    """The letter of the first pattern that matches anywhere; the last two match any letter at all."""
    if answers.answer_type != "alphabet_option" or not answers.values:
        return None
    text = text.strip()
    for pattern in _patterns(answers.values):
        match = pattern.search(text)
        if match is None:
            continue
        said = match[1] or match[0]
        letter = next((value for value in answers.values if value in said), None)
        if letter is not None:
            return letter
    return None


def first_capital(answers: Range, text: str) -> str | None:
    """The first upper-case character, if it is a letter of the range."""
    if answers.answer_type != "alphabet_option":
        return None
    letter = next((char for char in text if char.isupper()), None)
    return letter if letter in answers.values else None


def bbh(answers: Range, text: str) -> str | None:
    """After the first "answer is " the first parenthesised capital, else the first capital."""
    if answers.answer_type != "alphabet_option":
        return None
    parts = _BBH_AFTER.split(text, maxsplit=1)
    said = parts[-1]
    match = _BBH_PAREN.search(said)
    capital = _BBH_CAPITAL.search(said)
    letter = match[1] if match else capital[0] if capital else None
    return letter if letter in answers.values else None
