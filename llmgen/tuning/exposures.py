"""Which text a model sees how often, and in what order: the known truth of a contamination experiment."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import cycle, islice

from llmgen.errors import UsageError


def assign(n_items: int, doses: Sequence[int], per_dose: int, clean: int, seed: int) -> dict[int, int]:
    """Draws items: index of an item -> dose, 0 for the clean ones, in the order drawn.

    Raises UsageError when there are fewer than `per_dose` items for every dose and `clean` others.
    """
    wanted = [dose for dose in doses for _ in range(per_dose)] + [0] * clean
    if len(wanted) > n_items:
        raise UsageError(
            f"{len(wanted)} items are needed ({len(doses)} x {per_dose} contaminated, {clean} clean), "
            f"the file has {n_items}",
            hint="lower --per-dose or --clean, or write more items",
        )
    drawn = random.Random(f"items {seed}").sample(range(n_items), len(wanted))  # noqa: S311  # an experiment's draw
    return dict(zip(drawn, wanted, strict=True))


def schedule(copies: Sequence[tuple[str, int]], fillers: Sequence[str], places: int, seed: int) -> list[str]:
    """The texts of a whole training, shuffled: each of `copies` as often as it says, fillers in turn between.

    `places` is steps x batch. Raises UsageError when the copies alone do not fit, or nothing is left for
    every filler once: without other texts between, a dose is not what it says.
    """
    texts = [text for text, dose in copies for _ in range(dose)]
    if len(texts) + len(fillers) > places:
        raise UsageError(
            f"training sees {places} texts, but {len(texts)} copies of items and {len(fillers)} others are "
            "to be seen",
            hint="more --steps, fewer --per-dose, or smaller --doses",
        )
    texts += islice(cycle(fillers), places - len(texts))
    random.Random(f"order {seed}").shuffle(texts)  # noqa: S311  # an experiment's draw
    return texts
