"""`llmgen analyse ...`: what stored or outside responses say of items and models."""

from __future__ import annotations

import click

from llmgen.cli.analyse_drift import drift
from llmgen.cli.analyse_glicko import glicko
from llmgen.cli.analyse_irt import irt
from llmgen.cli.analyse_personfit import personfit
from llmgen.cli.analyse_rank import rank
from llmgen.cli.analyse_subset import subset


@click.group()
def analyse() -> None:
    """Difficulties of items, abilities of models, ranks, and what follows from them."""


for command in (irt, drift, personfit, subset, rank, glicko):
    analyse.add_command(command)
