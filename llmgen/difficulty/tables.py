"""What the analyses found, as tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from llmgen.difficulty.person_fit import Judged
from llmgen.difficulty.rankings import Ranked
from llmgen.difficulty.ratings import Rated
from llmgen.difficulty.subsets import Chosen
from llmgen.store.findings import RatingRow
from llmgen.summary import Table

_Z = 1.959964
_NAMED = 3


def rating_tables(rated: Rated, show: int) -> tuple[Table, ...]:
    """The best models and the hardest items, at most `show` of each."""
    return (_ratings("Models", rated.models[:show]), _ratings("Hardest items", rated.problems[:show]))


def ranking_table(ranked: Ranked) -> Table:
    """The order, with its rank intervals."""
    found = ranked.ranking
    tasks = f" of {found.n_tasks} tasks" if found.method == "borda2" else ""
    note = "Systems that share a number keep no order in 97.5 % of the bootstrap replicates."
    if found.cost is not None:
        unique = ", the only order with it" if found.n_optimal == 1 else ""
        note += f" Summed Kendall distance {found.cost:g}{unique}."
    return Table(
        title=f"{found.method}, {found.n_rankings:,} rankings{tasks}",
        columns=("", "system", "rank", "95 %", "P(best)", "points", "share", "mean", "not separable"),
        rows=tuple(
            (
                str(row.place),
                row.model,
                f"{row.rank:g}",
                f"[{row.rank_low:g}, {row.rank_high:g}]",
                f"{row.p_best:.2f}",
                f"{row.points:,.1f}",
                "-" if row.share is None else f"{row.share:.3f}",
                "-" if row.mean is None else f"{row.mean:.4f}",
                " ".join(map(str, row.groups)),
            )
            for row in ranked.rows
        ),
        note=note,
    )


def person_fit_tables(judged: Judged, show: int) -> tuple[Table, ...]:
    """The strangest models, at most `show`, and what injected memorisation would do."""
    level = judged.result.level
    null = "" if level is None else f" Flagged below {level:.2f}, where 5 % of the models lie by chance."
    models = Table(
        title="Person fit, the strangest first",
        columns=("model", "theta", "lz*", "z", "flagged", "items", "driven by"),
        rows=tuple(
            (
                row.model,
                _number(row.theta),
                _number(row.lz_star),
                _number(row.z),
                {None: "-", True: "yes", False: "no"}[row.flagged],
                str(row.n_used),
                row.reason or ", ".join(row.items[:_NAMED]),
            )
            for row in judged.rows[:show]
        ),
        note=f"z: lz* among the nearest tenth of the other models in ability, in robust SDs.{null}",
    )
    if not judged.result.sensitivity:
        return (models,)
    sensitivity = Table(
        title="What injected memorisation would do, in the weaker 60 % of these models",
        columns=("wrong answers made right", "noticed (TPR)", "false alarms", "AUC z", "AUC lz*", "models"),
        rows=tuple(
            (
                f"{row.share:.0%}",
                f"{row.tpr:.2f}",
                f"{row.fpr:.3f}",
                f"{row.auc_z:.3f}",
                f"{row.auc_lz_star:.3f}",
                str(row.n),
            )
            for row in judged.result.sensitivity
        ),
        note="On items at random, as real contamination is not: upper bounds.",
    )
    return models, sensitivity


def subset_tables(chosen: Chosen) -> tuple[Table, ...]:
    """Errors of the methods, and how many items they need where that was asked."""
    errors = Table(
        title=f"{chosen.k} of {chosen.n_items:,} items, {chosen.n_models:,} models: error of the full score",
        columns=("method", "mean error", "95 % within", "bias", "held-out models"),
        rows=tuple(
            (
                row.method + (" *" if row.method == chosen.method else ""),
                _points(row.mae),
                "-" if row.half_width is None else _points(row.half_width),
                f"{100 * row.bias:+.2f} pp",
                str(row.n_models),
            )
            for row in chosen.table
        ),
        note="* chosen. Cross-validated: each model is estimated from a calibration on others.",
    )
    if chosen.plan is None:
        return (errors,)
    items = ((method, "more than half of all" if k is None else str(k)) for method, k in chosen.plan.items())
    return errors, Table(title="Items needed", columns=("method", "items"), rows=tuple(items))


def _ratings(title: str, rows: Sequence[RatingRow]) -> Table:
    return Table(
        title=title,
        columns=("name", "rating", "95 %", "volatility", "games"),
        rows=tuple(
            (
                row.name,
                f"{row.rating:.0f}",
                f"[{row.rating - _Z * row.rd:.0f}, {row.rating + _Z * row.rd:.0f}]",
                f"{row.volatility:.4f}",
                f"{row.games:,}",
            )
            for row in rows
        ),
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _points(share: float) -> str:
    return f"{100 * share:.2f} pp"
