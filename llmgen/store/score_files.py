"""Tables of scores from files: systems and tasks of a leaderboard, or a matrix of responses."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import duckdb

from llmgen.errors import UsageError
from llmgen.store.answered import Scores
from llmgen.store.cells import Reading
from llmgen.store.matrix import read_matrix

_MISSING = frozenset({"", "-", "nan", "na", "n/a", "null", "none"})
_SHOWN = 3
_FORMAT = "a CSV whose first column names the systems and whose header names the tasks"


def read_scores(path: Path, *, leave_out: Collection[str] = (), transposed: bool = False) -> Scores:
    """The table in a CSV, .npz or .parquet file; `transposed`: rows of a CSV are tasks, columns systems.

    The task of an item named TASK/ITEM is TASK, else the item itself. Raises UsageError when the file is
    missing or holds something else, and when there is no task or system to leave out.
    """
    if path.suffix in {".npz", ".parquet"}:
        matrix = read_matrix(path, Reading())
        return _without(_scores(matrix.models, matrix.items, _columns(matrix.responses.tolist())), leave_out)
    header, lines = _csv(path)
    rows = [(line[0] or "", [_number(path, cell) for cell in line[1:]]) for line in lines]
    names, values = tuple(name for name, _ in rows), [cells for _, cells in rows]
    if transposed:
        return _without(_scores(header, names, tuple(map(tuple, values))), leave_out)
    return _without(_scores(names, header, _columns(values)), leave_out)


def _csv(path: Path) -> tuple[tuple[str, ...], list[tuple[str | None, ...]]]:
    """(the header without its first cell, the lines)."""
    if not path.is_file():
        raise UsageError(f"no file {path}", hint=f"give {_FORMAT}, an .npz or a .parquet")
    try:
        with duckdb.connect() as con:
            found = con.execute(
                "SELECT * FROM read_csv($path, header = true, all_varchar = true)", {"path": str(path)}
            )
            header = tuple(str(column[0]) for column in found.description or ())
            return header[1:], found.fetchall()
    except duckdb.Error as error:
        text = str(error).split("\n", 1)[0]
        raise UsageError(f"cannot read {path.name}: {text}", hint=f"give {_FORMAT}") from error


def _number(path: Path, cell: str | None) -> float | None:
    text = (cell or "").strip()
    if text.lower() in _MISSING:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(f"{path.name} holds {text!r} where a score should be", hint=_FORMAT) from error


def _columns(rows: list[list[float | None]]) -> tuple[tuple[float | None, ...], ...]:
    """Transposed; -1 in responses is missing."""
    return tuple(tuple(None if cell == -1 else cell for cell in column) for column in zip(*rows, strict=True))


def _scores(
    systems: tuple[str, ...], names: tuple[str, ...], rows: tuple[tuple[float | None, ...], ...]
) -> Scores:
    tasks = tuple(name.partition("/")[0] for name in names)
    return Scores(rows=rows, names=names, tasks=tasks, systems=systems)


def _without(scores: Scores, leave_out: Collection[str]) -> Scores:
    unknown = sorted(set(leave_out) - {*scores.names, *scores.systems})
    if unknown:
        raise UsageError(
            f"no task or system {', '.join(unknown)}", hint=f"there are {', '.join(scores.names[:5])}"
        )
    kept = [at for at, name in enumerate(scores.systems) if name not in leave_out]
    rows = [at for at, name in enumerate(scores.names) if name not in leave_out]
    return Scores(
        rows=tuple(tuple(scores.rows[row][at] for at in kept) for row in rows),
        names=tuple(scores.names[row] for row in rows),
        tasks=tuple(scores.tasks[row] for row in rows),
        systems=tuple(scores.systems[at] for at in kept),
    )
