"""What a benchmark has to offer, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from llmgen.evidence import Evidence
from llmgen.execution import OpenRunner
from llmgen.types import Answer, Compare, Completion, Grade, Judge, Sample, Sampling, Struct


class Context(Struct):
    """What wiring hands to `Spec.load`.

    `model` is the evaluated model's name as typed; `judge` is None when no judge model was named;
    `datasets` is the folder with the packaged cards and sample sets; `comparators` say by name when two
    readings are the same answer; `open_runner` opens what runs model-written code, None where nothing does;
    `read_parquet` gives the rows of a Parquet file as JSON has them, and raises UsageError for a damaged one.
    """

    model: str
    datasets: Path
    judge: Judge | None = None
    comparators: Mapping[str, Compare] = {}
    open_runner: OpenRunner | None = None
    read_parquet: Callable[[Path], Iterator[dict[str, Any]]] | None = None


class Benchmark(Protocol):
    """A loaded benchmark.

    `template` names the prompt template; `sampling` is the protocol's, which flags may override; `context`
    holds plain JSON facts about the loaded data that its summary needs (missing files, unusable columns):
    it is stored with the run. `notes` are lines that a reader of the score must see. `recorded` maps sample
    ids to recorded answers when the benchmark was loaded to replay them, else it is None. `grades_all`:
    empty, refused and truncated answers and extractors that failed come to `grade`, too, which says itself
    what they mean; else they are left ungraded before it. `evidence` maps sample ids to recorded evidence
    for contamination detectors, else it is None and evidence is gathered from the model.
    """

    name: str
    template: str
    sampling: Sampling
    dataset_hash: str
    context: dict[str, Any]
    notes: tuple[str, ...]
    recorded: Mapping[str, str] | None
    evidence: Mapping[str, Evidence] | None
    grades_all: bool

    def samples(self) -> Iterator[Sample]:
        """The items in their fixed order. Ids are unique."""
        ...

    async def grade(self, sample: Sample, answers: Sequence[Answer], completion: Completion) -> Grade:
        """The verdict on one answer. `answers[0]` is the grading extractor's reading.

        `scores["by:NAME"]`, when it is there, is the value that the reading of extractor NAME would have
        got; without it that reading is graded in a call of its own.
        """
        ...


class Spec(Struct):
    """A benchmark's row: its option Struct (each field becomes a flag), how to load it, how to sum it up.

    `summarise` is "module:attribute" of `(rows, base_rows or None, context) -> Summary` in the analysis
    stage, so that benchmarks need not import it. `load` raises UsageError on missing or malformed data,
    naming file, row and column. `asks_model` False: the benchmark brings the answers along in `recorded`
    and takes no model. `detectors` are the contamination detectors that read its samples when no others are
    named.
    """

    options: type[Struct]
    load: Callable[[Any, Context], Benchmark]
    summarise: str
    extractors: tuple[str, ...] = ("whole",)
    detectors: tuple[str, ...] = ()
    asks_model: bool = True
