"""AUC and rates of one detector over a set of labelled items, in all and by dose."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from llmgen.analysis.contamination.auc import auc, auc_interval, rates
from llmgen.analysis.detcon.scored import Scored, scores_of

SEED = 0


def figures(items: Sequence[Scored]) -> dict[str, Any]:
    """All numbers of a detector over `items`.

    `n` counts the items, `insufficient` those of which nothing is said, by reason in `reasons`. The rates
    are over the `decided` items, flags against labels. A score needs no threshold, so `auc` (with its
    stratified bootstrap interval) and `mean_score` are over all `n_scored` items that have one, those of
    too short answers too; `auc_decided` is over the decided ones. What is undefined is None, and
    `undefined` says why.
    """
    found = _over(items)
    doses = sorted({item.dose for item in items if item.dose is not None})
    found["by_dose"] = {str(dose): _at_dose(items, dose) for dose in doses}
    return found


def _over(items: Sequence[Scored]) -> dict[str, Any]:
    decided = _decided(items)
    found = rates(
        [bool(item.verdict.flagged) for item in decided], [item.is_contaminated for item in decided]
    )
    positive, negative = (scores_of(items, contaminated=label) for label in (True, False))
    low, high = auc_interval(positive, negative, seed=SEED) or (None, None)
    area = {"auc": auc(positive, negative), "auc_low": low, "auc_high": high}
    if area["auc"] is None:
        found["undefined"]["auc"] = "one_class" if positive or negative else "no_scores"
    positive, negative = (scores_of(decided, contaminated=label) for label in (True, False))
    return {**_counts(items), **area, "auc_decided": auc(positive, negative), **found}


def _at_dose(items: Sequence[Scored], dose: int) -> dict[str, Any]:
    """The items of one dose against all clean ones; the clean ones by themselves at dose 0.

    Counts and `mean_score` are of the items of the dose alone.
    """
    mine = [item for item in items if item.dose == dose]
    clean = [item for item in items if not item.is_contaminated]
    scores = scores_of(mine, contaminated=dose > 0)
    return {
        **_over(mine if dose == 0 else [*mine, *clean]),
        **_counts(mine),
        "mean_score": math.fsum(scores) / len(scores) if scores else None,
    }


def _counts(items: Sequence[Scored]) -> dict[str, Any]:
    missing = [item.verdict.reason for item in items if item.verdict.verdict == "insufficient"]
    return {
        "n": len(items),
        "insufficient": len(missing),
        "reasons": dict(Counter(missing).most_common()),
        "decided": len(_decided(items)),
        "n_scored": sum(item.score is not None for item in items),
        "flagged": sum(bool(item.verdict.flagged) for item in items),
    }


def _decided(items: Sequence[Scored]) -> list[Scored]:
    return [item for item in items if item.verdict.flagged is not None]
