"""Verdicts on single samples: the detector's own rule, or the rank among the control's scores."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from llmgen.analysis.contamination.readings import CORRECTION, Reading, in_role
from llmgen.summary import ItemVerdict, ItemWord, Role

LEVEL = 0.05
SMALLEST_CONTROL = 19
"""Below, 1 / (m + 1) is above the level: no item could be flagged."""

_WORDS: dict[bool | None, ItemWord] = {True: "flagged", False: "not_flagged", None: "insufficient"}


def control_p(score: float, control: Sequence[float], *, is_member: bool = False) -> float:
    """(1 + #{c_j >= score}) / (m + 1) for the m scores of `control`, in rising order.

    `is_member`: the score is itself one of them, and is left out.
    """
    as_high = len(control) - bisect_left(control, score) - is_member
    return (1 + as_high) / (len(control) - is_member + 1)


def judged(readings: Sequence[Reading]) -> list[ItemVerdict]:
    """A word on each sample. Scores without a threshold are ranked among the control items' scores.

    Twins are the control when there is no control set. An item of the control is ranked among its others.
    """
    role: Role = "control" if in_role(readings, "control") else "twin"
    known = [one for one in in_role(readings, role) if one.needs_control]
    control = sorted(one.score for one in known if one.score is not None)
    return [_judged(reading, control, role) for reading in readings]


def _judged(reading: Reading, control: Sequence[float], role: Role) -> ItemVerdict:
    score = reading.score
    if not reading.needs_control or score is None or not control:
        return _verdict(reading, None if reading.found is None else reading.found.flagged, reading.reason)
    is_member = reading.role == role
    if len(control) - is_member < SMALLEST_CONTROL:
        return _verdict(reading, None, "control_too_small")
    p_value = control_p(score, control, is_member=is_member)
    return _verdict(reading, p_value <= LEVEL, "", p_value)


def _verdict(
    reading: Reading,
    flagged: bool | None,  # noqa: FBT001  # a verdict, not a switch
    reason: str,
    p_value: float | None = None,
) -> ItemVerdict:
    return ItemVerdict(
        sample_id=reading.sample_id,
        repeat=reading.row.repeat,
        detector=reading.detector,
        preset=str(reading.detail("preset") or ""),
        role=reading.role,
        score=reading.score,
        verdict=_WORDS[flagged] if flagged is not None or reason != CORRECTION else "not_flagged",
        flagged=flagged,
        reason=reason,
        p_value=p_value,
    )
