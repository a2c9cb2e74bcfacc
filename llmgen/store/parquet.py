"""Rows of a Parquet file that somebody else wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from llmgen.errors import UsageError


def read_parquet(path: Path) -> list[dict[str, Any]]:
    """The rows in file order; structs are objects, lists are lists. Raises UsageError for a damaged file."""
    with duckdb.connect() as con:
        try:
            found = con.read_parquet(str(path), hive_partitioning=False)
            columns = found.columns
            return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
        except duckdb.Error as error:
            text = str(error).split("\n", 1)[0]
            raise UsageError(f"cannot read {path}: {text}", hint="is it a whole Parquet file?") from error
