"""Draws labelled outputs: families, phrases and questions by a seed. Nothing is read from anywhere."""
# ruff: noqa: S311  # seeded draws, not secrets

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

from llmgen.extract.pinpoint.training import manners, plain, problems, solutions, styles, void, void_manners
from llmgen.extract.pinpoint.training.bank import Item, labels_item, options_item, with_format
from llmgen.extract.pinpoint.training.phrases import Pool
from llmgen.extract.ranges import Range

MAKERS = {"options": options_item, "labels": labels_item, "math": problems.any_math_item}
VOID_SHARE = {"options": 0.46, "labels": 0.28, "math": 0.2}
COMMITTED = styles.COMMITTED | manners.MANNERS | plain.PLAIN | solutions.FAMILIES
VOID = void.VOID | void_manners.VOID_MANNERS | solutions.VOID
HELD_OUT = frozenset((*styles.HELD_OUT, *void.HELD_OUT, "keyed", "polite", "foreign", "plan_only"))
"""Families that the first fit never sees, on which scale and threshold are chosen."""


class Example(NamedTuple):
    """One labelled output. `label` None: it commits to nothing in the range."""

    answers: Range
    question: str
    text: str
    label: str | None
    family: str


def examples(
    head: str, count: int, seed: int, *, heldout: bool, families: frozenset[str] | None = None
) -> Iterator[Example]:
    """`count` outputs for a head. `heldout`: of the families and phrases that the first fit never uses.

    `families` names the ones to draw from instead, with all phrases of that split.
    """
    rng = random.Random(f"{seed}/{head}/{heldout}")
    pool = Pool(rng, heldout=heldout)
    for _ in range(count):
        item = with_format(MAKERS[head](rng), pool)
        is_void = rng.random() < VOID_SHARE[head]
        shares = _shares(item, is_void=is_void)
        allowed = [
            name
            for name in shares
            if ((name in HELD_OUT) == heldout if families is None else name in families)
            and not (item.has_special and name in void_manners.REFUSING)
        ]
        names = allowed or list(shares)
        family = rng.choices(names, [shares[name] for name in names])[0]
        text = (VOID if is_void else COMMITTED)[family](item, pool)
        yield Example(item.answers, item.question, text, None if is_void else item.values[item.gold], family)


def _shares(item: Item, *, is_void: bool) -> dict[str, int]:
    """How often each family is drawn for an item."""
    worded = isinstance(item, problems.Problem)
    if is_void and item.kind == "math":
        shares = {name: void.SHARES[name] for name in void.MATH_FAMILIES} | void_manners.MATH_SHARES
        return shares | solutions.VOID_SHARES if worded else shares
    if is_void:
        return void.SHARES | void_manners.SHARES
    if item.kind == "math":
        words = {"analysed", "by_text", "tabled"}
        shares = styles.SHARES | manners.MATH_SHARES | (solutions.SHARES if worded else {})
        return {name: share for name, share in shares.items() if name not in words}
    unfit = {"calculated"} if item.about >= 0 else {"calculated", "related"}
    shares = {name: share for name, share in manners.SHARES.items() if name not in unfit}
    lettered = plain.OPTIONS_SHARES if item.kind == "alphabet_option" else {}
    return styles.SHARES | shares | plain.SHARES | lettered
