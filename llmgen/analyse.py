"""Analyse responses with item response theory: a matrix to difficulties and abilities.

matrix -> connected parts -> a fit each -> numbers for machines, arrays for a file
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from llmgen.analysis.irt.fit import Fit
from llmgen.analysis.irt.model import LONG_NAMES, ModelName, Options
from llmgen.analysis.irt.parts import Part, arrays, fit_parts
from llmgen.store.cells import Matrix, Reading
from llmgen.store.matrix import read_matrix, write_arrays
from llmgen.types import Struct


class Calibrated(Struct, frozen=True, eq=False):
    """A matrix and its fits: one, or one for each part when no scale joins them. `seconds` of fitting."""

    matrix: Matrix
    parts: tuple[Part, ...]
    seconds: float

    @property
    def is_connected(self) -> bool:
        """Whether one scale holds everything."""
        return len(self.parts) == 1

    @property
    def has_converged(self) -> bool:
        """Whether every fit that was made arrived."""
        return all(part.fit is None or part.fit.converged for part in self.parts)


def calibrate_file(path: Path, how: Reading, model: ModelName | None, options: Options) -> Calibrated:
    """Calibrates the matrix in a file; `model` None chooses by the number of models.

    Raises UsageError for a bad file, or a matrix of which a fit would say nothing.
    """
    return calibrate(read_matrix(path, how), model, options)


def calibrate(matrix: Matrix, model: ModelName | None, options: Options) -> Calibrated:
    """Calibrates a matrix. Raises UsageError where a fit would say nothing."""
    started = time.perf_counter()
    parts = fit_parts(matrix.responses, model, options)
    return Calibrated(matrix=matrix, parts=parts, seconds=time.perf_counter() - started)


def write_calibration(path: Path, calibrated: Calibrated) -> None:
    """Writes parameters, abilities and errors with their names to an npz file.

    Raises UsageError when the file cannot be written.
    """
    matrix = calibrated.matrix
    values = arrays(calibrated.parts, (len(matrix.models), len(matrix.items)))
    write_arrays(path, {**values, "models": matrix.models, "items": matrix.items})


def as_plain(calibrated: Calibrated) -> dict[str, Any]:
    """The fit as JSON; several parts each as one of `blocks`, with the names of their models and items."""
    matrix = calibrated.matrix
    size = {
        "n_models": len(matrix.models),
        "n_items": len(matrix.items),
        "seconds": round(calibrated.seconds, 3),
        "connected": calibrated.is_connected,
    }
    first = calibrated.parts[0]
    if calibrated.is_connected and first.fit is not None:
        return _fit_as_plain(first.fit) | size
    blocks = [
        {
            "models": [matrix.models[row] for row in part.block.rows],
            "items": [matrix.items[column] for column in part.block.columns],
            "refused": part.refusal or None,
            "fit": None if part.fit is None else _fit_as_plain(part.fit),
        }
        for part in calibrated.parts
    ]
    return size | {"converged": calibrated.has_converged, "blocks": blocks}


def _fit_as_plain(found: Fit) -> dict[str, Any]:
    options = found.options
    return {
        "irt_model": options.model,
        "model_name": LONG_NAMES[options.model],
        "priors": options.priors,
        "slope": options.slope,
        "quadrature": options.quadrature or "adaptive",
        "loglik": found.loglik,
        "loglik_grid61": found.loglik_grid61,
        "objective": found.objective,
        "converged": found.converged,
        "cycles": found.cycles,
        "n_models_used": found.n_models,
        "n_items_used": found.n_items,
        "n_responses": found.n_responses,
        "n_parameters": found.n_parameters,
        "aic": found.aic,
        "bic": found.bic,
        "n_not_identified": int(found.not_identified.sum()),
        "notes": list(found.notes),
    }
