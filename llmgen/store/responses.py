"""Stored answers as a matrix: of any benchmarks, models and nights, and what else is known of an item."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import duckdb

from llmgen.errors import UsageError
from llmgen.store.cells import Matrix, Reading, dense
from llmgen.store.db import open_read
from llmgen.types import Struct

_SEPARATOR = "\x1f"
_CHOSEN = """
CREATE TEMP TABLE chosen AS
SELECT run_id, benchmark, CASE WHEN $by = 'run' THEN run_id ELSE model END AS subject, started_at
FROM store.runs
WHERE (parent_run IS NULL OR run_id IN (SELECT unnest($runs)))
    AND (len($benchmarks) = 0 OR benchmark IN (SELECT unnest($benchmarks)))
    AND (len($models) = 0 OR model IN (SELECT unnest($models)))
    AND (len($runs) = 0 OR run_id IN (SELECT unnest($runs)))
    AND ($since IS NULL OR started_at >= $since)
    AND ($until IS NULL OR started_at < $until)
"""
_ONE_BENCHMARK = """
SELECT c.subject AS model, s.sample_id AS item, s."value",
    coalesce(epoch_us(c.started_at), 0) * 1000 + s.repeat AS position
FROM store.records AS s JOIN chosen AS c USING (run_id) WHERE s.ranks
"""
_SEVERAL = """
SELECT c.subject AS model, c.benchmark || chr(31) || s.sample_id AS item, s."value",
    coalesce(epoch_us(c.started_at), 0) * 1000 + s.repeat AS position
FROM store.records AS s JOIN chosen AS c USING (run_id) WHERE s.ranks
"""


class Selection(Struct, frozen=True):
    """Which runs are analysed: empty is all. `by`: a row of the matrix is a model, or a run.

    A run that holds new grades of another run's answers counts only when it is named, lest answers count
    twice.
    `since` (included) and `until` (excluded) are UTC times of a run's start.
    """

    benchmarks: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    by: Literal["model", "run"] = "model"


class Stored(Struct, frozen=True, eq=False):
    """A matrix from the store, and the benchmark of each item."""

    matrix: Matrix
    benchmarks: tuple[str, ...]


def stored_matrix(home: Path, selection: Selection, how: Reading) -> Stored:
    """The graded answers that rank, of the chosen runs; what has no grade is missing, not wrong.

    Raises UsageError when no run fits, StoreError as `open_read` does.
    """
    with open_read(home) as reader:
        con = reader.con
        choose(con, selection)
        benchmarks = _column(con, "SELECT DISTINCT benchmark FROM chosen ORDER BY ALL")
        if not benchmarks:
            raise UsageError("no run fits", hint="see `llmgen runs list`")
        if len(benchmarks) == 1:
            matrix = dense(con, _ONE_BENCHMARK, how)
            return Stored(matrix=matrix, benchmarks=benchmarks * len(matrix.items))
        matrix = dense(con, _SEVERAL, how)
        pairs = [item.partition(_SEPARATOR) for item in matrix.items]
        named = Matrix(
            responses=matrix.responses, models=matrix.models, items=tuple(item for _, _, item in pairs)
        )
        return Stored(matrix=named, benchmarks=tuple(benchmark for benchmark, _, _ in pairs))


def choose(con: duckdb.DuckDBPyConnection, selection: Selection) -> None:
    """Makes the temporary table `chosen` of the runs that fit: run_id, benchmark, subject, started_at."""
    con.execute(
        _CHOSEN,
        {
            "by": selection.by,
            "benchmarks": list(selection.benchmarks),
            "models": list(selection.models),
            "runs": list(selection.runs),
            "since": selection.since,
            "until": selection.until,
        },
    )


def _column(con: duckdb.DuckDBPyConnection, query: str) -> tuple[str, ...]:
    rows: Sequence[tuple[str]] = con.execute(query).fetchall()
    return tuple(row[0] for row in rows)
