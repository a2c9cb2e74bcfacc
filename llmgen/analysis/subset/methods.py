"""The methods by name: which items they ask, and how they estimate the full score from the answers."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np

from llmgen.analysis.irt.items import Array, Items, Matrix
from llmgen.analysis.subset.choice import Choice, anchors, at_random, stratified
from llmgen.analysis.subset.estimators import control, gp_irt, p_irt, weighted_mean
from llmgen.subset import Method
from llmgen.types import Struct

Chooser: TypeAlias = Literal["random", "stratified", "anchors"]
METHODS: tuple[Method, ...] = get_args(Method)
CHOOSERS: dict[Method, Chooser] = {
    "random": "random",
    "pirt": "random",
    "stratified": "stratified",
    "control": "stratified",
    "anchors": "anchors",
    "gpirt": "anchors",
}
"""How the methods that ask every model the same choose their items."""
PREDICTING: frozenset[Method] = frozenset({"pirt", "gpirt", "control", "adaptive"})
"""The methods that predict answers which they have not seen: biased with few calibration models."""


class Calibration(Struct, frozen=True, eq=False):
    """What is known of J items: their parameters, the proportion right `p_value`, their `weights` (J,) in the
    full score (summing to 1), from how many models, and the range of these models' abilities.
    """

    items: Items
    p_value: Array
    weights: Array
    n_models: int
    theta_low: float
    theta_high: float


def choose(chooser: Chooser, known: Calibration, k: int, rng: np.random.Generator) -> Choice:
    """The k items to ask (anchors: fewer where items are alike)."""
    if chooser == "random":
        return at_random(known.weights, k, rng)
    if chooser == "stratified":
        return stratified(known.p_value, known.weights, k, rng)
    return anchors(known.items, known.weights, k, rng)


def full_score(method: Method, known: Calibration, choice: Choice, answers: Matrix) -> Array:
    """Estimates (N,) of the full score from `answers` (N, k) to the items that a fixed method chose."""
    if method in PREDICTING:
        return predicted(method, choice, answers, known.items, known.weights)
    return weighted_mean(answers, choice)


def predicted(method: Method, choice: Choice, answers: Matrix, items: Items, weights: Array) -> Array:
    """`full_score` of the methods that predict, from the parameters and weights (J,) of all items."""
    estimators = {"pirt": p_irt, "gpirt": gp_irt, "control": control}
    return estimators[method](answers, choice, items, weights)
