"""Stored answers to arrays: the items of a set with their ratings, and tables of items x seeds."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from llmgen.summary import ScoredRow
from llmgen.types import Struct

NONE = "none"
Floats = NDArray[np.float64]
K = TypeVar("K", bound=Hashable)


class Items(Struct, frozen=True, eq=False):
    """The items of one set that were asked without examples, ordered by rating.

    `ratings`, `stds` (0 where unknown) and `values` are (n,); a value is the mean grade of an item's repeats,
    nan when it has no grade. `clusters` are labels 0..G-1, one an item.
    """

    ids: tuple[str, ...]
    ratings: Floats
    stds: Floats
    values: Floats
    clusters: NDArray[np.intp]

    @property
    def graded(self) -> NDArray[np.bool_]:
        """Which items have a grade."""
        return ~np.isnan(self.values)

    def only(self, chosen: NDArray[np.bool_]) -> Items:
        """Some of the items, their clusters numbered anew."""
        return Items(
            ids=tuple(name for name, is_chosen in zip(self.ids, chosen, strict=True) if is_chosen),
            ratings=self.ratings[chosen],
            stds=self.stds[chosen],
            values=self.values[chosen],
            clusters=np.unique(self.clusters[chosen], return_inverse=True)[1],
        )


def by_set(rows: Sequence[ScoredRow]) -> dict[str, list[ScoredRow]]:
    """The rows of each set, sets in alphabetical order; rows without a set are left out."""
    found: dict[str, list[ScoredRow]] = {}
    for row in rows:
        if "set" in row.tags:
            found.setdefault(row.tags["set"], []).append(row)
    return dict(sorted(found.items()))


def items_of(rows: Sequence[ScoredRow]) -> Items:
    """The items of one set's rows that were asked without examples."""
    plain = [row for row in rows if row.tags.get("arm", NONE) == NONE]
    first: dict[str, ScoredRow] = {}
    for row in sorted(plain, key=lambda row: (float(row.tags["rating"]), row.sample_id, row.repeat)):
        first.setdefault(row.sample_id, row)
    means = _means(plain, lambda row: row.sample_id)
    labels = [row.cluster or name for name, row in first.items()]
    return Items(
        ids=tuple(first),
        ratings=np.array([float(row.tags["rating"]) for row in first.values()], dtype=float),
        stds=np.array([float(row.tags.get("rating_std", 0)) for row in first.values()], dtype=float),
        values=np.array([means.get(name, np.nan) for name in first], dtype=float),
        clusters=np.unique(np.array(labels, dtype=str), return_inverse=True)[1],
    )


def cells_of(rows: Sequence[ScoredRow], ids: Sequence[str]) -> Floats:
    """The grades of one arm, (items in the order of `ids`, seeds); nan where there is none.

    Rows without examples are one column: their seed is the model's own.
    """
    seeds = sorted({row.tags.get("seed", "") for row in rows})
    places = {name: place for place, name in enumerate(ids)}
    columns = {seed: place for place, seed in enumerate(seeds)}
    cells = np.full((len(places), len(columns)), np.nan)
    for (name, seed), mean in _means(
        rows, lambda row: (row.tags.get("item", row.sample_id), row.tags.get("seed", ""))
    ).items():
        if name in places:
            cells[places[name], columns[seed]] = mean
    return cells


def _means(rows: Sequence[ScoredRow], key: Callable[[ScoredRow], K]) -> dict[K, float]:
    """The mean grade of the graded rows by `key(row)`."""
    values: dict[K, list[float]] = {}
    for row in rows:
        if row.value is not None:
            values.setdefault(key(row), []).append(row.value)
    return {name: sum(mine) / len(mine) for name, mine in values.items()}
