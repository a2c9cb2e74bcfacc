"""Folds journals into the database: what is new since last time, in one transaction with how far it went.

Folding twice changes nothing, and a database that was deleted is rebuilt by folding everything.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import duckdb
import msgspec

from llmgen.child import in_child
from llmgen.errors import UsageError
from llmgen.store.db import WRITE_PATIENCE_S, database_path, forget, open_read, open_write, transaction
from llmgen.store.lines import Key, Line, Spend, add_spend, read_lines
from llmgen.store.reading import copy_bad_lines, has_line_after, journal_path, journalled_runs
from llmgen.types import Run, Struct

_PART_BYTES = 16 << 20
_PART_LINES = 20_000
_MIN_OBJECT = 1 << 16  # below, DuckDB's reader has too small a buffer


class FoldCounts(Struct, frozen=True):
    """What a fold did: journals that had news, records written, lines that could not be read."""

    journals: int = 0
    records: int = 0
    unreadable: int = 0


class _Part:
    """Lines of a journal from byte `start` to `end`: last run line, last record of each pair, spend."""

    def __init__(self, start: int) -> None:
        self.start = self.end = start
        self.run: Run | None = None
        self.records: dict[Key, bytes] = {}
        self.spend: dict[tuple[date, str, str], Spend] = {}
        self.n_unreadable = 0

    def add(self, end: int, raw: bytes, line: Line | None) -> None:
        """Takes the line that ends at byte `end`."""
        self.end = end
        if line is None:
            self.n_unreadable += 1
        elif line.record is not None:
            self.records[line.record.key] = raw
        elif line.spend is not None:
            day = datetime.fromtimestamp(line.ts, UTC).date()
            key = (day, line.spend.endpoint, line.spend.model)
            self.spend[key] = add_spend(self.spend[key], line.spend) if key in self.spend else line.spend
        elif line.run is not None:
            self.run = line.run


def fold(home: Path, run_id: str | None = None, patience_s: float = WRITE_PATIENCE_S) -> FoldCounts:
    """Folds what is new in one journal, or in all of them. Blocks: call it in a thread.

    Raises UsageError when there is no such journal; StoreError when the database stays busy for
    `patience_s`, is damaged or newer, or cannot be written (nothing of the current part is kept then).
    """
    if run_id is not None and not journal_path(home, run_id).exists():
        raise UsageError(f"no journal of run {run_id} in {home}", hint="see `llmgen runs list`")
    counts = FoldCounts()
    run_ids = journalled_runs(home) if run_id is None else [run_id]
    if not run_ids:
        return counts
    with open_write(home, patience_s) as con:
        # one checkpoint when the connection closes, not one per part; a second thread is slower here
        con.execute("SET checkpoint_threshold = '1GB'")
        con.execute("SET threads = 1")
        for name in run_ids:
            done = _fold_journal(con, home, name)
            counts = FoldCounts(
                journals=counts.journals + done.journals,
                records=counts.records + done.records,
                unreadable=counts.unreadable + done.unreadable,
            )
    return counts


def fold_in_child(home: Path, run_id: str, patience_s: float = WRITE_PATIENCE_S) -> None:
    """`fold` of one run in a process of its own: its 100 MB and more never belong to the caller.

    Raises as `fold` does.
    """
    in_child(FoldCounts, "llmgen.store.fold:fold_for", str(home), run_id, str(patience_s))


def fold_for(home: str, run_id: str, patience_s: str) -> FoldCounts:
    """`fold`, called by text."""
    return fold(Path(home), run_id, float(patience_s))


def behind(home: Path) -> bool:
    """Whether a journal holds lines that the database does not. Raises StoreError as `open_read` does."""
    run_ids = journalled_runs(home)
    if not run_ids:
        return False
    if not database_path(home).exists():
        return True
    with open_read(home) as reader:
        rows = reader.con.execute("SELECT run_id, byte_offset FROM store.folded").fetchall()
    offsets = dict(rows)
    return any(has_line_after(journal_path(home, name), offsets.get(name, 0)) for name in run_ids)


def _fold_journal(con: duckdb.DuckDBPyConnection, home: Path, run_id: str) -> FoldCounts:
    path = journal_path(home, run_id)
    with path.open("rb") as file:
        head = hashlib.sha256(file.readline()).hexdigest()
    n_records = n_unreadable = 0
    with tempfile.TemporaryDirectory(prefix="llmgen-fold-") as folder:
        for part in _made_ahead(_parts(path, _start(con, path, run_id, head))):
            with transaction(con):
                _insert(con, run_id, part, Path(folder) / "tail.jsonl")
                con.execute("DELETE FROM store.folded WHERE run_id = ?", [run_id])
                con.execute("INSERT INTO store.folded VALUES (?, ?, ?)", [run_id, head, part.end])
            n_records += len(part.records)
            n_unreadable += part.n_unreadable
    if n_unreadable:
        copy_bad_lines(home, run_id)
    return FoldCounts(journals=int(n_records > 0), records=n_records, unreadable=n_unreadable)


def _start(con: duckdb.DuckDBPyConnection, path: Path, run_id: str, head: str) -> int:
    """The byte to go on from. A journal that is not the one folded before starts again from nothing."""
    rows = con.execute("SELECT head, byte_offset FROM store.folded WHERE run_id = ?", [run_id]).fetchall()
    if not rows:
        return 0
    known_head, offset = rows[0]
    if known_head == head and int(offset) <= path.stat().st_size:
        return int(offset)
    forget(con, run_id)
    return 0


def _parts(path: Path, start: int) -> Iterator[_Part]:
    part = _Part(start)
    for end, raw, line in read_lines(path, start):
        part.add(end, raw, line)
        if end - part.start >= _PART_BYTES or len(part.records) >= _PART_LINES:
            yield part
            part = _Part(end)
    if part.end > part.start:
        yield part


def _made_ahead(parts: Iterator[_Part]) -> Iterator[_Part]:
    """The same parts, each read in a thread while the database takes in the one before."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = pool.submit(next, parts, None)
            yield part


