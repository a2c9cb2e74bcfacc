"""`llmgen analyse rank`: one order of models over many tasks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from llmgen.cli.main import settings_of
from llmgen.cli.selection import FILE, refuse_selection, selection, which_answers
from llmgen.errors import UsageError


@click.command()
@which_answers
@click.option("--matrix", type=FILE, help="A table instead: CSV (systems x tasks), .npz or .parquet.")
@click.option("--transposed", is_flag=True, help="Rows of the CSV are tasks, columns are systems.")
@click.option("--leave-out", multiple=True, metavar="NAME", help="A task or system of the file to leave out.")
@click.option(
    "--higher-is-better/--lower-is-better",
    "higher",
    default=None,
    help="What the file's scores mean; has to be said.",
)
@click.option(
    "--method",
    type=click.Choice(["borda", "borda2", "kemeny"]),
    default="borda",
    show_default=True,
    help="borda2: Borda inside each task, then over tasks.",
)
@click.option(
    "--per",
    type=click.Choice(["task", "sample"]),
    default="task",
    show_default=True,
    help="What ranks stored models: tasks, or every sample.",
)
@click.option(
    "--replicates", type=click.IntRange(10), default=2000, show_default=True, help="Of the bootstrap."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the bootstrap.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.pass_context
def rank(ctx: click.Context, /, *, matrix: Path | None, as_json: bool, **given: Any) -> None:
    """Rank models over tasks, with the ranks that resampled tasks would give and who cannot be told apart.

    A task is a benchmark, or a part of one that its samples name. Exact Kemeny up to 14 systems.
    """
    from llmgen.cli.tables import print_table
    from llmgen.difficulty.rankings import Terms, as_plain, rank_scores, rank_stored
    from llmgen.difficulty.tables import ranking_table
    from llmgen.store.score_files import read_scores

    terms = Terms(
        method=given["method"], per=given["per"], replicates=given["replicates"], seed=given["seed"]
    )
    if matrix is None:
        if given["transposed"] or given["leave_out"] or given["higher"] is not None:
            raise UsageError(
                "--transposed, --leave-out and --higher-is-better are for a file", hint="add --matrix FILE"
            )
        home = settings_of(ctx).home_path
        ranked = rank_stored(home, selection(home, given), terms)
    else:
        refuse_selection(given)
        if given["higher"] is None:
            raise UsageError(
                "a file does not say what is better", hint="add --higher-is-better or --lower-is-better"
            )
        scores = read_scores(matrix, leave_out=given["leave_out"], transposed=given["transposed"])
        ranked = rank_scores(scores, terms, higher_is_better=given["higher"])
    if as_json:
        click.echo(json.dumps(as_plain(ranked), ensure_ascii=False))
        return
    print_table(ranking_table(ranked))
    for note in ranked.notes:
        click.echo(f"note: {note}")
    if ranked.analysis_id is not None:
        click.echo(f"stored  {ranked.analysis_id} in the view rankings")
