"""What a report on difficulty reads: ratings of items, the newest calibration, the newest ranking."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from llmgen.store.db import open_read
from llmgen.types import Struct

S = TypeVar("S", bound=Struct)

_FIT = """
SELECT f.fit_id, f.model_name, f.n_models, f.n_items, epoch(f.created), i.benchmarks
FROM irt_fits AS f
LEFT JOIN (
    SELECT fit_id, list(DISTINCT benchmark ORDER BY benchmark) AS benchmarks FROM irt_items GROUP BY fit_id
) AS i USING (fit_id)
ORDER BY list_contains(i.benchmarks, $benchmark) DESC NULLS LAST, f.created DESC, f.fit_id
LIMIT 1
"""
# too few models is said once and for all: it makes no item suspect
_SUSPECTS = """
SELECT
    benchmark, sample_id, suspect, list_filter(flags, lambda flag: flag <> 'unused') AS named,
    n_right, n_wrong, question, target, top_wrong, count(*) OVER ()
FROM item_audit
WHERE fit_id = $fit_id AND (len(named) > 0 OR suspect > 0.5)
ORDER BY suspect IS NULL AND named = ['extreme'], rank
LIMIT $most
"""
_RANKING = """
SELECT analysis_id, method, per, epoch(created) AS created, benchmarks FROM rankings
ORDER BY list_contains(benchmarks, $benchmark) DESC, created DESC, analysis_id LIMIT 1
"""


class Ability(Struct):
    """A model's ability with its 95 % interval, the calibration's own error included."""

    model: str
    theta: float
    low: float
    high: float


class Suspect(Struct):
    """An item that the audit names for more than too few answers; fields as in the view `item_audit`."""

    benchmark: str
    sample_id: str
    suspect: float | None
    flags: tuple[str, ...]
    n_right: int | None
    n_wrong: int | None
    question: str | None
    target: str | None
    top_wrong: str | None


class Calibration(Struct):
    """A stored fit: difficulties b of its items (`n_without_b` have none), abilities, suspect items.

    `n_suspects` items are named by the audit, of which some are here. `created` is in seconds.
    """

    fit_id: str
    model_name: str
    n_models: int
    n_items: int
    created: float
    benchmarks: tuple[str, ...]
    difficulties: tuple[float, ...]
    n_without_b: int
    abilities: tuple[Ability, ...]
    suspects: tuple[Suspect, ...]
    n_suspects: int


class Place(Struct):
    """A model in a ranking: its rank with the 95 % interval, and how often it was the best."""

    model: str
    rank: float
    low: float
    high: float
    p_best: float


class RankedModels(Struct):
    """A stored ranking, the best model first."""

    analysis_id: str
    method: str
    per: str
    created: float
    benchmarks: tuple[str, ...]
    places: tuple[Place, ...]


def ratings(home: Path, run_ids: Sequence[str]) -> dict[str, list[float]]:
    """The ratings of the items that the runs asked, by set, each item once."""
    query = (
        "SELECT tags ->> 'set' AS name, CAST(tags ->> 'rating' AS DOUBLE) AS rating FROM store.records"
        " WHERE ranks AND list_contains($runs, run_id) AND tags ->> 'rating' IS NOT NULL"
        " GROUP BY sample_id, name, rating ORDER BY name, rating"
    )
    found: dict[str, list[float]] = {}
    with open_read(home) as reader:
        for name, rating in reader.con.execute(query, {"runs": list(run_ids)}).fetchall():
            found.setdefault(name, []).append(rating)
    return found


def newest_calibration(home: Path, benchmark: str, suspects: int) -> Calibration | None:
    """The newest fit that has items of `benchmark`, else the newest of all; None when there is none.

    At most `suspects` of the items that its audit names.
    """
    with open_read(home) as reader:
        con = reader.con
        fits = con.execute(_FIT, {"benchmark": benchmark}).fetchall()
        if not fits:
            return None
        fit_id, model_name, n_models, n_items, created, benchmarks = fits[0]
        difficulties = con.execute(
            "SELECT b FROM irt_items WHERE fit_id = ? AND b IS NOT NULL ORDER BY b", [fit_id]
        ).fetchall()
        abilities = con.execute(
            "SELECT model, theta, lo, hi FROM irt_abilities"
            " WHERE fit_id = ? AND theta IS NOT NULL AND lo IS NOT NULL ORDER BY theta DESC, model",
            [fit_id],
        ).fetchall()
        named = con.execute(_SUSPECTS, {"fit_id": fit_id, "most": suspects}).fetchall()
    return Calibration(
        fit_id=fit_id,
        model_name=model_name,
        n_models=n_models,
        n_items=n_items,
        created=created,
        benchmarks=tuple(benchmarks or ()),
        difficulties=tuple(row[0] for row in difficulties),
        n_without_b=n_items - len(difficulties),
        abilities=tuple(
            Ability(**dict(zip(Ability.__struct_fields__, row, strict=True))) for row in abilities
        ),
        suspects=tuple(_as(Suspect, row[:-1]) for row in named),
        n_suspects=named[0][-1] if named else 0,
    )


def newest_ranking(home: Path, benchmark: str) -> RankedModels | None:
    """The newest ranking over `benchmark`, else the newest of all; None when there is none."""
    with open_read(home) as reader:
        found = reader.con.execute(_RANKING, {"benchmark": benchmark}).fetchall()
        if not found:
            return None
        analysis_id, method, per, created, benchmarks = found[0]
        rows = reader.con.execute(
            "SELECT model, rank, rank_low, rank_high, p_best FROM rankings WHERE analysis_id = ?"
            " ORDER BY place, model",
            [analysis_id],
        ).fetchall()
    return RankedModels(
        analysis_id=analysis_id,
        method=method,
        per=per,
        created=created,
        benchmarks=tuple(benchmarks),
        places=tuple(_as(Place, row) for row in rows),
    )


def _as(kind: type[S], row: Sequence[object]) -> S:
    """A row as a Struct whose fields have the order of its columns."""
    return msgspec.convert(dict(zip(kind.__struct_fields__, row, strict=True)), kind)
