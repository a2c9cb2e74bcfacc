"""Labelled items as a detector sees them: the score, the flag, and the truth."""

from __future__ import annotations

from collections.abc import Sequence

from llmgen.analysis.contamination.items import judged
from llmgen.analysis.contamination.readings import Reading
from llmgen.summary import ItemVerdict, Role, ScoredRow
from llmgen.types import Struct


class Scored(Struct):
    """One item under one detector. `dose`: how often it was trained on, None when not known."""

    reading: Reading
    verdict: ItemVerdict

    @property
    def model(self) -> str:
        """The model that answered."""
        return self.reading.row.tags.get("model", "")

    @property
    def is_contaminated(self) -> bool:
        """The label."""
        return self.reading.row.tags.get("label") == "1"

    @property
    def dose(self) -> int | None:
        """0 for every clean item."""
        if not self.is_contaminated:
            return 0
        dose = self.reading.row.tags.get("dose")
        return None if dose is None else int(dose)

    @property
    def score(self) -> float | None:
        """The score, also that of an item with too little to flag it; None where there is none."""
        return self.reading.score


def role_of(row: ScoredRow) -> Role:
    """Clean items are the control of the contaminated items of the same model."""
    return "test" if row.tags.get("label") == "1" else "control"


def scored_of(readings: Sequence[Reading]) -> list[Scored]:
    """Every item with its verdict; a detector without a threshold is judged by each model's clean items."""
    by_model: dict[str, list[Reading]] = {}
    for reading in readings:
        by_model.setdefault(reading.row.tags.get("model", ""), []).append(reading)
    return [
        Scored(reading=reading, verdict=verdict)
        for mine in by_model.values()
        for reading, verdict in zip(mine, judged(mine), strict=True)
    ]


def tuned_of(items: Sequence[Scored]) -> list[Scored]:
    """The items of the models that were trained on some of them; all items when there is no such model."""
    tuned = {item.model for item in items if item.is_contaminated}
    return [item for item in items if item.model in tuned] if tuned else list(items)


def scores_of(items: Sequence[Scored], *, contaminated: bool, dose: int | None = None) -> list[float]:
    """The scores of one class, of all doses or one."""
    return [
        item.score
        for item in items
        if item.score is not None
        and item.is_contaminated == contaminated
        and (dose is None or item.dose == dose)
    ]
