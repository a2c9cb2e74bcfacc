r"""Taking typography off a mathematical value: dollars, spacing commands, \boxed, \text, full-width signs."""

from __future__ import annotations

import re

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SPELLED = {
    **dict.fromkeys("\u3000\u00a0\u2009\u202f", " "),
    **dict.fromkeys("\u200b\ufeff\u200e\u200f", ""),
    **dict.fromkeys("\u2212\u2013\u2014", "-"),
    **dict.fromkeys("\u00b7\u22c5", r"\cdot "),
    "\u00d7": r"\times ",
    "\u00f7": "/",
    "\u2044": "/",
    "\u221a": r"\sqrt ",
    "\u3002": ".",
    "\u3001": ",",
    "\u03c0": r"\pi ",
    "\u221e": r"\infty ",
    "\u2264": r"\le ",
    "\u2265": r"\ge ",
    "\u2260": r"\ne ",
    "\u222a": r"\cup ",
    "\u00b2": "^2",
    "\u00b3": "^3",
    "\u00b0": r"^\circ",
    "\u00bd": " 1/2",
    "\u00bc": " 1/4",
    "\u00be": " 3/4",
    "\u2153": " 1/3",
    "\u2154": " 2/3",
}
_TO_ASCII = _FULL_WIDTH | str.maketrans(_SPELLED)

_DROPPED = re.compile(
    r"\\(?:left|right|bigl?|bigr|Bigl?|Bigr|displaystyle|limits)(?![a-zA-Z])\.?"
    r"|(?<!\\)\\[!,;:> ]|\\q?quad(?![a-zA-Z])|~"
)
_RESPELLED = (
    (re.compile(r"\\[dtc]frac(?![a-zA-Z])"), r"\\frac"),
    (re.compile(r"\\(?:text|mathrm|textbf|mathbf|textit|mathit|mbox|operatorname)\s*\{([^{}]*)\}"), r" \1 "),
    (re.compile(r"\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![a-zA-Z]))"), " degrees "),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"\\leq(?![a-zA-Z])"), r"\\le"),
    (re.compile(r"\\geq(?![a-zA-Z])"), r"\\ge"),
    (re.compile(r"\\neq(?![a-zA-Z])"), r"\\ne"),
    (re.compile(r"\\(?:pmod|bmod)(?![a-zA-Z])"), " mod "),
)
_WRAPPED = re.compile(r"\\(?:boxed|fbox|ensuremath)\s*\{")
_DELIMITERS = re.compile(r"\\[\[\]()]|\*\*|`")
_CURRENCY = re.compile(r"\s*([-+]?)\s*\\?\$\s*(?=[\d.])([^$]*)$")
_UNDERSCORED = re.compile(r"(?<=\d)_(?=\d)")


def strip(text: str) -> str:
    r"""`text` in plain spelling: no `$`, `\left`, `\,`, `\boxed{}`, `\text{}`, blanks outside, or final stop.

    A leading dollar sign before a number is a currency and becomes the unit "dollars".
    """
    if not text.isascii():
        text = text.translate(_TO_ASCII)
    if "$" in text:
        money = _CURRENCY.match(text)
        text = f"{money[1]}{money[2]} dollars" if money else text.replace("\\$", "").replace("$", "")
    text = text.replace("{,}", ",")
    if "\\" in text or "`" in text or "*" in text:
        text = _strip_latex(text)
    text = text.strip().rstrip(".;,").rstrip()
    return text if text != "-0" else "0"


def _strip_latex(text: str) -> str:
    text = _DELIMITERS.sub("", text)
    while (wrapped := _WRAPPED.search(text)) is not None:
        end = closing_brace(text, wrapped.end() - 1)
        text = text[: wrapped.start()] + text[wrapped.end() : end] + text[end + 1 :]
    text = _DROPPED.sub("", text)
    for pattern, spelled in _RESPELLED:
        text = pattern.sub(spelled, text)
    return text


def closing_brace(text: str, start: int) -> int:
    r"""Where the brace that opens at `start` closes, `len(text)` when it never does; `\{` does not count."""
    depth, at = 0, start
    for at in range(start, len(text)):
        char = text[at]
        if char in "{}" and (at == 0 or text[at - 1] != "\\"):
            depth += 1 if char == "{" else -1
            if depth == 0:
                return at
    return len(text)
