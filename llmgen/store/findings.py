"""What analyses over many runs found, in tables that SQL can join: person fit, rankings, ratings."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from llmgen.store.db import open_write, transaction
from llmgen.types import Struct

Kind: TypeAlias = Literal["person_fit", "rankings", "ratings"]

_SHAPES: dict[Kind, str] = {
    "person_fit": """{"model": "VARCHAR", "theta": "DOUBLE", "se": "DOUBLE", "lz": "DOUBLE",
        "lz_star": "DOUBLE", "z": "DOUBLE", "flagged": "BOOLEAN", "n_used": "INTEGER",
        "n_population": "INTEGER", "level": "DOUBLE", "reason": "VARCHAR", "items": ["VARCHAR"],
        "sensitivity": "JSON"}""",
    "rankings": """{"model": "VARCHAR", "place": "INTEGER", "rank": "DOUBLE", "points": "DOUBLE",
        "share": "DOUBLE", "mean": "DOUBLE", "rank_low": "DOUBLE", "rank_high": "DOUBLE",
        "p_best": "DOUBLE", "groups": ["INTEGER"]}""",
    "ratings": """{"kind": "VARCHAR", "name": "VARCHAR", "period": "VARCHAR", "rating": "DOUBLE",
        "rd": "DOUBLE", "volatility": "DOUBLE", "games": "BIGINT"}""",
}

_EARLIER = """
CREATE OR REPLACE TEMP TABLE earlier AS
SELECT analysis_id FROM store.analyses
WHERE kind = $kind AND benchmarks = $benchmarks AND CAST(question AS VARCHAR) = $question
"""
_ANALYSIS = """
INSERT INTO store.analyses VALUES (
    $id, $kind, $benchmarks, $question, $said, make_timestamp(epoch_us(now()))
)
"""


class PersonFitRow(Struct):
    """One model in the view `person_fit`; numbers are None where there was too little to tell."""

    model: str
    theta: float | None
    se: float | None
    lz: float | None
    lz_star: float | None
    z: float | None
    flagged: bool | None
    n_used: int
    n_population: int
    level: float | None
    reason: str
    items: tuple[str, ...]
    sensitivity: Any


class RankingRow(Struct):
    """One model in the view `rankings`. `groups` are the numbers of the inseparable groups that it is in."""

    model: str
    place: int
    rank: float
    points: float
    share: float | None
    mean: float | None
    rank_low: float
    rank_high: float
    p_best: float
    groups: tuple[int, ...]


class RatingRow(Struct):
    """A model or problem after a period, in the view `ratings`. `games` are all games so far."""

    kind: Literal["model", "problem"]
    name: str
    period: str
    rating: float
    rd: float
    volatility: float
    games: int


Row: TypeAlias = PersonFitRow | RankingRow | RatingRow


class Finding(Struct):
    """One analysis of some benchmarks: the question and what was found beside rows (plain JSON), and rows."""

    kind: Kind
    benchmarks: tuple[str, ...]
    question: dict[str, Any]
    said: dict[str, Any]
    rows: tuple[Row, ...]


def store_finding(home: Path, finding: Finding) -> str:
    """Puts an analysis in the place of earlier ones of the same kind, benchmarks and question; its new id."""
    said = msgspec.json.encode(finding.said).decode()
    analysis_id = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"
    asked = {
        "kind": finding.kind,
        "benchmarks": list(finding.benchmarks),
        "question": msgspec.json.encode(finding.question).decode(),
    }
    plain = [{name: getattr(row, name) for name in row.__struct_fields__} for row in finding.rows]
    with open_write(home) as con, transaction(con):
        con.execute(_EARLIER, asked)
        for table in ("analyses", finding.kind):
            con.execute(
                f"DELETE FROM store.{table} WHERE analysis_id IN (SELECT analysis_id FROM earlier)"  # noqa: S608  # our own names
            )
        con.execute(_ANALYSIS, {"id": analysis_id, **asked, "said": said})
        con.execute(
            f"INSERT INTO store.{finding.kind} BY NAME SELECT $id AS analysis_id, row.* FROM"  # noqa: S608  # our own names
            f" (SELECT unnest(from_json($rows, '[{_SHAPES[finding.kind]}]')) AS row)",
            {"id": analysis_id, "rows": msgspec.json.encode(plain).decode()},
        )
    return analysis_id
