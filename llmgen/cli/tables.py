"""Tables on the terminal: aligned, numbers never wrapped, plain text when nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TextIO

from llmgen.reports.formats import numeric_columns
from llmgen.summary import Table

_WIDE = 1 << 16  # a pipe has no width: its lines are as long as their cells
_WORDS = 24  # a column of text may be folded down to this many characters


def print_tables(tables: Iterable[Table], file: TextIO | None = None) -> None:
    """Prints tables, one after another."""
    for table in tables:
        print_table(table, file)


def print_table(table: Table, file: TextIO | None = None) -> None:
    """Prints one table to `file` (default: stdout), in bold and folded to the width only on a terminal.

    A table of numbers that is wider than the terminal stays as wide as it is.
    """
    from rich import box
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table as Grid
    from rich.text import Text

    out = file or sys.stdout
    tty = out.isatty()
    console = Console(file=out, width=None if tty else _WIDE, highlight=False, no_color=not tty)
    grid = Grid(box=box.SIMPLE_HEAD, header_style="bold")
    numbers = numeric_columns(table.rows)
    for index, name in enumerate(table.columns):
        cells = [row[index] for row in table.rows]
        numeric = index in numbers
        longest = max(map(len, (name, *cells)))
        grid.add_column(
            Text(name),
            justify="right" if numeric else "left",
            overflow="fold",
            min_width=longest if numeric else min(longest, _WORDS),
        )
    for row in table.rows:
        grid.add_row(*(Text(cell) for cell in row))
    needed = Measurement.get(console, console.options.update(width=_WIDE), grid).minimum
    console.print(Text(table.title, style="bold"), soft_wrap=True)
    console.print(grid, width=max(console.width, needed), crop=False)
    if table.note:
        console.print(Text(table.note, style="dim"), "", sep="\n", soft_wrap=not tty)
