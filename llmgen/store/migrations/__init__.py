"""The database's schema as numbered SQL files, `NNN_name.sql`: only ever added to, each applied once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import duckdb

from llmgen.errors import StoreError


@cache
def _files() -> dict[int, Path]:
    """Number -> file, ascending."""
    files = sorted(Path(__file__).parent.glob("[0-9][0-9][0-9]_*.sql"))
    return {int(file.name[:3]): file for file in files}


def latest_version() -> int:
    """The schema that this llmgen works with."""
    return max(_files())


def current_version(con: duckdb.DuckDBPyConnection, path: Path) -> int:
    """The schema of the open database `path`, 0 when it is empty. Raises StoreError when it is too new."""
    tables = con.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'schema_version'"
    ).fetchall()
    if not tables[0][0]:
        return 0
    version = int(con.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchall()[0][0])
    if version > latest_version():
        raise StoreError(
            f"{path} was made by a newer llmgen (schema {version}, this one knows {latest_version()})",
            hint="update llmgen",
        )
    return version


def migrate(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Brings the database to the latest schema; each step is one transaction."""
    version = current_version(con, path)
    for number, file in _files().items():
        if number <= version:
            continue
        con.execute("BEGIN")
        con.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER, applied_at TIMESTAMP)")
        con.execute(file.read_text(encoding="utf-8"))
        con.execute("INSERT INTO schema_version VALUES (?, make_timestamp(epoch_us(now())))", [number])
        con.execute("COMMIT")
