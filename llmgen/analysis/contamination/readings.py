"""Stored rows as readings: what each detector says of each sample, and its part in the comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from llmgen.summary import Role, ScoredRow
from llmgen.types import Contamination, Struct

NO_CONTROL = "no_control"
CORRECTION = "correction"
_WITHOUT_THRESHOLD = frozenset({NO_CONTROL, CORRECTION})


class Reading(Struct):
    """One detector's reading of one sample. `found` is None where the detector did not come to read it."""

    row: ScoredRow
    role: Role
    detector: str
    found: Contamination | None

    @property
    def sample_id(self) -> str:
        """The sample."""
        return self.row.sample_id

    @property
    def score(self) -> float | None:
        """Higher where contamination is likelier."""
        return None if self.found is None else self.found.score

    @property
    def reason(self) -> str:
        """Why there is no word on the sample, or why it is as it is."""
        return "not_read" if self.found is None else str(self.detail("reason") or "")

    @property
    def needs_control(self) -> bool:
        """Whether there is a score that only a control set can judge."""
        return self.score is not None and self.reason == NO_CONTROL

    @property
    def has_data(self) -> bool:
        """Whether the score counts in averages: the detector found enough to look at."""
        if self.found is None or self.score is None:
            return False
        return self.found.flagged is not None or self.reason in _WITHOUT_THRESHOLD

    def detail(self, name: str) -> Any:
        """One of the detector's own numbers, None where it has none."""
        return None if self.found is None else self.found.details.get(name)


def role_of(row: ScoredRow) -> Role | None:
    """The row's part; None for samples outside the comparison, as are those that never rank a model."""
    role = row.tags.get("contamination_role")
    if role == "control":
        return "control"
    if role == "twin":
        return "twin"
    return None if row.tags.get("role") == "diagnostic" else "test"


def readings_of(
    rows: Sequence[ScoredRow], role_of: Callable[[ScoredRow], Role | None] = role_of
) -> dict[str, list[Reading]]:
    """Detector -> its readings, one a sample (the first repeat that was read), in the order of the rows.

    A detector that ran under several presets has one entry for each, named `detector:preset`.
    """
    roles = {row.sample_id: role for row in rows if (role := role_of(row)) is not None}
    samples = _first_read(row for row in rows if row.sample_id in roles)
    presets: dict[str, dict[str, None]] = {}
    for row in samples:
        for found in row.contamination:
            presets.setdefault(found.detector, {})[_preset(found)] = None
    readings: dict[str, list[Reading]] = {}
    for detector, kinds in presets.items():
        for preset in kinds:
            name = f"{detector}:{preset}" if len(kinds) > 1 else detector
            readings[name] = [
                Reading(
                    row=row,
                    role=roles[row.sample_id],
                    detector=name,
                    found=_found(row, detector, preset),
                )
                for row in samples
            ]
    return readings


def in_role(readings: Iterable[Reading], role: Role) -> list[Reading]:
    """The readings with this part."""
    return [reading for reading in readings if reading.role == role]


def values_of(rows: Sequence[ScoredRow]) -> dict[str, float | None]:
    """Sample -> its grade averaged over repeats, None where nothing was graded."""
    grades: dict[str, list[float]] = {}
    for row in rows:
        known = grades.setdefault(row.sample_id, [])
        if row.value is not None:
            known.append(row.value)
    return {sample_id: sum(known) / len(known) if known else None for sample_id, known in grades.items()}


def _first_read(rows: Iterable[ScoredRow]) -> list[ScoredRow]:
    found: dict[str, ScoredRow] = {}
    for row in rows:
        if row.sample_id not in found or (row.contamination and not found[row.sample_id].contamination):
            found[row.sample_id] = row
    return list(found.values())


def _preset(found: Contamination) -> str:
    return str(found.details.get("preset") or "")


def _found(row: ScoredRow, detector: str, preset: str) -> Contamination | None:
    return next((c for c in row.contamination if (c.detector, _preset(c)) == (detector, preset)), None)
