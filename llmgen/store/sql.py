"""A user's own SQL over the results: read-only, and shut off from all other files unless told otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from llmgen.errors import UsageError
from llmgen.store.db import Reader, open_read

_AT_ONCE = 2_000


class Answer(NamedTuple):
    """The result of a query. `age_s` is that of the copy that was read while a writer held the database."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]
    age_s: float | None


@contextmanager
def ask(home: Path, query: str, params: Mapping[str, Any], *, allow_files: bool = False) -> Iterator[Answer]:
    """The answer to `query`, whose rows are to be read inside the context.

    Raises UsageError for an error in the query, StoreError as `open_read` does.
    """
    with _shut(home, allow_files=allow_files) as reader:
        with _query_errors():
            reader.con.execute(query, dict(params) or None)
            names = [column[0] for column in reader.con.description or ()]
        yield Answer(_unique(names), _rows(reader.con), reader.age_s)


def ask_into_parquet(
    home: Path, query: str, params: Mapping[str, Any], target: Path, *, allow_files: bool = False
) -> float | None:
    """Writes the answer to `query` to a Parquet file; returns the age of the copy read, if it was one.

    Raises UsageError for an error in the query or when the file cannot be written.
    """
    path = target.resolve()
    # DuckDB before 2.0 writes to tmp_NAME and renames it
    with _shut(home, path, path.with_name(f"tmp_{path.name}"), allow_files=allow_files) as reader:
        with _query_errors():
            relation = reader.con.sql(query, params=dict(params) or None)
            if relation is None:
                raise UsageError("the query has no result to write")
            relation.write_parquet(str(path))
        return reader.age_s


@contextmanager
def _shut(home: Path, *writable: Path, allow_files: bool) -> Iterator[Reader]:
    with open_read(home) as reader:
        if not allow_files:
            if writable:
                quoted = ", ".join("'" + str(path).replace("'", "''") + "'" for path in writable)
                reader.con.execute(f"SET allowed_paths = [{quoted}]")
            reader.con.execute("SET enable_external_access = false")
            reader.con.execute("SET lock_configuration = true")
        yield reader


def _rows(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while True:
        with _query_errors():
            page = con.fetchmany(_AT_ONCE) if con.description else []
        yield from page
        if len(page) < _AT_ONCE:
            return


@contextmanager
def _query_errors() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        # what follows is the query again, or a list of candidates, indented
        said = [line for line in str(error).split("LINE 1:")[0].splitlines() if line and line[0] != "\t"]
        raise UsageError(f"SQL: {' '.join(said)}") from error


def _unique(names: list[str]) -> tuple[str, ...]:
    """Names as columns of a table have them: a second `a` becomes `a_1`."""
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        unique.append(f"{name}_{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return tuple(unique)
