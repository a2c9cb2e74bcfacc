"""`llmgen contamination build-detcon`: a labelled set to score detectors on, made for real."""

from __future__ import annotations

from pathlib import Path

import click

from llmgen.cli.main import run_async, settings_of
from llmgen.errors import UsageError

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def contamination() -> None:
    """Build what contamination detectors are calibrated with."""


@contamination.command("build-detcon")
@click.option("--items", type=_FILE, help="Coding items, JSONL in HumanEval's format (default: packaged).")
@click.option("--filler", type=_FILE, help="Other texts to train on, JSONL with `text` (default: packaged).")
@click.option(
    "--model",
    default="local/smollm2-135m",
    show_default=True,
    help="Folder, hub name, or local/smollm2-135m.",
)
@click.option("--doses", default="1,4,12", show_default=True, help="How often contaminated items are seen.")
@click.option("--per-dose", type=click.IntRange(1), default=12, show_default=True, help="Items of each dose.")
@click.option("--clean", type=click.IntRange(1), default=36, show_default=True, help="Items never seen.")
@click.option(
    "--base",
    type=click.IntRange(0),
    default=12,
    show_default=True,
    help="Clean items that the untouched model is asked, too.",
)
@click.option(
    "--samples", type=click.IntRange(1), default=50, show_default=True, help="Answers drawn per item."
)
@click.option(
    "--temperature",
    type=click.FloatRange(0, min_open=True),
    default=0.8,
    show_default=True,
    help="Of the drawn answers; one more is greedy.",
)
@click.option(
    "--max-tokens", type=click.IntRange(1), default=80, show_default=True, help="Longest answer in tokens."
)
@click.option(
    "--steps", type=click.IntRange(1), default=88, show_default=True, help="Training steps of 4 texts."
)
@click.option(
    "--lr", type=click.FloatRange(0, min_open=True), default=2e-4, show_default=True, help="Learning rate."
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Of items, order, training and sampling."
)
@click.option("--out", type=_FILE, required=True, help="The file to write (JSONL).")
@click.pass_context
def build_detcon(
    ctx: click.Context, /, *, doses: str, items: Path | None, filler: Path | None, **given: object
) -> None:
    """Train a small model on k-fold repeated items, sample it, write a labelled set.

    A build that was killed goes on when the same command is given again.
    """
    import msgspec

    from llmgen.assets import asset_dir
    from llmgen.build_detcon import DetconPlan
    from llmgen.build_detcon import build_detcon as build

    folder = asset_dir("datasets") / "detcon"
    plan = msgspec.convert(
        {
            **given,
            "doses": _doses(doses),
            "items": items or folder / "items.jsonl",
            "filler": filler or folder / "filler.jsonl",
        },
        DetconPlan,
    )
    rows = run_async(build(plan, settings_of(ctx).home_path, lambda line: click.echo(line, err=True)))
    click.echo(f"{rows} rows", err=True)
    click.echo(str(plan.out))


def _doses(text: str) -> tuple[int, ...]:
    words = text.split(",")
    if not all(word.strip().isdecimal() and int(word) for word in words) or len(set(map(int, words))) < len(
        words
    ):
        raise UsageError(f"--doses {text} is wrong", hint="different whole numbers above 0: 1,4,12")
    return tuple(map(int, words))
