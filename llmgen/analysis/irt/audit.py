"""Which items look broken, and why: flags, and an order in which to look at their keys."""

from __future__ import annotations

import math

import numpy as np

from llmgen.analysis.irt.fit import Fit
from llmgen.analysis.irt.item_fit import ItemFit
from llmgen.analysis.irt.items import Array, Matrix
from llmgen.types import Struct

FLAGS = {
    "negative_slope": "abler models do worse, beyond chance: mis-keyed or ambiguous?",
    "flat": "the slope is within .2 of zero: says nothing about ability",
    "steep": "the slope is above 10: two groups of models rather than a scale",
    "extreme": "all or none have it right",
    "misfit": "the curve does not describe it (adjusted p < .05)",
    "unused": "fewer than 20 models were asked",
    "extraction_conflict": "extractors read more than a fifth of its answers differently",
    "not_identified": "its parameters have no finite error",
}
_FLAT, _STEEP, _UNUSED, _CONFLICT, _ALPHA, _ONE_SIDED = 0.2, 10.0, 20, 0.2, 0.05, 1.645


class Audit(Struct, frozen=True, eq=False):
    """J items: their flags, how many models were asked (`n`), the share right (`p_value`), and `suspect`.

    `suspect` is P(a < 0), plus the share of above-median models that agree on one wrong option where that
    is known; nan without a standard error.
    """

    flags: tuple[tuple[str, ...], ...]
    n: Array
    p_value: Array
    suspect: Array

    def worst(self, n: int) -> list[int]:
        """The `n` items whose keys to look at first."""
        order = np.argsort(-np.nan_to_num(self.suspect, nan=-1.0), kind="stable")
        return [int(item) for item in order[:n] if np.isfinite(self.suspect[item])]


def audit(
    found: Fit,
    tested: ItemFit,
    responses: Matrix,
    *,
    conflict: Array | None = None,
    agreement: Array | None = None,
) -> Audit:
    """Audits a fit of `responses` (N, J) of 1, 0, -1.

    `conflict` (J,): the share of answers that extractors read differently. `agreement` (J,): the share of
    above-median models that gave one and the same wrong option. Unknown values are nan.
    """
    a, se = found.items.a, found.se_a
    n = (responses >= 0).sum(axis=0).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        p_value = (responses > 0).sum(axis=0) / n
        reversed_p = np.array([0.5 * math.erfc(z / math.sqrt(2.0)) for z in a / se])
        raised = {
            "negative_slope": a + _ONE_SIDED * se < 0.0,
            "flat": np.abs(a) < _FLAT,
            "steep": np.abs(a) > _STEEP,
            "extreme": found.extreme,
            "misfit": tested.p_holm < _ALPHA,
            "unused": n < _UNUSED,
            "extraction_conflict": np.zeros(a.size, bool) if conflict is None else conflict > _CONFLICT,
            "not_identified": found.not_identified,
        }
    flags = tuple(tuple(name for name in FLAGS if raised[name][item]) for item in range(a.size))
    suspect = reversed_p + (0.0 if agreement is None else np.nan_to_num(agreement))
    return Audit(flags=flags, n=n, p_value=p_value, suspect=suspect)
