"""Supervision Gap Recovered: how much of the gain of hard examples do easy ones give?

SGR = (easy - none) / (hard - none), each the accuracy on the same hard items (Hase et al.,
allenai/easy-to-hard-generalization; specification, section 2.2). Where draws of examples hardly differ, the
interval is wider than it need be: chance inside an item is then counted with the items and with the draws.
"""

from __future__ import annotations

import msgspec
import numpy as np

from llmgen.analysis.easy2hard.items import Floats
from llmgen.types import Struct

RESAMPLES = 10_000
SMALLEST_GAP = 0.01
_BLOCK = 1_000


class Gap(Struct):
    """`sgr` with its 95 % interval and two-sided p of no gain; None with the `reason` when undefined.

    `gap` is hard - none with its interval, `n` the items that all three arms have a grade of,
    `n_left_out` the others. `n_not_finite` replicates of the bootstrap had no gap and were dropped.
    """

    n: int
    n_left_out: int
    none: float | None = None
    easy: float | None = None
    hard: float | None = None
    gap: float | None = None
    gap_low: float | None = None
    gap_high: float | None = None
    sgr: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    n_not_finite: int = 0
    reason: str = ""


def gap_of(none: Floats, easy: Floats, hard: Floats, *, resamples: int = RESAMPLES, seed: int = 0) -> Gap:
    """The gap recovered from grades, three tables (items, seeds) of the same items, nan = no grade.

    Bootstrap: items are drawn once for all three arms, columns (seeds) independently for each; replicates
    that are not finite are dropped. p: the share of replicates, centred, that are at least as far from 0 as
    the estimate. Undefined when the interval of hard - none holds 0 or the gap is below one point.
    """
    arms = (none, easy, hard)
    rows = np.all([~np.isnan(arm).all(axis=1) for arm in arms], axis=0)
    n = int(rows.sum())
    left_out = int(rows.size) - n
    if not n:
        return Gap(n=0, n_left_out=left_out, reason="no item has a grade in all three arms")
    arms = (none[rows], easy[rows], hard[rows])
    base, low_level, high_level = (float(np.nanmean(arm)) for arm in arms)
    drawn = _replicates(arms, resamples, np.random.default_rng(seed))
    gaps = drawn[2] - drawn[0]
    gap = high_level - base
    gap_low, gap_high = (float(edge) for edge in np.nanquantile(gaps, (0.025, 0.975)))
    found = Gap(
        n=n,
        n_left_out=left_out,
        none=base,
        easy=low_level,
        hard=high_level,
        gap=gap,
        gap_low=gap_low,
        gap_high=gap_high,
    )
    if gap_low <= 0 <= gap_high:
        return msgspec.structs.replace(found, reason="the interval of hard - none holds 0")
    if gap < SMALLEST_GAP:
        return msgspec.structs.replace(found, reason="hard examples do not help by a point or more")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = (drawn[1] - drawn[0]) / gaps
    finite = ratios[np.isfinite(ratios)]
    sgr = (low_level - base) / gap
    low, high = (float(edge) for edge in np.quantile(finite, (0.025, 0.975)))
    return msgspec.structs.replace(
        found,
        sgr=sgr,
        low=low,
        high=high,
        p=float(np.mean(np.abs(finite - finite.mean()) >= abs(sgr))),
        n_not_finite=int(ratios.size - finite.size),
    )


def _replicates(arms: tuple[Floats, ...], resamples: int, rng: np.random.Generator) -> list[Floats]:
    """The accuracies of each arm in `resamples` replicates; nan where a replicate drew no grade."""
    n = arms[0].shape[0]
    share = np.full(n, 1 / n)
    found: list[list[Floats]] = [[] for _ in arms]
    for start in range(0, resamples, _BLOCK):
        size = min(_BLOCK, resamples - start)
        rows = rng.multinomial(n, share, size=size).astype(float)
        for arm, means in zip(arms, found, strict=True):
            seeds = arm.shape[1]
            columns = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=size)
            known = ~np.isnan(arm)
            right = ((rows @ np.where(known, arm, 0.0)) * columns).sum(axis=1)
            graded = ((rows @ known.astype(float)) * columns).sum(axis=1)
            means.append(np.divide(right, graded, out=np.full(size, np.nan), where=graded > 0))
    return [np.concatenate(means) for means in found]
