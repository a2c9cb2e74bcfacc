"""`llmgen report easy2hard`: the page over runs, a calibration and a ranking, and without them."""

import json
import random
import re

import pytest

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.easy2hard import SPEC
from llmgen.store.fold import fold
from llmgen.store.journal import Journal
from llmgen.types import Grade, Record, Run

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
MODELS = {"fake/strong": 0.95, "fake/middling": 0.6, f"fake/{HOSTILE}": 0.4, "fake/weak": 0.2}


@pytest.fixture
def stored(llmgen, root):
    """Runs of four models over 90 invented items with a grid; better models do harder items."""
    rows = llmgen.folder / "rows.jsonl"
    rows.write_text(
        "".join(
            json.dumps(
                {
                    "question": f"{HOSTILE} {number}?",
                    "answer": "#### 5",
                    "id": number,
                    "rating": number % 90 / 90,
                    "split": "train" if number >= 90 else "eval",
                }
            )
            + "\n"
            for number in range(120)
        )
    )
    options = SPEC.options(data=str(rows), grid=2, seeds=1)
    benchmark = SPEC.load(options, Context(model="m", datasets=root / "datasets"))
    for place, (model, able) in enumerate(MODELS.items()):
        dice = random.Random(place)
        run = Run(
            id=f"run-{place}",
            benchmark="easy2hard",
            model=model,
            state="done",
            started_at=100.0 + place,
            settings={"plan": {"benchmark": "easy2hard", "model": model}, "context": benchmark.context},
        )
        with Journal.create(llmgen.home, run) as journal:
            for sample in benchmark.samples():
                hard = float(sample.tags["rating"]) - (0.2 if "item" in sample.tags else 0.0)
                value = float(dice.random() < (0.9 if hard < able else 0.15))
                grade = Grade(outcome="correct" if value else "wrong", value=value)
                journal.append(Record(run_id=run.id, sample=sample, model=model, grade=grade))
        fold(llmgen.home, run.id)
    return llmgen


def page_of(llmgen, *words):
    done = llmgen("report", "easy2hard", *words)
    assert done.code == 0, done.err
    return (llmgen.home / "reports" / "easy2hard.html").read_text(), done


def test_the_page_without_a_calibration_says_how_to_make_one(stored):
    page, done = page_of(stored)
    assert done.out == f"page    {stored.home / 'reports' / 'easy2hard.html'}\n"
    assert "llmgen analyse irt --benchmark easy2hard" in page
    assert "llmgen analyse rank" in page
    assert len(re.findall(r"<polyline", page)) == len(MODELS)
    assert len(re.findall(r'<table class="heat">', page)) == len(MODELS)
    assert "--share:" in page
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_the_page_with_a_calibration_and_a_ranking(stored):
    assert stored("analyse", "irt", "--benchmark", "easy2hard").code in {0, 3}
    assert stored("analyse", "rank", "--benchmark", "easy2hard", "--per", "sample").code == 0
    page, _ = page_of(stored)
    assert "There is no calibration" not in page
    assert "There is no ranking" not in page
    abilities = page[page.index("<h3>Abilities") : page.index('id="suspects"')]
    places = [abilities.index(f"{name}") for name in ("fake/strong", "fake/middling", "fake/weak")]
    assert places == sorted(places)
    ranks = page[page.index('id="ranks"') :]
    assert ranks.index("fake/strong") < ranks.index("fake/weak")
    assert "<script" not in page


def test_named_runs_only_and_another_place(stored):
    target = stored.folder / "page.html"
    done = stored("report", "easy2hard", "run-0", "run-3", "--html", target)
    assert done.code == 0, done.err
    page = target.read_text()
    assert "run-3" in page
    assert "run-1" not in page
    assert "llmgen report easy2hard run-0 run-3" in page


def test_nothing_to_report(llmgen):
    assert "no run of easy2hard" in llmgen("report", "easy2hard").err
    assert llmgen("eval", "finetunebench", "--model", "fake/echo", "--limit", "1").code in {0, 3}
    done = llmgen("report", "easy2hard")
    assert (done.code, "no run of easy2hard" in done.err) == (2, True)
    assert "not of easy2hard" in llmgen("report", "easy2hard", "last").err
    assert "no run 'nope'" in llmgen("report", "easy2hard", "nope").err


def test_a_page_that_cannot_be_written(stored):
    (stored.folder / "file").touch()
    done = stored("report", "easy2hard", "--html", stored.folder / "file" / "page.html")
    assert done.code == 2
    assert "cannot write the report" in done.err
    assert "Traceback" not in done.err
