"""Rate models and items by Glicko-2: stored answers are games, nights are periods.

answers in order -> games -> ratings after each period -> the view `ratings`
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from llmgen.analysis.glicko import TAU, History, Ratings, rate
from llmgen.store import queries
from llmgen.store.answered import Games, PeriodName, stored_games
from llmgen.store.findings import Finding, RatingRow, store_finding
from llmgen.store.responses import Selection
from llmgen.types import Struct


class Terms(Struct, frozen=True):
    """How answers become games: what a period is, from which grade on a model wins (None: 0, .5 and 1 as
    they are), and how much volatility may change (`tau`, sensibly .3 to 1.2).
    """

    period: PeriodName = "day"
    threshold: float | None = None
    tau: float = TAU


class Rated(Struct, frozen=True, eq=False):
    """Final `models` and `problems`, the best and the hardest first, and how many games in which periods.

    `notes` say what the store could not show yet.
    """

    analysis_id: str
    models: tuple[RatingRow, ...]
    problems: tuple[RatingRow, ...]
    n_games: int
    periods: tuple[str, ...]
    benchmarks: tuple[str, ...]
    notes: tuple[str, ...] = ()


def rate_stored(home: Path, which: Selection, terms: Terms) -> Rated:
    """Rates everything that was answered, and stores it.

    Raises UsageError when nothing fits, and for grades between 0 and 1 without a threshold.
    """
    behind = queries.catch_up(home)
    games = stored_games(home, which, terms.period, terms.threshold)
    history = rate(
        games.solver,
        games.problem,
        games.score,
        games.period,
        n_solvers=len(games.solvers),
        n_problems=len(games.problems),
        tau=terms.tau,
    )
    final = list(_rows(games, history.final, range(history.final.games.size), games.periods[-1]))
    analysis_id = store_finding(
        home,
        Finding(
            kind="ratings",
            benchmarks=games.benchmarks,
            question={**msgspec.to_builtins(which), **_plain(terms)},
            said={"n_games": int(games.score.size)},
            rows=(*_before_the_last(games, history), *final),
        ),
    )
    order = sorted(final, key=lambda row: -row.rating)
    return Rated(
        analysis_id=analysis_id,
        models=tuple(row for row in order if row.kind == "model"),
        problems=tuple(row for row in order if row.kind == "problem"),
        n_games=int(games.score.size),
        periods=games.periods,
        benchmarks=games.benchmarks,
        notes=(behind,) if behind else (),
    )


def _before_the_last(games: Games, history: History) -> Iterator[RatingRow]:
    for period in history.periods[:-1]:
        yield from _rows(games, period.ratings, period.players.tolist(), games.periods[period.label])


def _rows(games: Games, ratings: Ratings, players: range | list[int], period: str) -> Iterator[RatingRow]:
    columns = (ratings.rating, ratings.rd, ratings.volatility, ratings.games)
    values = zip(*(column.tolist() for column in columns), strict=True)
    for player, (rating, rd, volatility, n) in zip(players, values, strict=True):
        solver = player < len(games.solvers)
        kind: Literal["model", "problem"] = "model" if solver else "problem"
        name = games.solvers[player] if solver else games.problems[player - len(games.solvers)]
        yield RatingRow(
            kind=kind, name=name, period=period, rating=rating, rd=rd, volatility=volatility, games=n
        )


def _plain(terms: Terms) -> dict[str, object]:
    return {name: getattr(terms, name) for name in terms.__struct_fields__}


def as_plain(rated: Rated) -> dict[str, Any]:
    """The final ratings as JSON."""
    fields = ("name", "rating", "rd", "volatility", "games")
    return {
        "analysis_id": rated.analysis_id,
        "n_games": rated.n_games,
        "periods": list(rated.periods),
        "benchmarks": list(rated.benchmarks),
        "models": [{name: getattr(row, name) for name in fields} for row in rated.models],
        "problems": [{name: getattr(row, name) for name in fields} for row in rated.problems],
        "notes": list(rated.notes),
    }
