"""What is asked: every item without examples, and with examples of a difficulty where arms are asked for.

Examples come from the training rows. A set without any keeps every fifth of its items, in order of
difficulty, for examples, and no arm asks those. One draw of examples (a seed) serves all items of an arm.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from llmgen.benchmarks.easy2hard.levels import LEVELS, Levels
from llmgen.benchmarks.easy2hard.options import Options, SetName
from llmgen.benchmarks.easy2hard.rows import Item
from llmgen.types import Sample, Struct

SHOTS: dict[SetName, int] = {"arc": 10, "gsm8k": 8}
FEWEST_SHOTS = 5
KEPT_EVERY = 5
NONE = "none"
_WORDS = re.compile(r"\w+")


class Arm(Struct):
    """Examples of one difficulty: its name, where they are from, and the items that are asked with them."""

    name: str
    pool: tuple[Item, ...]
    asked: tuple[Item, ...]
    tags: dict[str, str]


class Asked(Struct):
    """The items of one set as they are asked; those in `kept` by no arm.

    `shots` is how many examples a prompt should hold; a pool may have fewer.
    """

    name: SetName
    items: tuple[Item, ...]
    kept: frozenset[str]
    levels: Levels
    arms: tuple[Arm, ...]
    shots: int
    seeds: int
    notes: tuple[str, ...]

    def plain(self) -> Iterator[Sample]:
        """Every item without examples: these make the score."""
        for item in self.items:
            tags = {"arm": NONE, **({"kept": "yes"} if item.id in self.kept else {})}
            yield self._sample(item, item.id, tags)

    def with_examples(self) -> Iterator[Sample]:
        """The arms' samples: diagnostic, they never rank a model."""
        for arm in self.arms:
            for seed in range(1, self.seeds + 1):
                shots = "\n\n".join(f"{item.question}\n\n{item.worked}" for item in self._draw(arm, seed))
                for item in arm.asked:
                    tags = {"role": "diagnostic", "arm": arm.name, "seed": str(seed), "item": item.id}
                    yield self._sample(item, f"{item.id}@{arm.name}.{seed}", tags | arm.tags, shots)

    def _draw(self, arm: Arm, seed: int) -> list[Item]:
        drawn = random.Random(f"{self.name}/{arm.name}/{seed}")  # noqa: S311  # a draw that can be repeated
        return drawn.sample(arm.pool, min(self.shots, len(arm.pool)))

    def _sample(self, item: Item, name: str, tags: dict[str, str], shots: str = "") -> Sample:
        measured = {
            "rating": item.rating,
            "rating_std": item.rating_std,
            "rating_quantile": item.rating_quantile,
        }
        numbers = {key: f"{value:.6g}" for key, value in measured.items() if value is not None}
        place = {"level": self.levels.level(item.rating), "test_bin": str(self.levels.bin(item.rating))}
        if shots:
            tags = tags | {"shots": shots}
        return Sample(
            id=name,
            question=item.question,
            answer_type=item.answer_type,
            target=item.target,
            choices=item.choices,
            tags={"set": item.set} | numbers | place | tags | item.tags,
        )


def plan(name: SetName, train: Sequence[Item], items: Sequence[Item], options: Options) -> Asked:
    """What is asked of one set."""
    levels = Levels([item.rating for item in (*train, *items)], options.grid)
    shots = options.k_shot or SHOTS.get(name, FEWEST_SHOTS)
    asked = Asked(
        name=name,
        items=tuple(items),
        kept=frozenset(),
        levels=levels,
        arms=(),
        shots=shots,
        seeds=options.seeds,
        notes=(),
    )
    if not (options.sgr or options.grid):
        return asked
    pool, kept = _pool(train, items)
    tested = [item for item in items if item.id not in kept]
    if not pool:
        note = f"{name}: no row can be an example (its answer worked out), so nothing is asked with examples"
        return msgspec.structs.replace(asked, notes=(note,))
    arms = _arms(levels, pool, tested, options)
    notes = []
    few = [f"{arm.name} {len(arm.pool)}" for arm in arms if len(arm.pool) < shots]
    if few:
        notes.append(
            f"{name}: some prompts hold fewer than {shots} examples, there are not more: {', '.join(few)}"
        )
    if kept:
        notes.append(f"{name}: {len(kept)} items are kept for examples, for there are no training rows")
    arms = [arm for arm in arms if arm.pool and arm.asked]
    return msgspec.structs.replace(asked, arms=tuple(arms), kept=kept, notes=tuple(notes))


def about(asked: Asked, options: Options) -> dict[str, Any]:
    """What the summary has to know: how many samples each cell of the grid should have."""
    if not options.grid or not asked.arms:
        return {}
    tested = [asked.levels.bin(item.rating) for item in asked.items if item.id not in asked.kept]
    return {"tested": [tested.count(number) for number in range(1, options.grid + 1)]}


def _arms(levels: Levels, pool: Sequence[Item], tested: Sequence[Item], options: Options) -> list[Arm]:
    arms = []
    if options.sgr:
        hard = tuple(item for item in tested if levels.level(item.rating) == "hard")
        for name in LEVELS:
            mine = tuple(item for item in pool if levels.level(item.rating) == name)
            arms.append(Arm(name=name, pool=mine, asked=hard, tags={}))
    for number in range(1, (options.grid or 0) + 1):
        mine = tuple(item for item in pool if levels.bin(item.rating) == number)
        arms.append(Arm(name=f"bin{number}", pool=mine, asked=tuple(tested), tags={"train_bin": str(number)}))
    return arms


def _pool(train: Sequence[Item], items: Sequence[Item]) -> tuple[list[Item], frozenset[str]]:
    """Items that can be examples, and the ids of those that are asked without examples only."""
    kept: frozenset[str] = frozenset()
    candidates = train
    if not train:
        ordered = sorted(items, key=lambda item: (item.rating, item.id))
        candidates = ordered[KEPT_EVERY // 2 :: KEPT_EVERY]
        kept = frozenset(item.id for item in candidates)
    tested = {_normalised(item) for item in items if item.id not in kept}
    pool = [item for item in candidates if item.worked and _normalised(item) not in tested]
    return sorted(pool, key=lambda item: item.id), kept if pool else frozenset()


def _normalised(item: Item) -> str:
    return " ".join(_WORDS.findall(item.question.casefold()))
