"""Forest plots: estimates with their intervals on one common axis."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llmgen.reports.formats import is_numeric
from llmgen.reports.views import Bar
from llmgen.summary import Table
from llmgen.types import Struct

_DIGITS = r"[-+]?\d*\.?\d+"
_NUMBER = re.compile(_DIGITS)
_SIGNED = re.compile(r"[-+]\d*\.?\d+")
_ESTIMATE = rf"(?:(?P<estimate>{_DIGITS})\s+)?"
_INTERVALS = (
    re.compile(rf"{_ESTIMATE}\[\s*(?P<low>{_DIGITS})\s*,\s*(?P<high>{_DIGITS})\s*\]"),
    re.compile(rf"{_ESTIMATE}(?P<low>{_DIGITS})\s+to\s+(?P<high>{_DIGITS})"),
)
_SIZES = ("n_graded", "graded", "n")
ROUNDING = 5e-4  # cells hold three decimals


class Axis(Struct):
    """The horizontal scale: from `low` to `high`, ticks in between."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> str:
        """Where a value lies, as a percentage of the width."""
        inside = min(max(value, self.low), self.high)
        return f"{100 * (inside - self.low) / (self.high - self.low):.3f}%"


class Plot(Struct):
    """Bars on their axis. `signed` numbers are differences."""

    bars: tuple[Bar, ...]
    axis: Axis
    signed: bool


SHARE = Axis(low=0.0, high=1.0, ticks=(0.0, 0.25, 0.5, 0.75, 1.0))


def difference_axis(bars: Sequence[Bar]) -> Axis:
    """A symmetric axis around 0 that holds all bars, ending at a round number of at most 1."""
    reach = max((abs(edge) for bar in bars for edge in (bar.low, bar.high)), default=1.0)
    end = next((step for step in (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8) if reach <= step), 1.0)
    return Axis(low=-end, high=end, ticks=(-end, -end / 2, 0.0, end / 2, end))


def plot_of(table: Table) -> Plot | None:
    """The rows of a table that state an estimate with its interval; None when there are none.

    The interval is written `[0.40, 0.67]` or `0.40 to 0.67`, in the estimate's cell behind it or in the next
    one. Rows in which the number before it does not lie inside state no estimate and are skipped, and so are
    those beyond -1 or 1 (log probabilities). Estimates with a sign are differences and get an axis around
    0; the others are shares.
    """
    found = [stated for row in table.rows if (stated := _stated(table.columns, row)) is not None]
    if not found:
        return None
    bars = tuple(bar for bar, _ in found)
    signed = any(is_signed for _, is_signed in found)
    return Plot(bars=bars, axis=difference_axis(bars) if signed else SHARE, signed=signed)


def _stated(columns: Sequence[str], row: Sequence[str]) -> tuple[Bar, bool] | None:
    """The row's bar, and whether its estimate has a sign."""
    for index, cell in enumerate(row):
        found = next((match for form in _INTERVALS if (match := form.fullmatch(cell.strip()))), None)
        if found is None:
            continue
        estimate = (found["estimate"] or (row[index - 1] if index else "")).strip()
        low, high = float(found["low"]), float(found["high"])
        if not _NUMBER.fullmatch(estimate) or not low - ROUNDING <= float(estimate) <= high + ROUNDING:
            return None
        if max(-low, high) > 1:
            return None
        words = (word.strip() for word in row[:index] if not is_numeric(word))
        label = " · ".join(word for word in words if word) or row[0]
        bar = Bar(label=label, mean=float(estimate), low=low, high=high, n=_size(columns, row))
        return bar, _SIGNED.fullmatch(estimate) is not None
    return None


def _size(columns: Sequence[str], row: Sequence[str]) -> str:
    return next((row[columns.index(name)] for name in _SIZES if name in columns), "")
