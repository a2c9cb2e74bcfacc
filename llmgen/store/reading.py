"""What a journal says: where it lies, whether it is sound, what is finished, what it cost, its records."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from llmgen.errors import StoreError, UsageError
from llmgen.store.lines import Key, Spend, add_spend, decode_record, read_lines
from llmgen.types import Outcome, Record, Run


def journal_path(home: Path, run_id: str) -> Path:
    """Where the journal of a run lies. Raises UsageError when the id cannot be a file's name."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", run_id) or run_id.endswith(".bad"):
        raise UsageError(f"{run_id!r} cannot be a run id", hint="use letters, digits, '-' and '_'")
    return home / "journal" / f"{run_id}.jsonl"


def lock_path(home: Path, run_id: str) -> Path:
    """Where the lock of a run's writer lies."""
    return home / "journal" / f"{run_id}.lock"


def bad_path(home: Path, run_id: str) -> Path:
    """Where the unreadable lines of a run's journal are copied to."""
    return home / "journal" / f"{run_id}.bad.jsonl"


def journalled_runs(home: Path) -> list[str]:
    """The ids of all runs that have a journal, sorted."""
    names = (path.name.removesuffix(".jsonl") for path in (home / "journal").glob("*.jsonl"))
    return sorted(name for name in names if not name.endswith(".bad"))


def inspect(home: Path, run_id: str) -> tuple[Run, int, int]:
    """(the run as last written, byte after the last complete line, number of unreadable lines).

    Unreadable lines are copied to the bad file. Raises StoreError when no line says what the run is.
    """
    path = journal_path(home, run_id)
    run: Run | None = None
    end = n_bad = 0
    for offset, _, line in read_lines(path):
        end = offset
        if line is None:
            n_bad += 1
        elif line.run is not None:
            run = line.run
    if n_bad:
        copy_bad_lines(home, run_id)
    if run is None:
        raise StoreError(f"{path} has no readable run line: it cannot be resumed", hint="start the run again")
    return run, end, n_bad


def last_run(path: Path) -> Run | None:
    """The run as the journal's last run line has it, None when no line can be read."""
    run: Run | None = None
    for _, _, line in read_lines(path):
        if line is not None and line.run is not None:
            run = line.run
    return run


def has_line_after(path: Path, offset: int) -> bool:
    """Whether a complete line follows byte `offset`."""
    with path.open("rb") as file:
        file.seek(offset)
        return file.readline().endswith(b"\n")


def copy_bad_lines(home: Path, run_id: str) -> None:
    """Writes all unreadable lines of a journal, as they are, into its bad file."""
    bad = [raw for _, raw, line in read_lines(journal_path(home, run_id)) if line is None]
    bad_path(home, run_id).write_bytes(b"".join(bad))


def finished(path: Path, retry: Collection[Outcome] = ()) -> set[Key]:
    """The pairs whose last record neither failed nor has an outcome in `retry`."""
    done: set[Key] = set()
    for _, _, line in read_lines(path):
        if line is None or line.record is None:
            continue
        if line.record.outcome == "error" or line.record.outcome in retry:
            done.discard(line.record.key)
        else:
            done.add(line.record.key)
    return done


def spent(path: Path) -> list[Spend]:
    """What the run has cost so far, one total per endpoint and model."""
    totals: dict[tuple[str, str], Spend] = {}
    for _, _, line in read_lines(path):
        if line is not None and line.spend is not None:
            key = (line.spend.endpoint, line.spend.model)
            totals[key] = add_spend(totals[key], line.spend) if key in totals else line.spend
    return list(totals.values())


def records(home: Path, run_id: str) -> Iterator[Record]:
    """The full records of a run in the order of the journal; of several for one pair, only the last.

    Raises UsageError when there is no such journal, StoreError when a record cannot be decoded.
    """
    path = journal_path(home, run_id)
    if not path.exists():
        raise UsageError(f"no journal of run {run_id} in {home}", hint="see `llmgen runs list`")
    last: dict[Key, int] = {}
    for end, _, line in read_lines(path):
        if line is not None and line.record is not None:
            last[line.record.key] = end
    for end, raw, line in read_lines(path):
        if line is None or line.record is None or last.get(line.record.key) != end:
            continue
        try:
            yield decode_record(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StoreError(f"{path}: the record that ends at byte {end} is damaged: {error}") from error
