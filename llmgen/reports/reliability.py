"""Reliability diagrams: how often the readings of each confidence are right; geometry for the template."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter

from llmgen.summary import Table
from llmgen.types import Struct

WIDTH, HEIGHT = 560.0, 300.0
COLUMNS = ("extractor", "n", "mean confidence", "accuracy", "95 % interval", "ECE")
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


class Mark(Struct):
    """One bin: its point and its interval in the picture's own units, and what it stands for."""

    x: float
    y: float
    y_low: float
    y_high: float
    label: str


class Diagram(Struct):
    """The bins of one extractor. `sizes` says how many readings a bin holds, `ece` the calibration error."""

    name: str
    marks: tuple[Mark, ...]
    n: int
    sizes: str
    ece: str


def diagrams_of(table: Table) -> tuple[Diagram, ...]:
    """A diagram for each extractor of a table of bins (`COLUMNS`); none for any other table."""
    if table.columns != COLUMNS:
        return ()
    return tuple(_diagram(name, rows) for name, rows in groupby(table.rows, key=itemgetter(0)))


def _diagram(name: str, rows: Iterable[tuple[str, ...]]) -> Diagram:
    marks, counts, ece = [], [], ""
    for _, n, confidence, accuracy, interval, error in rows:
        low, high = (float(bound) for bound in interval.split(" to "))
        label = f"{n} readings of mean confidence {confidence}: {accuracy} right, 95 % interval {interval}"
        mark = Mark(
            x=float(confidence) * WIDTH,
            y=_up(float(accuracy)),
            y_low=_up(low),
            y_high=_up(high),
            label=label,
        )
        marks.append(mark)
        counts.append(int(n))
        ece = error
    least, most = min(counts), max(counts)
    sizes = f"{least}" if least == most else f"{least} to {most}"
    return Diagram(name=name, marks=tuple(marks), n=sum(counts), sizes=sizes, ece=ece)


def _up(share: float) -> float:
    return (1 - share) * HEIGHT
