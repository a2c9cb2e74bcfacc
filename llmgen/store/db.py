"""Short connections to results.duckdb: one writer at a time, readers that never have to wait for it.

While one process holds the file for writing no other can open it, even to read. A writer therefore waits
for the lock and holds it for one transaction; a reader waits a moment and then reads a copy.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import duckdb
from tenacity import (
    RetryCallState,
    Retrying,
    retry,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_delay,
    wait_random,
)

from llmgen.errors import StoreError
from llmgen.retry import full_jitter
from llmgen.store.migrations import current_version, latest_version, migrate

WRITE_PATIENCE_S = 30.0
READ_PATIENCE_S = 2.0
_MAX_WAIT_S = 0.25
_BUSY = ("could not set lock", "conflicting lock", "different configuration")
_DAMAGED = ("not a valid duckdb", "corrupt", "checksum", "failed to deserialize", "serialization error")
_STORAGE = "v1.0.0"  # readable by every DuckDB that llmgen works with
_OF_A_RUN = ("folded", "runs", "records", "spend", "item_verdicts", "model_verdicts")
SUMMARY_TABLES = ("easy2hard_bins", "easy2hard_grid")
"""Tables that hold rows of `Summary.stored`, key run_id."""

_one_writer = threading.Lock()


class Reader(NamedTuple):
    """A read-only connection. `age_s`: seconds since the copy's last change, None when it is no copy."""

    con: duckdb.DuckDBPyConnection
    age_s: float | None = None


class _Changed(StoreError):
    """The database was written while it was copied."""


def database_path(home: Path) -> Path:
    """Where the database lies."""
    return home / "results.duckdb"


@contextmanager
def open_write(home: Path, patience_s: float = WRITE_PATIENCE_S) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database for writing, created and migrated as needed. Hold it for as short as possible.

    Raises StoreError when another process holds it for longer than `patience_s`, when it is damaged or
    made by a newer llmgen, and when the home cannot be written.
    """
    path = database_path(home)
    with _no_other_writer(path, patience_s), _translated(path):
        con = _connect(path, patience_s, read_only=False)
        try:
            migrate(con, path)
            yield con
        finally:
            con.close()


@contextmanager
def open_read(home: Path, patience_s: float = READ_PATIENCE_S) -> Iterator[Reader]:
    """The database for reading; a copy of it when another process writes for longer than `patience_s`.

    Raises StoreError when there is none, when it is damaged, or when a newer llmgen made it.
    """
    path = database_path(home)
    if not path.exists():
        raise StoreError(f"no results in {home}", hint="run `llmgen eval`, or point --home elsewhere")
    with _translated(path), tempfile.TemporaryDirectory(prefix="llmgen-snapshot-") as folder:
        reader = _open_reader(path, Path(folder), patience_s)
        try:
            if current_version(reader.con, path) < latest_version():
                reader.con.close()
                with open_write(home):
                    pass  # opening migrates
                reader = _open_reader(path, Path(folder), patience_s)
            yield reader
        finally:
            reader.con.close()


@contextmanager
def _no_other_writer(path: Path, patience_s: float) -> Iterator[None]:
    """One thread of this process at a time."""
    if not _one_writer.acquire(timeout=patience_s):
        raise StoreError(f"{path} is busy: another thread writes it", hint="try again")
    try:
        yield
    finally:
        _one_writer.release()


def _open_reader(path: Path, folder: Path, patience_s: float) -> Reader:
    # not while this process writes: closing the file after copying it would drop the writer's own lock
    with _no_other_writer(path, WRITE_PATIENCE_S):
        try:
            return Reader(_connect(path, patience_s, read_only=True))
        except duckdb.Error as error:
            if not _is_busy(error):
                raise
            return _snapshot(path, folder)


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of it or nothing."""
    con.execute("BEGIN")
    try:
        yield
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


def forget(con: duckdb.DuckDBPyConnection, run_id: str) -> None:
    """Removes everything about a run from the database."""
    with transaction(con):
        for table in (*_OF_A_RUN, *SUMMARY_TABLES):
            con.execute(f"DELETE FROM store.{table} WHERE run_id = ?", [run_id])  # noqa: S608  # our own names


def _connect(path: Path, patience_s: float, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    jitter = full_jitter(_MAX_WAIT_S, random.Random())  # noqa: S311  # spreads waiters, guards nothing

    def wait(state: RetryCallState) -> float:
        return jitter(state.attempt_number)

    config: dict[str, str | bool | int | float | list[str]] = (
        {} if read_only else {"storage_compatibility_version": _STORAGE}
    )
    patiently = Retrying(
        retry=retry_if_exception(_is_busy), stop=stop_after_delay(patience_s), wait=wait, reraise=True
    )
    return _quiet(patiently(duckdb.connect, str(path), read_only=read_only, config=config))


def _quiet(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Without the progress bar, which DuckDB prints among the data where it takes itself for interactive."""
    con.execute("SET enable_progress_bar = false")
    return con


@retry(
    retry=retry_if_exception_type(_Changed),
    stop=stop_after_delay(WRITE_PATIENCE_S),
    wait=wait_random(0.0, _MAX_WAIT_S),
    reraise=True,
)
def _snapshot(path: Path, folder: Path) -> Reader:
    """A copy of the database and its write-ahead log, taken while neither changed."""
    wal = path.with_name(path.name + ".wal")
    copied_wal = folder / wal.name
    before = _stamp(path), _stamp(wal)
    shutil.copyfile(path, folder / path.name)
    copied_wal.unlink(missing_ok=True)
    with suppress(FileNotFoundError):  # no log: nothing waits in it
        shutil.copyfile(wal, copied_wal)
    if before != (_stamp(path), _stamp(wal)):
        raise _Changed(f"{path} changes too fast to be copied", hint="try again")
    age_s = time.time() - max(stamp[0] for stamp in before) / 1e9
    con = _quiet(duckdb.connect(str(folder / path.name), read_only=True))
    return Reader(con, age_s=max(0.0, age_s))


def _stamp(path: Path) -> tuple[int, int]:
    """(nanoseconds of the last change, size in bytes), zeros when there is no such file."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, duckdb.Error) and any(word in str(error).lower() for word in _BUSY)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """DuckDB's errors about the file become StoreError; those about a query pass."""
    try:
        yield
    except duckdb.Error as error:
        text = str(error).split("\n", 1)[0]
        if _is_busy(error):
            raise StoreError(f"{path} is busy: {text}", hint="try again, or stop that process") from error
        if any(word in text.lower() for word in _DAMAGED):
            raise StoreError(
                f"{path} is damaged: {text}",
                hint="delete it and rebuild it from the journals with `llmgen fold`",
            ) from error
        if "version number" in text.lower():
            raise StoreError(f"{path} was made by a newer DuckDB: {text}", hint="update duckdb") from error
        # a commit that finds the disk full is a TransactionException
        if isinstance(error, duckdb.IOException | duckdb.FatalException) or "write file" in text.lower():
            raise StoreError(f"{path}: {text}", hint="is the disk full, or the home read-only?") from error
        raise
    except BrokenPipeError:
        raise  # whoever reads our output has gone: nothing is wrong with the file
    except OSError as error:
        raise StoreError(f"{error.filename or path}: {error.strerror}") from error
