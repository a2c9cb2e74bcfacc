"""The store: what an append costs, how fast journals fold into the database, how fast a cached run is.

    python bench/store.py

Records are like those of a FineTuneBench run. Every figure is the median of rounds with a new data home.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from lab import Bars, child, data_home, evaluate, number, server, table

from llmgen.store.fold import fold
from llmgen.store.journal import Journal
from llmgen.types import Answer, Completion, Grade, Message, Record, Run, Sample, Usage

ROUNDS, RECORDS, SAMPLES = 3, 50_000, 20_000
FOLD_BAR, CACHED_BAR = 50_000, 5_000


def records(run_id: str) -> Iterator[Record]:
    """Records of about 1.2 kB a line."""
    prompt = "Answer with the shortest possible phrase. In which town was the botanist of record {} born?"
    for at in range(RECORDS):
        question = prompt.format(at)
        yield Record(
            run_id=run_id,
            sample=Sample(
                id=f"people/original/{at}#town",
                question=question,
                answer_type="short_text",
                target="Uppsala",
                tags={"domain": "people", "split": "original", "cluster": str(at // 6)},
            ),
            model="bench/bench",
            request_key=f"{at:064x}",
            prompt=(Message(role="user", content=question),),
            completion=Completion(
                texts=("Uppsala\n",),
                finish_reasons=("stop",),
                model="bench",
                endpoint="bench:http://127.0.0.1",
                usage=Usage(prompt_tokens=40, completion_tokens=9, cost_usd=0.0),
                latency_s=0.2,
            ),
            answers=(Answer(kind="answered", value="Uppsala", extractor="whole"),),
            grade=Grade(outcome="correct", value=1.0, scores={"exact": 0.0, "notebook": 1.0}),
        )


def append_and_fold(home: Path) -> tuple[float, float]:
    """Microseconds of one append (the disk included, spread over all), and rows folded per second."""
    run = Run(id="bench", benchmark="finetunebench", model="bench/bench", state="running")
    made = list(records(run.id))
    start = time.perf_counter()
    with Journal.create(home, run) as journal:
        for record in made:
            journal.append(record)
        journal.flush()
        append = time.perf_counter() - start
    start = time.perf_counter()
    fold(home)
    return append / RECORDS * 1e6, RECORDS / (time.perf_counter() - start)


def in_a_process_of_its_own() -> tuple[float, float]:
    """`append_and_fold` in a new process, so that no round inherits another's memory."""
    run = child([sys.executable, __file__, "--round"])
    append, rows = json.loads(run.out)
    return append, rows


def cached_rerun() -> float:
    """Samples per second of a whole run whose every answer is in the cache."""
    with server() as to, data_home() as home:
        evaluate(home, to, SAMPLES)
        asked = to.stats()["answered"]
        first = evaluate(home, to, 100)
        again = evaluate(home, to, SAMPLES)
        if to.stats()["answered"] != asked:
            raise RuntimeError("the cached run asked the server")
    return (SAMPLES - 100) / (again.wall_s - first.wall_s)


def main() -> int:
    """Measures everything; exit code 1 when a bar was missed."""
    rounds = [in_a_process_of_its_own() for _ in range(ROUNDS)]
    append, folded = (median(values) for values in zip(*rounds, strict=True))
    cached = cached_rerun()
    table(
        f"Store, {RECORDS:,} records, median of {ROUNDS}",
        ("", "measured"),
        [
            ("append one record", f"{number(append)} us"),
            ("fold", f"{number(folded)} rows/s"),
            ("re-run, all answers cached", f"{number(cached)} samples/s"),
        ],
    )
    bars = Bars()
    bars.at_least("fold", folded, FOLD_BAR, "rows/s")
    bars.at_least("re-run, all answers cached", cached, CACHED_BAR, "samples/s")
    return bars.report()


if __name__ == "__main__":
    if sys.argv[1:] == ["--round"]:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(append_and_fold(Path(folder))))
    else:
        sys.exit(main())
