"""Draws labelled outputs: families, phrases and questions by a seed. Nothing is read from anywhere."""
# ruff: noqa: S311  # seeded draws, not secrets

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

from llmgen.extract.pinpoint.training import styles, void
from llmgen.extract.pinpoint.training.bank import Item, labels_item, math_item, options_item, with_format
from llmgen.extract.pinpoint.training.phrases import Pool
from llmgen.extract.ranges import Range

MAKERS = {"options": options_item, "labels": labels_item, "math": math_item}
VOID_SHARE = {"options": 0.25, "labels": 0.18, "math": 0.12}


class Example(NamedTuple):
    """One labelled output. `label` None: it commits to nothing in the range."""

    answers: Range
    question: str
    text: str
    label: str | None
    family: str


def examples(head: str, count: int, seed: int, *, heldout: bool) -> Iterator[Example]:
    """`count` outputs for a head. `heldout`: of the families and phrases that training never uses."""
    rng = random.Random(f"{seed}/{head}/{heldout}")
    pool = Pool(rng, heldout=heldout)
    for _ in range(count):
        item = with_format(MAKERS[head](rng), pool)
        is_void = rng.random() < VOID_SHARE[head]
        table = void.VOID if is_void else styles.COMMITTED
        names = _families(item, is_void=is_void, heldout=heldout)
        shares = (void if is_void else styles).SHARES
        family = rng.choices(names, [shares[name] for name in names])[0]
        text = table[family](item, pool)
        yield Example(item.answers, item.question, text, None if is_void else item.values[item.gold], family)


def _families(item: Item, *, is_void: bool, heldout: bool) -> list[str]:
    if is_void:
        allowed = void.MATH_FAMILIES if item.kind == "math" else tuple(void.VOID)
        chosen = [name for name in allowed if (name in void.HELD_OUT) == heldout]
        return chosen or list(allowed)
    allowed = tuple(styles.COMMITTED)
    if item.kind == "math":
        allowed = tuple(name for name in allowed if name not in ("analysed", "by_text"))
    return [name for name in allowed if (name in styles.HELD_OUT) == heldout]
