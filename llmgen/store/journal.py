"""The journal of a run, `journal/<run>.jsonl`: written as answers arrive, never rewritten, read on resume.

One thread writes and syncs in batches (at most 50 ms or about 100 lines apart), so that a killed process
loses at most its last 50 ms. Nothing else in the data home is needed to resume or to rebuild a run.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias

import msgspec

from llmgen.errors import StoreError, UsageError
from llmgen.redact import redact
from llmgen.store import reading
from llmgen.store.batcher import Batcher
from llmgen.store.lines import Key, Spend, encode_line
from llmgen.store.lock import RunLock
from llmgen.types import Outcome, Record, Run

Durability: TypeAlias = Literal["batch", "line", "none"]

_HOME_HINT = "choose another data home with --home or LLMGEN_HOME"


class Journal:
    """The open journal of one run, held under a lock. `notes` say what was mended on opening.

    `append`, `spend` and `write_run` do not block. Once a write has failed (full disk), each further call
    raises StoreError; what had been written before stays readable. `flush` and `close` block for a disk
    write: call them through `asyncio.to_thread` inside an event loop.
    """

    def __init__(  # noqa: PLR0913  # what create and resume have opened
        self,
        path: Path,
        run: Run,
        *,
        fd: int,
        lock: RunLock,
        durability: Durability,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.run = run
        self.notes = notes
        self._fd = fd
        self._lock = lock
        self._durability = durability
        self._closed = False
        self._size = os.fstat(fd).st_size
        self._writer: Batcher[bytes] = Batcher(self._write, name=f"journal {run.id}")

    @classmethod
    def create(cls, home: Path, run: Run, durability: Durability = "batch") -> Self:
        """A new journal whose first line is `run`.

        Raises UsageError when the run exists or is being written, StoreError when the home is not writable.
        """
        path = reading.journal_path(home, run.id)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot_write(path.parent, error) from error
        lock = RunLock(reading.lock_path(home, run.id), run.id)
        try:
            fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            lock.release()
            raise UsageError(
                f"run {run.id} exists already", hint=f"continue it with --resume {run.id}"
            ) from None
        except OSError as error:
            lock.release()
            raise _cannot_write(path, error) from error
        journal = cls(path, run, fd=fd, lock=lock, durability=durability)
        try:
            journal.write_run(run)
            journal.flush()
        except StoreError:
            journal.abandon()
            path.unlink()
            raise
        return journal

    @classmethod
    def resume(cls, home: Path, run_id: str, durability: Durability = "batch") -> Self:
        """The journal of an earlier run, mended: a torn last line is cut, unreadable lines are set aside.

        Unreadable lines stay where they are and are copied to `<run>.bad.jsonl`. Raises UsageError when
        there is no such run or another process writes it, StoreError when it has no readable run line.
        """
        path = reading.journal_path(home, run_id)
        if not path.exists():
            raise UsageError(f"no run {run_id} in {home}", hint="see `llmgen runs list`")
        lock = RunLock(reading.lock_path(home, run_id), run_id)
        try:
            run, end, n_bad = reading.inspect(home, run_id)
            fd = os.open(path, os.O_RDWR | os.O_APPEND)
            torn = os.fstat(fd).st_size - end
            if torn:
                os.ftruncate(fd, end)
        except OSError as error:
            lock.release()
            raise _cannot_write(path, error) from error
        except StoreError:
            lock.release()
            raise
        notes = []
        if torn:
            notes.append(f"{path.name}: cut a torn last line of {torn} bytes")
        if n_bad:
            notes.append(
                f"{path.name}: {n_bad} unreadable lines, copied to {reading.bad_path(home, run_id).name}"
            )
        return cls(path, run, fd=fd, lock=lock, durability=durability, notes=tuple(notes))

    def append(self, record: Record) -> None:
        """Journals one record. Secrets in its error messages are masked."""
        self._add(encode_line("record", _redacted(record)))

    def spend(self, spend: Spend) -> None:
        """Journals what one request (or several to one model) cost, in addition to all earlier lines."""
        self._add(encode_line("spend", spend))

    def write_run(self, run: Run) -> None:
        """Journals a changed run (state, counts, notes)."""
        self.run = run
        self._add(encode_line("run", run))

    def end(self, run: Run) -> None:
        """Journals the run as it ended."""
        self.run = run
        self._add(encode_line("end", run))

    def flush(self) -> None:
        """Blocks until everything appended is on disk (synced, unless durability is `none`)."""
        try:
            self._writer.flush()
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def close(self) -> None:
        """Flushes, ends the writer and gives the lock back. Raises StoreError if anything was not written."""
        if self._closed:
            return
        try:
            self._writer.close()
        except OSError as error:
            raise _cannot_write(self.path, error) from error
        finally:
            self._closed = True
            os.close(self._fd)
            self._lock.release()

    def abandon(self) -> None:
        """Closes without raising, for use while another error is on its way."""
        try:
            self.close()
        except StoreError:
            return

    def finished(self, retry: Collection[Outcome] = ()) -> set[Key]:
        """The (sample, repeat) pairs that need not be asked again; the last line of a pair counts.

        Failed samples are asked again, and those whose outcome is in `retry`.
        """
        return reading.finished(self.path, retry)

    def spent(self) -> list[Spend]:
        """What the run has cost so far, one total per endpoint and model."""
        return reading.spent(self.path)

    def _add(self, line: bytes) -> None:
        if self._closed:
            raise StoreError(f"{self.path} is closed")
        try:
            self._writer.add(line)
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def _write(self, lines: list[bytes]) -> None:
        if self._durability == "line":
            for line in lines:
                self._write_all(line)
                os.fsync(self._fd)
            return
        self._write_all(b"".join(lines))
        if self._durability == "batch":
            os.fsync(self._fd)

    def _write_all(self, data: bytes) -> None:
        """Writes `data`, or as many of its complete lines as the disk takes."""
        written = 0
        try:
            while written < len(data):
                written += os.write(self._fd, data[written:] if written else data)
        except OSError:
            whole = data.rfind(b"\n", 0, written) + 1
            os.ftruncate(self._fd, self._size + whole)
            self._size += whole
            raise
        self._size += written

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abandon()


def _redacted(record: Record) -> Record:
    """`record` with secrets masked where the text of an error may hold them."""
    replace = msgspec.structs.replace
    if record.failure is not None:
        failure = replace(record.failure, message=redact(record.failure.message))
        record = replace(record, failure=failure)
    if record.grade is not None and record.grade.outcome == "error":
        record = replace(record, grade=replace(record.grade, reason=redact(record.grade.reason)))
    if any(answer.kind == "error" for answer in record.answers):
        answers = tuple(replace(answer, reason=redact(answer.reason)) for answer in record.answers)
        record = replace(record, answers=answers)
    return record


def _cannot_write(path: Path, error: OSError) -> StoreError:
    return StoreError(f"cannot write {path}: {error.strerror}", hint=_HOME_HINT)
