"""Two histograms on one axis, test items above control items: geometry for the template."""

from __future__ import annotations

from llmgen.summary import Histogram
from llmgen.types import Struct

WIDTH = 640.0
HEIGHT = 90.0


class Column(Struct):
    """One bar of a group: place and size in the picture's own units, and what it stands for."""

    x: float
    y: float
    width: float
    height: float
    label: str


class Group(Struct):
    """The bars of the test items or of the control items; `n` items in all."""

    name: str
    n: int
    columns: tuple[Column, ...]


class Picture(Struct):
    """The histogram of one detector's scores. A group without items is left out.

    `top` is the highest share.
    """

    detector: str
    groups: tuple[Group, ...]
    ticks: tuple[tuple[float, str], ...]
    top: float


def picture_of(histogram: Histogram) -> Picture | None:
    """Shares of the items of each group by score; None when no item has a score."""
    named = (("test items", histogram.test), ("control set", histogram.control))
    groups = [(name, counts, sum(counts)) for name, counts in named if sum(counts)]
    if not groups:
        return None
    top = max(max(counts) / n for _, counts, n in groups)
    low, high = histogram.edges[0], histogram.edges[-1]
    scale = WIDTH / (high - low)
    return Picture(
        detector=histogram.detector,
        groups=tuple(
            Group(
                name=name,
                n=n,
                columns=tuple(
                    Column(
                        x=(a - low) * scale,
                        y=HEIGHT - HEIGHT * count / n / top,
                        width=(b - a) * scale,
                        height=HEIGHT * count / n / top,
                        label=f"{a:.2f} to {b:.2f}: {count} of {n}",
                    )
                    for a, b, count in zip(histogram.edges, histogram.edges[1:], counts, strict=False)
                ),
            )
            for name, counts, n in groups
        ),
        ticks=tuple(
            ((value - low) * scale, f"{value:.2g}")
            for value in (low + (high - low) * step / 4 for step in range(5))
        ),
        top=top,
    )
