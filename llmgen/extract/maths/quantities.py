r"""A number with its sign of percent or its unit: `50%`, `$18`, `18 eggs`, `3.5 m/s`, `12万元`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from llmgen.extract.maths.numbers import Number, parse

# dimension, then units of one size with that size in the dimension's base
_SIZES = """
dollar          dollar dollars usd $ =1; cent cents ¢ =1/100
euro            euro euros eur € =1
sterling        gbp £ =1; pence =1/100
yuan            元 rmb cny yuan 人民币 元人民币 块 ¥ =1; 角 =1/10; 万元 =10000; 亿元 =100000000
length          m meter meters metre metres 米 =1
length          centimeters centimetres cm centimeter centimetre 厘米 =1/100
length          mm millimeter millimeters millimetre millimetres 毫米 =1/1000; nm nanometers =1/1000000000
length          km kilometer kilometers kilometre kilometres 千米 公里 =1000; inch inches =254/10000
length          ft foot feet =3048/10000; yard yards yd =9144/10000; mile miles mi =1609344/1000
mass            kg kilogram kilograms 千克 公斤 =1000; g gram grams 克 =1; mg milligram milligrams =1/1000
mass            吨 =1000000; lb lbs pound pounds =45359237/100000; ounce ounces oz =45359237/1600000
time            s sec secs second seconds 秒 =1; minute minutes min mins 分钟 =60
time            hour hours hr hrs h 小时 =3600
time            day days 天 日 =86400; week weeks 周 =604800; ms milliseconds =1/1000
months          month months 月 个月 =1; year years yr yrs 年 =12; decade decades =120
volume          l liter liters litre litres 升 =1; ml milliliter milliliters =1/1000
volume          gallon gallons =3785411784/1000000000
speed           m/s =1; km/h kph =1000/3600; mph =1609344/3600000
angle           degree degrees 度 =1
"""
_NO_UNIT = re.compile(
    r"(?:.*[ /])?(?:pi|sin|cos|tan|cot|sec|csc|log|ln|exp|sqrt|frac|mod|max|min|inf(?:inity|ty)?"
    r"|and|or|to|if|is|cup|cap|for)(?:[ /].*)?"
)


def _table() -> dict[str, tuple[str, int, int]]:
    table: dict[str, tuple[str, int, int]] = {}
    for line in _SIZES.strip().splitlines():
        dimension, units = line.split(maxsplit=1)
        for unit in units.split(";"):
            names, _, size_text = unit.partition("=")
            num, _, den = size_text.strip().partition("/")
            table |= dict.fromkeys(names.split(), (dimension, int(num), int(den or 1)))
    return table


_TABLE = _table()
_LONGEST = 400
_SHORTEST_WORD = 3  # "5xy" is a product
_THOUSANDS = re.compile(r"(?<=\d)[, ](?=\d{3}(?!\d))")
_SPLIT = re.compile(
    r"(?P<lead>(?:us|US)\$|[$€£¥])?\s*"
    r"(?P<number>[+-]?\s?(?:\\frac\s*(?:\{[^{}]*\}|\d)\s*(?:\{[^{}]*\}|\d)|[\d.,]+(?:\s+\d+/\d+|\s*/\s*\d[\d.,]*)?"
    r"(?:[eE][+-]?\d+)?(?:\s\d{3})*|[负零〇一二两三四五六七八九十百千万亿])"
    r"(?:\s*(?:\\times|\\cdot|\*)\s*10\s*\^\s*(?:\{[^{}]*\}|[+-]?\d+))?[零〇一二两三四五六七八九十百千万亿]*)"
    r"(?P<blank>\s*)"
    r"(?P<unit>%|[A-Za-z°¢$€£¥\u4e00-\u9fff][A-Za-z°¢$€£¥\u4e00-\u9fff /.'-]{0,40}(?:\^\{?-?\d\}?)?)?"
)


class Quantity(NamedTuple):
    """A number and what stands around it. `unit` is "" when there is none, "%" for percent."""

    number: Number
    unit: str


@lru_cache(maxsize=8192)
def quantity(text: str) -> Quantity | None:
    """What a stripped text states as one number with at most one unit; None when it is anything else."""
    number = parse(text)
    if number is not None:
        return Quantity(number, "")
    match = _SPLIT.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    number = parse(match["number"].replace("- ", "-").strip())
    unit = _unit(match["unit"] or "", spaced=bool(match["blank"]))
    if number is None or unit is None:
        return None
    return Quantity(number, unit or _unit(match["lead"] or "", spaced=True) or "")


def stated(text: str) -> str:
    """A stripped value without unit and thousands marks, its notation as written (`3/4`, `1e3`, `60%`)."""
    read = quantity(text)
    if read is None:
        return text
    match = _SPLIT.fullmatch(text)
    number = match["number"].strip() if match and read.unit else text
    return _THOUSANDS.sub("", number) + ("%" if read.unit == "%" else "")


def _unit(text: str, *, spaced: bool) -> str | None:
    """The unit's name, "" for none, None when `text` rather belongs to an expression ("5x", "2 pi")."""
    name = " ".join(text.strip().strip(".").split())
    if name not in _TABLE:
        name = name.lower()
    if not name or name in ("%", "percent", "per cent", "percentage points"):
        return "%" if name else ""
    if name in _TABLE:
        return name if spaced or len(name) > 1 or not name.isascii() or name in "$¢" else None
    words = re.split(r"[ /]", name)
    if not name.isascii():
        return name
    long_enough = max(map(len, words)) >= _SHORTEST_WORD and (spaced or len(name) >= _SHORTEST_WORD)
    return name if long_enough and not _NO_UNIT.fullmatch(name) else None


def size(unit: str) -> tuple[str, int, int]:
    """(dimension, numerator, denominator) of a unit; an unknown one is a dimension of its own."""
    known = _TABLE.get(unit)
    if known is not None:
        return known
    return (unit.removesuffix("s") or unit, 1, 1)
