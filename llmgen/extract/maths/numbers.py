r"""Reading one number exactly: integers, decimals, fractions, powers of ten, mixed numbers, CJK numerals."""

from __future__ import annotations

import re
from math import gcd
from typing import NamedTuple

_INTEGER = re.compile(r"[+-]?\d{1,400}")
_GROUPED = r"\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d{1,400}"
_DECIMAL = re.compile(rf"([+-]?)\s?(?:({_GROUPED})?\.(\d{{1,400}})|({_GROUPED})\.?)(?:[eE]([+-]?\d{{1,3}}))?")
_POWER = re.compile(
    r"(.*?)\s*(?:\\times|\\cdot|\*|x)\s*10\s*(?:\^|\*\*)\s*(?:\{\s*([+-]?\d{1,3})\s*\}|([+-]?\d{1,3}))"
)
_LONE_POWER = re.compile(r"([+-]?)10\s*(?:\^|\*\*)\s*(?:\{\s*([+-]?\d{1,3})\s*\}|([+-]?\d{1,3}))")
_FRACTION = re.compile(
    r"([+-]?)\s*(?:(\d{1,18})\s*)?\\frac\s*(?:\{\s*([+-]?[\d.,]+)\s*\}|(\d))\s*(?:\{\s*([+-]?[\d.,]+)\s*\}|(\d))"
)
_MIXED = re.compile(r"([+-]?)\s*(\d{1,18})\s+(\d{1,18})\s*/\s*(\d{1,18})")
_CJK = re.compile(
    r"([+\-负]?)([零〇一二两三四五六七八九十百千万亿\d.,]*[零〇一二两三四五六七八九十百千万亿])"
)
_CJK_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}  # noqa: RUF001  # the Chinese zero
_CJK_SMALL = {"十": 10, "百": 100, "千": 1000}
_CJK_LARGE = {"万": 10**4, "亿": 10**8}
_CJK_PART = re.compile(r"[\d.,]+|.")
_LONGEST = 400


class Number(NamedTuple):
    """A rational number in lowest terms, `den` > 0. `exact` is False when a decimal point was written."""

    num: int
    den: int
    exact: bool


def parse(text: str) -> Number | None:
    """The number that the whole of a stripped text states, or None. Division by zero is no number."""
    if len(text) > _LONGEST:
        return None
    if _INTEGER.fullmatch(text):
        return Number(int(text), 1, exact=True)
    return _decimal(text) or _fraction(text) or _power(text) or _cjk(text)


def equal(one: Number, other: Number, rtol: float) -> bool:
    """Exact when both are; with a decimal on either side |a - b| <= rtol * max(1, |b|)."""
    if one.exact and other.exact:
        return one.num == other.num and one.den == other.den
    if one.num == other.num and one.den == other.den:
        return True
    difference = abs(one.num * other.den - other.num * one.den)
    scale = max(one.den * other.den, one.den * abs(other.num))
    return difference * 10**12 <= round(rtol * 10**12) * scale


def times(number: Number, num: int, den: int = 1) -> Number:
    """`number` multiplied by num/den."""
    return _lowest(number.num * num, number.den * den, exact=number.exact)


def _lowest(num: int, den: int, *, exact: bool) -> Number:
    common = gcd(num, den)
    if den < 0:
        common = -common
    return Number(num // common, den // common, exact)


def _decimal(text: str) -> Number | None:
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return None
    sign, whole, decimals, integer, exponent = match.groups()
    digits = (integer or whole or "").replace(",", "").replace(" ", "") + (decimals or "")
    num = -int(digits) if sign == "-" else int(digits)
    scale = int(exponent or 0) - len(decimals or "")
    exact = decimals is None
    if scale >= 0:
        return Number(num * 10**scale, 1, exact)
    return _lowest(num, 10**-scale, exact=exact)


def _ratio(top: Number | None, bottom: Number | None) -> Number | None:
    if top is None or bottom is None or bottom.num == 0:
        return None
    return _lowest(top.num * bottom.den, top.den * bottom.num, exact=top.exact and bottom.exact)


def _fraction(text: str) -> Number | None:
    if "/" in text:
        mixed = _MIXED.fullmatch(text)
        if mixed:
            return _mixed(mixed[1], mixed[2], _ratio(_decimal(mixed[3]), _decimal(mixed[4])))
        top, _, bottom = text.partition("/")
        return _ratio(_decimal(_unwrap(top)), _decimal(_unwrap(bottom)))
    if "\\frac" not in text:
        return None
    match = _FRACTION.fullmatch(text)
    if match is None:
        return None
    part = _ratio(_decimal(match[3] or match[4]), _decimal(match[5] or match[6]))
    return _mixed(match[1], match[2] or "0", part)


def _unwrap(text: str) -> str:
    text = text.strip()
    return text[1:-1].strip() if text[:1] + text[-1:] in ("()", "{}") else text


def _mixed(sign: str, whole: str, part: Number | None) -> Number | None:
    if part is None:
        return None
    num = int(whole) * part.den + part.num
    return _lowest(-num if sign == "-" else num, part.den, exact=part.exact)


def _power(text: str) -> Number | None:
    if "10" not in text:
        return None
    lone = _LONE_POWER.fullmatch(text)
    match = lone or _POWER.fullmatch(text)
    if match is None:
        return None
    base = Number(-1 if lone[1] == "-" else 1, 1, exact=True) if lone else _decimal(match[1].strip())
    exponent = int(match[2] or match[3])
    if base is None:
        return None
    return times(base, 10**exponent) if exponent >= 0 else times(base, 1, 10**-exponent)


def _cjk(text: str) -> Number | None:
    match = None if text.isascii() else _CJK.fullmatch(text.replace(" ", ""))
    if match is None:
        return None
    value = _cjk_value(match[2])
    return times(value, -1) if value and match[1] in ("-", "负") else value


def _cjk_value(text: str) -> Number | None:
    """Sum of groups before 亿 and 万, of digits times 十, 百 and 千; a string of digits reads as written."""
    if all(char in _CJK_DIGITS for char in text):
        return Number(int("".join(str(_CJK_DIGITS[char]) for char in text)), 1, exact=True)
    total = group = Number(0, 1, exact=True)
    digit: Number | None = None
    for part in _CJK_PART.findall(text):
        if part in _CJK_DIGITS:
            digit = Number(_CJK_DIGITS[part], 1, exact=True)
        elif part in _CJK_SMALL:
            group = _plus(group, times(digit or Number(1, 1, exact=True), _CJK_SMALL[part]))
            digit = None
        elif part in _CJK_LARGE:
            group = _plus(group, digit) if digit else group
            large = _CJK_LARGE[part]
            # 万亿: what was counted in 万 is counted again in 亿.
            total = times(_plus(total, group), large) if large > 10**4 else _plus(total, times(group, large))
            group, digit = Number(0, 1, exact=True), None
        else:
            digit = _decimal(part)
            if digit is None:
                return None
    return _plus(total, _plus(group, digit) if digit else group)


def _plus(one: Number, other: Number) -> Number:
    return _lowest(
        one.num * other.den + other.num * one.den, one.den * other.den, exact=one.exact and other.exact
    )
