"""What the stories read from the store, typed: runs, scored rows, records, counts; removal and export."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import duckdb
import msgspec

from llmgen.errors import StoreError, UsageError
from llmgen.store import reading
from llmgen.store.db import database_path, forget, open_read, open_write
from llmgen.store.fold import behind, fold
from llmgen.store.journal import Journal
from llmgen.store.lock import RunLock, is_locked
from llmgen.store.reading import records as records  # noqa: PLC0414  # part of this module's reading side
from llmgen.summary import ScoredRow
from llmgen.types import Answer, Contamination, Draw, Outcome, Run, Struct

ExportFormat: TypeAlias = Literal["parquet", "csv", "jsonl"]

_COLUMNS = (
    *("sample_id", "repeat", "cluster", "tags", "target", '"text"', "outcome", '"value"', "reason"),
    *("was_truncated", "scores", "answer_type", "answers"),
)
_EVIDENCE = ("question", "contamination", "greedy", "draws")
_PAGE = 4_000  # a page is held as Python objects twice: larger ones cost memory, smaller ones queries
_SHARED = 4_096
_FOLD_PATIENCE_S = 2.0
_answers = msgspec.json.Decoder(tuple[Answer, ...])
_readings = msgspec.json.Decoder(tuple[Contamination, ...])
_draw = msgspec.json.Decoder(Draw)
_draws = msgspec.json.Decoder(tuple[Draw, ...])

T = TypeVar("T")


class Counts(Struct, frozen=True):
    """How many (sample, repeat) pairs of a run are stored, graded, and of each outcome."""

    n: int
    n_graded: int
    outcomes: dict[Outcome, int]


class Score(Struct, frozen=True):
    """A row of the view `leaderboard`. The mean and its interval are None when nothing could be graded."""

    benchmark: str
    model: str
    run_id: str
    n: int = 0
    n_graded: int = 0
    mean: float | None = None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    n_failed: int = 0
    n_refused: int = 0
    n_truncated: int = 0
    n_unparsed: int = 0


def catch_up(home: Path) -> str | None:
    """Folds what a killed run left unfolded, if that can be done at once; else says why not."""
    try:
        if behind(home):
            fold(home, patience_s=_FOLD_PATIENCE_S)
    except StoreError as error:
        if not database_path(home).exists():
            raise
        return f"the newest answers are not in the database yet: {error.message}"
    return None


def run(home: Path, name: str) -> Run:
    """The run named by its id, a unique beginning of it, or `last` (the one started last).

    Raises UsageError when there is none, or several.
    """
    found = [run for run in runs(home) if name == "last" or run.id.startswith(name)]
    exact = [run for run in found if run.id == name]
    if exact or (found and name == "last"):
        return (exact or found)[0]
    if len(found) > 1:
        shown = ", ".join(run.id for run in found[:5])
        raise UsageError(f"{name!r} fits {len(found)} runs", hint=f"be more precise: {shown}")
    if not found:
        raise UsageError(f"no run {name!r} in {home}", hint="see `llmgen runs list`")
    return found[0]


def runs(
    home: Path, *, benchmark: str | None = None, model: str | None = None, state: str | None = None
) -> list[Run]:
    """The runs that fit, newest first. One whose process died while it ran counts as interrupted.

    Runs that are not in the database yet are read from their journals.
    """
    known: dict[str, Run] = {}
    if database_path(home).exists():
        with open_read(home) as reader:
            rows = reader.con.execute("SELECT run_id, run FROM store.runs").fetchall()
        known = {run_id: msgspec.json.decode(text, type=Run) for run_id, text in rows}
    for run_id in reading.journalled_runs(home):
        if run_id not in known and (run := reading.last_run(reading.journal_path(home, run_id))):
            known[run_id] = run
    asked = {"benchmark": benchmark, "model": model, "state": state}
    return [
        run
        for run in sorted(
            (_as_it_is(home, run) for run in known.values()),
            key=lambda run: (run.started_at, run.id),
            reverse=True,
        )
        if all(value in (None, getattr(run, field)) for field, value in asked.items())
    ]


def scored_rows(home: Path, run_id: str, *, evidence: bool = False) -> Iterator[ScoredRow]:
    """The rows of a run by sample id and repeat, read page by page with a short connection each.

    `evidence`: with question, greedy answer, draws and contamination readings, which may be large.
    """
    columns = ", ".join((*_COLUMNS, *(_EVIDENCE if evidence else ())))
    after: tuple[str, int] = ("", -1)
    tags = functools.lru_cache(_SHARED)(_tags)  # repeats of a sample share one value
    scores = functools.lru_cache(_SHARED)(_scores)
    while True:
        with open_read(home) as reader:
            page = reader.con.execute(
                f"SELECT {columns} FROM store.records"  # noqa: S608  # our own names
                " WHERE run_id = ? AND (sample_id > ? OR (sample_id = ? AND repeat > ?))"
                " ORDER BY sample_id, repeat LIMIT ?",
                [run_id, after[0], *after, _PAGE],
            ).fetchall()
        for row in page:
            yield _scored_row(row, tags, scores)
        if len(page) < _PAGE:
            return
        after = (page[-1][0], page[-1][1])


def counts(home: Path, run_id: str) -> Counts:
    """How many answers of a run there are, by outcome."""
    with open_read(home) as reader:
        rows = reader.con.execute(
            'SELECT outcome, count(*), count("value") FROM store.records WHERE run_id = ?'
            " GROUP BY outcome ORDER BY outcome",
            [run_id],
        ).fetchall()
    return Counts(
        n=sum(row[1] for row in rows),
        n_graded=sum(row[2] for row in rows),
        outcomes={row[0]: row[1] for row in rows},
    )


def leaderboard(home: Path) -> dict[str, Score]:
    """The view `leaderboard` by run id."""
    with open_read(home) as reader:
        columns = ", ".join(Score.__struct_fields__)
        rows = reader.con.execute(f"SELECT {columns} FROM leaderboard").fetchall()  # noqa: S608  # our own names
    scores = (Score(**dict(zip(Score.__struct_fields__, row, strict=True))) for row in rows)
    return {score.run_id: score for score in scores}


def update_run(home: Path, run: Run) -> None:
    """Stores a changed run (state, counts, notes). Raises UsageError while another process writes it."""
    with Journal.resume(home, run.id) as journal:
        journal.write_run(run)
    fold(home, run.id)


def delete_run(home: Path, run_id: str) -> None:
    """Removes a run from the database and its journal from the disk; the response cache stays.

    Raises UsageError while a process writes the run.
    """
    path = reading.journal_path(home, run_id)
    lock_path = reading.lock_path(home, run_id)
    lock_path.parent.mkdir(parents=True, exist_ok=True)
    with RunLock(lock_path, run_id):
        # the database first: if this is cut short, the journal still folds to the whole run
        if database_path(home).exists():
            with open_write(home) as con:
                forget(con, run_id)
        for file in (path, reading.bad_path(home, run_id), lock_path):
            file.unlink(missing_ok=True)


def export_run(home: Path, run_id: str, target: Path, form: ExportFormat) -> int:
    """Writes one row per answer of a run (the views `scores` and `samples`) to a file; returns their number.

    Raises UsageError when the file cannot be written.
    """
    options = {"parquet": "FORMAT parquet", "csv": "FORMAT csv, HEADER", "jsonl": "FORMAT json"}[form]
    query = (
        "SELECT * FROM scores JOIN samples USING (run_id, sample_id, repeat) WHERE run_id = $run_id"
        " ORDER BY sample_id, repeat"
    )
    with open_read(home) as reader:
        try:
            written = reader.con.execute(
                f"COPY ({query}) TO $target ({options})", {"run_id": run_id, "target": str(target)}
            ).fetchall()
        except duckdb.IOException as error:
            raise UsageError(f"cannot write {target}: {str(error).splitlines()[0]}") from error
    return int(written[0][0])


def _as_it_is(home: Path, run: Run) -> Run:
    if run.state in {"pending", "running"} and not is_locked(reading.lock_path(home, run.id)):
        return msgspec.structs.replace(run, state="interrupted")
    return run


def _tags(text: str | None) -> dict[str, str]:
    return msgspec.json.decode(text, type=dict[str, str]) if text else {}


def _scores(text: str | None) -> dict[str, float | None]:
    return msgspec.json.decode(text, type=dict[str, float | None]) if text else {}


def _scored_row(
    row: tuple[Any, ...],
    tags: Callable[[str | None], dict[str, str]],
    scores: Callable[[str | None], dict[str, float | None]],
) -> ScoredRow:
    return ScoredRow(
        sample_id=row[0],
        repeat=row[1],
        cluster=row[2],
        tags=tags(row[3]),
        target=row[4],
        text=row[5],
        outcome=row[6],
        value=row[7],
        reason=row[8],
        was_truncated=row[9],
        scores=scores(row[10]),
        answer_type=row[11],
        answers=_decoded(row[12], _answers) or (),
        **_evidence(*row[len(_COLUMNS) :]),
    )


def _evidence(
    question: str = "", contamination: str | None = None, greedy: str | None = None, draws: str | None = None
) -> dict[str, Any]:
    return {
        "question": question,
        "contamination": _decoded(contamination, _readings) or (),
        "greedy": _decoded(greedy, _draw),
        "draws": _decoded(draws, _draws) or (),
    }


def _decoded(text: str | None, decoder: msgspec.json.Decoder[T]) -> T | None:
    return decoder.decode(text) if text else None
