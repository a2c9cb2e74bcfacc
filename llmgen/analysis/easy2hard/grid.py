"""The grid: accuracy on items of each difficulty with examples of each difficulty (section 2.3)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from llmgen.analysis.easy2hard.gap import Gap, gap_of
from llmgen.analysis.easy2hard.items import NONE, Floats, cells_of
from llmgen.analysis.intervals import Z_95, mean_interval
from llmgen.summary import ScoredRow
from llmgen.types import Struct


class Cell(Struct):
    """Items of `test_bin` with examples of `train_bin` (None: without examples). Bins count from 1.

    `n` items have a grade, under `seeds` draws of examples; the accuracy is the mean over items, each of
    which is the mean over seeds. `missing` answers were to be asked and are not there. `sgr` is the gap
    recovered against examples of the items' own bin, with its interval; None with `sgr_reason`.
    """

    train_bin: int | None
    test_bin: int
    n: int
    seeds: int
    missing: int
    accuracy: float | None
    low: float | None
    high: float | None
    sgr: float | None = None
    sgr_low: float | None = None
    sgr_high: float | None = None
    sgr_reason: str = ""


class Decay(Struct):
    """The mean over the cells that lie `gap` bins apart, with its interval."""

    gap: int
    cells: int
    accuracy: float
    low: float
    high: float


class Best(Struct):
    """The examples with which the items of a bin are answered best; `train_bin` None: no examples."""

    test_bin: int
    train_bin: int | None
    accuracy: float


class Grid(Struct):
    """All cells, row by row (without examples first), and what they say together."""

    cells: tuple[Cell, ...]
    decay: tuple[Decay, ...]
    best: tuple[Best, ...]

    @property
    def holes(self) -> tuple[Cell, ...]:
        """Cells that lack answers."""
        return tuple(cell for cell in self.cells if cell.missing or not cell.n)


Table = Mapping[tuple[int | None, int], Floats]


def grid_of(rows: Sequence[ScoredRow], bins: int, tested: Sequence[int], seeds: int) -> Grid:
    """The grid of one set's rows. `tested` says how many items each bin has, `seeds` how often each is asked.

    Items that are kept for examples are no part of it.
    """
    tables = _tables(rows, bins)
    cells = []
    for (train, test), table in tables.items():
        asked = tested[test - 1] * (1 if train is None else seeds) if test <= len(tested) else 0
        present = sum(
            row.tags.get("train_bin") == (None if train is None else str(train))
            for row in _rows_of(rows, train)
            if row.tags["test_bin"] == str(test) and not row.repeat
        )
        none, own = tables[None, test], tables[test, test]
        gap = gap_of(none, table, own) if train not in {None, test} else None
        cells.append(_cell(train, test, table, max(asked - present, 0), gap))
    return Grid(cells=tuple(cells), decay=_decay(tables, bins), best=_best(cells, bins))


def _rows_of(rows: Sequence[ScoredRow], train: int | None) -> list[ScoredRow]:
    if train is None:
        return [row for row in rows if row.tags.get("arm", NONE) == NONE and "kept" not in row.tags]
    return [row for row in rows if row.tags.get("train_bin") == str(train)]


def _tables(rows: Sequence[ScoredRow], bins: int) -> Table:
    """(items of the test bin, seeds) of every cell; the items of a bin are the same in all of them."""
    arms = {train: _rows_of(rows, train) for train in (None, *range(1, bins + 1))}
    items: dict[int, dict[str, None]] = {test: {} for test in range(1, bins + 1)}
    for mine in arms.values():
        for row in mine:
            items[int(row.tags["test_bin"])].setdefault(row.tags.get("item", row.sample_id))
    return {
        (train, test): cells_of([row for row in mine if row.tags["test_bin"] == str(test)], [*items[test]])
        for train, mine in arms.items()
        for test in range(1, bins + 1)
    }


def _cell(train: int | None, test: int, table: Floats, missing: int, gap: Gap | None) -> Cell:
    means = _by_item(table)
    interval = mean_interval(means[~np.isnan(means)])
    is_known = interval.mean is not None
    return Cell(
        train_bin=train,
        test_bin=test,
        n=interval.n,
        seeds=table.shape[1],
        missing=missing,
        accuracy=interval.mean,
        low=interval.low if is_known else None,
        high=interval.high if is_known else None,
        sgr=gap.sgr if gap else None,
        sgr_low=gap.low if gap else None,
        sgr_high=gap.high if gap else None,
        sgr_reason=gap.reason if gap else "",
    )


def _decay(tables: Table, bins: int) -> tuple[Decay, ...]:
    """By |train - test|; an item's cells are averaged first, so that its answers count as dependent."""
    found = []
    for apart in range(bins):
        total, variance, cells = 0.0, 0.0, 0
        for test in range(1, bins + 1):
            trains = [train for train in {test - apart, test + apart} if 1 <= train <= bins]
            means = [_by_item(tables[train, test]) for train in trains]
            known = [mine for mine in means if not np.isnan(mine).all()]
            if not known:
                continue
            together = _by_item(np.column_stack(known))
            interval = mean_interval(together[~np.isnan(together)])
            if interval.mean is None:
                continue
            error = (interval.high - interval.low) / (2 * Z_95) if interval.se is None else interval.se
            cells += len(known)
            total += len(known) * interval.mean
            variance += (len(known) * error) ** 2
        if cells:
            mean, half = total / cells, Z_95 * math.sqrt(variance) / cells
            low, high = max(mean - half, 0.0), min(mean + half, 1.0)
            found.append(Decay(gap=apart, cells=cells, accuracy=mean, low=low, high=high))
    return tuple(found)


def _best(cells: Sequence[Cell], bins: int) -> tuple[Best, ...]:
    found = []
    for test in range(1, bins + 1):
        known = [
            (cell.accuracy, cell) for cell in cells if cell.test_bin == test and cell.accuracy is not None
        ]
        if known:
            accuracy, cell = max(known, key=lambda pair: pair[0])
            found.append(Best(test_bin=test, train_bin=cell.train_bin, accuracy=accuracy))
    return tuple(found)


def _by_item(table: Floats) -> Floats:
    """The mean of each row over what is known; nan where nothing is."""
    known = ~np.isnan(table)
    counts = known.sum(axis=1)
    sums = np.where(known, table, 0.0).sum(axis=1)
    means: Floats = np.divide(sums, counts, out=np.full(len(table), np.nan), where=counts > 0)
    return means
