"""`llmgen extractors`: what reads answers, and how the embedded reader is trained."""

from __future__ import annotations

from pathlib import Path

import click

from llmgen.errors import UsageError
from llmgen.extract import EXTRACTORS


@click.group(name="extractors")
def extractors() -> None:
    """List the extractors; train the embedded one."""


@extractors.command(name="list")
def list_extractors() -> None:
    """The names that --extractor takes."""
    for name in EXTRACTORS.names():
        click.echo(name)


@extractors.command(name="train")
@click.option("--seed", type=int, default=20, show_default=True, help="The same seed gives the same bytes.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Weights file to write."
)
@click.option(
    "--size", type=click.IntRange(min=1_000), help="Invented outputs per head (default: as shipped)."
)
def train_pinpoint(seed: int, out: Path, size: int | None) -> None:
    """Train pinpoint on outputs invented from our own templates; prints held-out figures to stderr."""
    from llmgen.extract.pinpoint.training.train import N_TRAIN, Check, encode, train  # needs numpy

    def report(check: Check) -> None:
        click.echo(
            f"{check.head}: {check.n_train} outputs to learn from, {check.n_held_out} of held-out families: "
            f"accuracy {check.accuracy:.3f}, answered {check.answered:.3f}, "
            f"no valid answer {check.no_valid_answer:.3f}, ECE {check.ece:.3f}",
            err=True,
        )
        for family, (right, count) in check.families.items():
            click.echo(f"  {family:<20} {right:>5} of {count}", err=True)
        for count, accuracy, confidence in check.bins:
            click.echo(f"  {count:>5} at confidence {confidence:.3f}: accuracy {accuracy:.3f}", err=True)

    if not out.parent.is_dir():
        raise UsageError(f"the folder of {out} does not exist", hint="create it first")
    content = encode(train(seed, report, size=size or N_TRAIN))
    try:
        out.write_bytes(content)
    except OSError as error:
        raise UsageError(
            f"cannot write {out}: {error.strerror}", hint="name another file with --out"
        ) from error
    click.echo(f"{out}: {len(content)} bytes", err=True)
