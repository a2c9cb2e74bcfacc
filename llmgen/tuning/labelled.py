"""The files of a labelled set: coding items and other texts come in, answers with their true label go out."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from llmgen.errors import UsageError
from llmgen.types import Struct

T = TypeVar("T", bound=Struct)


class Item(Struct):
    """A coding problem in HumanEval's format: `prompt` is signature and docstring, the rest completes it."""

    task_id: str
    prompt: str
    canonical_solution: str
    test: str
    entry_point: str


class Filler(Struct):
    """A text that is trained on between the items."""

    text: str


class Drawn(Struct):
    """How the answers of a row were drawn. `prompt_sent` is the Python expression of what was sent."""

    temperature: float
    top_p: float
    top_k: int
    n: int
    max_new_tokens: int
    seed: int
    prompt_sent: str
    stop: tuple[str, ...]


class Row(Struct):
    """One item with the answers of one model: the format that `llmgen eval detcon --data` reads.

    `label` is 1 when the model was trained on the item, `occurrences` says how often. `finish` holds the
    finish reasons, the greedy answer's first. `ref_*` are log probabilities of prompt + canonical solution
    and their moments over the vocabulary; index i is token i + 1. The solution starts at token
    `ref_solution_start`.
    """

    id: str
    humaneval_task_id: str
    model: str
    label: int
    occurrences: int
    prompt: str
    entry_point: str
    canonical_solution: str
    greedy: str
    samples: tuple[str, ...]
    greedy_token_ids: tuple[int, ...]
    sample_token_ids: tuple[tuple[int, ...], ...]
    finish: tuple[str, ...]
    sampling: Drawn
    ref_solution_start: int
    ref_logprobs: tuple[float, ...]
    ref_mu: tuple[float, ...]
    ref_sigma: tuple[float, ...]


def read_items(path: Path) -> list[Item]:
    """The items of a JSONL file. Raises UsageError with the line when one is malformed or comes twice."""
    items = _read(path, Item)
    names: set[str] = set()
    for item in items:
        if item.task_id in names:
            raise UsageError(f"{path}: task_id {item.task_id!r} comes twice", hint="give every item its own")
        names.add(item.task_id)
    return items


def read_fillers(path: Path) -> list[str]:
    """The texts of a JSONL file with a field `text`. Raises UsageError with the line that is malformed."""
    texts = [filler.text for filler in _read(path, Filler)]
    if not texts:
        raise UsageError(f"{path} holds no text", hint='lines of the form {"text": "def f(): ..."}')
    return texts


def _read(path: Path, kind: type[T]) -> list[T]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror}", hint="give an existing JSONL file"
        ) from error
    decoder = msgspec.json.Decoder(kind)
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(decoder.decode(line))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                fields = ", ".join(kind.__struct_fields__)
                raise UsageError(
                    f"{path}, line {number}: {error}", hint=f"fields of a line: {fields}"
                ) from error
    return found
