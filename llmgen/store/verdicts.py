"""What the contamination analysis says of a run's items and of its model, in tables that SQL can join."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from llmgen.store.db import open_write, transaction
from llmgen.summary import ItemVerdict, ModelVerdict

_ITEMS = """
INSERT INTO store.item_verdicts BY NAME
SELECT $run_id AS run_id, item.* FROM (SELECT unnest(from_json($items, '[{
    "sample_id": "VARCHAR", "repeat": "INTEGER", "detector": "VARCHAR", "preset": "VARCHAR",
    "role": "VARCHAR", "verdict": "VARCHAR", "flagged": "BOOLEAN", "reason": "VARCHAR", "p_value": "DOUBLE"
}]')) AS item)
"""


def store_verdicts(
    home: Path, run_id: str, items: Sequence[ItemVerdict], models: Sequence[ModelVerdict]
) -> None:
    """Puts the verdicts of a run in the place of its earlier ones."""
    rows = [
        {name: getattr(item, name) for name in ItemVerdict.__struct_fields__ if name != "score"}
        for item in items
    ]
    with open_write(home) as con, transaction(con):
        for table in ("item_verdicts", "model_verdicts"):
            con.execute(f"DELETE FROM store.{table} WHERE run_id = ?", [run_id])  # noqa: S608  # our own names
        con.execute(_ITEMS, {"run_id": run_id, "items": msgspec.json.encode(rows).decode()})
        for model in models:
            row = [run_id, *msgspec.structs.astuple(model)]
            con.execute(f"INSERT INTO store.model_verdicts VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608  # our own names
