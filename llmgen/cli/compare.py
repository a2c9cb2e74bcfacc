"""`llmgen compare RUN_A RUN_B`: what differs, by how much, how sure that is, and on which samples."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Literal

import click

from llmgen.cli.main import settings_of
from llmgen.errors import UsageError


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN_A RUN_B [RUN...]")
@click.option("--unpaired", is_flag=True, help="Compare the means of runs over different samples (weaker).")
@click.option(
    "--allow-differences", is_flag=True, help="Pair the samples that both have, whatever else differs."
)
@click.option(
    "--missing",
    type=click.Choice(["drop", "wrong"]),
    default="drop",
    show_default=True,
    help="Leave samples without a grade out, or count them as wrong.",
)
@click.option("--cluster", default="", metavar="TAG", help="Tag whose values group dependent samples.")
@click.option(
    "--show-flips", type=click.IntRange(0), default=0, metavar="N", help="Show N samples that flipped."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Also write a page to FILE.")
@click.pass_context
def compare(ctx: click.Context, /, runs: tuple[str, ...], html: Path | None, **options: Any) -> None:
    """Paired comparison of the first run with each of the others: difference, interval, p.

    RUN is an id, the beginning of one, or `last`. The difference is A - B.
    """
    from llmgen.cli.compare_page import write_page
    from llmgen.cli.compare_view import as_plain, print_comparison
    from llmgen.compare import Terms, flips
    from llmgen.compare import compare as compare_runs

    if not 2 <= len(runs) <= len(ascii_uppercase):  # noqa: PLR2004  # a comparison has two sides
        raise UsageError("name two runs, or up to 26", hint="llmgen runs list shows what there is")
    if options["unpaired"] and options["allow_differences"]:
        raise UsageError("--unpaired and --allow-differences exclude each other", hint="use one of them")
    pairing: Literal["alike", "shared", "none"] = (
        "none" if options["unpaired"] else "shared" if options["allow_differences"] else "alike"
    )
    terms = Terms(missing=options["missing"], cluster=options["cluster"], pairing=pairing)
    home = settings_of(ctx).home_path
    compared = compare_runs(home, runs[0], runs[1:], terms)
    flipped = [flips(home, compared, against, options["show_flips"]) for against in compared.others]
    if html is not None:
        write_page(html, compared, flipped, _command([asked.run.id for asked in compared.runs], options))
    if options["as_json"]:
        click.echo(json.dumps(as_plain(compared), ensure_ascii=False))
        return
    print_comparison(compared, flipped)
    if html is not None:
        click.echo(f"page    {html}")


def _command(ids: list[str], options: dict[str, Any]) -> str:
    words = ["llmgen", "compare", *ids]
    words += [f"--{name.replace('_', '-')}" for name in ("unpaired", "allow_differences") if options[name]]
    if options["missing"] != "drop":
        words += ["--missing", options["missing"]]
    if options["cluster"]:
        words += ["--cluster", options["cluster"]]
    return shlex.join(words)
