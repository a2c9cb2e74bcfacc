"""Base model against tuned model: gains item by item, and apart by what the base model knew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from llmgen.analysis.finetunebench.averages import ROLES
from llmgen.analysis.finetunebench.items import Item, by_file
from llmgen.analysis.intervals import mcnemar_exact, paired_bootstrap

STRATA = ("known", "unknown", "ungraded")
FEW_UNKNOWN = 20
_UNKNOWN = frozenset({"wrong", "abstain", "stale"})


def gain(tuned: Sequence[Item], base: Mapping[str, Item]) -> dict[str, Any]:
    """The paired difference over the items graded in both runs.

    `gain` = mean(tuned - base) with its 95 % bootstrap interval (10,000 resamples, seed 42, whole clusters
    drawn: people by person); `p` is the exact McNemar p of the `gained` and `lost` items.
    """
    pairs = [
        (item, item.value, base[item.id].value)
        for item in tuned
        if item.value is not None and item.id in base and base[item.id].value is not None
    ]
    if not pairs:
        return {
            "n": 0,
            "base": None,
            "tuned": None,
            "gain": None,
            "ci95": None,
            "p": None,
            "gained": 0,
            "lost": 0,
        }
    after = np.array([value for _, value, _ in pairs], dtype=float)
    before = np.array([value for _, _, value in pairs], dtype=float)
    gained, lost = int((after > before).sum()), int((after < before).sum())
    low, high = paired_bootstrap(after - before, [item.cluster for item, _, _ in pairs])
    return {
        "n": len(pairs),
        "base": round(float(before.mean()), 4),
        "tuned": round(float(after.mean()), 4),
        "gain": round(float((after - before).mean()), 4),
        "ci95": [round(low, 4), round(high, 4)],
        "p": mcnemar_exact(gained, lost),
        "gained": gained,
        "lost": lost,
    }


def gains_by_file(tuned: Iterable[Item], base: Iterable[Item]) -> dict[str, dict[str, Any]]:
    """`gain` per file."""
    known = {item.id: item for item in base}
    return {stem: gain(items, known) for stem, items in by_file(tuned).items()}


def strata_of(base: Iterable[Item]) -> dict[str, str]:
    """Stratum of each fact by the base model's grade on the fact's memorization prompt.

    `known`: correct; `unknown`: wrong, stale or abstaining; `ungraded`: all else.
    """
    strata = {}
    for item in base:
        if item.tags.get("role") == "train":
            graded = "unknown" if item.outcome in _UNKNOWN else "ungraded"
            strata[item.tags["fact_key"]] = "known" if item.outcome == "correct" else graded
    return strata


def known_before(base: Iterable[Item]) -> dict[str, str]:
    """For facts that replaced an older one: whether the base model gave the older answer (yes or no)."""
    return {
        item.tags["fact_key"]: "yes" if item.outcome == "stale" else "no"
        for item in base
        if item.tags.get("role") == "train" and item.tags.get("answer_before") and item.value is not None
    }


def stratified(tuned: Sequence[Item], base: Sequence[Item]) -> dict[str, Any]:
    """Gains on trained and reworded questions, apart by stratum; `taught` of `unknown` is the headline.

    Each entry has `n_facts` and, for memorization and generalization, the paired `gain`.
    """
    strata, before = strata_of(base), known_before(base)
    known = {item.id: item for item in base}
    result: dict[str, Any] = {name: _stratum(name, strata, tuned, known) for name in STRATA}
    if before:
        result["known_before"] = {name: _stratum(name, before, tuned, known) for name in ("yes", "no")}
    return result


def _stratum(
    name: str, strata: Mapping[str, str], tuned: Sequence[Item], base: Mapping[str, Item]
) -> dict[str, Any]:
    mine = [item for item in tuned if strata.get(item.tags.get("fact_key", "")) == name]
    return {
        "n_facts": sum(stratum == name for stratum in strata.values()),
        **{
            average: gain([item for item in mine if item.tags.get("role") == role], base)
            for role, average in ROLES.items()
        },
    }
