r"""Candidates for math: declared values, LaTeX spans, what follows an announcement, numbers."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple, TypeVar

from llmgen.extract.maths import canonical, quantity, stated, strip
from llmgen.extract.pinpoint.fields import Field

_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.])[-+]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[eE][-+]?\d+(?![A-Za-z0-9_]))?"
    r"(?:\s?/\s?\d+(?![A-Za-z0-9_]))?(?:\s?\\?%)?|(?<![A-Za-z0-9_.])[-+]?\.\d+|[½¼¾⅓⅔]|[零一二两三四五六七八九十百千万亿]{2,}(?=[元个人只条米年天吨%。,]|$)"
)
_LIST_MARK = re.compile(r"^[ \t#*]*(\d{1,2})[.)、]\**[ \t](?=\S)", re.MULTILINE)
_SCALE = re.compile(r"\d[\d.]*[万亿]")
_LATEX = re.compile(
    r"\$\$(.{1,300}?)\$\$|(?<![\\$\d])\$(?!\s)((?:[^$\n\\]|\\.){1,200}?)\$(?!\d)|\\\((.{1,200}?)\\\)|\\\[(.{1,300}?)\\\]",
    re.DOTALL,
)
_COMPOSED = re.compile(
    r"\\begin\{(\w*matrix|array)\}.{1,300}?\\end\{\1\}"
    r"|(?:\\\{|(?<![A-Za-z0-9\\])[(\[{])\s*[-+\w./^∞√\\]{1,24}(?:\{\w+\})*"
    r"(?:\s*,\s*[-+\w./^∞√\\]{1,24}(?:\{\w+\})*){1,8}?\s*(?:\\\}|[)\]}])",
    re.DOTALL,
)
_TOKEN = re.compile(
    r"(?<![^\s*:\u4e00-\u9fff\"'])(?=[^\s]{0,24}[\d\\])[-+(\[\dA-Za-z\\][-+*/^!(){}\[\]\\A-Za-z0-9_.]{2,80}"
)
_OPERATES = re.compile(r"\\[a-z]|[\^!√π]|\d[a-z]\b|[\da-z)][-+*/][\da-z(]|^-")
_SAID = re.compile(
    r"(?:answer|result|solution|value)(?: [^.\n:]{0,40}?)?(?: is| are| =|:)[ \t]*(?:equal to |about )?:?"
    r"[ \t*]*([^\n]{1,90}?)(?=[*]*(?:\.\s|\.?$|\n|;| because| since| which|,? so ))"
    r"|(?:答案|结果)(?:[】\]]|是|为|:)+\s*([^\n。,<]{1,60})",
    re.IGNORECASE | re.MULTILINE,
)
_EXPRESSION = re.compile(r"[-\d\sA-Za-z+*/^().,=√π\\{}_!<>≤≥∞|%$\[\]']+")
_LONG_WORD = re.compile(r"(?<!\\)(?<![A-Za-z\\])[A-Za-z]{3,}")
_SENTENCE = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}\s[^\d]*\d|\d[^\d]*(?:\s[A-Za-z]{3,}){4}")
_RELATION = re.compile(r"(?<![<>!\\:])=(?!=)|\\approx(?![a-z])|≈")
_NAME = re.compile(r"\s*\\?[A-Za-z]+(?:_\{?\w+\}?|\([^()]{1,6}\)|')?\s*")
_VARIABLE = re.compile(r"(?<![A-Za-z\\])[a-zA-Z](?![A-Za-z])")
_HEDGE = re.compile(
    r"\s*(?:about|approximately|approx\.?|roughly|around|nearly|≈|\\approx)(?![a-z])\s*", re.IGNORECASE
)
_CALCULATION = re.compile(r"[\d})]\s*(?:\+|\\times|\\cdot|\*|÷|\\div)\s*[\d\\(]")
_NO_VALUES = frozenset(
    ("unknown", "n/a", "none", "null", "nan", "not provided", "undetermined", "answer", "无", "未知")
)
_DIGIT = re.compile(r"\d")
_PERCENT = re.compile(r"(-?\d+)(?:/(\d+))?%")
_MATHEMATICAL = re.compile(r"[\d\\^π∞√]")
_MOST, _FIRST, _LONGEST = 40, 8, 120
T = TypeVar("T")


class Found(NamedTuple):
    """A candidate: the value as it will be reported, its place and how it is written."""

    value: str
    start: int
    end: int
    form: str


class _Cover:
    """Spans, asked whether one of them holds a place: by bisection, as there may be hundreds of places."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _ in ordered]
        self._reach = list(accumulate((end for _, end in ordered), max))

    def holds(self, start: int, end: int) -> bool:
        at = bisect_right(self._starts, start)
        return at > 0 and self._reach[at - 1] >= end


