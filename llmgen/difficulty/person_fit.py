"""Which models answer unlike others of their ability: a sign of contamination among other causes.

matrix -> calibration -> lz* of each model against models of like ability -> the view `person_fit`
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec

from llmgen.analyse import Calibrated, Task, calibrate, calibrate_store
from llmgen.analysis.irt.model import Options
from llmgen.analysis.person_fit.verdicts import PersonFit, is_flagged, person_fit
from llmgen.errors import UsageError
from llmgen.store.cells import Matrix, Reading
from llmgen.store.findings import Finding, PersonFitRow, store_finding
from llmgen.store.matrix import read_matrix
from llmgen.store.responses import Selection, stored_matrix
from llmgen.types import Struct


class Judged(Struct, frozen=True, eq=False):
    """The models from the strangest down, those that cannot be told last, and the whole result.

    `analysis_id` and `fit_id` (the calibration's, see the view `irt_fits`) are None for a matrix from a
    file, of which nothing is stored.
    """

    analysis_id: str | None
    fit_id: str | None
    rows: tuple[PersonFitRow, ...]
    result: PersonFit
    benchmarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def judge_stored(home: Path, which: Selection, how: Reading, families: Sequence[str]) -> Judged:
    """Calibrates the store's answers, judges its models, and stores both.

    Models whose names fit the same pattern of `families` (`*llama*`) are not compared with each other.
    Raises UsageError when nothing fits, or when the answers are on no common scale.
    """
    calibrated = calibrate_store(home, Task(selection=which, how=how))
    stored = stored_matrix(home, which, how)
    benchmarks = tuple(sorted(set(stored.benchmarks)))
    names = stored.matrix.items
    if len(benchmarks) > 1:
        names = tuple(map("/".join, zip(stored.benchmarks, names, strict=True)))
    judged = _judged(stored.matrix, names, calibrated, families)
    analysis_id = store_finding(
        home,
        Finding(
            kind="person_fit",
            benchmarks=benchmarks,
            question={
                **msgspec.to_builtins(which),
                "families": list(families),
                "repeat": how.repeat,
                "threshold": how.threshold,
            },
            said={"fit_id": judged.fit_id},
            rows=judged.rows,
        ),
    )
    return msgspec.structs.replace(judged, analysis_id=analysis_id, benchmarks=benchmarks)


def judge_file(path: Path, how: Reading, families: Sequence[str]) -> Judged:
    """Judges the models of a matrix in a file. Raises UsageError as `judge_stored` does."""
    matrix = read_matrix(path, how)
    return _judged(matrix, matrix.items, calibrate(matrix, None, Options()), families)


def _judged(
    matrix: Matrix, items: tuple[str, ...], calibrated: Calibrated, families: Sequence[str]
) -> Judged:
    """Every model against the others. Raises UsageError when there is no common scale."""
    fitted = calibrated.parts[0].fit
    if len(calibrated.parts) > 1 or fitted is None:
        raise UsageError(
            f"{len(calibrated.parts)} groups of models share no item: they cannot be compared",
            hint="name one benchmark with --benchmark",
        )
    of = [next((p for p in families if fnmatchcase(name, p)), "") for name in matrix.models]
    result = person_fit(matrix.responses, fitted.items, families=of)
    rows = [_row(result, at, matrix.models[at], items) for at in range(len(matrix.models))]
    notes = [*fitted.notes]
    if not fitted.converged:
        notes.append("the calibration did not converge")
    return Judged(
        analysis_id=None,
        fit_id=calibrated.fit_ids[0] if calibrated.fit_ids else None,
        rows=tuple(sorted(rows, key=lambda row: math.inf if row.z is None else row.z)),
        result=result,
        notes=tuple(notes),
    )


def _row(result: PersonFit, at: int, model: str, items: tuple[str, ...]) -> PersonFitRow:
    one = result.fits
    return PersonFitRow(
        model=model,
        theta=_number(one.theta[at]),
        se=_number(one.se[at]),
        lz=_number(one.lz[at]),
        lz_star=_number(one.lz_star[at]),
        z=_number(result.z[at]),
        flagged=is_flagged(result, at),
        n_used=int(one.n_items[at]),
        n_population=result.n_population,
        level=result.level,
        reason=result.reasons[at],
        items=tuple(items[column] for column in result.drivers[at]),
        sensitivity=msgspec.to_builtins(result.sensitivity),
    )


def as_plain(judged: Judged) -> dict[str, Any]:
    """What was found as JSON."""
    return {
        "analysis_id": judged.analysis_id,
        "fit_id": judged.fit_id,
        "n_population": judged.result.n_population,
        "level": judged.result.level,
        "sensitivity": msgspec.to_builtins(judged.result.sensitivity),
        "models": [
            {
                name: getattr(row, name)
                for name in row.__struct_fields__
                if name not in {"n_population", "level", "sensitivity"}
            }
            for row in judged.rows
        ],
        "notes": list(judged.notes),
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
