"""Items that are asked beside a benchmark's own: a control set that no model can have seen, and twins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from llmgen.errors import UsageError
from llmgen.types import AnswerType, Sample, Struct

ROLE = "contamination_role"
_DIAGNOSTIC = {"role": "diagnostic"}


class _Row(Struct, forbid_unknown_fields=True):
    question: str
    target: str | None = None
    choices: tuple[str, ...] | None = None
    id: str | None = None
    twin_of: str | None = None
    answer_type: AnswerType | None = None


def role_of(sample: Sample) -> Literal["item", "control", "twin", "other"]:
    """What `sample` is to a detector: an item that is judged, a companion, or of a split that never ranks."""
    role = sample.tags.get(ROLE)
    if role == "control":
        return "control"
    if role == "twin":
        return "twin"
    return "other" if sample.tags.get("role") == "diagnostic" else "item"


def load_control(path: Path, like: Sample | None) -> tuple[Sample, ...]:
    """The control items of a JSONL file (`question`, optional `id`, `target`, `choices`, `answer_type`).

    `like` is an item of the benchmark, whose kind of answer is the default. They are asked like the
    benchmark's items and never graded. Raises UsageError naming file and line.
    """
    samples = []
    for number, row in _rows(path):
        if not row.question.strip():
            raise UsageError(f"{path} line {number}: the question is empty")
        samples.append(
            Sample(
                id=f"control/{row.id or number}",
                question=row.question,
                answer_type=row.answer_type or (like.answer_type if like else "free"),
                target=row.target,
                choices=row.choices or (),
                tags={ROLE: "control", **_DIAGNOSTIC},
            )
        )
    return _distinct(samples, path)


def load_twins(path: Path, originals: Mapping[str, Sample]) -> tuple[Sample, ...]:
    """The twins of a JSONL file: `twin_of` (a sample id), `question`, and what differs from the original.

    A twin is graded as its original is. Raises UsageError naming file and line, also for an unknown id.
    """
    samples = []
    for number, row in _rows(path):
        original = originals.get(row.twin_of or "")
        if original is None:
            known = next(iter(originals), "none")
            raise UsageError(
                f"{path} line {number}: twin_of {row.twin_of!r} is no sample of this run",
                hint=f"the benchmark's ids look like {known!r}; a --limit leaves samples out",
            )
        changes: dict[str, Any] = {"question": row.question}
        changes |= {} if row.target is None else {"target": row.target}
        changes |= {} if row.choices is None else {"choices": row.choices}
        tags = original.tags | {ROLE: "twin", "twin_of": original.id, **_DIAGNOSTIC}
        samples.append(
            msgspec.structs.replace(original, id=f"twin/{row.id or original.id}", tags=tags, **changes)
        )
    return _distinct(samples, path)


def _rows(path: Path) -> Iterator[tuple[int, _Row]]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    found = False
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found = True
        try:
            yield number, msgspec.json.decode(line, type=_Row)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UsageError(
                f"{path} line {number}: {error}", hint="one JSON object a line, with at least `question`"
            ) from error
    if not found:
        raise UsageError(f"{path} holds no items")


def _distinct(samples: list[Sample], path: Path) -> tuple[Sample, ...]:
    ids = [sample.id for sample in samples]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{path}: the id {twice.partition('/')[2]!r} occurs twice")
    return tuple(samples)
