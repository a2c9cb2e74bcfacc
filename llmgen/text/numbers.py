"""Numbers in words and scales to plain decimals: "seven million" and "7 million" are 7000000."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Context, Decimal

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: value for value, word in enumerate(_ONES.split())}
_WORDS |= {word: 10 * value for value, word in enumerate(_TENS.split(), 2)}
_WORDS |= {
    f"{tens}-{ones}": _WORDS[tens] + _WORDS[ones] for tens in _TENS.split() for ones in _ONES.split()[1:10]
}
_SCALES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_SPELLED = frozenset({*_WORDS, "hundred", *_SCALES})
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_EXACT = Context(prec=10_000)
_HUNDRED = 100


def is_number(token: str) -> bool:
    """Whether a token is a plain decimal."""
    return _NUMBER.fullmatch(token) is not None


def plain(number: str) -> str:
    """A decimal without leading zeros, and without trailing zeros behind the point."""
    sign, digits = ("-", number[1:]) if number[0] == "-" else ("", number)
    whole, _, fraction = digits.partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def fold_numbers(words: Sequence[str]) -> list[str]:
    """`words` with every number phrase (digits, words zero..ninety, hundred, scales) as one plain decimal.

    "two hundred and five thousand" is 205000, "8.075 million" is 8075000. Neighbours that do not build
    one number ("2024 two", "twenty twenty") stay apart; "and" belongs to a number after "hundred" only.
    """
    if _SPELLED.isdisjoint(words):
        return [plain(word) if is_number(word) else word for word in words]
    folded: list[str] = []
    at = 0
    while at < len(words):
        number, used = _phrase(words, at)
        folded.append(number if used else words[at])
        at += used or 1
    return folded


def _phrase(words: Sequence[str], start: int) -> tuple[str, int]:
    """The number that begins at `start` and how many words it takes (0 = none begins there)."""
    total, at, below = Decimal(0), start, None
    while True:
        value, used, spelled = _group(words, at)
        scale = _SCALES.get(words[at + used]) if at + used < len(words) else None
        if not used and (scale is None or below is not None):
            break
        # A later group adds on only if it is smaller: "3 million 200 thousand", "one thousand five".
        fits = below is None or ((scale or 0) < below and (spelled or scale) and value < Decimal(10) ** below)
        if not fits:
            break
        value = value if used else Decimal(1)
        total = _EXACT.add(total, _EXACT.multiply(value, Decimal(10) ** (scale or 0)))
        at += used + (scale is not None)
        if scale is None:
            break
        below = scale
    return (plain(format(total, "f")), at - start) if at > start else ("", 0)


def _group(words: Sequence[str], at: int) -> tuple[Decimal, int, bool]:
    """A number without a scale word: (value, words taken, whether it was spelled out)."""
    if at < len(words) and is_number(words[at]):
        value = Decimal(words[at])
        if _word(words, at + 1) == "hundred":
            return value * _HUNDRED, 2, False
        return value, 1, False
    spelled, used = _below_hundred(words, at)
    if _word(words, at + used) != "hundred":
        return Decimal(spelled), used, True
    hundreds = (spelled if used else 1) * _HUNDRED
    used += 1
    joined = used + (_word(words, at + used) == "and")
    rest, more = _below_hundred(words, at + joined)
    return (Decimal(hundreds + rest), joined + more, True) if more else (Decimal(hundreds), used, True)


def _below_hundred(words: Sequence[str], at: int) -> tuple[int, int]:
    """A spelled number 0..99 at `at` and how many words it takes."""
    value = _WORDS.get(_word(words, at))
    if value is None:
        return 0, 0
    ones = _WORDS.get(_word(words, at + 1), 0)
    if value >= 20 and value % 10 == 0 and 0 < ones < 10:  # noqa: PLR2004  # tens followed by ones
        return value + ones, 2
    return value, 1


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if at < len(words) else ""
