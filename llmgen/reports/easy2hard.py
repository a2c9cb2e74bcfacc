"""The page on difficulty: how hard the items are, who can do them, what examples help, what to look at."""

from __future__ import annotations

from pathlib import Path

from llmgen.reports.charts import HEIGHT, WIDTH, Line, axis_around, bars_of, strokes_of
from llmgen.reports.forest import SHARE, Axis
from llmgen.reports.render import render
from llmgen.reports.views import Bar
from llmgen.summary import Table
from llmgen.types import Struct

FURTHEST = 6.0
_RATING_BARS = 20
_ITEM_BARS = 40


class RunLine(Struct):
    """A run's curve of one set; `run` is the run's place in the list of runs."""

    run: int
    line: Line


class Heat(Struct):
    """A grid of shares. `cells[r][c]` is (accuracy or None, interval and size as text)."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    cells: tuple[tuple[tuple[float | None, str], ...], ...]
    note: str = ""


class Question(Struct):
    """An item to look at, with what is known of it as (name, value)."""

    sample_id: str
    why: str
    question: str
    facts: tuple[tuple[str, str], ...]


class ItemMap(Struct):
    """Difficulties of items and abilities of models on one scale; the bars carry the intervals."""

    about: str
    difficulties: tuple[float, ...]
    abilities: tuple[Bar, ...]
    note: str = ""


class Ranks(Struct):
    """Ranks with their intervals; the bars are places from 1 on."""

    about: str
    bars: tuple[Bar, ...]


class Easy2HardPage(Struct):
    """Everything on the page; it says how to make parts that are None. `curves` and `ratings` are by set.

    `bins` are the numbers behind the curves, `notes` are of several runs, `warnings` of single ones.
    """

    runs: Table
    ratings: dict[str, tuple[float, ...]]
    curves: dict[str, tuple[RunLine, ...]]
    bins: Table
    tables: tuple[Table, ...]
    heats: tuple[Heat, ...]
    item_map: ItemMap | None
    suspects: tuple[Question, ...]
    n_suspects: int
    ranks: Ranks | None
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    command: str


def render_easy2hard(page: Easy2HardPage, templates: Path) -> str:
    """One HTML page. Raises StoreError when the templates are missing."""
    rating = Axis(low=0.0, high=1.0, ticks=(0.0, 0.25, 0.5, 0.75, 1.0))
    return render(
        "easy2hard.html.j2",
        templates,
        page=page,
        ratings={name: bars_of(values, rating, _RATING_BARS) for name, values in page.ratings.items()},
        curves={
            name: strokes_of([one.line for one in lines], [one.run for one in lines])
            for name, lines in page.curves.items()
        },
        share=SHARE,
        width=WIDTH,
        height=HEIGHT,
        items=_items(page.item_map),
        abilities=_around(list(page.item_map.abilities) if page.item_map else []),
        ranks=_around(list(page.ranks.bars) if page.ranks else []),
    )


def _items(found: ItemMap | None) -> object:
    """The histogram of difficulties on an axis that holds the abilities, too."""
    if found is None:
        return None
    reach = [*found.difficulties, *(bar.mean for bar in found.abilities)]
    return bars_of(found.difficulties, axis_around(reach, FURTHEST), _ITEM_BARS)


def _around(bars: list[Bar]) -> Axis:
    return axis_around([edge for bar in bars for edge in (bar.low, bar.high)])
