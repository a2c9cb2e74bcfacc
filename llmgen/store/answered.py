"""Stored answers as analyses beside item response theory want them: games in order, tables of scores.

Only samples that rank count. Runs that hold new grades of another run's answers are left out unless they are
named, so that no answer counts twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

import duckdb

from llmgen.errors import UsageError
from llmgen.store.db import open_read
from llmgen.store.responses import Selection
from llmgen.types import Struct

PeriodName: TypeAlias = Literal["day", "week", "month"]
Level: TypeAlias = Literal["task", "sample"]

_PICKED = """
CREATE OR REPLACE TEMP TABLE picked AS
SELECT
    r.benchmark, if($by = 'run', run_id, r.model) AS model, r.started_at, run_id,
    s.sample_id, s.repeat, s."value",
    concat_ws('/', r.benchmark,
        nullif(coalesce(s.tags ->> 'task', concat_ws('/', s.tags ->> 'domain', s.tags ->> 'split')), '')
    ) AS task
FROM store.runs AS r
JOIN store.records AS s USING (run_id)
WHERE s.ranks AND (r.parent_run IS NULL OR list_contains($runs, run_id))
    AND (len($benchmarks) = 0 OR list_contains($benchmarks, r.benchmark))
    AND (len($models) = 0 OR list_contains($models, r.model))
    AND (len($runs) = 0 OR list_contains($runs, run_id))
    AND ($since IS NULL OR r.started_at >= $since)
    AND ($until IS NULL OR r.started_at < $until)
"""
_NAMED = """
CREATE OR REPLACE TEMP VIEW named AS
SELECT *, if(several, concat_ws('/', benchmark, sample_id), sample_id) AS item
FROM picked, (SELECT count(DISTINCT benchmark) > 1 AS several FROM picked);

CREATE OR REPLACE TEMP VIEW sampled AS
SELECT task, item, model, avg("value") AS score FROM named GROUP BY task, item, model;
"""
_GAMES = """
SELECT
    CAST(dense_rank() OVER (ORDER BY model) - 1 AS BIGINT) AS solver,
    CAST(dense_rank() OVER (ORDER BY item) - 1 AS BIGINT) AS problem,
    CASE WHEN $threshold IS NULL THEN "value" ELSE CAST("value" >= $threshold AS DOUBLE) END AS score,
    CAST(dense_rank() OVER (ORDER BY date_trunc($period, started_at)) - 1 AS BIGINT) AS period
FROM named
WHERE "value" IS NOT NULL
ORDER BY period, solver, problem, run_id, repeat
"""
_NAMES = """
SELECT
    list_sort(list(DISTINCT model)), list_sort(list(DISTINCT item)),
    list_sort(list(DISTINCT CAST(CAST(date_trunc($period, started_at) AS DATE) AS VARCHAR)))
FROM named
WHERE "value" IS NOT NULL
"""
_TABLES: dict[Level, str] = {
    "task": """SELECT task AS name, task, model, avg(score) FROM sampled GROUP BY task, model
        ORDER BY task, model""",
    "sample": "SELECT item AS name, task, model, score FROM sampled ORDER BY task, name, model",
}


class Games(Struct, frozen=True, eq=False):
    """Columns (G,) of games in order: `solver`, `problem` and `period` are numbers of the names.

    A period is named by its first day.
    """

    solver: Any
    problem: Any
    score: Any
    period: Any
    solvers: tuple[str, ...]
    problems: tuple[str, ...]
    periods: tuple[str, ...]
    benchmarks: tuple[str, ...]


class Scores(Struct, frozen=True):
    """A table of scores: a row is a ranking (a task, or a sample), a column a system, None is missing."""

    rows: tuple[tuple[float | None, ...], ...]
    names: tuple[str, ...]
    tasks: tuple[str, ...]
    systems: tuple[str, ...]
    benchmarks: tuple[str, ...] = ()


def stored_games(home: Path, which: Selection, period: PeriodName, threshold: float | None) -> Games:
    """Every graded answer as a game of a model against an item; its period is when its run started.

    Grades from `threshold` on win, others lose. Raises UsageError when nothing fits.
    """
    with _named(home, which) as (con, benchmarks):
        columns = con.execute(_GAMES, {"threshold": threshold, "period": period}).fetchnumpy()
        names = con.execute(_NAMES, {"period": period}).fetchall()[0]
    solvers, problems, periods = (tuple(found or ()) for found in names)
    return Games(**columns, solvers=solvers, problems=problems, periods=periods, benchmarks=benchmarks)


def stored_scores(home: Path, which: Selection, level: Level) -> Scores:
    """Mean grades of models, by task or by sample; a task is a benchmark, or a part that its tags name.

    Raises UsageError when nothing fits.
    """
    with _named(home, which) as (con, benchmarks):
        models = con.execute("SELECT DISTINCT model FROM named ORDER BY model").fetchall()
        found = con.execute(_TABLES[level]).fetchall()
    systems = tuple(str(model) for (model,) in models)
    cells: dict[tuple[str, str], dict[str, float | None]] = {}
    for name, task, model, score in found:
        cells.setdefault((task, name), {})[model] = score
    return Scores(
        rows=tuple(tuple(row.get(system) for system in systems) for row in cells.values()),
        names=tuple(name for _, name in cells),
        tasks=tuple(task for task, _ in cells),
        systems=systems,
        benchmarks=benchmarks,
    )


@contextmanager
def _named(home: Path, which: Selection) -> Iterator[tuple[duckdb.DuckDBPyConnection, tuple[str, ...]]]:
    """The picked answers with names for their items, as `named`, and the benchmarks among them."""
    with open_read(home) as reader:
        con = reader.con
        con.execute(
            _PICKED,
            {
                "by": which.by,
                "benchmarks": list(which.benchmarks),
                "models": list(which.models),
                "runs": list(which.runs),
                "since": which.since,
                "until": which.until,
            },
        )
        rows = con.execute("SELECT DISTINCT benchmark FROM picked ORDER BY benchmark").fetchall()
        if not rows:
            raise UsageError("no stored answers fit", hint="see `llmgen runs list`")
        con.execute(_NAMED)
        yield con, tuple(str(benchmark) for (benchmark,) in rows)
