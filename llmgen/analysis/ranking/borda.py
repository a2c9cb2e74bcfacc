"""Borda counts, on one level (all rankings alike) and on two (instances inside tasks, then tasks).

Colombo et al. (arXiv 2202.03799): the score of a system is the sum over rankings of (n - rank). With
missing cells it is divided by what was possible, so that a system is not punished for what it was not asked.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llmgen.analysis.ranking.ranks import Array, Indices, mid_ranks, points, shares


def one_level(better: Array, weights: Array) -> tuple[Array, Array]:
    """(points, possible points), (B, n) each, of oriented scores (T, n) under row weights (B, T)."""
    got, possible = points(mid_ranks(better))
    return weights @ got, weights @ possible


def by_task(labels: Indices) -> list[Indices]:
    """The rows of each task, in the order of the labels."""
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


def task_ranks(better: Array, rows: Sequence[Indices]) -> Array:
    """The ranking that each task's instances make, (tasks, n): mid-ranks of their Borda shares."""
    level = [shares(*one_level(better[at], np.ones((1, at.size))))[0] for at in rows]
    return mid_ranks(np.stack(level))


def two_level(better: Array, rows: Sequence[Indices]) -> tuple[Array, Array]:
    """(points, possible points), (n,) each: Borda over tasks, each ranked by Borda over its instances."""
    got, possible = points(task_ranks(better, rows))
    return got.sum(axis=0), possible.sum(axis=0)


def resampled(
    better: Array, rows: Sequence[Indices], replicates: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """As `two_level` for bootstrap replicates, (B, n) each: tasks are drawn, instances inside each draw."""
    n_tasks = len(rows)
    drawn = rng.multinomial(n_tasks, np.full(n_tasks, 1.0 / n_tasks), size=replicates)
    total = np.zeros((replicates, better.shape[1]))
    ceiling = np.zeros_like(total)
    for task, at in enumerate(rows):
        owner = np.repeat(np.arange(replicates), drawn[:, task])
        weights = rng.multinomial(at.size, np.full(at.size, 1.0 / at.size), size=owner.size)
        level = shares(*one_level(better[at], weights.astype(float)))
        got, possible = points(mid_ranks(level))
        np.add.at(total, owner, got)
        np.add.at(ceiling, owner, possible)
    return total, ceiling
