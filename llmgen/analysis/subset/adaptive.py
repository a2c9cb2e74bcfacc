"""Items chosen while a model answers: the most informative ones at its ability so far.

Different models see different items, so that a gate must not rest on it.
"""

from __future__ import annotations

import numpy as np

from llmgen.analysis.irt.items import Array, Flags, Indices, Items, Matrix, curves, slopes_at
from llmgen.analysis.person_fit.statistic import map_abilities

AT_A_TIME = 5
_MIN = 1e-9


def next_items(items: Items, theta: Array, allowed: Flags) -> Indices:
    """(N, 5) columns with the largest information P'²/(PQ) at each theta (N,), among `allowed` (N, J)."""
    p, slope = slopes_at(items, theta)
    information = np.where(allowed, slope**2 / np.maximum(p * (1.0 - p), _MIN), -np.inf)
    return np.argsort(-information, axis=1, kind="stable")[:, :AT_A_TIME]


def asked(
    responses: Matrix, items: Items, k: int, *, stop_at_se: float = 0.0, exposure: float = 1.0
) -> Matrix:
    """What each model would have been asked, (N, J): its answers there, -1 elsewhere.

    Five items at a time until `k`, or until the standard error of theta is below `stop_at_se`. An item goes
    to at most a share `exposure` of the models, and to none that has no answer to it.
    """
    shown = np.full_like(responses, -1)
    uses = np.zeros(responses.shape[1], dtype=np.intp)
    most = max(int(exposure * responses.shape[0]), 1)
    theta, active = np.zeros(responses.shape[0]), np.arange(responses.shape[0])
    while active.size:
        allowed = (responses[active] >= 0) & (shown[active] < 0) & (uses < most)
        going_on = np.zeros(active.size, dtype=bool)
        wanted = next_items(items, theta[active], allowed)
        for at, row in enumerate(active):
            left = k - int((shown[row] >= 0).sum())
            given = [item for item in wanted[at] if allowed[at, item] and uses[item] < most][:left]
            shown[row, given] = responses[row, given]
            uses[given] += 1
            going_on[at] = 0 < len(given) < left
        theta[active], information = map_abilities(shown[active], items)
        active = active[going_on & (information**-0.5 >= stop_at_se)]
    return shown


def full_scores(shown: Matrix, items: Items, weights: Array) -> Array:
    """p-IRT from what each model was asked, (N,)."""
    theta = map_abilities(shown, items)[0]
    score: Array = np.where(shown >= 0, shown, curves(items, theta)) @ weights
    return score
