"""One writer per run: an advisory lock that dies with its process, with the pid of its holder in it."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed

from llmgen.errors import StoreError, UsageError


class RunLock:
    """Held from construction to `release`. Raises UsageError when another process (or journal) holds it."""

    def __init__(self, path: Path, run_id: str) -> None:
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise StoreError(
                f"cannot write {path.parent}: {error.strerror}",
                hint="choose another data home with --home or LLMGEN_HOME",
            ) from error
        try:
            _take(self._fd)
        except BlockingIOError:
            pid = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._fd)
            raise UsageError(
                f"run {run_id} is being written by process {pid}", hint="wait for it, or stop it"
            ) from None
        # the pid serves an error message only: a full disk shows where the journal is written
        with suppress(OSError):
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Gives the lock back; the file stays, since removing it would let two processes hold it."""
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


# `is_locked` holds the lock for an instant to learn whether it is free: that must not look like a writer
@retry(
    retry=retry_if_exception_type(BlockingIOError),
    stop=stop_after_attempt(4),
    wait=wait_fixed(0.02),
    reraise=True,
)
def _take(fd: int) -> None:
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_locked(path: Path) -> bool:
    """Whether a living process holds the lock file `path`."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
