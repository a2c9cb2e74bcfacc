"""What an item audit asks the store beyond right and wrong: which wrong answer, and do extractors agree."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from llmgen.store.db import open_read
from llmgen.store.responses import Selection, choose
from llmgen.types import Struct

MANY_ANSWERS = 1_000_000  # beyond, reading every extractor's answer would take longer than the fit

_WRONG = """
WITH given AS (
    SELECT c.benchmark, s.sample_id, c.subject, s."value",
        s.answers ->> '$[0].value' AS answer
    FROM store.records AS s
    JOIN chosen AS c USING (run_id)
    WHERE s.ranks AND s."value" IS NOT NULL
        AND s.sample_id IN (SELECT unnest($samples)) AND c.subject IN (SELECT unnest($able))
),
asked AS (SELECT benchmark, sample_id, count(DISTINCT subject) AS n FROM given GROUP BY ALL),
wrong AS (
    SELECT benchmark, sample_id, answer, count(DISTINCT subject) AS n
    FROM given WHERE "value" < 1 AND answer IS NOT NULL GROUP BY ALL
)
SELECT benchmark, sample_id, arg_max(w.answer, (w.n, w.answer)), max(w.n) / any_value(a.n)
FROM wrong AS w JOIN asked AS a USING (benchmark, sample_id)
GROUP BY benchmark, sample_id
"""
_CONFLICTS = """
SELECT benchmark, sample_id, avg(CAST(n_readings > 1 AS INTEGER))
FROM (
    SELECT c.benchmark, a.sample_id, count(DISTINCT coalesce(a."value", '')) AS n_readings
    FROM answers AS a
    JOIN chosen AS c USING (run_id)
    WHERE a.kind <> 'error'
    GROUP BY c.benchmark, c.run_id, a.sample_id, a.repeat
)
GROUP BY benchmark, sample_id
"""


class WrongAnswer(Struct, frozen=True):
    """The wrong answer that most of the asked models agree on, and their share."""

    answer: str
    share: float


def wrong_answers(
    home: Path, selection: Selection, samples: Sequence[str], able: Sequence[str]
) -> dict[tuple[str, str], WrongAnswer]:
    """(benchmark, sample id) -> the commonest wrong answer of the models `able` to each of `samples`.

    The answer is what the run's first extractor read.
    """
    with open_read(home) as reader:
        choose(reader.con, selection)
        rows = reader.con.execute(_WRONG, {"samples": list(samples), "able": list(able)}).fetchall()
    return {(row[0], row[1]): WrongAnswer(answer=row[2], share=row[3]) for row in rows}


def conflicts(home: Path, selection: Selection) -> dict[tuple[str, str], float]:
    """(benchmark, sample id) -> the share of its answers that extractors read differently."""
    with open_read(home) as reader:
        choose(reader.con, selection)
        rows = reader.con.execute(_CONFLICTS).fetchall()
    return {(row[0], row[1]): row[2] for row in rows}
