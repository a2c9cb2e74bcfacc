"""How numbers, times and texts are written for people, on pages and on the terminal alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

UNKNOWN = "unknown"
LONGEST_TEXT = 6000
_NUMERIC = re.compile(r"[-+<~$]?[\d.,]+%?(/[\d,]+)?( ?\[.*\])?|\[.*\]|[-+]?[\d.]+ to [-+]?[\d.]+|-|")
_CONTROLS = {code: 0xFFFD for code in range(32) if chr(code) not in "\t\n\r"}


def share(value: float | None) -> str:
    """A mean or a bound of an interval, three decimals."""
    return UNKNOWN if value is None else f"{value:.3f}"


def moment(seconds: float | None) -> str:
    """UTC time of day to the minute."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC" if seconds else UNKNOWN


def span(seconds: float | None) -> str:
    """A duration in the two largest units that matter."""
    if seconds is None:
        return UNKNOWN
    if seconds < 60:  # noqa: PLR2004  # a minute
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def dollars(value: float | None) -> str:
    """Money; an unknown price is said to be unknown, never 0."""
    if value is None:
        return "unknown (no price for this model)"
    return f"${value:.2f}" if value >= 1 or value == 0 else f"${value:.6f}".rstrip("0")


def thousands(value: int | None) -> str:
    """A count with separators."""
    return UNKNOWN if value is None else f"{value:,}"


def excerpt(text: str, length: int = 90) -> str:
    """The first words of a text on one line."""
    line = " ".join(printable(text[: 4 * length]).split())
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"


def printable(text: str) -> str:
    """The text as a page may hold it: control characters replaced, what is too long cut with a note."""
    cut = len(text) - LONGEST_TEXT
    shown = text[:LONGEST_TEXT].translate(_CONTROLS)
    return f"{shown}\n… {cut:,} more characters are in the store" if cut > 0 else shown


def is_numeric(cell: str) -> bool:
    """Whether a cell is a number (with or without its interval), to be set flush right."""
    return _NUMERIC.fullmatch(cell.strip()) is not None


def numeric_columns(rows: Sequence[Sequence[str]]) -> frozenset[int]:
    """The columns (from 0) of a table that hold numbers only; none without rows."""
    return frozenset(
        index for index, cells in enumerate(zip(*rows, strict=True)) if all(map(is_numeric, cells))
    )
