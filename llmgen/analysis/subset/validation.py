"""How wrong a subset is: the full scores of models that the calibration has not seen, estimated from k items.

Models are cut into folds; each fold is estimated from a calibration on the others, several times with
items drawn anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from llmgen.analysis.irt.design import default_model
from llmgen.analysis.irt.fit import fit
from llmgen.analysis.irt.items import Array, Indices, Matrix, items_of
from llmgen.analysis.irt.model import Options
from llmgen.analysis.subset.adaptive import asked, full_scores
from llmgen.analysis.subset.choice import Choice
from llmgen.analysis.subset.methods import (
    CHOOSERS,
    PREDICTING,
    Calibration,
    Chooser,
    choose,
    full_score,
)
from llmgen.errors import UsageError
from llmgen.subset import Method
from llmgen.types import Struct

FEW_MODELS = 100
FOLDS, REPETITIONS = 5, 3
_MOST_MODELS = 1_000  # a larger store is sampled: a calibration on 800 models errs like one on 4,000
_COVERED = 0.9  # of the items: a model with fewer answers has no full score to compare with
_LEVEL = 0.95
_FEWEST_FOR_LEVEL = 20
_KS = (10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 1_500, 2_000)


class Validated(Struct, frozen=True):
    """One method with `k` items: mean absolute error, mean error, and what 95 % of the errors are within.

    In units of the score (0..1), over `n_models` held-out models. `half_width` is None with fewer than 20.
    """

    method: Method
    k: int
    mae: float
    bias: float
    half_width: float | None
    n_models: int


def calibration(responses: Matrix, weights: ArrayLike) -> Calibration:
    """What N models' answers say of J items, all of which somebody answered.

    Where a fit says nothing (fewer than 3 models, all alike) the items have no parameters (nan).
    """
    p_value = (responses > 0).sum(axis=0) / (responses >= 0).sum(axis=0)
    nothing = np.full(responses.shape[1], np.nan)
    items, theta = items_of(nothing, nothing), np.array([np.nan])
    try:
        found = fit(responses, Options(model=default_model(responses.shape[0])))
    except UsageError:
        pass
    else:
        items, theta = found.items, found.theta[np.isfinite(found.theta)]
    return Calibration(
        items=items,
        p_value=p_value,
        weights=np.asarray(weights, dtype=float),
        n_models=responses.shape[0],
        theta_low=float(theta.min()),
        theta_high=float(theta.max()),
    )


def has_parameters(known: Calibration) -> bool:
    """Whether the items could be fitted."""
    return bool(np.isfinite(known.items.a).all())


def validate(  # noqa: PLR0913  # what is tried on what
    responses: Matrix,
    weights: ArrayLike,
    methods: Sequence[Method],
    ks: Sequence[int],
    *,
    repetitions: int = REPETITIONS,
    seed: int = 0,
) -> tuple[Validated, ...]:
    """Errors of each method and each number of items, on models held out in turn; none with fewer than 5.

    `responses` (N, J) of 1, 0, -1; `weights` (J,) sum to 1. The full score of a model is the weighted share
    right of what it answered, of models that answered 90 % of the items. Methods that need item parameters
    are left out where none can be fitted. Methods that choose alike are tried on the same items.
    """
    rng, parts = np.random.default_rng(seed), np.asarray(weights, dtype=float)
    if responses.shape[0] > _MOST_MODELS:
        responses = responses[rng.choice(responses.shape[0], _MOST_MODELS, replace=False)]
    errors: dict[tuple[Method, int], list[Array]] = {(m, k): [] for m in methods for k in ks}
    for train, test in _folds(responses, repetitions, rng):
        seen = (responses[train] >= 0).any(axis=0)  # an item that only the test models answered is unknown
        known = calibration(responses[train][:, seen], parts[seen] / parts[seen].sum())
        answers = responses[test][:, seen]
        full = np.where(answers > 0, known.weights, 0.0).sum(axis=1) / ((answers >= 0) @ known.weights)
        for k in (k for k in ks if k <= seen.sum()):
            for method, estimates in _tried(known, answers, methods, k, rng):
                errors[method, k].append(estimates - full)
    return tuple(
        _summed(method, k, np.concatenate(found), repetitions)
        for (method, k), found in errors.items()
        if found
    )


def _tried(
    known: Calibration, answers: Matrix, methods: Sequence[Method], k: int, rng: np.random.Generator
) -> Iterator[tuple[Method, Array]]:
    """(method, estimates) of those methods that the calibration allows."""
    choices: dict[Chooser, Choice] = {}
    for method in methods:
        if not has_parameters(known) and method not in ("random", "stratified"):
            continue
        if method == "adaptive":
            yield method, full_scores(asked(answers, known.items, k), known.items, known.weights)
            continue
        chooser = CHOOSERS[method]
        if chooser not in choices:
            choices[chooser] = choose(chooser, known, k, rng)
        yield method, full_score(method, known, choices[chooser], answers[:, choices[chooser].items])


def sizes(n_items: int) -> tuple[int, ...]:
    """Numbers of items worth trying: from 10 to half of all."""
    return tuple(k for k in _KS if k <= n_items // 2) or (max(n_items // 2, 1),)


def needed(table: Sequence[Validated], half_width: float) -> dict[Method, int | None]:
    """From how many items on each method keeps 95 % of its errors within `half_width`; None: from none."""
    out: dict[Method, int | None] = {}
    missed: set[Method] = set()
    for row in sorted(table, key=lambda row: -row.k):
        out.setdefault(row.method, None)
        if row.half_width is None or row.half_width > half_width:
            missed.add(row.method)
        elif row.method not in missed:
            out[row.method] = row.k
    return out


def doubts(method: Method, known: Calibration) -> tuple[str, ...]:
    """What a user of this method has to know about its calibration."""
    if method not in PREDICTING or known.n_models >= FEW_MODELS:
        return ()
    few = f"{method} predicts answers from {known.n_models} models: below {FEW_MODELS} it can be biased"
    return (f"{few} and lose to a random sample; use stratified",)


def _folds(
    responses: Matrix, repetitions: int, rng: np.random.Generator
) -> Iterator[tuple[Indices, Indices]]:
    covered = (responses >= 0).mean(axis=1) >= _COVERED
    for _ in range(repetitions):
        order = rng.permutation(responses.shape[0])
        for test in np.array_split(order, FOLDS):
            held_out = test[covered[test]]
            if held_out.size and responses.shape[0] >= FOLDS:
                yield np.setdiff1d(order, test), held_out


def _summed(method: Method, k: int, errors: Array, repetitions: int) -> Validated:
    size = np.abs(errors[np.isfinite(errors)])
    n_models = round(errors.size / repetitions)
    # one more model's error is among n + 1 alike: the quantile is taken a little further out (conformal)
    level = min(_LEVEL * (n_models + 1) / max(n_models, 1), 1.0)
    return Validated(
        method=method,
        k=k,
        mae=float(size.mean()),
        bias=float(np.nanmean(errors)),
        half_width=float(np.quantile(size, level)) if n_models >= _FEWEST_FOR_LEVEL else None,
        n_models=n_models,
    )
