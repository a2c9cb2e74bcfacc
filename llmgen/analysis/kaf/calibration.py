"""Whether confidences mean what they say: reliability, calibration error, accuracy over coverage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from llmgen.analysis.intervals import wilson
from llmgen.analysis.kaf.readings import Reading

BINS = 10
_COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5)


def calibration_of(readings: Sequence[Reading]) -> dict[str, Any] | None:
    """The calibration of an extractor that states confidences, None without any.

    `reliability`: ten bins of equal count by confidence, with their Wilson intervals (95 %). `ece` = sum
    over bins of n_b / n · |accuracy - mean confidence|. `coverage`: accuracy over the surest readings.
    """
    pairs = sorted(
        (reading.answer.confidence, reading.right)
        for reading in readings
        if reading.answer is not None and reading.answer.confidence is not None and reading.right is not None
    )
    if not pairs:
        return None
    bins: list[dict[str, Any]] = []
    for part in np.array_split(np.array(pairs, dtype=float), min(BINS, len(pairs))):
        confidence, accuracy = (float(value) for value in part.mean(axis=0))
        bounds = wilson(float(part[:, 1].sum()), len(part))
        bins.append(
            {"n": len(part), "confidence": confidence, "accuracy": accuracy, "wilson95": list(bounds)}
        )
    gaps = sum(one["n"] * abs(one["accuracy"] - one["confidence"]) for one in bins)
    right = [value for _, value in reversed(pairs)]
    return {
        "n": len(pairs),
        "ece": gaps / len(pairs),
        "reliability": bins,
        "coverage": [
            {"share": share, "accuracy": sum(right[:count]) / count}
            for share in _COVERAGES
            if (count := round(share * len(right)))
        ],
    }
