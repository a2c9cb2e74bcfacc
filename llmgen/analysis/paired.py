"""Two runs compared: sample by sample when both answered the same questions, else by their means.

The difference is always a - b, in the unit of the grade (0..1). Repeats are averaged within a sample
first; samples of one cluster are kept together. Samples without a grade are left out and counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from llmgen.analysis.distributions import student_cdf, student_quantile
from llmgen.analysis.intervals import (
    FEW_CLUSTERS,
    Interval,
    mcnemar_exact,
    mean_interval,
    minimum_detectable_effect,
    paired_bootstrap,
    sample_size,
    sign_flip,
)
from llmgen.summary import ScoredRow
from llmgen.types import Struct

Missing: TypeAlias = Literal["drop", "wrong"]
Test: TypeAlias = Literal["mcnemar", "sign-flip", "welch", "none"]
ONE_POINT = 0.01
_BOTH_SIDES = (-1.0, 1.0)


class Side(Struct):
    """One run's part in a comparison, counted in samples.

    `score` is the mean over the compared samples. `n_graded` of the `n` samples have a grade; `excluded`
    counts the others by outcome (an error counts here even when it was taken as wrong). `n_partial`
    samples lack a grade in some repeats only; `n_unmatched` are not in the other run at all.
    """

    n: int
    n_graded: int
    n_partial: int
    n_unmatched: int
    excluded: dict[str, int]
    score: Interval


class Figures(Struct):
    """The same comparison under the other treatment of ungraded samples."""

    missing: Missing
    n: int
    mean_a: float
    mean_b: float
    difference: float


class Comparison(Struct):
    """How two runs differ: `difference` = a - b with its 95 % interval and two-sided p.

    `low` and `high` are Student's; `bootstrap` is the percentile interval over resampled clusters. `n` is
    the number of pairs (of graded samples on the smaller side when unpaired). `better_a` and `better_b`
    are the ids of the samples that one side graded higher: the discordant pairs. `mde` is the difference
    that a study of this size finds with 80 % power at 5 %; `n_for_one_point` the pairs needed to find one
    point. `other` is set when the other treatment of ungraded samples moves a mean or the difference by
    more than one point. Without pairs, difference, se and p are None.
    """

    paired: bool
    missing: Missing
    a: Side
    b: Side
    n: int
    n_clusters: int
    difference: float | None
    se: float | None
    low: float
    high: float
    bootstrap: tuple[float, float] | None
    p: float | None
    test: Test
    mde: float | None
    n_for_one_point: int | None
    better_a: tuple[str, ...]
    better_b: tuple[str, ...]
    other: Figures | None
    warnings: tuple[str, ...]


class _Graded(Struct):
    """One sample of one run: mean grade over its repeats (None = none was graded) and what was missing."""

    value: float | None
    as_wrong: float
    cluster: str
    outcome: str
    partial: bool

    def under(self, missing: Missing) -> float | None:
        return self.as_wrong if missing == "wrong" else self.value


class _Pair(NamedTuple):
    """The grades of one sample in both runs."""

    sample_id: str
    a: float
    b: float


def compare_rows(a: Sequence[ScoredRow], b: Sequence[ScoredRow], *, missing: Missing = "drop") -> Comparison:
    """Pairs the samples that both runs have and tests the mean difference.

    `missing="drop"` compares samples graded in both; `"wrong"` counts an ungraded answer as 0. The test
    is exact McNemar for 0/1 grades of independent samples, otherwise sign-flip over cluster sums.
    """
    left, right = _by_sample(a), _by_sample(b)
    pairs = _pairs(left, right, missing)
    values_a, values_b = [pair.a for pair in pairs], [pair.b for pair in pairs]
    clusters = [left[pair.sample_id].cluster for pair in pairs]
    differences = np.asarray(values_a) - np.asarray(values_b)
    interval = mean_interval(differences, clusters, bounds=_BOTH_SIDES)
    better_a = tuple(pair.sample_id for pair in pairs if pair.a > pair.b)
    better_b = tuple(pair.sample_id for pair in pairs if pair.a < pair.b)
    binary = all(value in (0.0, 1.0) for value in (*values_a, *values_b))
    p: float | None = None
    test: Test = "none"
    if pairs and binary and interval.n_clusters == interval.n:
        p, test = mcnemar_exact(len(better_a), len(better_b)), "mcnemar"
    elif pairs:
        p, test = sign_flip(differences, clusters), "sign-flip"
    return Comparison(
        paired=True,
        missing=missing,
        a=_side(left, right, mean_interval(values_a, clusters)),
        b=_side(right, left, mean_interval(values_b, clusters)),
        n=interval.n,
        n_clusters=interval.n_clusters,
        difference=interval.mean,
        se=interval.se,
        low=interval.low,
        high=interval.high,
        bootstrap=paired_bootstrap(differences, clusters) if pairs else None,
        p=p,
        test=test,
        mde=None if interval.se is None else minimum_detectable_effect(interval.se),
        n_for_one_point=_pairs_for_one_point(differences, interval.se),
        better_a=better_a,
        better_b=better_b,
        other=_other_figures(left, right, missing),
        warnings=_warnings(interval.n, interval.n_clusters),
    )


def compare_unpaired(
    a: Sequence[ScoredRow], b: Sequence[ScoredRow], *, missing: Missing = "drop"
) -> Comparison:
    """Compares two means of different samples: Welch's t on the (clustered) standard errors.

    Weaker than pairing: the difficulty of the questions, which pairs cancel, stays in the error.
    """
    left, right = _by_sample(a), _by_sample(b)
    mean_a, mean_b = _mean(left, missing), _mean(right, missing)
    difference = None if mean_a.mean is None or mean_b.mean is None else mean_a.mean - mean_b.mean
    low, high = _BOTH_SIDES
    se = p = None
    if difference is not None and mean_a.se is not None and mean_b.se is not None:
        se = math.hypot(mean_a.se, mean_b.se)
        df = _welch_df(mean_a, mean_b)
        half = student_quantile(0.975, df) * se
        low, high = max(difference - half, low), min(difference + half, high)
        p = 2 * student_cdf(-abs(difference) / se, df)
    return Comparison(
        paired=False,
        missing=missing,
        a=_side(left, right, mean_a),
        b=_side(right, left, mean_b),
        n=min(mean_a.n, mean_b.n),
        n_clusters=min(mean_a.n_clusters, mean_b.n_clusters),
        difference=difference,
        se=se,
        low=low,
        high=high,
        bootstrap=None,
        p=p,
        test="none" if p is None else "welch",
        mde=None if se is None else minimum_detectable_effect(se),
        n_for_one_point=None,
        better_a=(),
        better_b=(),
        other=None,
        warnings=_warnings(min(mean_a.n, mean_b.n), min(mean_a.n_clusters, mean_b.n_clusters)),
    )


def _by_sample(rows: Sequence[ScoredRow]) -> dict[str, _Graded]:
    """Repeats averaged within each sample, in the order in which samples first appear."""
    grouped: dict[str, list[ScoredRow]] = {}
    for row in rows:
        grouped.setdefault(row.sample_id, []).append(row)
    return {sample_id: _average(repeats) for sample_id, repeats in grouped.items()}


def _average(repeats: list[ScoredRow]) -> _Graded:
    values = [row.value for row in repeats if row.value is not None]
    missed = [row.outcome for row in repeats if row.value is None]
    return _Graded(
        value=sum(values) / len(values) if values else None,
        as_wrong=sum(values) / len(repeats),
        cluster=repeats[0].cluster or repeats[0].sample_id,
        outcome=missed[0] if missed else repeats[0].outcome,
        partial=bool(values) and bool(missed),
    )


def _pairs(left: Mapping[str, _Graded], right: Mapping[str, _Graded], missing: Missing) -> list[_Pair]:
    """The samples that both runs have and that count."""
    pairs = []
    for sample_id, mine in left.items():
        theirs = right.get(sample_id)
        if theirs is None:
            continue
        x, y = mine.under(missing), theirs.under(missing)
        if x is not None and y is not None:
            pairs.append(_Pair(sample_id, x, y))
    return pairs


def _side(mine: Mapping[str, _Graded], theirs: Mapping[str, _Graded], score: Interval) -> Side:
    ungraded = Counter(graded.outcome for graded in mine.values() if graded.value is None)
    return Side(
        n=len(mine),
        n_graded=len(mine) - ungraded.total(),
        n_partial=sum(graded.partial for graded in mine.values()),
        n_unmatched=sum(sample_id not in theirs for sample_id in mine),
        excluded=dict(sorted(ungraded.items())),
        score=score,
    )


def _mean(samples: Mapping[str, _Graded], missing: Missing) -> Interval:
    counted = [(value, one.cluster) for one in samples.values() if (value := one.under(missing)) is not None]
    return mean_interval([value for value, _ in counted], [cluster for _, cluster in counted])


def _other_figures(
    left: Mapping[str, _Graded], right: Mapping[str, _Graded], missing: Missing
) -> Figures | None:
    """The means under the other treatment, when it moves any of them by more than one point."""
    now = _figures(_pairs(left, right, missing), missing)
    other: Missing = "drop" if missing == "wrong" else "wrong"
    then = _figures(_pairs(left, right, other), other)
    if now is None or then is None:
        return then
    moved = (then.mean_a - now.mean_a, then.mean_b - now.mean_b, then.difference - now.difference)
    return then if max(map(abs, moved)) > ONE_POINT else None


def _figures(pairs: Sequence[_Pair], missing: Missing) -> Figures | None:
    if not pairs:
        return None
    mean_a = math.fsum(pair.a for pair in pairs) / len(pairs)
    mean_b = math.fsum(pair.b for pair in pairs) / len(pairs)
    return Figures(missing=missing, n=len(pairs), mean_a=mean_a, mean_b=mean_b, difference=mean_a - mean_b)


def _pairs_for_one_point(differences: NDArray[np.float64], se: float | None) -> int | None:
    """From the variance of a single difference, which the clustered standard error inflates as it must."""
    if se is None or float(np.ptp(differences)) == 0.0:
        return None
    return sample_size(se * se * differences.size, ONE_POINT)


def _welch_df(a: Interval, b: Interval) -> float:
    """Welch-Satterthwaite degrees of freedom of the difference of two means."""
    parts = [(side.se or 0.0) ** 2 for side in (a, b)]
    below = sum(part**2 / max(side.n_clusters - 1, 1) for part, side in zip(parts, (a, b), strict=True))
    return sum(parts) ** 2 / below


def _warnings(n: int, n_clusters: int) -> tuple[str, ...]:
    if n == 0:
        return ("no sample was graded on both sides: there is nothing to compare",)
    if n_clusters < FEW_CLUSTERS:
        unit = "clusters" if n_clusters < n else "samples"
        return (f"only {n_clusters} independent {unit}: the interval is a rough guess",)
    return ()
