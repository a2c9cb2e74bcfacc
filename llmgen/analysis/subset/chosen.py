"""A subset ready to be asked: its items with what an estimate of the full score needs, and the estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from llmgen.analysis.intervals import wilson
from llmgen.analysis.irt.items import Array, Items, Matrix, items_of
from llmgen.analysis.person_fit.statistic import fits, map_abilities
from llmgen.analysis.subset.choice import Choice
from llmgen.analysis.subset.estimators import weighted_mean
from llmgen.analysis.subset.methods import CHOOSERS, PREDICTING, choose, predicted
from llmgen.analysis.subset.validation import Validated, calibration, doubts, has_parameters
from llmgen.errors import UsageError
from llmgen.subset import FullScore, Method, Parameters, Subset

_ALARM_SHARE = 0.05


def pick(  # noqa: PLR0913  # everything that the file says
    benchmark: str,
    method: Method,
    k: int,
    *,
    responses: Matrix,
    sample_ids: Sequence[str],
    weights: ArrayLike,
    threshold: float,
    validated: Validated | None,
    seed: int = 0,
) -> Subset:
    """K of the J items, chosen by `method` and calibrated on `responses` (N, J), columns named `sample_ids`.

    Raises UsageError when the method asks every model something else, or needs parameters that cannot be
    fitted.
    """
    if method == "adaptive":
        raise UsageError(
            "adaptive asks every model other items: there is no fixed subset", hint="use stratified or gpirt"
        )
    known = calibration(responses, weights)
    if not has_parameters(known) and method not in ("random", "stratified"):
        raise UsageError(
            f"{method} needs item parameters, which {known.n_models} models do not give",
            hint="use stratified",
        )
    choice = choose(CHOOSERS[method], known, k, np.random.default_rng(seed))
    plain = Subset(
        benchmark=benchmark,
        method=method,
        sample_ids=tuple(sample_ids[at] for at in choice.items),
        weights=tuple(choice.weights.tolist()),
        n_items=len(sample_ids),
        n_models=known.n_models,
        threshold=threshold,
        mae=None if validated is None else validated.mae,
        half_width=None if validated is None else validated.half_width,
        warnings=doubts(method, known),
    )
    if not has_parameters(known):
        return plain
    kept = np.arange(len(sample_ids)) if method in PREDICTING else choice.items
    items = known.items.take(kept)
    usual = fits(responses[:, choice.items], known.items.take(choice.items)).lz_star
    return msgspec.structs.replace(
        plain,
        parameters=Parameters(
            sample_ids=tuple(sample_ids[at] for at in kept),
            a=tuple(items.a.tolist()),
            d=tuple(items.d.tolist()),
            c=tuple(items.c.tolist()),
            weight=tuple(known.weights[kept].tolist()),
        ),
        theta_low=known.theta_low,
        theta_high=known.theta_high,
        lz_star_low=float(np.nanquantile(usual, _ALARM_SHARE)) if np.isfinite(usual).any() else None,
    )


def estimated(chosen: Subset, grades: Mapping[str, float]) -> FullScore:
    """The full score from grades (0..1) by sample id; a sample that could not be graded is absent."""
    right = [chosen.threshold <= grades[name] if name in grades else -1 for name in chosen.sample_ids]
    answers = np.array([right], dtype=np.int8)
    n_graded = int((answers >= 0).sum())
    found = FullScore(
        method=chosen.method,
        score=None,
        low=0.0,
        high=1.0,
        interval="none",
        n_asked=len(chosen.sample_ids),
        n_graded=n_graded,
        n_items=chosen.n_items,
        warnings=chosen.warnings,
    )
    if n_graded == 0:
        return found
    score = float(_full_score(chosen, answers)[0])
    if chosen.half_width is None:
        low, high = wilson(float((answers > 0).sum()), n_graded)
    else:
        low, high = max(score - chosen.half_width, 0.0), min(score + chosen.half_width, 1.0)
    theta, unsure = _ability(chosen, answers)
    return msgspec.structs.replace(
        found,
        score=score,
        low=low,
        high=high,
        interval="wilson" if chosen.half_width is None else "cross-validated",
        theta=theta,
        warnings=(*chosen.warnings, *unsure),
    )


def _full_score(chosen: Subset, answers: Matrix) -> Array:
    """The method's estimate; a mean needs nothing but weights."""
    given = chosen.parameters
    if given is None or chosen.method not in PREDICTING:
        choice = Choice(items=np.arange(len(chosen.sample_ids)), weights=np.array(chosen.weights))
        return weighted_mean(answers, choice)
    place = {name: at for at, name in enumerate(given.sample_ids)}
    choice = Choice(
        items=np.array([place[name] for name in chosen.sample_ids]), weights=np.array(chosen.weights)
    )
    return predicted(chosen.method, choice, answers, _items(given), np.array(given.weight))


def _ability(chosen: Subset, answers: Matrix) -> tuple[float | None, tuple[str, ...]]:
    """Theta on the answers, and why the estimate may be off for this model."""
    given = chosen.parameters
    if given is None or chosen.theta_low is None or chosen.theta_high is None:
        return None, ()
    place = {name: at for at, name in enumerate(given.sample_ids)}
    items = _items(given).take(np.array([place[name] for name in chosen.sample_ids]))
    theta = float(map_abilities(answers, items)[0][0])
    unsure = []
    if not chosen.theta_low <= theta <= chosen.theta_high:
        unsure.append(
            f"ability {theta:.2f} is outside the calibration's {chosen.theta_low:.2f} to "
            f"{chosen.theta_high:.2f}: the estimate extrapolates"
        )
    lz_star = float(fits(answers, items).lz_star[0])
    if chosen.lz_star_low is not None and lz_star < chosen.lz_star_low:
        unsure.append(
            f"response pattern unusual for its ability (lz* {lz_star:.2f}): the estimate may not hold for it"
        )
    return theta, tuple(unsure)


def _items(given: Parameters) -> Items:
    return items_of(given.a, given.d, given.c)
