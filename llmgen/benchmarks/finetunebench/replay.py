"""Recorded answers of published models: which files there are, whose answers, and which are no answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from llmgen.benchmarks.finetunebench.data import Tables
from llmgen.benchmarks.finetunebench.splits import FOLDERS, SPLITS, Key, Split
from llmgen.benchmarks.finetunebench.tables import Row, Table, read_table
from llmgen.errors import UsageError
from llmgen.types import Struct

SUFFIX = "_response"
ERROR_MARK = "<error>"  # the authors' notebook wrote this where a call had failed
VERDICTS = frozenset({"Correct", "Incorrect"})
LAYOUT = "DIR/{latest_news,fictional_people}/*_w_responses.csv, or these two folders in DIR/model_responses"


class Unusable(Struct, frozen=True):
    """A column that holds a judge's verdicts where answers belong: nothing can be scored."""

    domain: str
    split: str
    mode: str
    n: int
    reason: str
    verdict_correct: int
    verdict_accuracy: float


class Recording(Struct, frozen=True):
    """One model's recorded answers. `tables` are all response files, `answers` maps a split to its column.

    A split with an unusable column, or without this model's column, is missing in `answers`.
    """

    tables: Tables
    answers: dict[Key, tuple[str, ...]]
    unusable: dict[str, Unusable]


def load_recording(folder: Path, model: str) -> Recording:
    """Reads every response file under `folder`. Raises UsageError when there is none, or none of `model`."""
    root = _find_root(folder)
    tables = {
        split.key: read_table(path, split.columns)
        for split in SPLITS
        if split.replayed and (path := root / FOLDERS[split.domain] / f"{split.replayed}.csv").exists()
    }
    if not tables:
        raise UsageError(f"{folder}: no recorded answers in it", hint=f"expected layout: {LAYOUT}")
    column = f"{recorded_name(tables, model)}{SUFFIX}"
    answers: dict[Key, tuple[str, ...]] = {}
    unusable: dict[str, Unusable] = {}
    for split in SPLITS:
        table = tables.get(split.key)
        if table is None or column not in table.columns:
            continue
        cells = tuple(row[column] for row in table.rows)
        if VERDICTS.issuperset(cell.strip() for cell in cells):
            unusable[table.stem] = _verdicts_only(split, column, cells)
        else:
            answers[split.key] = cells
    return Recording(tables=tables, answers=answers, unusable=unusable)


def recorded_name(tables: Mapping[Key, Table], model: str) -> str:
    """The recorded model that `model` names, with or without a provider before it. Raises UsageError."""
    names = list(
        dict.fromkeys(
            column.removesuffix(SUFFIX)
            for table in tables.values()
            for column in table.columns
            if column.endswith(SUFFIX)
        )
    )
    for name in (model, model.rpartition("/")[2]):
        if name in names:
            return name
    raise UsageError(f"no recorded answers of {model!r}", hint=f"recorded: {', '.join(names) or 'none'}")


def read_reference(path: Path, model: str) -> dict[str, dict[str, Any]]:
    """`model`'s cells of a reference.json, by file stem. Raises UsageError when it has another form."""
    try:
        files = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, Any]])
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    except msgspec.DecodeError as error:
        raise UsageError(f"{path}: {error}") from error
    name = model if any(model in cells for cells in files.values()) else model.rpartition("/")[2]
    cells = {
        file.removesuffix(".csv"): models[name]
        for file, models in files.items()
        if isinstance(models.get(name), dict) and not file.startswith("_")
    }
    if not cells:
        raise UsageError(f"{path} has no numbers of {model!r}")
    return cells


def differing_rows(recorded: Tables, data: Tables) -> int:
    """How many recorded (id, prompt, answer) rows the data files do not have; 0 when they agree."""
    return sum(
        sum(_question(row) not in known for row in table.rows)
        for key, table in recorded.items()
        if key in data
        for known in [set(map(_question, data[key].rows))]
    )


def _question(row: Row) -> tuple[str, str, str]:
    return row["id"], row["prompt"], row["answer"]


def _verdicts_only(split: Split, column: str, cells: tuple[str, ...]) -> Unusable:
    correct = sum(cell.strip() == "Correct" for cell in cells)
    return Unusable(
        domain=split.domain,
        split=split.name,
        mode=split.mode,
        n=len(cells),
        reason=f"column {column} holds verdicts (Correct/Incorrect), not answers",
        verdict_correct=correct,
        verdict_accuracy=round(correct / len(cells), 4),
    )


def _find_root(folder: Path) -> Path:
    for candidate in (folder, folder / "model_responses"):
        if any((candidate / name).is_dir() for name in FOLDERS.values()):
            return candidate
    problem = "no recorded answers in it" if folder.is_dir() else "no such folder"
    raise UsageError(f"{folder}: {problem}", hint=f"expected layout: {LAYOUT}")