def find(text: str, declared: list[Field]) -> list[Found]:
    """Candidates in order of their place; of many the first few and the last ones."""
    found = [made for field in declared if (made := _declared(text, field)) is not None]
    spans = [(made.start, made.end) for made in found]
    latex = [
        match for match in _LATEX.finditer(text) if not _Cover(spans).holds(*match.span(match.lastindex or 1))
    ]
    for match in _ends(latex):
        group = match.lastindex or 1
        made = _made(_right_side(match[group]), *match.span(group), "latex")
        if made is None or _EXPRESSION.fullmatch(made.value):
            spans.append(match.span())
            found += [made] if made is not None else []
    cover = _Cover(spans)
    said = [match for match in _SAID.finditer(text) if not cover.holds(*match.span(match.lastindex or 1))]
    found += [made for match in _ends(said) if (made := _said(match, match.lastindex or 1)) is not None]
    for start, end, form in _runs(text, cover):
        spans.append((start, end))
        made = _made(text[start:end], start, end, form)
        found += [made] if made is not None else []
    spans += [match.span(1) for match in _LIST_MARK.finditer(text)]
    cover = _Cover(spans)
    numbers = [match for match in _NUMBER.finditer(text) if not cover.holds(*match.span())]
    if not text.isascii():
        numbers += [match for match in _SCALE.finditer(text) if not cover.holds(*match.span())]
    made_numbers = (_made(number[0], *number.span(), "number") for number in _ends(numbers))
    found += [made for made in made_numbers if made is not None]
    found.sort(key=lambda one: (one.start, one.end))
    return _ends(found)


def _runs(text: str, cover: _Cover) -> list[tuple[int, int, str]]:
    """Expressions outside of LaTeX marks: tuples, sets, intervals, matrices, and runs without blanks."""
    composed = [match.span() for match in _COMPOSED.finditer(text) if _DIGIT.search(match[0])]
    composed = _ends([span for span in composed if not cover.holds(*span)])
    inner = _Cover(composed)
    tokens = []
    for match in _TOKEN.finditer(text):
        token = match[0].rstrip(".")
        start, end = match.start(), match.start() + len(token)
        if not (cover.holds(start, end) or inner.holds(start, end)) and _is_expression(token):
            tokens.append((start, end))
    return [(*span, "composed") for span in composed] + [(*span, "token") for span in _ends(tokens)]


def _ends(found: list[T]) -> list[T]:
    """Of many the first few and the last ones."""
    return found if len(found) <= _MOST else found[:_FIRST] + found[_FIRST - _MOST :]


def _declared(text: str, field: Field) -> Found | None:
    value = text[field.start : field.end].strip().strip("\"'")
    if field.form == "json":
        value = value.replace("\\\\", "\\").replace('\\"', '"')
    if "=" not in value and _SENTENCE.search(value):
        return None  # a sentence: its numbers are candidates by themselves
    value = _right_side(value.strip("$ ")) if field.form != "hash" else value
    return _made(value, field.start, field.end, field.form)


def _said(match: re.Match[str], group: int) -> Found | None:
    """What an announcement is followed by, when the whole of it is a value and no sentence."""
    said = match[group].strip(" *$.\"'")
    one_letter = len(said) == 1 and said.isalpha()
    if not one_letter and (len(_LONG_WORD.findall(said)) > 1 or not _MATHEMATICAL.search(said)):
        return None
    if quantity(strip(said)) is None and not _EXPRESSION.fullmatch(said):
        return None
    return _made(_right_side(said), match.start(group), match.end(group), "said")


def _is_expression(token: str) -> bool:
    """Whether a run without blanks is a calculation or an expression, and neither a number nor a word."""
    return (
        _OPERATES.search(token) is not None
        and _LONG_WORD.search(token) is None
        and token.count("{") == token.count("}")
        and _NUMBER.fullmatch(token) is None
    )


def _made(value: str, start: int, end: int, form: str) -> Found | None:
    value = stated(strip(_HEDGE.sub("", value)))
    if not value or len(value) > _LONGEST or value.casefold() in _NO_VALUES or _is_broken(value):
        return None
    if form in ("latex", "said", "token") and _CALCULATION.search(value) and not _VARIABLE.search(value):
        form = "calculation"
    return Found(value, start, end, form)


def _is_broken(value: str) -> bool:
    """Whether LaTeX was cut: braces that do not close, an environment that does not end."""
    return value.count("{") != value.count("}") or value.count("\\begin") != value.count("\\end")


def _right_side(text: str) -> str:
    """What stands behind the last `=`, when the left side is a name, a calculation or itself an equation.

    `x = 5`, `2 + 3 = 5` and `y = 2 + 3 = 5` state 5; `x^2 + y^2 = 25` states itself.
    """
    cuts = [
        match
        for match in _RELATION.finditer(text)
        if text.count("{", 0, match.start()) == text.count("}", 0, match.start())
    ]
    if not cuts:
        return text
    left, rest = text[: cuts[0].start()], text[cuts[-1].end() :].strip()
    if rest and (len(cuts) > 1 or _NAME.fullmatch(left) or not _VARIABLE.search(left)):
        return rest
    return text


@lru_cache(maxsize=4096)
def given(question: str) -> frozenset[object]:
    """The values (see `key`) of the numbers in a question: what is given is seldom what is asked."""
    return frozenset(key(number[0]) for number in _NUMBER.finditer(question))


def key(value: str) -> str:
    """Candidates with one key are one value; 37.5% and 0.375 are, as one text that holds both means both."""
    spelled = canonical(value)
    percent = _PERCENT.fullmatch(spelled)
    return canonical(f"{percent[1]}/{100 * int(percent[2] or 1)}") if percent else spelled
