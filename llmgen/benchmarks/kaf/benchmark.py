"""KAF loaded: its labelled outputs, and how the readings of one are scored (specification, section 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.kaf.files import load_files
from llmgen.benchmarks.kaf.options import Options
from llmgen.benchmarks.kaf.rows import NO_VALID_ANSWER, Item
from llmgen.benchmarks.rowfiles import Loaded
from llmgen.errors import UsageError
from llmgen.evidence import Evidence
from llmgen.types import Answer, Compare, Completion, Grade, Sample, Sampling, content_hash

NAME = "kaf"
_VERDICTS = frozenset({"correct", "incorrect", "cannot_tell"})


class Kaf:
    """Loaded labelled outputs, see `benchmarks.base.Benchmark`."""

    name = NAME
    template = "verbatim"
    sampling = Sampling()
    grades_all = True
    evidence: Mapping[str, Evidence] | None = None

    def __init__(self, loaded: Loaded[Item], options: Options, same: Compare, *, packaged: bool) -> None:
        self._samples = tuple(item.sample for item in loaded.items)
        self._same = same
        self.dataset_hash = content_hash([loaded.hashes, options.skip_bad])
        self.recorded: Mapping[str, str] | None = {item.sample.id: item.output for item in loaded.items}
        self.context: dict[str, Any] = {
            "worst": options.worst,
            "by": list(options.by),
            "disagree": list(options.disagree),
            "min_accuracy": options.min_accuracy,
        }
        self.notes: tuple[str, ...] = ()
        if loaded.bad:
            self.notes += (f"{len(loaded.bad)} malformed rows were left out",)
        if packaged:
            self.notes += ("our own sample of a few dozen outputs: it shows that everything works, no more",)
        if options.comparator == "xfinder":
            self.notes += ("answers were compared by the published string rules, which take 1,2 for 12",)

    def samples(self) -> Iterator[Sample]:
        """The items in file order."""
        return iter(self._samples)

    async def grade(self, sample: Sample, answers: Sequence[Answer], completion: Completion) -> Grade:  # noqa: ARG002  # the text was read already
        """Whether the first reading is the label; the scores of all readings beside it.

        `by:X` = reading of X is the label; `verdict:X` = it is graded against the gold as the label would
        be; `same:X|Y` = X and Y read alike. None where an extractor or the comparator failed: the outcome
        is then `error`, so that a resumed run reads the item again.
        """
        label = None if sample.tags["label"] == NO_VALID_ANSWER else sample.tags["label"]
        truth = await self._is_correct(sample, label)
        scores: dict[str, float | None] = {}
        for answer in answers:
            scores[f"by:{answer.extractor}"] = _number(await self._is_label(sample, answer, label))
            said = await self._verdict(sample, answer)
            unknown = said is None or truth is None
            scores[f"verdict:{answer.extractor}"] = None if unknown else float(said == truth)
        for a, b in combinations(answers, 2):
            scores[f"same:{a.extractor}|{b.extractor}"] = _number(await self._alike(sample, a, b))
        failed = [answer for answer in answers if _has_failed(answer, scores)]
        if failed:
            why = f"{failed[0].extractor}: {failed[0].reason or 'could not be compared'}"
            return Grade(outcome="error", reason=why, scores=scores)
        first = answers[0]
        value = scores[f"by:{first.extractor}"]
        if value is None:
            value = scores[f"verdict:{first.extractor}"]
        reason = f"label {label or NO_VALID_ANSWER}, read {first.value or NO_VALID_ANSWER}"
        return Grade(outcome="correct" if value else "wrong", value=value, reason=reason, scores=scores)

    async def _is_label(self, sample: Sample, answer: Answer, label: str | None) -> bool | None:
        if answer.kind == "error" or _is_verdict(answer):
            return None
        return await self._compare(sample, answer.value, label, percent="notation")

    async def _verdict(self, sample: Sample, answer: Answer) -> bool | None:
        """Whether the reading would be graded as correct. No valid answer never is."""
        if answer.kind == "error":
            return None
        if _is_verdict(answer):
            return answer.reason == "correct"
        return await self._is_correct(sample, answer.value)

    async def _is_correct(self, sample: Sample, value: str | None) -> bool | None:
        return False if value is None else await self._compare(sample, value, sample.target, percent="auto")

    async def _alike(self, sample: Sample, a: Answer, b: Answer) -> bool | None:
        if "error" in (a.kind, b.kind) or _is_verdict(a) or _is_verdict(b):
            return None
        return await self._compare(sample, a.value, b.value, percent="notation")

    async def _compare(
        self, sample: Sample, a: str | None, b: str | None, *, percent: Literal["auto", "notation"]
    ) -> bool | None:
        return True if a == b else await self._same(sample, a, b, percent=percent)


def load(options: Options, context: Context) -> Kaf:
    """Loads the files that `options` name. Raises UsageError naming file and line of every malformed row."""
    if options.disagree and len(options.disagree) != 2:  # noqa: PLR2004  # a pair
        raise UsageError("--disagree takes two extractors", hint="for example --disagree pinpoint,flexible")
    paths = [Path(name) for name in options.data] or [context.datasets / NAME / "sample.jsonl"]
    same = context.comparators[options.comparator]
    return Kaf(load_files(paths, skip_bad=options.skip_bad), options, same, packaged=not options.data)


def _is_verdict(answer: Answer) -> bool:
    """An answer of an extractor that judges without naming a value."""
    return answer.value is None and answer.reason in _VERDICTS


def _has_failed(answer: Answer, scores: Mapping[str, float | None]) -> bool:
    if answer.kind == "error" or scores[f"verdict:{answer.extractor}"] is None:
        return True
    return scores[f"by:{answer.extractor}"] is None and not _is_verdict(answer)


def _number(equal: bool | None) -> float | None:  # noqa: FBT001  # a verdict, not a switch
    return None if equal is None else float(equal)
