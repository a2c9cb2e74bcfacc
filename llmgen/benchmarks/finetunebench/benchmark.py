"""FineTuneBench loaded: its items, its grader, and the facts that its summary needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.finetunebench import replay
from llmgen.benchmarks.finetunebench.audit import as_plain, audit_tables
from llmgen.benchmarks.finetunebench.data import (
    Card,
    Tables,
    build_lookup,
    find_root,
    load_tables,
    read_card,
)
from llmgen.benchmarks.finetunebench.derive import derive_coding
from llmgen.benchmarks.finetunebench.facts import run_facts, run_notes
from llmgen.benchmarks.finetunebench.grade import grade_answer, reading_counts
from llmgen.benchmarks.finetunebench.items import Choice, build_items
from llmgen.benchmarks.finetunebench.options import Options, Scorer
from llmgen.benchmarks.finetunebench.splits import BY_KEY, SPLITS, Key
from llmgen.errors import UsageError
from llmgen.evidence import Evidence
from llmgen.types import Answer, Completion, Grade, Judge, Sample, Sampling, content_hash

NAME = "finetunebench"
SAMPLING = Sampling(temperature=0.0, max_tokens=100, seed=42)


class FineTuneBench:
    """A loaded FineTuneBench, see `benchmarks.base.Benchmark`."""

    name = NAME
    template = "verbatim"
    sampling = SAMPLING
    grades_all = False
    evidence: Mapping[str, Evidence] | None = None

    def __init__(  # noqa: PLR0913  # the parts of one loaded benchmark
        self,
        samples: tuple[Sample, ...],
        *,
        scorer: Scorer,
        judge: Judge | None,
        dataset_hash: str,
        context: dict[str, Any],
        notes: tuple[str, ...],
        recorded: Mapping[str, str] | None,
    ) -> None:
        self._samples = samples
        self._scorer: Scorer = scorer
        self._judge = judge
        self.dataset_hash = dataset_hash
        self.context = context
        self.notes = notes
        self.recorded = recorded

    def samples(self) -> Iterator[Sample]:
        """The items, split by split, each in file order."""
        return iter(self._samples)

    async def grade(self, sample: Sample, answers: Sequence[Answer], completion: Completion) -> Grade:
        """The verdict on `answers[0]`. Raises LlmgenError when a judge is needed and cannot be asked."""
        grade = await grade_answer(sample, answers[0], completion, self._scorer, self._judge)
        if reading_counts(sample, self._scorer):
            return grade
        others = {f"by:{answer.extractor}": grade.value for answer in answers[1:]}
        return msgspec.structs.replace(grade, scores=grade.scores | others)


def load(options: Options, context: Context) -> FineTuneBench:
    """Loads the data that `options` name. Raises UsageError naming file, row and column."""
    home = context.datasets / NAME
    card = read_card(home)
    if options.check and not options.replay:
        raise UsageError("--check compares a replay", hint="add --replay DIR")
    if options.replay:
        return _load_replay(options, context, card)
    tables = load_tables(find_root(Path(options.data) if options.data else home / "sample"), options.domains)
    if options.coding_derive:
        tables = derive_coding(tables)
    return _assemble(options, context, card, tables=tables, joins=tables)


def _load_replay(options: Options, context: Context, card: Card) -> FineTuneBench:
    recording = replay.load_recording(Path(options.replay or ""), context.model)
    data = load_tables(find_root(Path(options.data)), options.domains) if options.data else {}
    stems = {split.replayed for split in SPLITS if _is_wanted(split.key, options)}
    facts: dict[str, Any] = {
        "unusable": {
            stem: msgspec.to_builtins(column) for stem, column in recording.unusable.items() if stem in stems
        },
        "differs_from_data": replay.differing_rows(recording.tables, data),
    }
    if options.check:
        reference = replay.read_reference(Path(options.check), context.model)
        facts["reference"] = {stem: cells for stem, cells in reference.items() if stem in stems}
    joins = {**recording.tables, **data}
    return _assemble(
        options, context, card, tables=recording.tables, joins=joins, recording=recording, more=facts
    )


def _assemble(  # noqa: PLR0913  # two ways of loading meet here
    options: Options,
    context: Context,
    card: Card,
    *,
    tables: Tables,
    joins: Tables,
    recording: replay.Recording | None = None,
    more: dict[str, Any] | None = None,
) -> FineTuneBench:
    choice = Choice(
        gold=options.gold or ("published" if recording else "recomputed"),
        analysed_only=options.subset == "analysed" and not recording,
        comparison_analysed=frozenset(card.comparison_analysed),
        this_year=dt.datetime.now(tz=dt.UTC).year,
        shift_year=options.shift_year,
    )
    answered = recording.answers if recording else tables
    keys = [key for key in BY_KEY if key in answered and _is_wanted(key, options)]
    lookup = build_lookup(joins)
    items = {key: list(build_items(BY_KEY[key], tables[key], lookup, choice)) for key in keys}
    samples = tuple(sample for numbered in items.values() for _, sample in numbered)
    facts = run_facts(options, context, choice, tables, keys) | (more or {})
    if not samples and not facts.get("unusable"):
        there = ", ".join("/".join(key) for key in answered)
        raise UsageError("no items are left", hint=f"there is data for {there}")
    audit = audit_tables(joins, lookup)
    return FineTuneBench(
        samples,
        scorer=options.scorer,
        judge=context.judge,
        dataset_hash=_hash_of(tables, options, choice),
        context={**facts, "audit": as_plain(audit)},
        notes=(*run_notes(options, context, card, samples, tables), *audit.notes()),
        recorded=_recorded(recording, items) if recording else None,
    )


def _hash_of(tables: Tables, options: Options, choice: Choice) -> str:
    """Changes when a file changes, or what is asked of it; not when only a year goes by."""
    files = sorted((table.stem, table.sha256) for table in tables.values())
    return content_hash([files, options.subset, options.coding_derive, choice.gold, choice.shift_year])


def _is_wanted(key: Key, options: Options) -> bool:
    return key[0] in options.domains and (not options.splits or key[1] in options.splits)


def _recorded(
    recording: replay.Recording, items: Mapping[Key, Sequence[tuple[int, Sample]]]
) -> dict[str, str]:
    """Sample id -> recorded answer; a call that had failed when it was recorded has none."""
    return {
        sample.id: recording.answers[key][number]
        for key, numbered in items.items()
        for number, sample in numbered
        if recording.answers[key][number].strip() != replay.ERROR_MARK
    }
