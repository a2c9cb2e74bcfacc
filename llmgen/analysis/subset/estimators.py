"""From answers to some items to the score on all of them.

`answers` (N, k) int8 of 1, 0, -1 belong to the items of a `Choice`; -1 (not graded) is left out, and what
it stood for is spread over the rest. Estimates are (N,), nan where nothing was graded.
"""

from __future__ import annotations

import numpy as np

from llmgen.analysis.irt.items import Array, Items, Matrix, curves
from llmgen.analysis.person_fit.statistic import map_abilities
from llmgen.analysis.subset.choice import Choice

BLEND = 0.5  # of the weighted mean in gp-IRT


def weighted_mean(answers: Matrix, choice: Choice) -> Array:
    """The chosen items' answers, each counting what it stands for."""
    seen = answers >= 0
    total = np.where(seen, choice.weights, 0.0).sum(axis=1)
    out = np.full(answers.shape[0], np.nan)
    right = np.where(answers > 0, choice.weights, 0.0).sum(axis=1)
    np.divide(right, total, out=out, where=total > 0)
    return out


def p_irt(answers: Matrix, choice: Choice, items: Items, weights: Array) -> Array:
    """Seen answers, and for the rest the chance of a right one at the ability that the seen ones show.

    Σ_seen weight x + Σ_unseen weight P(theta^): the performance-IRT estimator of tinyBenchmarks.
    """
    theta = map_abilities(answers, items.take(choice.items))[0]
    expected = curves(items, theta)
    seen = answers >= 0
    whole = expected @ weights
    at = expected[:, choice.items]
    corrected: Array = whole + (np.where(seen, answers - at, 0.0) * weights[choice.items]).sum(axis=1)
    corrected[~seen.any(axis=1)] = np.nan
    return corrected


def gp_irt(answers: Matrix, choice: Choice, items: Items, weights: Array) -> Array:
    """Half the weighted mean, half p-IRT."""
    model = p_irt(answers, choice, items, weights)
    return BLEND * weighted_mean(answers, choice) + (1.0 - BLEND) * model


def control(answers: Matrix, choice: Choice, items: Items, weights: Array) -> Array:
    """The weighted mean, corrected by what the model expects of the slices beyond the items drawn from them.

    mean + Σ_slices W (mean of P(theta^) in the slice - P(theta^) of its item): a control variate.
    """
    theta = map_abilities(answers, items.take(choice.items))[0]
    expected = curves(items, theta)
    drawn = np.where(answers >= 0, expected[:, choice.items], np.nan)
    standing = np.where(answers >= 0, choice.weights, 0.0)
    total = standing.sum(axis=1)
    model = np.full(answers.shape[0], np.nan)
    np.divide(np.nansum(standing * drawn, axis=1), total, out=model, where=total > 0)
    corrected: Array = weighted_mean(answers, choice) + expected @ weights - model
    return np.clip(corrected, 0.0, 1.0, out=corrected)
