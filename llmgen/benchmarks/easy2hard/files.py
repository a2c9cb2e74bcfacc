"""A user's copy of the rows, or our own sample: found, read, and what could not be used counted."""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from llmgen.benchmarks.easy2hard.formats import set_of
from llmgen.benchmarks.easy2hard.options import SetName
from llmgen.benchmarks.easy2hard.rows import SETS, Item, Unusable, as_item
from llmgen.benchmarks.rowfiles import Malformed, read_rows
from llmgen.errors import UsageError

ReadParquet = Callable[[Path], Iterator[dict[str, Any]]]
_PARQUET = ".parquet"
_KINDS = (_PARQUET, ".jsonl", ".jsonl.gz")


class Found(NamedTuple):
    """The items of each set by split, in file order; the sha256 of each file.

    `skipped` counts rows that cannot be used, by (set, why); `rows` those that are there, by (set, split);
    `bad` says what was wrong with malformed ones.
    """

    train: dict[SetName, list[Item]]
    eval: dict[SetName, list[Item]]
    hashes: tuple[str, ...]
    rows: Counter[tuple[SetName, str]]
    skipped: Counter[tuple[SetName, str]]
    bad: tuple[str, ...]


def read_items(
    data: Path, wanted: Sequence[SetName], parquet: ReadParquet | None, *, skip_bad: bool
) -> Found:
    """All items in `data` (a file, or a folder with files below it) that are of the sets `wanted`, or of any.

    Raises UsageError for files that cannot be read, for malformed rows unless `skip_bad`, and when a set
    that is wanted has no item to ask.
    """
    found = Found({}, {}, (), Counter(), Counter(), ())
    hashes: list[str] = []
    bad: list[str] = []
    seen: set[str] = set()
    for path in _files(data):
        digest, rows = _read(path, parquet)
        hashes.append(digest)
        for place, row in rows:
            try:
                if isinstance(row, Malformed):
                    raise row
                _add(found, row, path, wanted, seen)
            except Malformed as error:
                bad.append(f"{place}: {error}")
    if bad and not skip_bad:
        shown = [*bad[:20], *([f"and {len(bad) - 20} more"] if len(bad) > 20 else [])]  # noqa: PLR2004  # a screen
        raise UsageError(
            "\n  ".join([f"{len(bad)} malformed rows", *shown]),
            hint="mend them, or leave them out with --skip-bad",
        )
    _check_usable(found, wanted, data)
    return found._replace(hashes=tuple(hashes), bad=tuple(bad))


def notes_of(found: Found, card: Path | None) -> list[str]:
    """What a reader of the score must know of the rows: which were left out, and counts unlike the card's.

    `card` is None for rows of which the card says nothing.
    """
    lines = [
        f"{name}: {count:,} rows with {why} were left out"
        for (name, why), count in sorted(found.skipped.items())
    ]
    if found.bad:
        lines.append(f"{len(found.bad):,} malformed rows were left out")
    if card is None:
        return lines
    published: Mapping[str, Mapping[str, int]] = tomllib.loads(card.read_text(encoding="utf-8"))["published"][
        "rows"
    ]
    present = {name for name, _ in found.rows}
    for name in sorted(present):
        for split, count in published[name].items():
            here = found.rows[name, split]
            if here != count:
                lines.append(f"{name}: {here:,} {split} rows here, {count:,} published")
    return lines


def _add(found: Found, row: Any, path: Path, wanted: Sequence[SetName], seen: set[str]) -> None:
    name = set_of(row)
    if wanted and name not in wanted:
        return
    split = _split_of(row, path)
    found.rows[name, split] += 1
    try:
        item = as_item(name, row)
    except Unusable as error:
        found.skipped[name, str(error)] += 1
        return
    if item.id in seen:
        found.skipped[name, "an id that was there before"] += 1
        return
    seen.add(item.id)
    (found.train if split == "train" else found.eval).setdefault(name, []).append(item)


def _split_of(row: Mapping[str, Any], path: Path) -> str:
    """What the row says, else what the file's name says; without a word a row is to be asked."""
    named = row.get("split") or path.name
    return "train" if "train" in str(named).casefold() else "eval"


def _check_usable(found: Found, wanted: Sequence[SetName], data: Path) -> None:
    missing = [name for name in wanted if name not in found.eval]
    if missing or not found.eval:
        what = ", ".join(missing or SETS)
        why = ", ".join(f"{count} with {why}" for (_, why), count in sorted(found.skipped.items()))
        raise UsageError(
            f"{data} has no row to ask of {what}{f' ({why})' if why else ''}",
            hint="rows need the published fields: see datasets/easy2hard/card.toml",
        )


def _files(data: Path) -> list[Path]:
    if data.is_file():
        return [data]
    if not data.is_dir():
        raise UsageError(f"no file or folder {data}", hint="name the folder with the rows of Easy2Hard-Bench")
    files = sorted(path for path in data.rglob("*") if path.is_file() and path.name.endswith(_KINDS))
    if not files:
        raise UsageError(f"{data} holds no {', '.join(_KINDS)}", hint="name the folder that holds the rows")
    return files


def _read(path: Path, parquet: ReadParquet | None) -> tuple[str, Iterator[tuple[str, Any]]]:
    if path.suffix != _PARQUET:
        return read_rows(path)
    if parquet is None:
        raise UsageError(f"nothing here reads {path}", hint="give JSONL")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return digest, ((f"{path.name}:{number}", row) for number, row in enumerate(parquet(path), 1))
