"""`llmgen rescore RUN`: new grades for stored answers, and what they change."""

from __future__ import annotations

import json

import click

from llmgen.cli.main import run_async, settings_of
from llmgen.errors import UsageError

SHOWN = 20


@click.command()
@click.argument("run")
@click.option("--extractor", "extractors", multiple=True, help="Answer extractor; the first one grades.")
@click.option(
    "--set", "changes", multiple=True, metavar="OPTION=VALUE", help="Another value of a benchmark option."
)
@click.option("--judge", help="Model that judges answers where the benchmark needs one.")
@click.option(
    "--show-flips",
    type=click.IntRange(0),
    default=SHOWN,
    show_default=True,
    metavar="N",
    help="Show N verdicts that flipped.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.pass_context
def rescore(  # noqa: PLR0913, PLR0917  # one parameter a flag; click passes them by name
    ctx: click.Context,
    run: str,
    extractors: tuple[str, ...],
    changes: tuple[str, ...],
    judge: str | None,
    show_flips: int,
    *,
    as_json: bool,
) -> None:
    """Grade the stored answers of RUN again, as a child run. The model is not asked.

    RUN is an id, the beginning of one, or `last`. Example: llmgen rescore last --set scorer=notebook
    """
    from llmgen.cli.show import as_plain, print_result, score_line
    from llmgen.rescore import Change
    from llmgen.rescore import rescore as grade_again

    options = dict(_pair(change) for change in changes)
    change = Change(extractors=extractors, options=options, judge=judge)
    done = run_async(grade_again(settings_of(ctx), run, change))
    flips = [
        {"sample_id": f.sample_id, "repeat": f.repeat, "from": f.before, "to": f.after} for f in done.flips
    ]
    if as_json:
        click.echo(
            json.dumps(
                {
                    **as_plain(done.result),
                    "parent": as_plain(done.parent),
                    "n_flipped": len(flips),
                    "flips": flips[:show_flips],
                },
                ensure_ascii=False,
            )
        )
        return
    print_result(done.result)
    click.echo(f"parent  {done.parent.run.id}: {score_line(done.parent)}; {len(flips)} verdicts flipped")
    for flip in done.flips[:show_flips]:
        click.echo(f"  {flip.sample_id} [{flip.repeat}]: {flip.before} -> {flip.after}")


def _pair(change: str) -> tuple[str, str]:
    name, equals, value = change.partition("=")
    if not equals or not name:
        raise UsageError(f"--set {change}: not OPTION=VALUE", hint="for example --set scorer=notebook")
    return name.replace("-", "_"), value
