"""A response pattern unusual for its ability: each model against the stored population.

Never "cheated": another prompt, faults of extraction, refusals and specialist models do the same. What
detectors that look at texts say (CDD, TED) belongs beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from llmgen.analysis.irt.items import Array, Indices, Items
from llmgen.analysis.irt.responses import check
from llmgen.analysis.person_fit.injection import SHARES, Sensitivity, sensitivity
from llmgen.analysis.person_fit.population import (
    FEWEST_MODELS,
    Population,
    alarm_level,
    family_codes,
    matched_z,
)
from llmgen.analysis.person_fit.statistic import Fits, drivers, fits, usable
from llmgen.types import Contamination, Struct

DETECTOR = "person_fit"
FEWEST_ITEMS, SHOWN_ITEMS = 20, 20
_SAID = "response pattern unusual for its ability"


class PersonFit(Struct, frozen=True, eq=False):
    """N models: their `fits`, and `z` (N,), lz* against models of like ability, nan where it cannot be told.

    `level` is the 5 % quantile of z (None without any): below it a model is flagged. `reasons` (N,) say
    why there is no z ("" where there is one). `drivers` (N,) are the items, by column, that pull lz* down
    most. `n_population` models have an lz*; `sensitivity` says what injected memorisation does to z.
    """

    fits: Fits
    z: Array
    level: float | None
    reasons: tuple[str, ...]
    drivers: tuple[Indices, ...]
    n_population: int
    sensitivity: tuple[Sensitivity, ...]


def person_fit(
    responses: ArrayLike,
    items: Items,
    *,
    families: Sequence[str] | None = None,
    shares: Sequence[float] = SHARES,
    seed: int = 0,
) -> PersonFit:
    """Judges every row of `responses` (N, J) of 1, 0, -1 against the other rows.

    `items` (J,) without parameters (nan) are left out. `families` (N,): models of one family are not
    compared with each other. Raises UsageError when the matrix holds anything else.
    """
    matrix, known, columns = usable(check(responses), items)
    found = fits(matrix, known)
    family = family_codes(families or [""] * matrix.shape[0])
    enough = found.n_items >= FEWEST_ITEMS
    population = Population(
        value=np.where(enough, found.lz_star, np.nan), theta=np.nan_to_num(found.theta), family=family
    )
    n_population = int(np.isfinite(population.value).sum())
    z = np.full(matrix.shape[0], np.nan)
    if n_population >= FEWEST_MODELS:
        z = matched_z(population.value, population.theta, family, population)
    told = np.isfinite(z).any()
    return PersonFit(
        fits=found,
        z=z,
        level=alarm_level(z) if told else None,
        reasons=tuple(_reason(at, found, z, n_population) for at in range(z.size)),
        drivers=tuple(columns[at] for at in drivers(matrix, known, found.theta, SHOWN_ITEMS)),
        n_population=n_population,
        sensitivity=sensitivity(matrix, known, population, z, shares=shares, seed=seed) if told else (),
    )


def is_flagged(result: PersonFit, row: int) -> bool | None:
    """Whether z is below the level; None where there was too little to tell."""
    z = float(result.z[row])
    return None if result.level is None or np.isnan(z) else z < result.level


def contamination(result: PersonFit, row: int, item_names: Sequence[str]) -> Contamination:
    """One model's reading as every detector gives it: score = -z, higher where stranger."""
    flagged, one = is_flagged(result, row), result.fits
    details: dict[str, Any] = {
        "verdict": {None: "insufficient", True: "flagged", False: "not_flagged"}[flagged],
        "reason": _SAID if flagged else result.reasons[row],
        "theta": _number(one.theta[row]),
        "lz": _number(one.lz[row]),
        "lz_star": _number(one.lz_star[row]),
        "level": result.level,
        "n_population": result.n_population,
        "sensitivity": msgspec.to_builtins(result.sensitivity),
        "items": [item_names[at] for at in result.drivers[row]],
    }
    return Contamination(
        detector=DETECTOR,
        score=_number(-result.z[row]),
        flagged=flagged,
        n_asked=len(item_names),
        n_used=int(one.n_items[row]),
        details=details,
    )


def _reason(row: int, found: Fits, z: Array, n_population: int) -> str:
    """Why a row has no z."""
    if np.isfinite(z[row]):
        return ""
    if found.n_items[row] < FEWEST_ITEMS:
        return f"{found.n_items[row]} items, {FEWEST_ITEMS} are needed"
    if np.isnan(found.lz_star[row]):
        return "all right or all wrong"
    if n_population < FEWEST_MODELS:
        return f"{n_population} models to compare with, {FEWEST_MODELS} are needed"
    return "too few models outside its family, or all alike"


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
