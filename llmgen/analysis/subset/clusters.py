"""Weighted k-means, seeded, best of several starts."""

from __future__ import annotations

import numpy as np

from llmgen.analysis.irt.items import Array, Indices

_STARTS, _ROUNDS = 10, 100


def k_means(points: Array, weights: Array, k: int, rng: np.random.Generator) -> tuple[Array, Indices]:
    """(centres (k, D), cluster of each point (n,)) with the smallest weighted squared distance of 10 starts.

    Starts are drawn as k-means++ does (Arthur and Vassilvitskii 2007). No cluster is empty as long as there
    are k different points.
    """
    best, least = None, np.inf
    for _ in range(_STARTS):
        centres, labels, loss = _lloyd(points, weights, _spread(points, weights, k, rng))
        if best is None or loss < least:
            best, least = (centres, labels), loss
    assert best is not None  # noqa: S101  # there is at least one start
    return best


def _spread(points: Array, weights: Array, k: int, rng: np.random.Generator) -> Array:
    """K starting centres, each drawn with chances proportional to the squared distance to those before."""
    chosen = [int(rng.choice(points.shape[0], p=weights / weights.sum()))]
    nearest = _squared(points, points[chosen])[:, 0]
    for _ in range(k - 1):
        chances = weights * nearest
        if chances.sum() <= 0:  # fewer different points than centres
            chances = weights
        chosen.append(int(rng.choice(points.shape[0], p=chances / chances.sum())))
        nearest = np.minimum(nearest, _squared(points, points[chosen[-1:]])[:, 0])
    return points[chosen].copy()


def _lloyd(points: Array, weights: Array, centres: Array) -> tuple[Array, Indices, float]:
    k = centres.shape[0]
    labels = np.full(points.shape[0], -1)
    for _ in range(_ROUNDS):
        distance = _squared(points, centres)
        new = distance.argmin(axis=1)
        for empty in np.flatnonzero(np.bincount(new, minlength=k) == 0):
            shared = np.bincount(new, minlength=k)[new] > 1
            if shared.any():
                new[np.where(shared, distance[np.arange(new.size), new], -1.0).argmax()] = empty
        if (new == labels).all():
            break
        labels = new
        mass = np.bincount(labels, weights=weights, minlength=k)
        for axis in range(points.shape[1]):
            total = np.bincount(labels, weights=weights * points[:, axis], minlength=k)
            np.divide(total, mass, out=centres[:, axis], where=mass > 0)
    loss = float(weights @ ((points - centres[labels]) ** 2).sum(axis=1))
    return centres, labels.astype(np.intp), loss


def _squared(points: Array, centres: Array) -> Array:
    """Squared distances (n, k)."""
    distance: Array = ((points**2).sum(axis=1)[:, None] - 2.0 * points @ centres.T) + (centres**2).sum(axis=1)
    return np.maximum(distance, 0.0, out=distance)
