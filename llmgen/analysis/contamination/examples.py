"""What to look at: the distribution of peaks, and flagged items with the draws that hardly differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llmgen.analysis.contamination.models import scores_of
from llmgen.analysis.contamination.readings import Reading, in_role
from llmgen.summary import FlaggedItem, Histogram, ItemVerdict

BINS = 20
MOST = 10


def histogram(readings: Sequence[Reading]) -> Histogram:
    """The scores of items with enough data in 20 equal bins of 0..1; twins stand in for a control set."""
    control = in_role(readings, "control") or in_role(readings, "twin")
    edges = [place / BINS for place in range(BINS + 1)]
    test, other = (
        tuple(int(count) for count in np.histogram(scores_of(side), edges)[0])
        for side in (in_role(readings, "test"), control)
    )
    return Histogram(detector=readings[0].detector, edges=tuple(edges), test=test, control=other)


def flagged_items(readings: Sequence[Reading], items: Sequence[ItemVerdict]) -> tuple[FlaggedItem, ...]:
    """The flagged test items with the highest scores, at most ten."""
    flagged = [
        (reading, item)
        for reading, item in zip(readings, items, strict=True)
        if item.flagged and item.role == "test"
    ]
    flagged.sort(key=lambda pair: -(pair[1].score or 0.0))
    return tuple(_flagged(reading, item) for reading, item in flagged[:MOST])


def _flagged(reading: Reading, item: ItemVerdict) -> FlaggedItem:
    row = reading.row
    texts = [row.draws[place].text for place in reading.detail("near_draws") or () if place < len(row.draws)]
    return FlaggedItem(
        sample_id=item.sample_id,
        detector=item.detector,
        score=item.score,
        p_value=item.p_value,
        question=row.question,
        greedy=row.greedy.text if row.greedy else row.text,
        near=tuple(text for text in texts if text is not None),
        n_near=reading.detail("near") or 0,
        matched=reading.detail("matched") or "",
    )
