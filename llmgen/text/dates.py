"""Calendar dates and bare years in folded text, so that a number asked for is not found in a date."""

from __future__ import annotations

import re

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_ONE_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?!\d)"
_DAY = rf"{_ONE_DAY}(?:\s?-\s?{_ONE_DAY})?"
_YEAR = r"(?:19|20)\d\d"
_BARE_YEAR = rf"(?<![\w,.$€£/-]){_YEAR}(?![\w%/]|[,.]\d)"
_DATES = re.compile(
    rf"\b{_MONTH}\s+{_DAY}(?![\w%]|[,.:]\d)(?:,?\s+{_YEAR}\b)?"
    rf"|(?<![\w,.$€£])(?:{_DAY})\s+(?:of\s+)?(?!may\b(?!,?\s+{_YEAR})){_MONTH}"
    rf"(?!\s+{_ONE_DAY}\b)(?:,?\s+{_YEAR}\b)?"
    rf"|\b{_YEAR}[-/.]\d{{1,2}}[-/.]\d{{1,2}}\b"
    rf"|\b\d{{1,2}}[-/.]\d{{1,2}}[-/.]{_YEAR}\b"
    rf"|\b\d{{1,2}}/\d{{1,2}}/\d\d\b"
    rf"|{_BARE_YEAR}"
)
_IS_YEAR = re.compile(_YEAR)


def without_dates(folded: str) -> str:
    """`folded` with calendar dates ("september 30, 2024", "30 september", "2024-09-30") and years blanked.

    "30 may" needs a year behind it: otherwise it is rather thirty that may.
    """
    return _DATES.sub(" ", folded)


def is_year(folded: str) -> bool:
    """Whether the whole folded text is a bare year (1900..2099)."""
    return _IS_YEAR.fullmatch(folded) is not None
