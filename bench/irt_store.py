"""Ten million stored results to a stored calibration, through the command line.

    python bench/irt_store.py

The results of 1,000 models on 10,000 items are put where `llmgen fold` would put them. Measured is one
`llmgen analyse irt`: SQL, 2PL, item tests, audit, and the rows it writes.
"""

from __future__ import annotations

import json
import sys

from lab import LLMGEN, Bars, child, data_home, number, table

from llmgen.store.db import open_write

MODELS, ITEMS = 1_000, 10_000
WALL_S, MEMORY_MB = 15.0, 1_000

RUNS = """
INSERT INTO store.runs BY NAME SELECT
    'run-' || lpad(CAST(i AS VARCHAR), 5, '0') AS run_id, 'bench' AS benchmark, 'vendor/model-' || i AS model,
    'e' AS endpoint, 'done' AS state, TIMESTAMP '2026-01-01' + to_minutes(i) AS started_at, 1 AS n_repeats,
    '' AS settings_hash, '' AS prompt_hash, '' AS dataset_hash, '' AS code_version, '{}' AS run
FROM range($models) AS t(i)
"""
NORMAL = "sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())"
DRAWN = f"""
CREATE TEMP TABLE drawn_models AS
SELECT 'run-' || lpad(CAST(i AS VARCHAR), 5, '0') AS run_id, {NORMAL} AS theta FROM range({MODELS}) AS t(i);
CREATE TEMP TABLE drawn_items AS
SELECT
    'bench/item-' || lpad(CAST(j AS VARCHAR), 6, '0') AS sample_id,
    exp(0.5 * {NORMAL}) AS a, 1.2 * {NORMAL} AS b
FROM range({ITEMS}) AS t(j);
"""
RECORDS = """
INSERT INTO store.records BY NAME SELECT
    run_id, sample_id, 0 AS repeat, 0.0 AS answered_at, '' AS "cluster", 'short_text' AS answer_type,
    'q' AS question, true AS ranks, '' AS request_key,
    CAST(random() < 1 / (1 + exp(-a * (theta - b))) AS DOUBLE) AS "value", 'correct' AS outcome, '' AS reason,
    false AS was_truncated, '{}' AS tags
FROM drawn_models, drawn_items
"""


def main() -> int:
    """Measures; exit code 1 when a bar was missed."""
    bars = Bars()
    with data_home() as home:
        with open_write(home) as con:
            con.execute(RUNS, {"models": MODELS})
            con.execute(DRAWN)
            con.execute(RECORDS)
        cost = child([LLMGEN, "--home", str(home), "analyse", "irt", "--json"])
    if cost.code:
        raise RuntimeError(f"llmgen analyse irt ended with exit code {cost.code}: {cost.out[-500:]}")
    found = json.loads(cost.out)
    row = (
        f"{found['n_responses']:,}", number(cost.wall_s), number(cost.cpu_s), number(found["seconds"]),
        f"{cost.rss_mb:,.0f}", "yes" if found["converged"] else "no",
    )  # fmt: skip
    table("llmgen analyse irt", ("answers", "wall s", "CPU s", "of it fit s", "MB", "converged"), [row])
    bars.at_most("10 million stored results to a stored calibration", cost.wall_s, WALL_S, "s")
    bars.at_most("memory", cost.rss_mb, MEMORY_MB, "MB")
    return bars.report()


if __name__ == "__main__":
    sys.exit(main())
