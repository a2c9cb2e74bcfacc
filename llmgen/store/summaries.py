"""What the summary of a run says in rows, in tables that SQL can join."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llmgen.store.db import SUMMARY_TABLES, open_write, transaction


def store_summary(home: Path, run_id: str, stored: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Puts the rows of a run's summary in the place of its earlier ones, by table.

    Raises ValueError for a table that is not one of `SUMMARY_TABLES`.
    """
    unknown = stored.keys() - set(SUMMARY_TABLES)
    if unknown:
        raise ValueError(f"no table {', '.join(sorted(unknown))} holds rows of summaries")
    with open_write(home) as con, transaction(con):
        for table, rows in stored.items():
            con.execute(f"DELETE FROM store.{table} WHERE run_id = ?", [run_id])  # noqa: S608  # our own names
            for row in rows:
                names = ", ".join(f'"{name}"' for name in ("run_id", *row))
                places = ", ".join("?" * (len(row) + 1))
                con.execute(
                    f"INSERT INTO store.{table} ({names}) VALUES ({places})",  # noqa: S608  # our own names
                    [run_id, *row.values()],
                )
