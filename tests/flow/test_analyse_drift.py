"""`llmgen analyse drift`: two nights of the same models, calibrated and compared."""

import json
import sys

import numpy as np
import pytest

from llmgen.analyse import Task, calibrate_store
from llmgen.cli.main import main
from llmgen.store.fold import fold
from llmgen.store.journal import Journal
from llmgen.store.responses import Selection
from llmgen.types import Grade, Record, Run, Sample

N_ITEMS, N_MODELS = 30, 40


def night(home, name, started, easier, rng):
    theta, b = np.linspace(-2, 2, N_MODELS), np.linspace(-1.5, 1.5, N_ITEMS)
    b[easier] -= 4.0
    right = rng.random((N_MODELS, N_ITEMS)) < 1 / (1 + np.exp(-1.5 * (theta[:, None] - b)))
    for number in range(N_MODELS):
        run = Run(id=f"{name}{number:03}", benchmark="quiz", model=f"m{number:03}", started_at=started)
        with Journal.create(home, run) as journal:
            for item in range(N_ITEMS):
                sample = Sample(id=f"s{item:02}", question="?", answer_type="free")
                value = float(right[number, item])
                grade = Grade(outcome="correct" if value else "wrong", value=value)
                journal.append(Record(run_id=run.id, sample=sample, model=run.model, grade=grade))


@pytest.fixture(scope="module")
def fits(tmp_path_factory):
    """A home with three nights: as ever, two items easier, six items easier; and the ids of their fits."""
    home = tmp_path_factory.mktemp("home")
    rng = np.random.default_rng(3)
    ids = []
    nights = (("a", 1e9, []), ("b", 1.1e9, [20, 21]), ("c", 1.2e9, [20, 21, 22, 23, 24, 25]))
    for name, started, easier in nights:
        night(home, name, started, easier, rng)
    fold(home)
    for name, _, _ in nights:
        runs = tuple(f"{name}{number:03}" for number in range(N_MODELS))
        ids.append(calibrate_store(home, Task(selection=Selection(runs=runs))).fit_ids[0])
    return home, ids


@pytest.fixture
def call(fits, monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["llmgen", "--home", str(fits[0]), "analyse", "drift", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return run


def test_the_items_that_changed_are_named(call, fits):
    code, text, _ = call(*fits[1][:2], "--json")
    found = json.loads(text)
    assert code == 0
    assert {"s20", "s21"} <= {item["sample_id"] for item in found["items"] if item["drifted"]}
    assert sum(item["drifted"] for item in found["items"]) <= 3
    assert [item["sample_id"] for item in found["items"][:2]] in (["s20", "s21"], ["s21", "s20"])
    assert found["items"][0]["area"] > 0.1
    assert not found["benchmark_drifted"]
    assert found["scale"] == pytest.approx(1.0, abs=0.2)


def test_a_benchmark_that_drifted_can_fail_a_gate(call, fits):
    old, _, new = fits[1]
    code, text, _ = call(old, "last")
    assert code == 0
    assert "more than a tenth: the benchmark drifted" in text
    assert call(old, new, "--fail-on-drift")[0] == 1
    assert call(old, fits[1][1], "--fail-on-drift")[0] == 0


def test_a_fit_is_not_compared_with_itself(call, fits):
    code, _, err = call(fits[1][2], "last")
    assert (code, err.count("\n")) == (2, 1)
    assert "both names mean" in err


def test_a_fit_that_is_not_there_is_one_line(call, fits):
    code, _, err = call("irt-1999", fits[1][0])
    assert (code, err.count("\n")) == (2, 1)
    assert "0 fits are named 'irt-1999'" in err
