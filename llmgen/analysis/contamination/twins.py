"""Twins: perturbed copies of items. A model that knows an item by heart answers the copy less well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmgen.analysis.contamination.models import LEVEL
from llmgen.analysis.contamination.readings import role_of, values_of
from llmgen.analysis.intervals import mcnemar_exact, paired_bootstrap
from llmgen.summary import ModelWord, ScoredRow

FEWEST_DISCORDANT = 10


def twins_of(rows: Sequence[ScoredRow], clusters: Mapping[str, str]) -> dict[str, Any] | None:
    """The gap between originals and their twins with the paired bootstrap interval; None without twins.

    Several twins of one item are averaged. `p` is exact McNemar (two-sided) over the pairs of which one
    side was graded higher. `verdict` is `evidence` when p < .01 and the interval is above 0, `insufficient`
    below 10 such pairs.
    """
    twins: dict[str, set[str]] = {}
    for row in rows:
        if role_of(row) == "twin":
            twins.setdefault(row.tags.get("twin_of", ""), set()).add(row.sample_id)
    if not twins:
        return None
    values = values_of(rows)
    pairs = [
        (name, a, b)
        for name, copies in twins.items()
        if (a := values.get(name)) is not None
        and (b := _mean([value for copy in copies if (value := values.get(copy)) is not None])) is not None
    ]
    better, worse = sum(a > b for _, a, b in pairs), sum(a < b for _, a, b in pairs)
    found: dict[str, Any] = {
        "n_twins": sum(map(len, twins.values())),
        "n_pairs": len(pairs),
        "original": _mean([a for _, a, _ in pairs]),
        "twin": _mean([b for _, _, b in pairs]),
        "gap": _mean([a - b for _, a, b in pairs]),
        "low": None,
        "high": None,
        "original_better": better,
        "twin_better": worse,
        "p": mcnemar_exact(better, worse) if pairs else None,
        "verdict": "insufficient",
        "reason": "few_discordant_pairs" if pairs else "no_graded_pairs",
    }
    if pairs:
        low, high = paired_bootstrap([a - b for _, a, b in pairs], [clusters[name] for name, _, _ in pairs])
        found |= {"low": low, "high": high}
        if better + worse >= FEWEST_DISCORDANT:
            word: ModelWord = "evidence" if found["p"] < LEVEL and low > 0 else "no_evidence"
            found |= {"verdict": word, "reason": ""}
    return found


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
