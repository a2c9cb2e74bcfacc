"""Rows of a Parquet file that somebody else wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from llmgen.errors import UsageError

_PAGE = 1_000


def read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    """The rows in file order, read as they are asked for; structs are objects, lists are lists.

    Raises UsageError for a damaged file.
    """
    with duckdb.connect() as con:
        try:
            found = con.execute("SELECT * FROM read_parquet(?, hive_partitioning = false)", [str(path)])
            columns = [column[0] for column in found.description or ()]
            while page := found.fetchmany(_PAGE):
                for row in page:
                    yield dict(zip(columns, row, strict=True))
        except duckdb.Error as error:
            text = str(error).split("\n", 1)[0]
            raise UsageError(f"cannot read {path}: {text}", hint="is it a whole Parquet file?") from error
