"""One thread that writes in batches, so that nobody who produces has to wait for a disk."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Batcher(Generic[T]):
    """Hands what was added to `write`, at the latest `beat_s` seconds later or when `full_at` items wait.

    `write` is called from one thread of its own, never with an empty list. An exception that it raises
    ends the writing: it is kept in `error`, what waits is dropped, and `add` and `flush` raise it.
    """

    def __init__(
        self, write: Callable[[list[T]], None], *, name: str, full_at: int = 100, beat_s: float = 0.05
    ) -> None:
        self.error: Exception | None = None
        self._write = write
        self._full_at = full_at
        self._beat_s = beat_s
        self._waiting: deque[T | threading.Event] = deque()
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def add(self, item: T) -> None:
        """Takes an item; does not block."""
        if self.error is not None:
            raise self.error
        self._waiting.append(item)
        if len(self._waiting) >= self._full_at:
            self._wake.set()

    def flush(self) -> None:
        """Blocks until everything added before is written."""
        if self._thread.is_alive():
            written = threading.Event()
            self._waiting.append(written)
            self._wake.set()
            written.wait()
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        """Writes what waits and ends the thread."""
        self._closing = True
        self._wake.set()
        self._thread.join()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        while True:
            # read before the queue is emptied: what was added before close() is then in this last batch
            last = self._closing
            self._wake.clear()
            self._drain()
            if last:
                return
            self._wake.wait(self._beat_s)

    def _drain(self) -> None:
        items: list[T] = []
        barriers: list[threading.Event] = []
        while self._waiting:
            item = self._waiting.popleft()
            if isinstance(item, threading.Event):
                barriers.append(item)
            else:
                items.append(item)
        if items and self.error is None:
            try:
                self._write(items)
            except Exception as error:  # noqa: BLE001  # handed to the producer by add, flush and close
                self.error = error
        for barrier in barriers:
            barrier.set()
