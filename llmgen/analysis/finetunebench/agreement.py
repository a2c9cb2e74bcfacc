"""Does the judge agree with the deterministic scorer, where an item has both?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from llmgen.analysis.finetunebench.items import Item


def judge_agreement(items: Iterable[Item]) -> dict[str, Any] | None:
    """Agreement rate and Cohen's kappa over all answers with both verdicts; None when there is none.

    kappa = (po - pe) / (1 - pe), None when pe = 1.
    """
    pairs = [pair for item in items for pair in item.verdicts]
    if not pairs:
        return None
    n = len(pairs)
    observed = sum(judged == fixed for judged, fixed in pairs) / n
    judged_yes, fixed_yes = (sum(column) / n for column in zip(*pairs, strict=True))
    expected = judged_yes * fixed_yes + (1 - judged_yes) * (1 - fixed_yes)
    kappa = (observed - expected) / (1 - expected) if expected < 1 else None
    return {"n": n, "agreement": round(observed, 4), "kappa": None if kappa is None else round(kappa, 4)}
