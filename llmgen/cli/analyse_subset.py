"""`llmgen analyse subset`: fewer items for nearly the same score."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from llmgen.cli.main import settings_of
from llmgen.cli.selection import FILE, reading, refuse_selection, right_and_wrong, selection, which_answers

_METHODS = ["random", "stratified", "anchors", "pirt", "gpirt", "control", "adaptive"]


class HalfWidth(click.ParamType[float]):
    """2pp (percentage points) or .02."""

    name = "WIDTH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The width as a share."""
        text = str(value).strip().lower()
        points = text.endswith("pp")
        try:
            width = float(text.removesuffix("pp")) / (100 if points else 1)
        except ValueError:
            self.fail(f"{value!r} is neither like 2pp nor like .02", param, ctx)
        if not 0 < width < 1:
            self.fail(f"{value!r} is not between 0 and 100pp", param, ctx)
        return width


@click.command()
@which_answers
@right_and_wrong
@click.option("--matrix", type=FILE, help="Responses instead: .npz (`responses`) or .parquet.")
@click.option("--items", type=click.IntRange(1), default=100, show_default=True, help="How many to keep.")
@click.option(
    "--method",
    type=click.Choice(_METHODS),
    help="Default: stratified below 100 models, else gpirt.",
)
@click.option(
    "--half-width", type=HalfWidth(), help="Also say how many items each method needs: 2pp, or .02."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of what is drawn.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.option("--out", type=FILE, help="Write the subset to FILE, for `llmgen eval --items-from FILE`.")
@click.pass_context
def subset(
    ctx: click.Context, /, *, matrix: Path | None, out: Path | None, as_json: bool, **given: Any
) -> None:
    """Choose items whose score comes close to that of all, and say how close, on models held out in turn."""
    from llmgen.cli.tables import print_tables
    from llmgen.difficulty.subsets import (
        Wanted,
        as_plain,
        check_out,
        choose_file,
        choose_stored,
        write_subset,
    )
    from llmgen.difficulty.tables import subset_tables

    wanted = Wanted(
        k=given["items"], method=given["method"], half_width=given["half_width"], seed=given["seed"]
    )
    if out is not None:
        check_out(out, wanted)
    if matrix is None:
        home = settings_of(ctx).home_path
        chosen = choose_stored(home, selection(home, given), reading(given), wanted)
    else:
        names = given["benchmarks"]
        refuse_selection({**given, "benchmarks": names[1:]})
        chosen = choose_file(matrix, reading(given), wanted, names[0] if names else matrix.stem)
    if out is not None:
        write_subset(out, chosen)
    if as_json:
        click.echo(json.dumps(as_plain(chosen), ensure_ascii=False))
        return
    print_tables(subset_tables(chosen))
    for note in chosen.notes:
        click.echo(f"note: {note}")
    if out is not None and chosen.subset is not None:
        click.echo(f"written {out}: llmgen eval {chosen.subset.benchmark} --model M --items-from {out}")
