"""Every SQL block of docs/sql.md and of the README runs and finds something; every view is described."""

import re
from pathlib import Path

import pytest

from llmgen.analyse import Task, calibrate_store
from llmgen.analysis.easy2hard.stored import rows_of
from llmgen.difficulty.person_fit import judge_stored
from llmgen.difficulty.rankings import Terms as Ranking
from llmgen.difficulty.rankings import rank_stored
from llmgen.difficulty.ratings import Terms as Rating
from llmgen.difficulty.ratings import rate_stored
from llmgen.store.cells import Reading
from llmgen.store.db import open_read
from llmgen.store.fold import fold
from llmgen.store.journal import Journal
from llmgen.store.lines import Spend
from llmgen.store.responses import Selection
from llmgen.store.summaries import store_summary
from llmgen.types import (
    Answer,
    Completion,
    Contamination,
    Failure,
    Grade,
    Message,
    Record,
    Run,
    Sample,
    Usage,
)

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sql.md").read_text()
BLOCKS = [
    block
    for page in (PAGE, (ROOT / "README.md").read_text())
    for block in re.findall(r"^```sql\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
]

BIN = {
    "low": 0.1,
    "high": 0.4,
    "n": 6,
    "n_ungraded": 0,
    "accuracy": 0.5,
    "accuracy_low": 0.2,
    "accuracy_high": 0.8,
}
CELL = BIN | {"train_bin": 1, "test_bin": 2, "seeds": 2, "missing": 0, "sgr_reason": "no gap"}
CELL |= dict.fromkeys(("sgr", "sgr_low", "sgr_high"))


def record(run_id, number, repeat, value):
    """A FineTuneBench answer; value None is a call that failed."""
    split, role = (("memorization", "train"), ("rephrased", "rank"))[number % 2]
    tags = {"domain": "people", "split": split, "role": role, "fact_key": f"people/{number // 2}"}
    base = Record(
        run_id=run_id,
        sample=Sample(
            id=f"people/{split}/{number}", question="Who?", answer_type="short_text", target="Ada", tags=tags
        ),
        model="fake/m",
        repeat=repeat,
        prompt=(Message(role="user", content="Who?"),),
    )
    fields = {field: getattr(base, field) for field in base.__struct_fields__}
    if value is None:
        return Record(
            **{**fields, "failure": Failure(stage="gateway", kind="timeout", message="slow", status=504)}
        )
    answered = {
        "completion": Completion(
            texts=("Ada",),
            finish_reasons=("stop",),
            model="m-2026",
            usage=Usage(prompt_tokens=3),
            latency_s=0.1,
        ),
        "answers": (
            Answer(kind="answered", value="Ada", extractor="whole", method="whole@1"),
            Answer(kind="no_valid_answer", extractor="flexible", method="flexible@1"),
        ),
        "grade": Grade(
            outcome="correct" if value else "wrong",
            value=value,
            scores={"by:whole": value, "by:flexible": None},
        ),
        "contamination": (Contamination(detector="cdd", score=0.5, flagged=bool(number % 3)),),
    }
    return Record(**{**fields, **answered})


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A base run and a tuned run, each sample asked twice, one failed; a calibrated quiz of six models."""
    folder = tmp_path_factory.mktemp("home")
    for run_id, model, base in (("base", "fake/m", None), ("tuned", "fake/n", "base")):
        run = Run(
            id=run_id, benchmark="finetunebench", model=model, base_run=base, started_at=1.0, ended_at=9.0
        )
        with Journal.create(folder, run) as journal:
            for number in range(8):
                for repeat in range(2):
                    right = number % 4 == 0 or (run_id == "tuned" and number > 4)
                    journal.append(record(run_id, number, repeat, float(right)))
            journal.append(record(run_id, 9, 0, None))
            journal.spend(Spend(endpoint="fake", model=model, usd=0.5, prompt_tokens=9))
    for number in range(6):
        run = Run(id=f"quiz-{number}", benchmark="quiz", model=f"fake/{number}", started_at=2.0)
        with Journal.create(folder, run) as journal:
            for item in range(6):
                journal.append(record(run.id, item, 0, float(item < number)))
    fold(folder)
    quiz = Selection(benchmarks=("quiz",))
    store_summary(folder, "quiz-1", rows_of({"arc": {"bins": [BIN], "grid": {"cells": [CELL]}}}))
    calibrate_store(folder, Task(selection=quiz))
    judge_stored(folder, quiz, Reading(), ())
    rank_stored(folder, quiz, Ranking(per="sample", replicates=10))
    rate_stored(folder, quiz, Rating())
    return folder


@pytest.mark.parametrize("query", BLOCKS)
def test_the_query_finds_something(home, query):
    with open_read(home) as reader:
        assert reader.con.execute(query).fetchall()


def test_there_are_queries():
    assert len(BLOCKS) > 15


def test_the_page_names_every_view_and_its_columns(home):
    with open_read(home) as reader:
        columns = reader.con.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'main' AND NOT internal"
            " AND table_name IN (SELECT view_name FROM duckdb_views() WHERE NOT internal)"
            " ORDER BY table_name, column_index"
        ).fetchall()
    views = {}
    for view, column in columns:
        views.setdefault(view, []).append(column)
    listed = {
        section.split("\n", 1)[0]: re.findall(r"\w+", re.search(r": `([^`]+)`", section)[1])
        for section in PAGE.split("\n## ")[1:]
    }
    assert listed == views
