"""`llmgen analyse personfit`: models whose answers are unusual for their ability."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from llmgen.cli.main import settings_of
from llmgen.cli.selection import FILE, reading, refuse_selection, right_and_wrong, selection, which_answers


@click.command()
@which_answers
@right_and_wrong
@click.option("--matrix", type=FILE, help="Responses instead: .npz (`responses`) or .parquet.")
@click.option(
    "--family",
    "families",
    multiple=True,
    metavar="PATTERN",
    help="Models whose names fit (*llama*) are not compared with each other; may be repeated.",
)
@click.option("--show", type=click.IntRange(1), default=20, show_default=True, help="Models to list.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.pass_context
def personfit(ctx: click.Context, /, *, matrix: Path | None, show: int, as_json: bool, **given: Any) -> None:
    """Find models that are right on hard items and wrong on easy ones, more than others of their ability.

    A sign of contamination, and of other prompts, faulty extraction, refusals and specialists. Says how
    much injected memorisation it would notice on the same data. Needs 30 models and 20 items.
    """
    from llmgen.cli.tables import print_tables
    from llmgen.difficulty.person_fit import as_plain, judge_file, judge_stored
    from llmgen.difficulty.tables import person_fit_tables

    if matrix is None:
        home = settings_of(ctx).home_path
        judged = judge_stored(home, selection(home, given), reading(given), given["families"])
    else:
        refuse_selection(given)
        judged = judge_file(matrix, reading(given), given["families"])
    if as_json:
        click.echo(json.dumps(as_plain(judged), ensure_ascii=False))
        return
    print_tables(person_fit_tables(judged, show))
    flagged = sum(row.flagged is True for row in judged.rows)
    of = judged.result.n_population
    click.echo(f"{flagged} of {of} models flagged: response pattern unusual for their ability")
    for note in judged.notes:
        click.echo(f"note: {note}")
    if judged.analysis_id is not None:
        click.echo(f"stored  {judged.analysis_id} in the view person_fit")
