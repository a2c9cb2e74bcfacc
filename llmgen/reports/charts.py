"""Curves with bands, histograms and heat maps: geometry for the templates."""

from __future__ import annotations

import math
from collections.abc import Sequence

from llmgen.reports.forest import Axis
from llmgen.types import Struct

WIDTH, HEIGHT = 640.0, 240.0
COLOURS = 6
_STEPS = (0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
_MOST_TICKS = 9


class Line(Struct):
    """A curve: points (`at`, `value`) with a band from `low` to `high`, all shares and ratings in 0..1."""

    label: str
    at: tuple[float, ...]
    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


class Stroke(Struct):
    """A line as points of SVG. `colour` is the number of its colour; later rounds of colours are dashed."""

    label: str
    band: str
    line: str
    colour: int
    dashed: bool


class Bars(Struct):
    """A histogram on an axis: (left, width) in percent of the width, height in percent of the highest bar.

    `outside` values lie beyond the axis.
    """

    bars: tuple[tuple[float, float, float, str], ...]
    axis: Axis
    n: int
    outside: int = 0


def strokes_of(lines: Sequence[Line], colours: Sequence[int]) -> tuple[Stroke, ...]:
    """The lines in a picture of WIDTH x HEIGHT with both axes from 0 to 1; `colours` are numbers of runs."""
    return tuple(
        Stroke(
            label=line.label,
            band=_points(
                [*zip(line.at, line.high, strict=True), *reversed([*zip(line.at, line.low, strict=True)])]
            ),
            line=_points([*zip(line.at, line.value, strict=True)]),
            colour=colour % COLOURS,
            dashed=colour >= COLOURS,
        )
        for line, colour in zip(lines, colours, strict=True)
    )


def bars_of(values: Sequence[float], axis: Axis, count: int) -> Bars:
    """How many values fall into each of `count` equal parts of the axis; those outside are counted."""
    width = (axis.high - axis.low) / count
    inside = [value for value in values if axis.low <= value <= axis.high]
    counts = [0] * count
    for value in inside:
        counts[min(int((value - axis.low) / width), count - 1)] += 1
    top = max(counts, default=0) or 1
    return Bars(
        bars=tuple(
            (
                100 * number / count,
                100 / count,
                100 * found / top,
                f"{axis.low + number * width:.2f} to {axis.low + (number + 1) * width:.2f}: {found}",
            )
            for number, found in enumerate(counts)
            if found
        ),
        axis=axis,
        n=len(values),
        outside=len(values) - len(inside),
    )


def axis_around(values: Sequence[float], most: float = math.inf) -> Axis:
    """An axis with round ticks that holds all values, cut at -`most` and `most`."""
    low = max(min(values, default=0.0), -most)
    high = min(max(values, default=1.0), most)
    step = next((step for step in _STEPS if (high - low) / step <= _MOST_TICKS - 2), _STEPS[-1])
    first, last = math.floor(low / step), math.ceil(high / step)
    last = max(last, first + 1)
    ticks = tuple(number * step for number in range(first, last + 1))
    return Axis(low=ticks[0], high=ticks[-1], ticks=ticks)


def _points(pairs: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x * WIDTH:.1f},{(1 - y) * HEIGHT:.1f}" for x, y in pairs)