def _insert(con: duckdb.DuckDBPyConnection, run_id: str, part: _Part, tail: Path) -> None:
    if part.run is not None:
        con.execute("DELETE FROM store.runs WHERE run_id = ?", [run_id])
        _insert_row(con, "runs", _run_row(run_id, part.run))
    for (day, endpoint, model), spend in part.spend.items():
        row = [run_id, day, endpoint, model, spend.requests, spend.prompt_tokens, spend.completion_tokens]
        _insert_row(con, "spend", [*row, spend.usd, spend.uncertain_usd, spend.saved_usd])
    if part.records:
        tail.write_bytes(b"".join(part.records.values()))
        longest = max(_MIN_OBJECT, max(map(len, part.records.values())) + 1)
        delete, insert = _statements()
        parameters = {"run_id": run_id, "tail": str(tail), "longest": longest}
        if part.start:  # before, there is nothing of this run
            con.execute(delete, parameters)
        con.execute(insert, parameters)


def _insert_row(con: duckdb.DuckDBPyConnection, table: str, row: list[object]) -> None:
    con.execute(f"INSERT INTO store.{table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608  # our own names


@cache
def _statements() -> tuple[str, str]:
    """The two statements of fold.sql: forget the pairs that come again, take in what came."""
    text = Path(__file__).with_name("fold.sql").read_text(encoding="utf-8")
    delete, insert = text.split(";\n", 1)
    return delete, insert


def _run_row(run_id: str, run: Run) -> list[object]:
    return [
        run_id,
        run.benchmark,
        run.model,
        run.endpoint,
        run.state,
        _timestamp(run.started_at or None),
        _timestamp(run.ended_at),
        run.n_samples,
        run.n_repeats,
        run.settings_hash,
        run.prompt_hash,
        run.dataset_hash,
        run.code_version,
        run.cost_usd,
        run.parent_run,
        run.base_run,
        msgspec.json.encode(run).decode(),
    ]


def _timestamp(seconds: float | None) -> datetime | None:
    """UTC without a zone, as the database keeps it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
