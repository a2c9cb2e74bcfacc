"""Rank models over tasks: who is best, how sure that is, and who cannot be told apart.

table of scores -> Borda or Kemeny -> bootstrap intervals -> the view `rankings`
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from llmgen.analysis.ranking.rank import REPLICATES, Method, Ranking, rank
from llmgen.store import queries
from llmgen.store.answered import Level, Scores, stored_scores
from llmgen.store.findings import Finding, RankingRow, store_finding
from llmgen.store.responses import Selection
from llmgen.types import Struct

_AVERAGES = frozenset({"average", "avg", "mean", "overall", "score", "total"})


class Terms(Struct, frozen=True):
    """How to rank: by which method, one ranking per task or per sample (`borda2` always ranks samples
    inside tasks), with how many bootstrap replicates.
    """

    method: Method = "borda"
    per: Level = "task"
    replicates: int = REPLICATES
    seed: int = 0


class Ranked(Struct, frozen=True, eq=False):
    """The ranking, its rows from the best system down, and what to know about it.

    `analysis_id` is None for a table from a file, which is not stored.
    """

    analysis_id: str | None
    ranking: Ranking
    rows: tuple[RankingRow, ...]
    terms: Terms
    benchmarks: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Systems that cannot be told apart, by name."""
        systems = {at: row.model for at, row in zip(self.ranking.order.tolist(), self.rows, strict=True)}
        return tuple(tuple(systems[at] for at in group) for group in self.ranking.groups)


def rank_stored(home: Path, which: Selection, terms: Terms) -> Ranked:
    """Ranks the models of the store, whose grades are better the higher they are, and stores the ranking.

    Raises UsageError when nothing fits and when two models have too little in common.
    """
    behind = queries.catch_up(home)
    level: Level = "sample" if terms.method == "borda2" else terms.per
    scores = stored_scores(home, which, level)
    ranked = rank_scores(scores, terms, higher_is_better=True)
    found = ranked.ranking
    said = {
        "n_rankings": found.n_rankings,
        "n_tasks": found.n_tasks,
        "cost": found.cost,
        "n_optimal": found.n_optimal,
        "approximate": found.approximate,
    }
    analysis_id = store_finding(
        home,
        Finding(
            kind="rankings",
            benchmarks=scores.benchmarks,
            question={**msgspec.to_builtins(which), "method": terms.method, "per": level},
            said=said,
            rows=ranked.rows,
        ),
    )
    return msgspec.structs.replace(
        ranked, analysis_id=analysis_id, notes=(*((behind,) if behind else ()), *ranked.notes)
    )


def rank_scores(scores: Scores, terms: Terms, *, higher_is_better: bool) -> Ranked:
    """Ranks the systems of a table. Raises UsageError as `rank` does."""
    found = rank(
        [[float("nan") if cell is None else cell for cell in row] for row in scores.rows],
        higher_is_better=higher_is_better,
        method=terms.method,
        tasks=scores.tasks if terms.method == "borda2" else None,
        names=scores.systems,
        replicates=terms.replicates,
        seed=terms.seed,
    )
    return Ranked(
        analysis_id=None,
        ranking=found,
        rows=_rows(found, scores.systems),
        terms=terms,
        benchmarks=scores.benchmarks,
        notes=tuple(_notes(found, scores)),
    )


def _rows(found: Ranking, systems: tuple[str, ...]) -> tuple[RankingRow, ...]:
    columns: dict[Literal["rank", "points", "share", "mean", "low", "high", "p_best"], list[float]] = {
        "rank": found.rank.tolist(),
        "points": found.points.tolist(),
        "share": found.share.tolist(),
        "mean": found.mean.tolist(),
        "low": found.low.tolist(),
        "high": found.high.tolist(),
        "p_best": found.p_best.tolist(),
    }
    return tuple(
        RankingRow(
            model=systems[at],
            place=place,
            rank=columns["rank"][at],
            points=columns["points"][at],
            share=columns["share"][at],
            mean=columns["mean"][at],
            rank_low=columns["low"][at],
            rank_high=columns["high"][at],
            p_best=columns["p_best"][at],
            groups=tuple(number for number, group in enumerate(found.groups, 1) if at in group),
        )
        for place, at in enumerate(found.order.tolist(), 1)
    )


def _notes(found: Ranking, scores: Scores) -> list[str]:
    notes = []
    averages = [name for name in scores.names if name.lower() in _AVERAGES]
    if averages:
        notes.append(f"{', '.join(averages)} counts as a task; if it is an average, --leave-out it")
    if found.n_missing:
        notes.append(f"{found.n_missing} missing cells: a ranking ranks the systems that it has")
    if found.n_optimal is not None and found.n_optimal > 1:
        notes.append(f"{found.n_optimal} orders are equally good; this is one of them")
    if found.approximate:
        notes.append("approximate: with more than 14 systems a better order may exist")
    return notes


def as_plain(ranked: Ranked) -> dict[str, Any]:
    """The ranking as JSON."""
    found = ranked.ranking
    return {
        "analysis_id": ranked.analysis_id,
        "method": found.method,
        "n_rankings": found.n_rankings,
        "n_tasks": found.n_tasks,
        "n_missing": found.n_missing,
        "cost": found.cost,
        "n_optimal": found.n_optimal,
        "approximate": found.approximate,
        "replicates": found.replicates,
        "systems": [{name: getattr(row, name) for name in row.__struct_fields__} for row in ranked.rows],
        "groups": [list(group) for group in ranked.groups],
        "notes": list(ranked.notes),
    }
