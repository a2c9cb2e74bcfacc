"""Between store, analysis and reports: a stored row as analysis sees it, and what analysis says of a run."""

from __future__ import annotations

from typing import Any

from llmgen.types import Answer, AnswerType, Contamination, Draw, Outcome, Struct


class ScoredRow(Struct):
    """One graded (sample, repeat) as analysis sees it: read back from the store, without prompt and logprobs.

    `text` is the first answer text, raw; None when the call failed. `answers` are all extractors' readings,
    `contamination` all detectors', from `draws`.
    """

    sample_id: str
    repeat: int = 0
    cluster: str = ""
    tags: dict[str, str] = {}
    target: str | None = None
    text: str | None = None
    outcome: Outcome = "error"
    value: float | None = None
    reason: str = ""
    was_truncated: bool = False
    scores: dict[str, float | None] = {}
    answer_type: AnswerType = "free"
    answers: tuple[Answer, ...] = ()
    contamination: tuple[Contamination, ...] = ()
    draws: tuple[Draw, ...] = ()


class Table(Struct):
    """A table for people: printed by the CLI and the HTML report alike. Cells are text, already formatted."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


class Summary(Struct):
    """What a benchmark's analysis says of a run: `metrics` for machines (plain JSON), `tables` for people."""

    metrics: dict[str, Any]
    tables: tuple[Table, ...] = ()
    warnings: tuple[str, ...] = ()
