"""All that is said of a fitted matrix beyond the fit: tests, audit, mean squares of models, true scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llmgen.analysis.irt.abilities import true_scores
from llmgen.analysis.irt.audit import Audit, audit
from llmgen.analysis.irt.fit import Fit
from llmgen.analysis.irt.grid import fitting_grid
from llmgen.analysis.irt.item_fit import ItemFit, item_fit, mean_squares
from llmgen.analysis.irt.items import Array, Indices, Matrix
from llmgen.analysis.irt.model_fit import ModelFit, model_fit
from llmgen.types import Struct


class Study(Struct, frozen=True, eq=False):
    """What is known of J items and N models. `model` is None where M2 cannot be had.

    Per model: expected share right over all items with its limits, the share of the items that it was
    asked (`coverage`), how many these are, infit and outfit.
    """

    items: ItemFit
    model: ModelFit | None
    audit: Audit
    true_score: Array
    true_lo: Array
    true_hi: Array
    coverage: Array
    n_asked: Array
    infit: Array
    outfit: Array

    def able(self, theta: Array) -> list[int]:
        """The models above the median ability."""
        return [int(row) for row in np.flatnonzero(theta > np.nanmedian(theta))]


def study(
    found: Fit,
    matrix: Matrix,
    *,
    conflict: Sequence[float] | None = None,
    agreement: Sequence[float] | None = None,
) -> Study:
    """Studies a fit of `matrix` (N, J); `conflict` and `agreement` as `audit` takes them."""
    known = np.flatnonzero(np.isfinite(found.items.a))
    fitted = found.items.take(known)
    part = matrix[:, known]
    tested = _spread(item_fit(part, fitted, found.theta, len(found.options.free)), known, matrix.shape[1])
    infit, outfit = mean_squares(part, fitted, found.theta, axis=1)
    score, low, high = true_scores(fitted, found.theta, found.se_pool)
    asked = (part >= 0).sum(axis=1)
    return Study(
        items=tested,
        model=model_fit(part, fitted, fitting_grid(fitted, None), found.options),
        audit=audit(
            found,
            tested,
            matrix,
            conflict=None if conflict is None else np.asarray(conflict, float),
            agreement=None if agreement is None else np.asarray(agreement, float),
        ),
        true_score=score,
        true_lo=low,
        true_hi=high,
        coverage=asked / max(known.size, 1),
        n_asked=asked,
        infit=infit,
        outfit=outfit,
    )


def _spread(tested: ItemFit, known: Indices, n_items: int) -> ItemFit:
    """The tests back at the columns of the whole matrix, nan elsewhere."""

    def wide(values: Array) -> Array:
        out = np.full(n_items, np.nan)
        out[known] = values
        return out

    return ItemFit(
        statistic=tested.statistic,
        x2=wide(tested.x2),
        df=np.nan_to_num(wide(tested.df.astype(float))).astype(np.intp),
        p=wide(tested.p),
        p_holm=wide(tested.p_holm),
        infit=wide(tested.infit),
        outfit=wide(tested.outfit),
    )
