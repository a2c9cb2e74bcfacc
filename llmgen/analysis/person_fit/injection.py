"""How much memorisation person fit would notice on these very data: injected, then looked for.

A random share of the wrong answers of each of the weaker 60 % of models is made right. Real contamination
does not fall on items at random, so that the rates found are upper bounds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llmgen.analysis.irt.items import Array, Items, Matrix
from llmgen.analysis.person_fit.population import Population, alarm_level, matched_z
from llmgen.analysis.person_fit.statistic import fits
from llmgen.types import Struct

SHARES = (0.05, 0.1, 0.2, 0.4)
_WEAKER = 0.6
_HALVINGS = 50


class Sensitivity(Struct, frozen=True):
    """What injecting right answers into `share` of a model's wrong ones does, over `n` models.

    `tpr`: the share of them that is flagged; `fpr`: false alarms among untouched models when the level is
    set on one random half and tried on the other. `auc_z`, `auc_lz_star`: the chance that an injected
    model looks more unusual than an untouched one.
    """

    share: float
    n: int
    tpr: float
    fpr: float
    auc_z: float
    auc_lz_star: float


def sensitivity(  # noqa: PLR0913  # the population in its parts
    responses: Matrix, items: Items, population: Population, z: Array, *, shares: Sequence[float], seed: int
) -> tuple[Sensitivity, ...]:
    """One row per share; none where no model of the population has a z."""
    known = np.flatnonzero(np.isfinite(z))
    if known.size == 0:
        return ()
    rng = np.random.default_rng(seed)
    level, false_alarms = alarm_level(z), _false_alarms(z[known], rng)
    weaker = known[population.theta[known] <= np.quantile(population.theta[known], _WEAKER)]
    out = []
    for share in shares:
        found = fits(injected(responses[weaker], share, rng), items)
        after = matched_z(found.lz_star, found.theta, population.family[weaker], population)
        told = np.isfinite(after)
        if told.any():
            out.append(
                Sensitivity(
                    share=share,
                    n=int(told.sum()),
                    tpr=float((after[told] < level).mean()),
                    fpr=false_alarms,
                    auc_z=_auc(after[told], z[known]),
                    auc_lz_star=_auc(found.lz_star[told], population.value[known]),
                )
            )
    return tuple(out)


def injected(responses: Matrix, share: float, rng: np.random.Generator) -> Matrix:
    """A copy in which a random `share` of each row's wrong answers is right (rounded to whole answers)."""
    wrong = responses == 0
    drawn = np.where(wrong, rng.random(responses.shape), np.inf)
    place = np.argsort(np.argsort(drawn, axis=1), axis=1)
    turned = wrong & (place < np.rint(share * wrong.sum(axis=1))[:, None])
    return np.where(turned, 1, responses).astype(np.int8)


def _false_alarms(z: Array, rng: np.random.Generator) -> float:
    rates = []
    for _ in range(_HALVINGS):
        order = rng.permutation(z.size)
        level = alarm_level(z[order[::2]])
        rates.append(float((z[order[1::2]] < level).mean()))
    return float(np.mean(rates))


def _auc(low: Array, high: Array) -> float:
    """P(low < high) + P(equal)/2 over all pairs."""
    ordered = np.sort(high)
    below = np.searchsorted(ordered, low, "left") + np.searchsorted(ordered, low, "right")
    return 1.0 - float(below.mean()) / (2.0 * ordered.size)
