"""Glicko-2 ratings of players who meet in games, period by period, all players of a period at once.

After Glickman, "Example of the Glicko-2 system" (2013): mu = (r - 1500)/173.7178, phi = RD/173.7178. For
streams of solvers against problems; for one static matrix item response theory is free of the order of
games and serves better.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from llmgen.errors import UsageError
from llmgen.types import Struct

Array: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.intp]

SCALE = 173.7178
START_RATING, START_RD, START_VOLATILITY = 1500.0, 350.0, 0.06
TAU = 0.5
_EPSILON = 1e-6  # of ln sigma squared, as in the note
_MAX_PHI = START_RD / SCALE


class Ratings(Struct, frozen=True, eq=False):
    """P players: `rating`, its deviation `rd` and `volatility`, and the number of `games`, each (P,)."""

    rating: Array
    rd: Array
    volatility: Array
    games: Indices


class Period(Struct, frozen=True, eq=False):
    """After one period: the `players` who had games in it, ascending, and their `ratings` in that order."""

    label: int
    players: Indices
    ratings: Ratings


class History(Struct, frozen=True, eq=False):
    """`final` are all players after the last period, `periods` those who played in each.

    The first `n_solvers` players are the solvers, the problems follow.
    """

    n_solvers: int
    final: Ratings
    periods: tuple[Period, ...]


def start(n: int) -> Ratings:
    """N players whom nobody knows: 1500, 350, .06."""
    return Ratings(
        rating=np.full(n, START_RATING),
        rd=np.full(n, START_RD),
        volatility=np.full(n, START_VOLATILITY),
        games=np.zeros(n, dtype=np.intp),
    )


def rate(  # noqa: PLR0913  # a game has four columns
    solver: ArrayLike,
    problem: ArrayLike,
    score: ArrayLike,
    period: ArrayLike,
    *,
    n_solvers: int,
    n_problems: int,
    tau: float = TAU,
) -> History:
    """Rates solvers and problems from games, period by period in ascending order of `period`.

    Four arrays of shape (G,): the index of the solver and of the problem, the solver's score (0, .5 or 1;
    the problem's is the rest to 1) and the period (whole numbers; those without games in between do not
    count as idle ones). Raises UsageError on indices, scores or lengths that cannot be.
    """
    who, what, won, when = _columns(solver, problem, score, period)
    _check_indices(who, n_solvers, "solver")
    _check_indices(what, n_problems, "problem")
    ratings = start(n_solvers + n_problems)
    order = np.argsort(_compact(when), kind="stable")
    who, what, won, when = who[order], what[order] + n_solvers, won[order], when[order]
    edges = [0, *(np.flatnonzero(np.diff(when)) + 1).tolist(), when.size]
    periods = []
    for games in map(slice, edges, edges[1:]):
        before = ratings.games
        player = np.concatenate((who[games], what[games]))
        opponent = np.concatenate((what[games], who[games]))
        ratings = update(ratings, player, opponent, np.concatenate((won[games], 1.0 - won[games])), tau=tau)
        players = np.flatnonzero(ratings.games > before)
        periods.append(Period(label=int(when[games][0]), players=players, ratings=_take(ratings, players)))
    return History(n_solvers=n_solvers, final=ratings, periods=tuple(periods))


def update(
    ratings: Ratings, player: ArrayLike, opponent: ArrayLike, score: ArrayLike, *, tau: float = TAU
) -> Ratings:
    """One period: `player` (G,) scored `score` against `opponent`; only players gain or lose.

    All values are those from the start of the period. Players without games keep rating and volatility,
    and their deviation grows to sqrt(phi² + sigma²), at most 350.
    """
    if not tau > 0:
        raise UsageError(f"tau is {tau}", hint="it must be above 0, sensibly .3 to 1.2")
    one, other = np.asarray(player, dtype=np.intp), np.asarray(opponent, dtype=np.intp)
    s = np.asarray(score, dtype=float)
    n = ratings.rating.size
    mu, phi = (ratings.rating - START_RATING) / SCALE, ratings.rd / SCALE
    g = 1.0 / np.sqrt(1.0 + 3.0 * phi * phi / math.pi**2)
    information, surplus = _sums(mu, g, (one, other), s)
    games = np.bincount(one, minlength=n)
    played = games > 0

    new_mu, sigma = mu.copy(), ratings.volatility.copy()
    new_phi = np.minimum(np.sqrt(phi**2 + sigma**2), _MAX_PHI)
    v = 1.0 / information[played]
    sigma[played] = _volatility(phi[played], v, v * surplus[played], sigma[played], tau)
    starred = phi[played] ** 2 + sigma[played] ** 2
    new_phi[played] = 1.0 / np.sqrt(1.0 / starred + information[played])
    new_mu[played] += new_phi[played] ** 2 * surplus[played]
    return Ratings(
        rating=SCALE * new_mu + START_RATING,
        rd=SCALE * new_phi,
        volatility=sigma,
        games=ratings.games + games,
    )


def _sums(mu: Array, g: Array, pairs: tuple[Indices, Indices], score: Array) -> tuple[Array, Array]:
    """(1/v, Σ g_j (s_j - E_j)) of every player; E(1 - E) in a form that does not round to 0."""
    one, other = pairs
    weight = g[other]
    z = weight * (mu[one] - mu[other])
    t = np.exp(-np.abs(z))
    likelier = 1.0 / (1.0 + t)
    expected = np.where(z >= 0, likelier, t * likelier)
    return (
        _totals(one, weight * weight * t * likelier * likelier, mu.size),
        _totals(one, weight * (score - expected), mu.size),
    )


def _totals(player: Indices, weights: Array, n: int) -> Array:
    return np.bincount(player, weights=weights, minlength=n).astype(float, copy=False)


def _volatility(phi: Array, v: Array, delta: Array, sigma: Array, tau: float) -> Array:
    """The new volatility of each player: the root of f by the Illinois method, all players side by side."""
    start_at = 2.0 * np.log(sigma)
    known, excess = phi * phi + v, delta * delta - phi * phi - v

    def f(x: Array, at: Indices | slice = slice(None)) -> Array:
        e = np.exp(x)
        slope: Array = e * (excess[at] - e) / (2.0 * (known[at] + e) ** 2) - (x - start_at[at]) / tau**2
        return slope

    low = start_at.copy()
    high = np.where(excess > 0, np.log(np.where(excess > 0, excess, 1.0)), start_at - tau)
    searching = np.flatnonzero((excess <= 0) & (f(high) < 0))
    while searching.size:
        high[searching] -= tau
        searching = searching[f(high[searching], searching) < 0]
    f_low, f_high = f(low), f(high)
    left = np.flatnonzero(np.abs(high - low) > _EPSILON)
    while left.size:
        a, b, fa, fb = low[left], high[left], f_low[left], f_high[left]
        c = a + (a - b) * fa / (fb - fa)
        fc = f(c, left)
        crosses = fc * fb <= 0
        low[left], f_low[left] = np.where(crosses, b, a), np.where(crosses, fb, fa / 2.0)
        high[left], f_high[left] = c, fc
        left = left[np.abs(high[left] - low[left]) > _EPSILON]
    return np.exp(low / 2.0)


def _columns(
    solver: ArrayLike, problem: ArrayLike, score: ArrayLike, period: ArrayLike
) -> tuple[Indices, Indices, Array, NDArray[np.int64]]:
    who, what = np.asarray(solver, dtype=np.intp), np.asarray(problem, dtype=np.intp)
    won, when = np.asarray(score, dtype=float), np.asarray(period, dtype=np.int64)
    if not who.shape == what.shape == won.shape == when.shape or who.ndim != 1:
        raise UsageError("the columns of the games differ in length", hint="one row is one game")
    if who.size == 0:
        raise UsageError("there are no games to rate", hint="llmgen eval plays them")
    if not np.isin(won, (0.0, 0.5, 1.0)).all():
        raise UsageError(
            "a game's score is not 0, .5 or 1", hint="leave out what could not be graded; cut the rest"
        )
    return who, what, won, when


def _compact(labels: NDArray[np.int64]) -> NDArray[np.int64] | NDArray[np.uint16]:
    """The labels in the fewest bytes: sorting short integers is linear in their number."""
    lowest = labels.min()
    return (labels - lowest).astype(np.uint16) if labels.max() - lowest < 1 << 16 else labels


def _check_indices(indices: Indices, n: int, what: str) -> None:
    if indices.min() < 0 or indices.max() >= n:
        raise UsageError(f"a {what}'s index is outside 0..{n - 1}", hint=f"there are {n} of them")


def _take(ratings: Ratings, players: Indices) -> Ratings:
    return Ratings(
        rating=ratings.rating[players],
        rd=ratings.rd[players],
        volatility=ratings.volatility[players],
        games=ratings.games[players],
    )
