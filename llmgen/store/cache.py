"""The response cache, cache.sqlite: completions by request key, shared by many processes.

Losing it costs money but never a result, so nothing that goes wrong with it ends a run: a damaged file is
moved aside, a full disk stops the writing, and both are said once in the log.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from tenacity import retry, retry_if_exception_message, stop_after_delay, wait_random

from llmgen.errors import StoreError
from llmgen.store.batcher import Batcher
from llmgen.types import Completion, Request, Struct

_log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS completions (
    key TEXT PRIMARY KEY,
    created_at REAL NOT NULL,
    endpoint TEXT NOT NULL,
    model TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cost_usd REAL,
    completion BLOB NOT NULL
)
"""
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Completion)

_Entry = tuple[str, float, str, str, int, int, float | None, bytes]


class ModelShare(Struct, frozen=True):
    """What the cache holds of one model. `cost_usd` is what those answers cost, None when unknown."""

    endpoint: str
    model: str
    entries: int
    bytes: int
    cost_usd: float | None


class CacheStats(Struct, frozen=True):
    """The cache as a whole. `file_bytes` is the size on disk, `oldest_at` UTC seconds."""

    path: str
    file_bytes: int
    entries: int
    oldest_at: float | None
    models: tuple[ModelShare, ...]


class Cache:
    """A `CacheStore`. `get` sees what `put` took in although one thread writes it up to 50 ms later."""

    def __init__(self, home: Path) -> None:
        """Opens or creates the cache. Raises StoreError when the home cannot be written."""
        self.path = home / "cache.sqlite"
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot write {home}: {error.strerror}", hint="choose another --home"
            ) from error
        self._waiting: dict[str, bytes] = {}
        self._warned = False
        self._replacing = threading.Lock()
        self._retired: list[sqlite3.Connection] = []
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise StoreError(f"cannot open {self.path}: {error}", hint="choose another --home") from error
            self._replace(error)
        self._writer: Batcher[_Entry] = Batcher(self._write, name="cache")

    def get(self, key: str) -> Completion | None:
        """The completion stored under `key`, None when there is none (or the file is damaged)."""
        blob = self._waiting.get(key) or self._read(key)
        if blob is None:
            return None
        try:
            return _decoder.decode(blob)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None  # of another version: asked again, and overwritten

    def put(self, key: str, request: Request, completion: Completion) -> None:
        """Keeps `completion` under `key`; does not block."""
        try:
            blob = _encoder.encode(completion)
        except UnicodeEncodeError:
            return  # lone surrogates are no UTF-8: not worth a failed sample
        self._waiting[key] = blob
        usage = completion.usage
        entry = (key, time.time(), request.endpoint, request.model)
        self._writer.add((*entry, usage.prompt_tokens, usage.completion_tokens, usage.cost_usd, blob))

    def flush(self) -> None:
        """Blocks until everything put before is in the file."""
        self._writer.flush()

    def close(self) -> None:
        """Writes what waits and closes the file."""
        self._writer.close()
        for con in (*self._retired, self._reading, self._writing):
            con.close()

    def stats(self) -> CacheStats:
        """What is in the cache, by model, the largest first."""
        self.flush()
        rows = self._reading.execute(
            "SELECT endpoint, model, count(*), sum(length(completion)),"
            " CASE WHEN count(cost_usd) = count(*) THEN sum(cost_usd) END"
            " FROM completions GROUP BY endpoint, model ORDER BY 4 DESC"
        ).fetchall()
        models = tuple(
            ModelShare(endpoint=row[0], model=row[1], entries=row[2], bytes=row[3], cost_usd=row[4])
            for row in rows
        )
        oldest = self._reading.execute("SELECT min(created_at) FROM completions").fetchone()[0]
        return CacheStats(
            path=str(self.path),
            file_bytes=self.path.stat().st_size,
            entries=sum(share.entries for share in models),
            oldest_at=oldest,
            models=models,
        )

    def prune(self, older_than_s: float | None = None, model: str | None = None) -> int:
        """Removes the entries that are older than that many seconds and of that model; returns how many."""
        self.flush()
        before = time.time() - (older_than_s or 0.0)
        con = _connect(self.path)
        try:
            with con:
                removed = con.execute(
                    "DELETE FROM completions WHERE created_at <= ? AND model = coalesce(?, model)",
                    (before, model),
                ).rowcount
            con.execute("PRAGMA incremental_vacuum").fetchall()
            con.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            con.close()
        return removed

    def _read(self, key: str) -> bytes | None:
        con = self._reading
        try:
            row = con.execute("SELECT completion FROM completions WHERE key = ?", (key,)).fetchone()
        except sqlite3.DatabaseError as error:
            self._mend(con, error)
            return None
        return None if row is None else row[0]

    def _write(self, entries: list[_Entry]) -> None:
        con = self._writing
        try:
            with con:
                con.executemany("INSERT OR REPLACE INTO completions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", entries)
        except sqlite3.DatabaseError as error:
            self._mend(con, error)
        for entry in entries:
            if self._waiting.get(entry[0]) is entry[-1]:
                del self._waiting[entry[0]]

    def _mend(self, con: sqlite3.Connection, error: sqlite3.DatabaseError) -> None:
        """A damaged file is replaced; anything else (full disk, lock) is said once and passes by."""
        if not isinstance(error, sqlite3.OperationalError):
            with self._replacing:
                if con in (self._reading, self._writing):
                    self._retired += [self._reading, self._writing]  # the other thread may be using its own
                    self._replace(error)
        elif not self._warned:
            self._warned = True
            _log.warning("the cache %s is not used: %s", self.path, error)

    def _replace(self, error: sqlite3.DatabaseError) -> None:
        """Moves the damaged file aside, unless another process has done so, and opens a new one."""
        if self.path.exists() and self.path.stat().st_ino == self._inode:
            aside = self.path.with_name(f"cache.damaged-{time.time_ns()}.sqlite")
            self.path.rename(aside)
            for suffix in ("-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            _log.warning("the cache was damaged (%s); it was moved to %s", error, aside)
        self._open()

    def _open(self) -> None:
        # the inode first: what is damaged can then be told from what another process has put in its place
        self._inode = self.path.stat().st_ino if self.path.exists() else 0
        self._reading = _connect(self.path)
        self._writing = _connect(self.path)
        self._inode = self.path.stat().st_ino

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@retry(
    retry=retry_if_exception_message(match=".*locked"),
    stop=stop_after_delay(10.0),
    wait=wait_random(0.01, 0.1),
    reraise=True,
)
def _connect(path: Path) -> sqlite3.Connection:
    """Switching to WAL ignores the busy timeout: hence the retry, for processes that start at once."""
    con = sqlite3.connect(path, timeout=5.0, check_same_thread=False)
    try:
        con.execute("PRAGMA auto_vacuum = INCREMENTAL")
        con.execute("PRAGMA journal_mode = WAL").fetchall()
        con.execute("PRAGMA synchronous = NORMAL")
        con.execute(_SCHEMA)
        con.execute("SELECT key FROM completions LIMIT 1").fetchall()
    except sqlite3.DatabaseError:
        con.close()
        raise
    return con
