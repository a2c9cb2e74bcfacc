"""A run that asked a subset: the score on all items, as a part of the run's summary."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from llmgen.analysis.subset.chosen import estimated
from llmgen.subset import FullScore, Subset
from llmgen.summary import ScoredRow, Summary, Table


def with_full_score(summary: Summary, chosen: Subset, rows: Iterable[ScoredRow]) -> Summary:
    """The summary with the estimated full score first among its tables, and as `full_score` in its metrics.

    Repeats are averaged inside a sample.
    """
    values: dict[str, list[float]] = {}
    for row in rows:
        if row.value is not None:
            values.setdefault(row.sample_id, []).append(row.value)
    found = estimated(chosen, {name: sum(draws) / len(draws) for name, draws in values.items()})
    return Summary(
        metrics={**summary.metrics, "full_score": msgspec.to_builtins(found)},
        tables=(_table(found, chosen), *summary.tables),
        warnings=(*summary.warnings, *found.warnings),
    )


def _table(found: FullScore, chosen: Subset) -> Table:
    error = "" if chosen.mae is None else f", mean error {100 * chosen.mae:.2f} pp on held-out models"
    interval = {
        "cross-validated": "95 %: as far off as 95 % of held-out models",
        "wilson": "95 %: Wilson's, of the items asked",
        "none": "nothing was graded",
    }[found.interval]
    return Table(
        title=f"Score on all {found.n_items:,} items, estimated",
        columns=("method", "score", "95 %", "graded", "asked"),
        rows=(
            (
                found.method,
                "-" if found.score is None else f"{found.score:.4f}",
                f"[{found.low:.4f}, {found.high:.4f}]",
                str(found.n_graded),
                str(found.n_asked),
            ),
        ),
        note=f"{interval}{error}; calibrated on {chosen.n_models:,} models.",
    )
