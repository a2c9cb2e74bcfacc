"""`llmgen analyse ...`: what stored or outside responses say of items and models."""

from __future__ import annotations

import click

from llmgen.cli.analyse_irt import irt


@click.group()
def analyse() -> None:
    """Difficulties of items and abilities of models."""


analyse.add_command(irt)
