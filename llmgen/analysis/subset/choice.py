"""Which items to ask: at random, one per slice of difficulty, or the middles of clusters of item parameters.

`weights` (J,) are what each item counts in the full score, summing to 1: all alike for one benchmark,
1/(B n_b) for the items of B benchmarks with n_b items each (tinyBenchmarks, arXiv 2402.14992).
"""

from __future__ import annotations

import numpy as np

from llmgen.analysis.irt.items import Array, Indices, Items
from llmgen.analysis.subset.clusters import k_means
from llmgen.types import Struct


class Choice(Struct, frozen=True, eq=False):
    """`items` (k,) ascending columns, `weights` (k,) what each stands for, summing to 1."""

    items: Indices
    weights: Array


def at_random(weights: Array, k: int, rng: np.random.Generator) -> Choice:
    """K items, each as likely as any other."""
    items = np.sort(rng.choice(weights.size, size=k, replace=False))
    return Choice(items=items, weights=weights[items] / weights[items].sum())


def stratified(p_value: Array, weights: Array, k: int, rng: np.random.Generator) -> Choice:
    """One random item from each of k slices of equal size, sorted by difficulty 1 - `p_value` (J,).

    Items of equal difficulty are shuffled. Within a slice an item is drawn with chances by weight, so that
    the weighted mean is unbiased.
    """
    shuffled = rng.permutation(p_value.size)
    order = shuffled[np.argsort(-p_value[shuffled], kind="stable")]
    slices = np.array_split(order, k)
    drawn = [rng.choice(members, p=weights[members] / weights[members].sum()) for members in slices]
    return _ascending(np.array(drawn), np.array([weights[members].sum() for members in slices]))


def anchors(items: Items, weights: Array, k: int, rng: np.random.Generator) -> Choice:
    """The items nearest to the centres of k clusters of (a/sd, d/sd), weighted by their clusters' shares.

    Fewer than k where fewer items differ.
    """
    points = np.stack([column / (float(column.std()) or 1.0) for column in (items.a, items.d)], axis=1)
    centres, part = k_means(points, weights, k, rng)
    order = np.lexsort((((points - centres[part]) ** 2).sum(axis=1), part))
    clusters, first = np.unique(part[order], return_index=True)
    return _ascending(order[first], np.bincount(part, weights=weights, minlength=k)[clusters])


def _ascending(items: Indices, shares: Array | Indices) -> Choice:
    order = np.argsort(items)
    return Choice(items=items[order], weights=shares[order].astype(float))
