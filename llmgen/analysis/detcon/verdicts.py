"""Mean scores dose by dose: would the test behind a verdict on the model find them?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmgen.analysis.contamination.models import Groups, compared
from llmgen.analysis.detcon.scored import Scored, scores_of, tuned_of

FEWEST = 5
"""Doses are small groups whose labels are known: nothing is claimed of a model that rests on them alone."""


def verdicts_of(items: Sequence[Scored], *, seed: int = 0) -> dict[str, Any]:
    """Dose -> the permutation test of its mean score against that of the tuned models' clean items.

    `clean` is the test that must find nothing: every second of those clean items, by id, against the others.
    Every item with a score counts, those of too short answers too.
    """
    tuned = _by_id(tuned_of(items))
    clean = scores_of(tuned, contaminated=False)
    doses = sorted({item.dose for item in tuned if item.is_contaminated and item.dose is not None})
    found = {
        str(dose): _tested(scores_of(tuned, contaminated=True, dose=dose), clean, "clean items", seed)
        for dose in doses
    }
    if any(item.is_contaminated and item.dose is None for item in tuned):
        found["unknown"] = _tested(scores_of(tuned, contaminated=True), clean, "clean items", seed)
    found["clean"] = _tested(clean[::2], clean[1::2], "other clean items", seed)
    return found


def tuning_of(items: Sequence[Scored], *, seed: int = 0) -> dict[str, Any] | None:
    """The clean items of tuned models against those of untouched ones; None without untouched models.

    What tuning alone does to scores is no contamination: a control has to be answered by the same model.
    """
    tuned = _by_id(tuned_of(items))
    models = {item.model for item in tuned}
    untouched = _by_id([item for item in items if item.model not in models])
    if not untouched:
        return None
    mine, theirs = (scores_of(side, contaminated=False) for side in (tuned, untouched))
    found = _tested(mine, theirs, "untouched items", seed)
    return {name: value for name, value in found.items() if name not in {"verdict", "reason"}}


def _by_id(items: Sequence[Scored]) -> list[Scored]:
    """Permutations depend on the order of items, and a store has its own."""
    return sorted(items, key=lambda item: item.reading.sample_id)


def _tested(test: list[float], control: list[float], against: str, seed: int) -> dict[str, Any]:
    tested = compared(Groups(test, control, paired=False), fewest=FEWEST, seed=seed)
    return {
        "n": len(test),
        "n_control": len(control),
        "against": against,
        "effect": tested.effect,
        "effect95": None if tested.low is None else [tested.low, tested.high],
        "p": tested.p,
        "verdict": tested.word,
        "reason": tested.reason,
        "seed": seed,
    }
