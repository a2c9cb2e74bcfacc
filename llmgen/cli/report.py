"""`llmgen report ...`: pages over the whole store."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from llmgen.cli.main import settings_of


@click.group()
def report() -> None:
    """Write a page over many stored runs."""


@report.command()
@click.argument("runs", nargs=-1, metavar="[RUN...]")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the page goes (default: reports/easy2hard.html in the data home).",
)
@click.pass_context
def easy2hard(ctx: click.Context, /, runs: tuple[str, ...], html: Path | None) -> None:
    """Difficulty: distribution, curves, grids, item map, abilities, suspect items, ranks.

    RUN is an id, the beginning of one, or `last`; without any, all runs of easy2hard that are no rescored
    ones.
    """
    from llmgen.report_easy2hard import report as write

    command = shlex.join(["llmgen", "report", "easy2hard", *runs])
    click.echo(f"page    {write(settings_of(ctx).home_path, runs, html, command)}")
