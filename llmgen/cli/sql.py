"""`llmgen sql`: read-only SQL over the results, as a table, CSV, JSON or Parquet."""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from llmgen.cli.main import settings_of
from llmgen.errors import UsageError


@click.command()
@click.argument("query", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "parquet"]),
    default="table",
    show_default=True,
    help="What is written.",
)
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Value of $NAME in the query.")
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Read the query from a file, not from QUERY.",
)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file, not to stdout."
)
@click.option("--allow-files", is_flag=True, help="Let the query read and write other files.")
@click.pass_context
def sql(ctx: click.Context, /, *, form: str, output: Path | None, allow_files: bool, **given: Any) -> None:
    """Run QUERY over the results: read-only, also while runs write. docs/sql.md explains the views.

    A VALUE that is a JSON number, true, false, null or a quoted string is taken as that, else as text.
    """
    from llmgen.store.queries import catch_up
    from llmgen.store.sql import ask

    home = settings_of(ctx).home_path
    query, params = _query(given["query"], given["file"]), _params(given["params"])
    if note := catch_up(home):
        click.echo(f"note: {note}", err=True)
    if form == "parquet":
        _parquet(home, query, params, output, allow_files=allow_files)
        return
    with ask(home, query, params, allow_files=allow_files) as answer, _target(output) as out:
        _say_age(answer.age_s)
        if answer.columns:
            {"table": _table, "csv": _csv, "json": _json}[form](answer.columns, answer.rows, out)


def _query(query: str | None, file: Path | None) -> str:
    if (query is None) == (file is None):
        raise UsageError(
            "give either a query or --file with one", hint='llmgen sql "select * from leaderboard"'
        )
    if file is not None:
        try:
            query = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read {file}: {error}") from error
    if not query or not query.strip():
        raise UsageError("the query is empty")
    return query


def _params(given: tuple[str, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"--param {text!r} is not NAME=VALUE")
        values[name] = _value(value)
    return values


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, list | dict) else value


def _parquet(
    home: Path, query: str, params: dict[str, Any], output: Path | None, *, allow_files: bool
) -> None:
    from llmgen.store.sql import ask_into_parquet

    if output is not None:
        _say_age(ask_into_parquet(home, query, params, output, allow_files=allow_files))
        return
    if sys.stdout.isatty():
        raise UsageError("Parquet is not for a terminal", hint="add --output FILE")
    with tempfile.TemporaryDirectory(prefix="llmgen-sql-") as folder:
        file = Path(folder) / "rows.parquet"
        _say_age(ask_into_parquet(home, query, params, file, allow_files=allow_files))
        sys.stdout.buffer.write(file.read_bytes())


def _say_age(age_s: float | None) -> None:
    if age_s is not None:
        click.echo(f"note: a run is writing; this was read from a copy, {age_s:.0f} s old", err=True)


@contextmanager
def _target(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    try:
        file = output.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}") from error
    with file:
        yield file


def _table(columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]], out: TextIO) -> None:
    from llmgen.cli.tables import print_table
    from llmgen.summary import Table

    cells = tuple(tuple(map(_cell, row)) for row in rows)
    print_table(Table(title="", columns=columns, rows=cells), out)


def _csv(columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]], out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_plain(value) for value in row] for row in rows)


def _json(columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]], out: TextIO) -> None:
    import msgspec

    encoder = msgspec.json.Encoder(enc_hook=str)
    out.write("[")
    for number, row in enumerate(rows):
        out.write(",\n" if number else "\n")
        out.write(encoder.encode(dict(zip(columns, row, strict=True))).decode())
    out.write("\n]\n")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(_plain(value))


def _plain(value: Any) -> Any:
    """None as nothing, nested values as JSON."""
    if value is None:
        return ""
    return json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, list | dict) else value
