"""`llmgen analyse glicko`: ratings of models and items from answers in the order of their nights."""

from __future__ import annotations

import json
from typing import Any

import click

from llmgen.cli.main import settings_of
from llmgen.cli.selection import selection, which_answers


@click.command()
@which_answers
@click.option(
    "--period",
    type=click.Choice(["day", "week", "month"]),
    default="day",
    show_default=True,
    help="Answers of one period are rated together.",
)
@click.option(
    "--threshold", type=click.FloatRange(0, 1), help="Grades from there on win (default: 0, .5, 1)."
)
@click.option(
    "--tau",
    type=click.FloatRange(0, min_open=True),
    default=0.5,
    show_default=True,
    help="How much volatility may change, sensibly .3 to 1.2.",
)
@click.option("--show", type=click.IntRange(1), default=20, show_default=True, help="Rows of each table.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.pass_context
def glicko(ctx: click.Context, /, *, show: int, as_json: bool, **given: Any) -> None:
    """Rate models against items by Glicko-2: every answer is a game, every night a period.

    For streams of results; a matrix without an order is better served by `llmgen analyse irt`.
    """
    from llmgen.cli.tables import print_tables
    from llmgen.difficulty.ratings import Terms, as_plain, rate_stored
    from llmgen.difficulty.tables import rating_tables

    home = settings_of(ctx).home_path
    terms = Terms(period=given["period"], threshold=given["threshold"], tau=given["tau"])
    rated = rate_stored(home, selection(home, given), terms)
    if as_json:
        click.echo(json.dumps(as_plain(rated), ensure_ascii=False))
        return
    click.echo(f"{rated.n_games:,} games in {len(rated.periods)} periods, {', '.join(rated.benchmarks)}")
    print_tables(rating_tables(rated, show))
    for note in rated.notes:
        click.echo(f"note: {note}")
    click.echo(f"stored  {rated.analysis_id} in the view ratings")
