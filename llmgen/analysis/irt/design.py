"""What a matrix can say at all: connected parts, items and models without information, refusals, warnings."""

from __future__ import annotations

import numpy as np

from llmgen.analysis.irt.items import Flags, Indices, Matrix
from llmgen.analysis.irt.model import ModelName, Options
from llmgen.analysis.irt.responses import SHORT_TEST
from llmgen.errors import UsageError
from llmgen.types import Struct

FEWEST_MODELS, FEWEST_ITEMS = 3, 2
_FEW_FOR_SLOPES, _FEW_FOR_GUESSING = 20, 500


class Block(Struct, frozen=True, eq=False):
    """Models and items that are connected by responses: row and column numbers of the matrix."""

    rows: Indices
    columns: Indices


def default_model(n_models: int) -> ModelName:
    """`1pl` below 20 models, whose slopes would be noise; `2pl` from there on."""
    return "1pl" if n_models < _FEW_FOR_SLOPES else "2pl"


def usable(matrix: Matrix, options: Options) -> tuple[Indices, Flags]:
    """The columns that are fitted, and which of all columns are extreme (J,).

    Raises UsageError, with what can still be said, when a fit would say nothing.
    """
    seen = matrix >= 0
    n_models = int(seen.any(axis=1).sum())
    said = f"what can be said: {_share(matrix)}"
    if n_models < FEWEST_MODELS:
        raise UsageError(
            f"{n_models} of {matrix.shape[0]} models with a response, {FEWEST_MODELS} are needed", hint=said
        )
    extreme = extremes(matrix)
    differing = seen.any(axis=0) & ~extreme
    if differing.sum() < FEWEST_ITEMS:
        raise UsageError(
            f"{int(differing.sum())} of {matrix.shape[1]} items have both right and wrong answers, "
            f"{FEWEST_ITEMS} are needed",
            hint=said,
        )
    if len(parts := connected(matrix)) > 1:
        raise UsageError(
            f"{len(parts)} groups of models share no item, directly or through others",
            hint="they have no common scale: fit each by itself",
        )
    return np.flatnonzero(differing if options.priors == "none" else seen.any(axis=0)), extreme


def connected(matrix: Matrix) -> list[Block]:
    """The connected parts of a design, largest first; rows and columns without any response are in none.

    Two models are connected when they answered a common item, directly or through others.
    """
    observed = matrix >= 0
    part_of_row = np.where(observed.any(axis=1), -1, -2)
    part_of_column = np.where(observed.any(axis=0), -1, -2)
    n_parts = 0
    while (part_of_row == -1).any():
        rows: Indices = np.flatnonzero(part_of_row == -1)[:1]
        while rows.size:  # every row and every column is looked at once
            part_of_row[rows] = n_parts
            columns = np.flatnonzero((part_of_column == -1) & observed[rows].any(axis=0))
            part_of_column[columns] = n_parts
            rows = np.flatnonzero((part_of_row == -1) & observed[:, columns].any(axis=1))
        n_parts += 1
    parts = [
        Block(rows=np.flatnonzero(part_of_row == part), columns=np.flatnonzero(part_of_column == part))
        for part in range(n_parts)
    ]
    return sorted(parts, key=lambda part: -part.rows.size * part.columns.size)


def extremes(matrix: Matrix) -> Flags:
    """Items that all or none of their models have right, (J,); unseen items are none."""
    seen, right = (matrix >= 0).sum(axis=0), (matrix > 0).sum(axis=0)
    flags: Flags = (seen > 0) & ((right == 0) | (right == seen))
    return flags


def notes(matrix: Matrix, extreme: Flags, options: Options) -> tuple[str, ...]:
    """Sentences for people about what was left out and what is uncertain."""
    seen = matrix >= 0
    kept = seen.any(axis=1)
    right, asked = (matrix > 0).sum(axis=1), seen.sum(axis=1)
    unseen, models = int((~seen.any(axis=0)).sum()), int(kept.sum())
    repeated = models - len({row.tobytes() for row in matrix[kept]})
    found = {
        f"{matrix.shape[0] - models} models without a response are left out": models < matrix.shape[0],
        f"{unseen} items without a response are left out": unseen > 0,
        f"{int(extreme.sum())} items that all or none have right "
        + ("are set aside" if options.priors == "none" else "are held by their prior alone"): extreme.any(),
        f"{int((right[kept] == 0).sum())} models have everything wrong": (right[kept] == 0).any(),
        f"{int((right == asked)[kept].sum())} models have everything right": (right == asked)[kept].any(),
        f"{repeated} models answer exactly as another one: they count as evidence of their own": (
            repeated > 0 and matrix.shape[1] > SHORT_TEST
        ),
        f"{models} models: slopes are mostly noise; fit `1pl`, or keep slopes positive": (
            models < _FEW_FOR_SLOPES and 0 in options.free and options.slope == "signed"
        ),
        f"{models} models: guessing rates need {_FEW_FOR_GUESSING}": (
            models < _FEW_FOR_GUESSING and options.model == "3pl"
        ),
    }
    return tuple(text for text, holds in found.items() if holds)


def _share(matrix: Matrix) -> str:
    asked = int((matrix >= 0).sum())
    return f"{int((matrix > 0).sum())} of {asked} answers are right" if asked else "nothing was answered"
