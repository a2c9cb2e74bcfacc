"""Fits the heads: a log-linear model over candidates and "no valid answer", by gradient with numpy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from llmgen.extract.maths import climb
from llmgen.extract.pinpoint.features import describe
from llmgen.extract.pinpoint.names import AMBIGUOUS, SEVERAL
from llmgen.extract.pinpoint.nothing import describe_nothing
from llmgen.extract.pinpoint.ranker import Head
from llmgen.extract.pinpoint.reader import prepare
from llmgen.extract.pinpoint.training.generate import Example

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_RARE, _EPOCHS, _RATE = 12, 400, 0.05
_DECIMALS = 3


class Case(NamedTuple):
    """One output as features: rows of candidates, that of no answer last; `right` marks right rows."""

    rows: list[list[str]]
    right: list[bool]
    values: list[object]


def case(example: Example) -> Case | None:
    """The case of an example; None when no candidate is right, so that nothing can be learned from it."""
    scene, values, originals = prepare(example.answers, example.question, example.text)
    if scene is None:
        return None
    described, facts = describe(scene)
    null = describe_nothing(scene, facts, described)
    right = []
    for i, place in enumerate(scene.places):
        if example.label is None:
            right.append(place.value in (AMBIGUOUS, SEVERAL))
        elif originals:
            right.append(climb(originals[i], example.label, percent="notation").equal is True)
        else:
            right.append(
                isinstance(place.value, int) and place.value >= 0 and values[place.value] == example.label
            )
    right.append(example.label is None)
    if not any(right):
        return None
    return Case([*described, null], right, [*(place.value for place in scene.places), None])


class _Matrix(NamedTuple):
    """All rows of all cases as one sparse matrix of ones: `columns` of the ones and the `row` of each."""

    columns: Ints
    row: Ints
    case: Ints
    right: Floats
    n_cases: int


def _matrix(cases: Sequence[Case], index: dict[str, int]) -> _Matrix:
    columns: list[int] = []
    row: list[int] = []
    of_case: list[int] = []
    right: list[bool] = []
    for number, one in enumerate(cases):
        for names, is_right in zip(one.rows, one.right, strict=True):
            known = [index[name] for name in names if name in index]
            columns += known
            row += [len(right)] * len(known)
            of_case.append(number)
            right.append(is_right)
    return _Matrix(
        np.array(columns, np.int64),
        np.array(row, np.int64),
        np.array(of_case, np.int64),
        np.array(right, float),
        len(cases),
    )


def fit(cases: Sequence[Case], *, rare: int = _RARE, decay: float = 1e-6) -> dict[str, float]:
    """Weights of the highest mean log probability of the right rows, less an L2 penalty (Adam).

    Features seen in fewer than `rare` rows are left out.
    """
    counts = Counter(name for one in cases for names in one.rows for name in set(names))
    names = sorted(name for name, count in counts.items() if count >= rare)
    data = _matrix(cases, {name: i for i, name in enumerate(names)})
    weights, first, second = (np.zeros(len(names)) for _ in range(3))
    for epoch in range(1, _EPOCHS + 1):
        gradient = _gradient(data, weights) + decay * len(names) * weights
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        weights -= _RATE * (first / (1 - 0.9**epoch)) / (np.sqrt(second / (1 - 0.999**epoch)) + 1e-8)
    rounded = np.round(weights, _DECIMALS)
    return {name: float(weight) for name, weight in zip(names, rounded, strict=True) if weight}


def _shares(data: _Matrix, scores: Floats) -> Floats:
    """Softmax inside every case."""
    top = np.full(data.n_cases, -np.inf)
    np.maximum.at(top, data.case, scores)
    parts = np.exp(scores - top[data.case])
    shares: Floats = parts / np.bincount(data.case, parts, data.n_cases)[data.case]
    return shares


def _gradient(data: _Matrix, weights: Floats) -> Floats:
    """Of the negative log of the summed probability of the right rows, mean over cases."""
    scores = np.bincount(data.row, weights[data.columns], len(data.right)).astype(np.float64)
    shares = _shares(data, scores)
    of_right = shares * data.right
    wanted = of_right / np.maximum(np.bincount(data.case, of_right, data.n_cases), 1e-12)[data.case]
    return np.bincount(data.columns, (shares - wanted)[data.row], len(weights)) / data.n_cases


def calibrate(weights: dict[str, float], cases: Iterable[Case]) -> Head:
    """The scale under which the probabilities of `cases` (held-out ones) fit best, by grid."""
    cases = list(cases)
    index = {name: i for i, name in enumerate(weights)}
    data = _matrix(cases, index)
    scores = np.bincount(data.row, np.array(list(weights.values()))[data.columns], len(data.right)).astype(
        np.float64
    )
    best, chosen = np.inf, 1.0
    for scale in np.arange(0.3, 2.05, 0.05):
        share = np.bincount(data.case, _shares(data, scores * scale) * data.right, data.n_cases)
        loss = -float(np.mean(np.log(np.maximum(share, 1e-9))))
        if loss < best:
            best, chosen = loss, round(float(scale), 2)
    return Head(weights=weights, scale=chosen)
