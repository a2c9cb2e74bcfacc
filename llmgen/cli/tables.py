"""Tables on the terminal: aligned, numbers never wrapped, plain text when nobody looks."""

from __future__ import annotations

import sys
from typing import TextIO

from llmgen.reports.formats import is_numeric
from llmgen.types import Summary, Table

_WIDE = 1 << 16  # a pipe has no width: its lines are as long as their cells


def print_summary(summary: Summary, file: TextIO | None = None) -> None:
    """Prints the tables of a summary, one after another."""
    for table in summary.tables:
        print_table(table, file)


def print_table(table: Table, file: TextIO | None = None) -> None:
    """Prints one table to `file` (default: stdout), with colour and frame only on a terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    out = file or sys.stdout
    tty = out.isatty()
    console = Console(file=out, width=None if tty else _WIDE, highlight=False, no_color=not tty)
    grid = Grid(box=box.SIMPLE_HEAD if tty else box.SIMPLE, title_justify="left", header_style="bold")
    for index, name in enumerate(table.columns):
        numeric = all(is_numeric(row[index]) for row in table.rows)
        grid.add_column(
            Text(name),
            justify="right" if numeric else "left",
            no_wrap=numeric,
            overflow="fold",
            min_width=_least(table, index, numeric=numeric),
        )
    for row in table.rows:
        grid.add_row(*(Text(cell) for cell in row))
    console.print(Text(table.title, style="bold"), soft_wrap=True)
    console.print(grid)
    if table.note:
        console.print(Text(table.note, style="dim"), soft_wrap=not tty)


def _least(table: Table, index: int, *, numeric: bool) -> int | None:
    """A column of numbers is never narrower than its longest cell, however small the terminal."""
    return max((len(row[index]) for row in table.rows), default=0) if numeric else None
