"""Answers to a matrix: SQL numbers models and items and settles repeats, numpy puts values in place."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import duckdb
import numpy as np
from numpy.typing import NDArray

from llmgen.errors import UsageError
from llmgen.types import Struct

Repeat: TypeAlias = Literal["refuse", "first", "mean", "majority"]

_CODES = """
CREATE OR REPLACE TEMP TABLE model_codes AS
SELECT name, CAST(row_number() OVER (ORDER BY name) - 1 AS INTEGER) AS code
FROM (SELECT DISTINCT model AS name FROM cells);
CREATE OR REPLACE TEMP TABLE item_codes AS
SELECT name, CAST(row_number() OVER (ORDER BY name) - 1 AS INTEGER) AS code
FROM (SELECT DISTINCT item AS name FROM cells);
"""
_SETTLED: dict[Repeat, str] = {
    "refuse": "CREATE OR REPLACE TEMP VIEW settled AS SELECT * FROM cells",
    "first": """CREATE OR REPLACE TEMP VIEW settled AS SELECT model, item, arg_min(value, position) AS value
        FROM cells WHERE value IS NOT NULL GROUP BY model, item""",
    "mean": """CREATE OR REPLACE TEMP VIEW settled AS SELECT model, item, avg(value) AS value
        FROM cells GROUP BY model, item""",
    "majority": """CREATE OR REPLACE TEMP VIEW settled AS SELECT model, item,
        CASE WHEN avg(value) > 0.5 THEN 1.0 WHEN avg(value) < 0.5 THEN 0.0 END AS value
        FROM cells GROUP BY model, item""",
}
_FRACTION = 2  # stands for a grade that is neither 0 nor 1
_DIGITS = """
SELECT
    m.code AS model, i.code AS item,
    CAST(CASE
        WHEN isnan(c.value) THEN 2
        WHEN $threshold IS NOT NULL THEN CAST(c.value >= $threshold AS TINYINT)
        WHEN c.value = 1 THEN 1 WHEN c.value = 0 THEN 0 ELSE 2
    END AS TINYINT) AS digit
FROM settled AS c
JOIN model_codes AS m ON c.model = m.name
JOIN item_codes AS i ON c.item = i.name
WHERE c.value IS NOT NULL
"""


class Reading(Struct, frozen=True):
    """How answers become 1 and 0.

    `repeat`: what stands for several answers of one model to one item; "majority" leaves a tie out.
    `threshold`: grades from there on are right; None refuses grades between 0 and 1.
    """

    repeat: Repeat = "refuse"
    threshold: float | None = None


class Matrix(Struct, frozen=True, eq=False):
    """`responses` (models, items) of 1, 0, -1 with the names of its rows and columns."""

    responses: NDArray[Any]
    models: tuple[str, ...]
    items: tuple[str, ...]


def dense(con: duckdb.DuckDBPyConnection, cells: str, how: Reading) -> Matrix:
    """The matrix of a query with columns model, item, value (0..1, NULL = missing) and position.

    `position` orders the answers of one model to one item. Raises UsageError for such answers without a
    rule, and for grades between 0 and 1 without a threshold.
    """
    con.execute(f"CREATE OR REPLACE TEMP VIEW cells AS {cells}")
    con.execute(_CODES)
    con.execute(_SETTLED[how.repeat])
    models, items = (
        tuple(str(row[0]) for row in con.execute(query).fetchall())
        for query in (
            "SELECT name FROM model_codes ORDER BY code",
            "SELECT name FROM item_codes ORDER BY code",
        )
    )
    found = con.execute(_DIGITS, {"threshold": how.threshold}).fetchnumpy()
    digits = np.asarray(found["digit"])
    if (digits == _FRACTION).any():
        raise UsageError(
            f"{int((digits == _FRACTION).sum())} grades are neither 0 nor 1", hint="cut them: --threshold 0.5"
        )
    place = np.asarray(found["model"], dtype=np.int64) * len(items) + found["item"]
    responses = np.full(len(models) * len(items), -1, dtype=np.int8)
    responses[place] = digits
    repeated = digits.size - int((responses >= 0).sum())
    if repeated:
        raise UsageError(
            f"{repeated} answers repeat one of the same model to the same item",
            hint="say what counts: --repeat first, mean or majority",
        )
    return Matrix(responses=responses.reshape(len(models), len(items)), models=models, items=items)
