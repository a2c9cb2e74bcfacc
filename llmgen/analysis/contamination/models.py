"""The verdict on the model: is the mean score of the test items above that of the control?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from llmgen.analysis.contamination.permutation import (
    DRAWS,
    SEED,
    effect_interval,
    label_permutation,
    sign_permutation,
)
from llmgen.analysis.contamination.readings import Reading, in_role
from llmgen.analysis.intervals import paired_bootstrap
from llmgen.summary import ModelVerdict, ModelWord

LEVEL = 0.01
FEWEST = 10
_MIXED = ("tokenizer", "centre")
_NO_CLAIM = {"ted": "correction", "ngram": "own_file_only"}


class Groups(NamedTuple):
    """The scores that are compared; with `paired`, value i of one belongs to value i of the other."""

    test: list[float]
    control: list[float]
    paired: bool


class Tested(NamedTuple):
    """A mean difference with its 95 % interval and one-sided p, and the word that follows from them."""

    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    word: ModelWord
    reason: str


def model_verdict(readings: Sequence[Reading], *, seed: int = SEED) -> ModelVerdict:
    """One detector's verdict from its readings of test items, control set and twins.

    `evidence`: p < .01 and the interval above 0; `no_evidence` otherwise, which is no innocence.
    `insufficient`, with the reason: no control set, fewer than 10 items with enough data on a side, mixed
    tokenizers or centres (presets are kept apart as detectors), more than half of the test items without
    enough data, or a detector that says nothing of the model (`ted` corrects, `ngram` knows one file).
    With twins `effect`, its interval and p are over the pairs, `avg_score` over all test items.
    """
    test = in_role(readings, "test")
    scores = scores_of(test)
    groups = groups_of(readings)
    tested = _tested(readings, test, groups, seed)
    return ModelVerdict(
        detector=readings[0].detector,
        preset=next((str(value) for one in readings if (value := one.detail("preset"))), ""),
        avg_score=mean(scores),
        control_avg=mean(groups.control),
        effect=tested.effect,
        ci_low=tested.low,
        ci_high=tested.high,
        p_value=tested.p,
        n_items=len(scores),
        n_control=len(groups.control),
        n_insufficient=len(test) - len(scores),
        verdict=tested.word,
        reason=tested.reason,
        seed=seed,
    )


def groups_of(readings: Sequence[Reading]) -> Groups:
    """Test items and their twins where there are enough pairs; else all test items and the control set.

    Several twins of one item are averaged.
    """
    twins: dict[str, list[float]] = {}
    for one in in_role(readings, "twin"):
        if one.has_data and one.score is not None:
            twins.setdefault(one.row.tags.get("twin_of", ""), []).append(one.score)
    test = [one for one in in_role(readings, "test") if one.has_data]
    pairs = [
        (one.score, copies)
        for one in test
        if one.score is not None and (copies := twins.get(one.sample_id)) is not None
    ]
    control = scores_of(in_role(readings, "control"))
    if pairs and (len(pairs) >= FEWEST or not control):
        return Groups([a for a, _ in pairs], [sum(b) / len(b) for _, b in pairs], paired=True)
    return Groups(scores_of(test), control, paired=False)


def compared(groups: Groups, *, fewest: int = FEWEST, seed: int = SEED) -> Tested:
    """The test of two groups; `insufficient` when one has fewer than `fewest` values.

    Labels are exchanged 10,000 times, or the signs of paired differences.
    """
    if not groups.control:
        return Tested(None, None, None, None, "insufficient", "no_control")
    if min(len(groups.test), len(groups.control)) < fewest:
        return Tested(None, None, None, None, "insufficient", "too_few_items")
    if groups.paired:
        differences = [a - b for a, b in zip(groups.test, groups.control, strict=True)]
        p = sign_permutation(differences, draws=DRAWS, seed=seed)
        low, high = paired_bootstrap(differences, resamples=DRAWS, seed=seed)
    else:
        p = label_permutation(groups.test, groups.control, draws=DRAWS, seed=seed)
        low, high = effect_interval(groups.test, groups.control, draws=DRAWS, seed=seed)
    effect = math.fsum(groups.test) / len(groups.test) - math.fsum(groups.control) / len(groups.control)
    word: ModelWord = "evidence" if p < LEVEL and low > 0 else "no_evidence"
    return Tested(effect, low, high, p, word, "")


def scores_of(readings: Sequence[Reading]) -> list[float]:
    """The scores of the items with enough data."""
    return [one.score for one in readings if one.has_data and one.score is not None]


def mean(values: Sequence[float]) -> float | None:
    """The mean, None without values."""
    return math.fsum(values) / len(values) if values else None


def _tested(readings: Sequence[Reading], test: Sequence[Reading], groups: Groups, seed: int) -> Tested:
    """The reasons against a claim come first, the gravest of them first."""
    base = readings[0].detector.partition(":")[0]
    mixed = [name for name in _MIXED if _is_mixed(readings, name)]
    reason = ""
    if base in _NO_CLAIM:
        reason = _NO_CLAIM[base]
    elif mixed:
        reason = f"mixed_{mixed[0]}s"
    elif 2 * sum(not one.has_data for one in test) > len(test):
        reason = "most_items_insufficient"
    return Tested(None, None, None, None, "insufficient", reason) if reason else compared(groups, seed=seed)


def _is_mixed(readings: Sequence[Reading], name: str) -> bool:
    return len({one.detail(name) for one in readings if one.has_data and one.detail(name) is not None}) > 1
