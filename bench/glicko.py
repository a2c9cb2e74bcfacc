"""Glicko-2, games per second: all players of a period at once, against PyPI `glicko2`, one player at a time.

    python bench/glicko.py

Solvers meet problems over several periods and both sides are rated, as in `llmgen analyse glicko`. The peer
is given the same games with the opponents' values from the start of each period. Its volatility has a fault
in the sixth digit, so that ratings are compared to a point. Without the package our speed alone is printed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from statistics import median

import numpy as np
from lab import Bars, number, table

from llmgen.analysis.glicko import rate

SOLVERS, PROBLEMS, PERIODS, ROUNDS = 200, 1_000, 10, 5
BAR = 50


def games(seed: int) -> tuple[np.ndarray, ...]:
    """(solver, problem, score, period): every solver meets every problem once, all about equally good.

    The peer overflows where new players differ much: its f has the rating in the place of the deviation.
    """
    rng = np.random.default_rng(seed)
    theta, b = rng.normal(0, 0.1, SOLVERS), rng.normal(0, 0.1, PROBLEMS)
    solver, problem = np.repeat(np.arange(SOLVERS), PROBLEMS), np.tile(np.arange(PROBLEMS), SOLVERS)
    right = rng.random(solver.size) < 1 / (1 + np.exp(b[problem] - theta[solver]))
    return solver, problem, right.astype(float), rng.integers(PERIODS, size=solver.size)


def ours(columns: Sequence[np.ndarray]) -> tuple[float, list[float]]:
    """(seconds, final ratings of all players)."""
    begin = time.perf_counter()
    final = rate(*columns, n_solvers=SOLVERS, n_problems=PROBLEMS).final
    return time.perf_counter() - begin, final.rating.tolist()


def theirs(columns: Sequence[np.ndarray]) -> tuple[float, list[float]]:
    """The same by PyPI `glicko2`; lists of each player's games are made outside the clock."""
    from glicko2 import Player

    solver, problem, score, period = columns
    meetings: list[dict[int, list[tuple[int, float]]]] = [{} for _ in range(PERIODS)]
    for one, other, won, when in zip(
        solver.tolist(), (problem + SOLVERS).tolist(), score.tolist(), period.tolist(), strict=True
    ):
        meetings[when].setdefault(one, []).append((other, won))
        meetings[when].setdefault(other, []).append((one, 1.0 - won))
    players = [Player() for _ in range(SOLVERS + PROBLEMS)]
    begin = time.perf_counter()
    for played in meetings:
        before = [(player.rating, player.rd) for player in players]
        for at, player in enumerate(players):
            met = played.get(at)
            if met:
                player.update_player(
                    [before[other][0] for other, _ in met],
                    [before[other][1] for other, _ in met],
                    [won for _, won in met],
                )
            else:
                player.did_not_compete()
    return time.perf_counter() - begin, [player.rating for player in players]


def main() -> int:
    """Measures everything; exit code 1 when the bar was missed."""
    bars, columns = Bars(), games(0)
    n = columns[0].size
    mine = [ours(columns) for _ in range(ROUNDS)]
    rows = [("llmgen", f"{number(n / median(seconds for seconds, _ in mine))} games/s")]
    try:
        pairs = [(ours(columns), theirs(columns)) for _ in range(ROUNDS)]
    except ImportError:
        rows.append(("PyPI glicko2", "not installed"))
    else:
        np.testing.assert_allclose(pairs[0][0][1], pairs[0][1][1], atol=1.0)
        rows.append(("PyPI glicko2", f"{number(n / median(peer[0] for _, peer in pairs))} games/s"))
        ratio = median(peer[0] / us[0] for us, peer in pairs)
        bars.at_least("Glicko-2: times as fast as PyPI glicko2", ratio, BAR, "x")
    table(f"Glicko-2, {n:,} games in {PERIODS} periods, median of {ROUNDS}", ("", "speed"), rows)
    return bars.report()


if __name__ == "__main__":
    sys.exit(main())
