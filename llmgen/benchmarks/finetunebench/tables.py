"""CSV files to rows of text, cell by cell as they were written: 'None' stays a word, newlines stay."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from llmgen.errors import UsageError
from llmgen.types import Struct

Row = dict[str, str]
NEVER_EMPTY = frozenset({"id", "prompt", "answer"})
_BOM = "\ufeff"


class Table(Struct, frozen=True):
    """One file's rows in file order. `sha256` (hex) is of its bytes."""

    path: str
    stem: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    sha256: str


def read_table(path: Path, required: Iterable[str]) -> Table:
    """Reads a CSV file with a header.

    Raises UsageError, naming file, row (1 = first below the header) and column, when the file cannot be
    read, is no UTF-8, is malformed, lacks a required column, or has an empty id, prompt or answer.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    text = _decoded(path, data)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = _header(path, reader, required)
    rows = tuple(_rows(path, reader, header))
    if not rows:
        raise UsageError(f"{path} has a header but no rows")
    return Table(
        path=str(path),
        stem=path.stem,
        columns=header,
        rows=rows,
        sha256=hashlib.sha256(data).hexdigest(),
    )


def bad_cell(table: Table, row: int, column: str, problem: str) -> UsageError:
    """The error for a cell that was read but makes no sense; `row` counts from 0."""
    return UsageError(f"{table.path} row {row + 1}, column {column!r}: {problem}")


def _header(path: Path, reader: Iterator[list[str]], required: Iterable[str]) -> tuple[str, ...]:
    try:
        header = tuple(next(reader))
    except StopIteration:
        raise UsageError(f"{path} is empty") from None
    except csv.Error as error:
        raise UsageError(f"{path} row 0 (the header): {error}") from error
    missing = [name for name in required if name not in header]
    if missing:
        raise UsageError(
            f"{path} row 0 (the header): no column {missing[0]!r}", hint=f"columns found: {', '.join(header)}"
        )
    return header


def _rows(path: Path, reader: Iterator[list[str]], header: tuple[str, ...]) -> Iterator[Row]:
    number = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UsageError(f"{path} row {number}, column {header[0]!r} or later: {error}") from error
        if len(cells) < len(header):
            raise UsageError(f"{path} row {number}, column {header[len(cells)]!r}: no cell")
        if len(cells) > len(header):
            raise UsageError(
                f"{path} row {number}, column {header[-1]!r}: {len(cells) - len(header)} cells too many",
                hint="a cell with a comma or a quote has to be quoted",
            )
        row = dict(zip(header, cells, strict=True))
        empty = next((name for name in header if name in NEVER_EMPTY and not row[name].strip()), None)
        if empty is not None:
            raise UsageError(f"{path} row {number}, column {empty!r}: empty")
        yield row
        number += 1


def _decoded(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8").removeprefix(_BOM)
    except UnicodeDecodeError as error:
        before = list(csv.reader(io.StringIO(data[: error.start].decode("utf-8"), newline="")))
        header, last = before[0] if before else [], before[-1] if before else []
        column = header[min(max(len(last) - 1, 0), len(header) - 1)] if header else ""
        raise UsageError(
            f"{path} row {max(len(before) - 1, 0)}, column {column!r}: byte {error.start} is not UTF-8",
            hint="save the file as UTF-8",
        ) from error
