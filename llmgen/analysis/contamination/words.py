"""Reasons and verdicts in words, and what a reader of the section must be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REASONS = {
    "no_control": "no control set",
    "control_too_small": "control set too small",
    "too_few_items": "too few items with enough data",
    "most_items_insufficient": "most items have too little data",
    "mixed_tokenizers": "several tokenizers in one run",
    "mixed_centres": "several centres in one run",
    "correction": "it corrects a score",
    "own_file_only": "it knows one file, not what the model has seen",
    "answer_only": "the answer is a letter, a label or a number",
    "no_greedy": "no greedy answer",
    "too_few_samples": "too few draws",
    "too_short": "greedy answer too short",
    "no_prompt_logprobs": "no log probabilities of given text",
    "no_full_distribution": "no full distribution",
    "no_target": "no target text",
    "not_read": "never read: the call failed",
    "few_discordant_pairs": "fewer than 10 pairs differ",
    "no_graded_pairs": "no pair is graded on both sides",
}


def words_of(reason: str) -> str:
    """A reason in words; one that is not known here as it is."""
    return REASONS.get(reason, reason.replace("_", " "))


def verdict_of(found: Mapping[str, Any]) -> str:
    """A verdict with its reason in words."""
    word = found["verdict"].replace("_", " ")
    return f"{word}: {words_of(found['reason'])}" if found["reason"] else word


def warnings_of(metrics: Mapping[str, Any]) -> tuple[str, ...]:
    """Lines that belong beside the numbers, however short the report."""
    lines = []
    for name, found in metrics["detectors"].items():
        if found["reason"] == "no_control":
            lines.append(f"{name}: no control set, so no word on the model (--control FILE or --twins FILE)")
        elif found["reason"] and found["reason"] not in {"correction", "own_file_only"}:
            lines.append(f"{name}: no word on the model: {words_of(found['reason'])}")
        elif found["verdict"] == "no_evidence":
            lines.append(f"{name}: no evidence is no innocence{_unseen(found['power'])}")
        if found["preset"].startswith("published") and found["reason"] != "correction":
            lines.append(
                f"{name}: preset {found['preset']} repeats the published rule with its faults: it flags"
                " clean items often, and short or fenced answers most"
            )
    ted = metrics["ted"]
    if ted and ted["right_and_deterministic"]:
        many, graded = ted["right_and_deterministic"], ted["n_graded"]
        lines.append(f"ted: {many} of {graded} items are right and deterministic; {ted['note']}")
    return tuple(lines)


def _unseen(power: Mapping[str, Any] | None) -> str:
    if power is None:
        return ""
    if power["effect"] is None:
        return f": with {power['n']} and {power['n_control']} items nothing would be found"
    chance = f"{power['power']:.0%} of such runs find"
    if power["share"] is not None:
        return f": {chance} it when at least {power['share']:.0%} of the items are known by heart"
    return f": {chance} a difference of {power['effect']:.3g} or more"
