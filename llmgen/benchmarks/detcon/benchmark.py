"""DetCon loaded: labelled answers as recorded evidence. Detectors are scored; answers are not graded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.detcon.options import Options
from llmgen.benchmarks.detcon.rows import Item, as_item
from llmgen.benchmarks.rowfiles import Loaded, load_rows
from llmgen.errors import UsageError
from llmgen.evidence import Evidence
from llmgen.types import Answer, Completion, Grade, Sample, Sampling, content_hash

NAME = "detcon"


class DetCon:
    """Loaded labelled answers, see `benchmarks.base.Benchmark`. The recorded answer is the greedy one."""

    name = NAME
    template = "verbatim"
    sampling = Sampling()
    grades_all = True

    def __init__(self, loaded: Loaded[Item], options: Options, *, packaged: bool) -> None:
        self._samples = tuple(item.sample for item in loaded.items)
        self.dataset_hash = content_hash([loaded.hashes, options.skip_bad])
        self.evidence: Mapping[str, Evidence] | None = {
            item.sample.id: item.evidence for item in loaded.items
        }
        self.recorded: Mapping[str, str] | None = {
            name: (evidence.greedy and evidence.greedy.text) or "" for name, evidence in self.evidence.items()
        }
        self.context: dict[str, Any] = {}
        self.notes: tuple[str, ...] = ()
        if loaded.bad:
            self.notes += (f"{len(loaded.bad)} malformed rows were left out",)
        if packaged:
            self.notes += ("the packaged set is small and of one small model: calibrate on your own",)

    def samples(self) -> Iterator[Sample]:
        """The items in file order."""
        return iter(self._samples)

    async def grade(self, sample: Sample, answers: Sequence[Answer], completion: Completion) -> Grade:  # noqa: ARG002  # the interface of all benchmarks
        """No grade: whether the answer is right says nothing of the detectors."""
        return Grade(outcome="unparsed", reason="detectors are scored here, not answers")


def load(options: Options, context: Context) -> DetCon:
    """Loads the files that `options` name. Raises UsageError naming file and line of every malformed row."""
    paths = [Path(name) for name in options.data] or [_packaged(context)]
    loaded = load_rows(paths, as_item, lambda item: item.sample.id, skip_bad=options.skip_bad)
    return DetCon(loaded, options, packaged=not options.data)


def _packaged(context: Context) -> Path:
    path = context.datasets / NAME / "sample.jsonl"
    if not path.exists():
        raise UsageError("the packaged set of detcon is missing", hint="name labelled answers: --data FILE")
    return path
