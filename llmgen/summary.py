"""Between store, analysis and reports: a stored row as analysis sees it, and what analysis says of a run."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from llmgen.types import Answer, AnswerType, Contamination, Draw, Outcome, Struct


class ScoredRow(Struct):
    """One graded (sample, repeat) as analysis sees it: read back from the store, without prompt and logprobs.

    `text` is the first answer text, raw; None when the call failed. `answers` are all extractors' readings,
    `contamination` all detectors', from `draws` and `greedy` (None when the answer itself is the greedy one).
    `question` is filled where examples are shown.
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
    greedy: Draw | None = None
    question: str = ""


class Table(Struct):
    """A table for people: printed by the CLI and the HTML report alike. Cells are text, already formatted."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


class Summary(Struct):
    """What a benchmark's analysis says of a run: `metrics` for machines (plain JSON), `tables` for people.

    `stored` are rows for tables of the store, by table (one of `store.db.SUMMARY_TABLES`), without the run's
    id: they take the place of the run's earlier rows there, also when there are none.
    """

    metrics: dict[str, Any]
    tables: tuple[Table, ...] = ()
    warnings: tuple[str, ...] = ()
    stored: dict[str, list[dict[str, Any]]] = {}


ItemWord: TypeAlias = Literal["flagged", "not_flagged", "insufficient"]
ModelWord: TypeAlias = Literal["evidence", "no_evidence", "insufficient"]
Role: TypeAlias = Literal["test", "control", "twin"]


class ItemVerdict(Struct):
    """A detector's word on a sample; `detector` carries the preset (`cdd:published`) where there are several.

    `p_value` is that of the control rule, where a control set decides; `flagged` is None when insufficient.
    """

    sample_id: str
    repeat: int
    detector: str
    preset: str
    role: Role
    score: float | None
    verdict: ItemWord
    flagged: bool | None
    reason: str = ""
    p_value: float | None = None


class ModelVerdict(Struct):
    """What a detector says of the model: the mean score of the test items against that of the control.

    `effect` is their difference with its 95 % bootstrap interval and the one-sided p of the permutation test
    (of paired differences when the control are twins). `n_items` and `n_control` count items with enough
    data, `n_insufficient` the test items without.
    """

    detector: str
    preset: str
    avg_score: float | None
    control_avg: float | None
    effect: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    n_items: int
    n_control: int
    n_insufficient: int
    verdict: ModelWord
    reason: str
    seed: int


class Histogram(Struct):
    """Counts of a score between `edges` (one more than bins), test items beside control items."""

    detector: str
    edges: tuple[float, ...]
    test: tuple[int, ...]
    control: tuple[int, ...]


class FlaggedItem(Struct):
    """A flagged sample to look at: `near` are some of the draws that hardly differ from the greedy answer.

    `matched` is the text that the item shares with a training file, where one was searched.
    """

    sample_id: str
    detector: str
    score: float | None
    p_value: float | None
    question: str
    greedy: str | None
    near: tuple[str, ...]
    n_near: int
    matched: str = ""


class Section(Struct):
    """What contamination detectors say of a run of any benchmark. `metrics` is plain JSON."""

    metrics: dict[str, Any]
    tables: tuple[Table, ...] = ()
    warnings: tuple[str, ...] = ()
    models: tuple[ModelVerdict, ...] = ()
    items: tuple[ItemVerdict, ...] = ()
    histograms: tuple[Histogram, ...] = ()
    examples: tuple[FlaggedItem, ...] = ()
