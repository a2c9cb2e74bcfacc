"""Stored rows as readings: per extractor, what it read of each item and whether that is right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from llmgen.summary import ScoredRow
from llmgen.types import Answer, AnswerType, Struct

NO_VALID_ANSWER = "[No valid answer]"
TYPES: tuple[AnswerType, ...] = ("alphabet_option", "short_text", "categorical_label", "math")


class Reading(Struct):
    """What one extractor made of one item.

    `right`: the reading is the label; `verdict`: it is graded as the label would be; None where that
    could not be found out. `answer` is None when the item failed before the extractor.
    """

    item: ScoredRow
    extractor: str
    answer: Answer | None
    right: float | None
    verdict: float | None

    @property
    def label(self) -> str:
        """The label, or the mark of no valid answer."""
        return self.item.tags.get("label", "")

    @property
    def is_answered(self) -> bool:
        """Whether the label names an answer."""
        return self.label != NO_VALID_ANSWER

    @property
    def is_error(self) -> bool:
        """Whether the extractor, or the comparison of its value, failed."""
        return self.answer is None or self.answer.kind == "error" or self.verdict is None

    @property
    def said(self) -> str:
        """The value read, the mark of no valid answer, or `error`."""
        if self.answer is None or self.answer.kind == "error":
            return "error"
        return NO_VALID_ANSWER if self.answer.kind == "no_valid_answer" else self.answer.value or ""


def readings_of(rows: Sequence[ScoredRow]) -> dict[str, list[Reading]]:
    """Extractor -> its readings in the order of the rows; extractors in the order of their naming."""
    names = list(dict.fromkeys(answer.extractor for row in rows for answer in row.answers))
    readings: dict[str, list[Reading]] = {name: [] for name in names}
    for row in rows:
        answers = {answer.extractor: answer for answer in row.answers}
        for name in names:
            readings[name].append(
                Reading(
                    item=row,
                    extractor=name,
                    answer=answers.get(name),
                    right=row.scores.get(f"by:{name}"),
                    verdict=row.scores.get(f"verdict:{name}"),
                )
            )
    return readings


def slices(readings: Iterable[Reading], field: str) -> dict[str, list[Reading]]:
    """Readings by a tag's values, in order of size; `tags` holds several, so that its slices overlap."""
    found: dict[str, list[Reading]] = {}
    for reading in readings:
        values = reading.item.tags.get(field, "")
        for value in values.split(",") if field == "tags" else [values]:
            found.setdefault(value or "-", []).append(reading)
    return dict(sorted(found.items(), key=lambda entry: -len(entry[1])))
