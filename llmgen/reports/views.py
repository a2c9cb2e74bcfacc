"""What the pages show: values that a caller fills, free of store and analysis."""

from __future__ import annotations

from typing import Literal

from llmgen.summary import Table
from llmgen.types import Message, Outcome, Struct

MEANINGS = {
    "correct": "The answer was read and agrees with the gold answer.",
    "wrong": "The answer was read and does not agree with the gold answer.",
    "stale": "The answer gives the value from before the fact changed. Not correct.",
    "abstain": "The model said that it does not know. Not correct.",
    "refused": "The model or the vendor's filter declined to answer. Not graded, not in the accuracy.",
    "truncated": "The answer hit the token limit before it committed to a value. Not graded.",
    "unparsed": "Nothing in the answer could be read as an answer, or it was empty. Not graded.",
    "error": "The call or a later stage failed. Not graded; asked again when the run is resumed.",
}


class Score(Struct):
    """A run's headline: the mean grade over the graded samples with its 95 % interval, None without any.

    `n` and `n_graded` count samples. `method` is how the interval was made: `wilson`, `t` or `none`;
    `n_clusters` the independent groups behind it.
    """

    n: int
    n_graded: int
    mean: float | None
    low: float | None
    high: float | None
    method: Literal["wilson", "t", "none"]
    n_clusters: int


class Example(Struct):
    """One answer to look at. `reason` says why it was graded so, or how it failed."""

    sample_id: str
    repeat: int
    outcome: Outcome
    prompt: tuple[Message, ...]
    answer: str | None
    gold: str | None
    reason: str


class Tally(Struct):
    """A run's answers (samples x repeats) counted.

    `outcomes` holds the graded answers by outcome, `exclusions` the others, zeros included. Tokens are
    None when no answer came; latencies (seconds, of answers that were not cached) likewise. `served`
    counts answers by who gave them ("model at endpoint").
    """

    outcomes: dict[str, int]
    exclusions: dict[str, int]
    prompt_tokens: int | None
    completion_tokens: int | None
    n_cached: int
    latency_p50_s: float | None
    latency_p95_s: float | None
    served: dict[str, int]
    examples: tuple[Example, ...]


class Bar(Struct):
    """A row of a forest plot: an estimate with its interval and the number of samples behind it."""

    label: str
    low: float
    high: float
    mean: float
    n: str = ""


class RunCard(Struct):
    """One side of a comparison, as a list of facts (name, value), already formatted."""

    letter: str
    run_id: str
    model: str
    facts: tuple[tuple[str, str], ...]


class FlipView(Struct):
    """A sample on which two runs disagree: what both said. `letter` is the run that was graded higher."""

    sample_id: str
    letter: str
    gold: str | None
    said: tuple[tuple[str, str | None], ...]


class FlipGroup(Struct):
    """The disagreements of one pair of runs: `n` of them in all, some to look at."""

    title: str
    n: int
    flips: tuple[FlipView, ...]


class ComparisonPage(Struct):
    """A comparison of a run with one or more others.

    `unlike` lists in what the runs differ besides the model; `findings` are sentences, one a pair; `bars`
    are the differences with their intervals; `methods` says how they were tested.
    """

    title: str
    unlike: tuple[str, ...]
    warnings: tuple[str, ...]
    findings: tuple[str, ...]
    bars: tuple[Bar, ...]
    tables: tuple[Table, ...]
    runs: tuple[RunCard, ...]
    flips: tuple[FlipGroup, ...]
    methods: tuple[str, ...]
    command: str
