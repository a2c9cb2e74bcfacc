"""What a long build keeps on disk until it is done: finished rows and tuned weights, in its own folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec

from llmgen.errors import StoreError
from llmgen.tuning.labelled import Row
from llmgen.types import Struct


class _Named(Struct):
    id: str


class Kept:
    """The folder of one build. One process at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.weights = folder / "weights"
        self.rows = folder / "rows.jsonl"

    def finished(self) -> set[str]:
        """The ids of rows that are there; a line that a kill tore is cut off.

        Raises StoreError when the folder cannot be made or holds something else.
        """
        try:
            self.folder.mkdir(exist_ok=True)
            if not self.rows.exists():
                return set()
            whole = self.rows.read_bytes()
            whole = whole[: whole.rfind(b"\n") + 1]
            os.truncate(self.rows, len(whole))
            return {msgspec.json.decode(line, type=_Named).id for line in whole.splitlines()}
        except OSError as error:
            raise StoreError(
                f"cannot write {self.folder}: {error.strerror}", hint="choose another --home"
            ) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StoreError(f"{self.rows} is damaged: {error}", hint=f"delete {self.folder}") from error

    def append(self, row: Row) -> None:
        """Writes one row, through to the disk. Raises StoreError when the disk is full."""
        try:
            with self.rows.open("ab") as file:
                file.write(msgspec.json.encode(row) + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(f"cannot write {self.rows}: {error.strerror}", hint="make room") from error

    def deliver(self, out: Path) -> None:
        """The rows become the file `out`, whole or not at all, and the folder goes. Raises StoreError."""
        part = out.with_name(f".{out.name}-{os.getpid()}")
        try:
            shutil.copyfile(self.rows, part)
            part.replace(out)
        except OSError as error:
            raise StoreError(
                f"cannot write {out}: {error.strerror}", hint=f"the rows: {self.rows}"
            ) from error
        finally:
            part.unlink(missing_ok=True)
        shutil.rmtree(self.folder)
