"""Forest plots: estimates with their intervals on one common axis."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llmgen.reports.views import Bar
from llmgen.types import Struct, Table

_INTERVAL = re.compile(r"\[\s*(-?\d*\.?\d+)\s*,\s*(-?\d*\.?\d+)\s*\]")
_NUMBER = re.compile(r"-?\d*\.?\d+")
_SIZES = ("n_graded", "graded", "n")


class Axis(Struct):
    """The horizontal scale: from `low` to `high`, ticks in between."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> str:
        """Where a value lies, as a percentage of the width."""
        inside = min(max(value, self.low), self.high)
        return f"{100 * (inside - self.low) / (self.high - self.low):.3f}%"


SHARE = Axis(low=0.0, high=1.0, ticks=(0.0, 0.25, 0.5, 0.75, 1.0))


def difference_axis(bars: Sequence[Bar]) -> Axis:
    """A symmetric axis around 0 that holds all bars, ending at a round number of at most 1."""
    reach = max((abs(edge) for bar in bars for edge in (bar.low, bar.high)), default=1.0)
    end = next((step for step in (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8) if reach <= step), 1.0)
    return Axis(low=-end, high=end, ticks=(-end, -end / 2, 0.0, end / 2, end))


def bars_of(table: Table) -> tuple[Bar, ...]:
    """The rows of a table that state a share with an interval, as `0.54 [0.40, 0.67]` or in two cells.

    The estimate is the number before the bracket, in its cell or in the cell to the left. Rows in which that
    is no number inside the interval and 0..1 state no estimate and are skipped.
    """
    bars = (_bar(table.columns, row) for row in table.rows)
    return tuple(bar for bar in bars if bar is not None)


def _bar(columns: Sequence[str], row: Sequence[str]) -> Bar | None:
    for index, cell in enumerate(row):
        found = _INTERVAL.search(cell)
        if found is None:
            continue
        low, high = float(found[1]), float(found[2])
        before = cell[: found.start()].strip() or (row[index - 1] if index else "")
        mean = _number(before)
        if 0 <= low <= high <= 1 and mean is not None and low - 5e-4 <= mean <= high + 5e-4:
            return Bar(label=_label(row), mean=mean, low=low, high=high, n=_size(columns, row))
        return None
    return None


def _number(cell: str) -> float | None:
    return float(cell) if _NUMBER.fullmatch(cell.strip()) else None


def _label(row: Sequence[str]) -> str:
    """The leading text cells: what the row is about."""
    words: list[str] = []
    for cell in row:
        if _NUMBER.fullmatch(cell.strip()) or _INTERVAL.search(cell):
            break
        words.append(cell.strip())
    return " · ".join(word for word in words if word) or row[0]


def _size(columns: Sequence[str], row: Sequence[str]) -> str:
    for name in _SIZES:
        if name in columns:
            return row[columns.index(name)]
    return ""
