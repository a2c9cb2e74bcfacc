"""Calibrations in the store: the tables under irt_fits, irt_items, irt_abilities and item_audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from llmgen.errors import UsageError
from llmgen.store.cells import Reading
from llmgen.store.db import open_read, open_write, transaction
from llmgen.store.responses import Selection
from llmgen.types import Struct

Columns: TypeAlias = Mapping[str, Sequence[Any]]

_INTO = {
    "irt_items": """
INSERT INTO store.irt_items BY NAME SELECT $fit_id AS fit_id, r.* FROM (SELECT unnest(from_json($rows, '[{
    "benchmark": "VARCHAR", "sample_id": "VARCHAR", "a": "DOUBLE", "b": "DOUBLE", "c": "DOUBLE",
    "d": "DOUBLE", "se_a": "DOUBLE", "se_b": "DOUBLE", "se_c": "DOUBLE", "se_d": "DOUBLE", "n": "INTEGER",
    "p_value": "DOUBLE", "x2": "DOUBLE", "df": "INTEGER", "p": "DOUBLE", "p_holm": "DOUBLE",
    "infit": "DOUBLE", "outfit": "DOUBLE", "flags": ["VARCHAR"], "suspect": "DOUBLE",
    "top_wrong": "VARCHAR", "agreement": "DOUBLE"
}]')) AS r)
""",
    "irt_abilities": """
INSERT INTO store.irt_abilities BY NAME SELECT $fit_id AS fit_id, r.* FROM (SELECT unnest(from_json($rows, '[{
    "model": "VARCHAR", "theta": "DOUBLE", "se": "DOUBLE", "se_pool": "DOUBLE", "true_score": "DOUBLE",
    "true_lo": "DOUBLE", "true_hi": "DOUBLE", "coverage": "DOUBLE", "n_items": "INTEGER",
    "infit": "DOUBLE", "outfit": "DOUBLE"
}]')) AS r)
""",
    "irt_fits": """
INSERT INTO store.irt_fits BY NAME SELECT $fit_id AS fit_id, r.* FROM (SELECT unnest(from_json($rows, '[{
    "model_name": "VARCHAR", "slope": "VARCHAR", "priors": "VARCHAR", "quadrature": "INTEGER",
    "n_models": "INTEGER", "n_items": "INTEGER", "n_responses": "BIGINT", "loglik": "DOUBLE",
    "loglik_grid61": "DOUBLE", "objective": "DOUBLE", "cycles": "INTEGER", "converged": "BOOLEAN",
    "seconds": "DOUBLE", "m2": "DOUBLE", "m2_df": "INTEGER", "m2_p": "DOUBLE",
    "item_statistic": "VARCHAR", "linked_to": "VARCHAR", "link_scale": "DOUBLE", "link_shift": "DOUBLE",
    "selection": "JSON", "notes": ["VARCHAR"], "data_hash": "VARCHAR", "created": "DOUBLE"
}]')) AS r)
""",
}


class FitRow(Struct, frozen=True, omit_defaults=False):
    """A row of `irt_fits`. `created` is UTC seconds since the epoch, `seconds` what fitting took."""

    model_name: str
    slope: str
    priors: str
    quadrature: int | None
    n_models: int
    n_items: int
    n_responses: int
    loglik: float
    loglik_grid61: float
    objective: float
    cycles: int
    converged: bool
    seconds: float
    m2: float | None
    m2_df: int | None
    m2_p: float | None
    item_statistic: str
    linked_to: str | None
    link_scale: float | None
    link_shift: float | None
    selection: dict[str, Any]
    notes: tuple[str, ...]
    data_hash: str
    created: float


class StoredItem(Struct, frozen=True):
    """The parameters of one item of a stored fit."""

    benchmark: str
    sample_id: str
    a: float
    d: float
    c: float


def save_fit(home: Path, fit_id: str, fit: FitRow, items: Columns, abilities: Columns) -> None:
    """Stores a calibration as a whole or not at all; nan is stored as NULL.

    `items` and `abilities` are columns of the tables by name. Raises StoreError as `open_write` does.
    """
    rows = {
        "irt_items": _rows(items),
        "irt_abilities": _rows(abilities),
        "irt_fits": [msgspec.to_builtins(fit)],
    }
    with open_write(home) as con, transaction(con):
        for table, values in rows.items():
            con.execute(_INTO[table], {"fit_id": fit_id, "rows": msgspec.json.encode(values).decode()})


def _rows(columns: Columns) -> list[dict[str, Any]]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def fit_id(home: Path, name: str) -> str:
    """The fit named by its id, a unique beginning of it, or `last`.

    Raises UsageError when there is none, or several.
    """
    with open_read(home) as reader:
        found = reader.con.execute("SELECT fit_id FROM irt_fits ORDER BY created DESC, fit_id").fetchall()
    known = [row[0] for row in found]
    fitting = known[:1] if name == "last" else [one for one in known if one.startswith(name)]
    if name in fitting:
        return name
    if len(fitting) != 1:
        raise UsageError(
            f"{len(fitting)} fits are named {name!r}",
            hint='llmgen sql "select fit_id, created from irt_fits"',
        )
    return str(fitting[0])


class Chosen(Struct, frozen=True):
    """Which answers a fit was made of, and how they became 1 and 0."""

    selection: Selection
    how: Reading


def stored_selection(home: Path, fit: str) -> Chosen:
    """What the fit with the id `fit` was made of."""
    with open_read(home) as reader:
        rows = reader.con.execute("SELECT selection FROM irt_fits WHERE fit_id = ?", [fit]).fetchall()
    text = rows[0][0]
    return Chosen(
        selection=msgspec.json.decode(text, type=Selection), how=msgspec.json.decode(text, type=Reading)
    )


def stored_items(home: Path, fit: str) -> list[StoredItem]:
    """The items of the fit with the id `fit`, those without parameters left out."""
    with open_read(home) as reader:
        rows = reader.con.execute(
            "SELECT benchmark, sample_id, a, d, c FROM irt_items"
            " WHERE fit_id = ? AND a IS NOT NULL ORDER BY ALL",
            [fit],
        ).fetchall()
    return [StoredItem(benchmark=row[0], sample_id=row[1], a=row[2], d=row[3], c=row[4]) for row in rows]


def stored_abilities(home: Path, fit: str) -> dict[str, float]:
    """Model -> theta of the fit with the id `fit`, models without one left out."""
    with open_read(home) as reader:
        rows = reader.con.execute(
            "SELECT model, theta FROM irt_abilities WHERE fit_id = ? AND theta IS NOT NULL", [fit]
        ).fetchall()
    return {row[0]: row[1] for row in rows}
