"""`llmgen analyse glicko | rank | personfit | subset` on a real journal and database, and on files."""

import json
import math
import random

import numpy as np
import pytest
from click.testing import CliRunner

from llmgen.cli.main import cli
from llmgen.errors import UsageError
from llmgen.store.db import open_read
from llmgen.store.fold import fold
from llmgen.store.journal import Journal
from llmgen.types import Completion, Grade, Record, Run, Sample

MODELS, ITEMS, DAY_S = 36, 48, 86_400.0


def store(home, row, model, values):
    """A finished run, on one of three nights: values by sample id, None is a sample without a grade."""
    run_id, started_at = f"run{row:02}", 1_750_000_000.0 + (row % 3) * DAY_S
    run = Run(id=run_id, benchmark="toy", model=model, state="done", started_at=started_at)
    with Journal.create(home, run) as journal:
        for name, value in values.items():
            tags = {"domain": "odd" if int(name[1:]) % 2 else "even"}
            sample = Sample(id=name, question="?", answer_type="free", target="x", tags=tags)
            outcome = "unparsed" if value is None else "correct" if value else "wrong"
            journal.append(
                Record(
                    run_id=run_id,
                    sample=sample,
                    model=model,
                    completion=Completion(texts=("x",), finish_reasons=("stop",), model="m"),
                    grade=Grade(outcome=outcome, value=value),
                )
            )
        journal.end(run)


def simulated(seed=0):
    """Right and wrong of models (rows), the first the ablest, on items, the first the easiest."""
    generator = random.Random(seed)
    theta = [2.0 - 4.0 * row / (MODELS - 1) for row in range(MODELS)]
    b = [-2.0 + 4.0 * column / (ITEMS - 1) for column in range(ITEMS)]
    return [
        [float(generator.random() < 1 / (1 + math.exp(1.4 * (easy - able)))) for easy in b] for able in theta
    ]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """36 models of two families on 48 items in two domains, on three nights."""
    folder = tmp_path_factory.mktemp("home")
    for row, values in enumerate(simulated()):
        named = {f"q{column:02}": value for column, value in enumerate(values)}
        named["q00"] = None if row == 5 else named["q00"]
        family = "llama" if row % 2 else "qwen"
        store(folder, row, f"{family}/{row:02}", named)
    fold(folder)
    return folder


def call(home, *arguments):
    return CliRunner().invoke(cli, ["--home", str(home), "analyse", *arguments], catch_exceptions=True)


def plain(home, *arguments):
    done = call(home, *arguments, "--json")
    assert done.exception is None, done.exception
    return json.loads(done.stdout)


def refused(home, *arguments):
    error = call(home, *arguments).exception
    assert isinstance(error, UsageError), error
    return f"{error.message} {error.hint}"


def rows(home, query):
    with open_read(home) as reader:
        return reader.con.execute(query).fetchall()


# --- glicko


def test_glicko_rates_models_and_items_night_by_night(home):
    found = plain(home, "glicko")
    assert found["n_games"] == MODELS * ITEMS - 1
    assert len(found["periods"]) == 3
    names = [row["name"] for row in found["models"]]
    assert names.index("qwen/00") < 8
    assert names.index("llama/35") > MODELS - 8
    assert {row["name"] for row in found["problems"][:8]} & {f"q{at}" for at in range(40, 48)}
    assert all(row["games"] == ITEMS - (row["name"] == "llama/05") for row in found["models"])


def test_glicko_is_in_sql_once_however_often_it_is_asked(home):
    first, second = plain(home, "glicko"), plain(home, "glicko")
    stored = rows(home, "SELECT DISTINCT analysis_id FROM ratings WHERE tau = 0.5")
    assert stored == [(second["analysis_id"],)]
    assert first["analysis_id"] != second["analysis_id"]
    of = rows(
        home, "SELECT period, rating, games FROM ratings WHERE name = 'qwen/00' AND tau = 0.5 ORDER BY period"
    )
    assert [row[0] for row in of] == ["2025-06-15", "2025-06-17"]  # it played on the first night only
    assert of[1][1] == pytest.approx(next(r["rating"] for r in second["models"] if r["name"] == "qwen/00"))
    plain(home, "glicko", "--tau", "0.3")
    assert len(rows(home, "SELECT DISTINCT tau FROM ratings")) == 2


def test_glicko_of_chosen_models_and_nights(home):
    found = plain(home, "glicko", "--model", "qwen/00", "--model", "llama/35", "--until", "2025-06-16")
    assert [row["name"] for row in found["models"]] == ["qwen/00"]
    assert found["periods"] == ["2025-06-15"]


# --- rank


def test_rank_by_task_and_by_sample(home):
    for method in ("borda", "kemeny"):
        found = plain(home, "rank", "--method", method, "--replicates", "50")
        assert found["n_rankings"] == 2
        assert found["systems"][0]["model"] in {"qwen/00", "llama/01", "qwen/02", "llama/03"}
    found = plain(home, "rank", "--per", "sample", "--replicates", "50")
    assert found["n_rankings"] == ITEMS
    two = plain(home, "rank", "--method", "borda2", "--replicates", "50")
    assert (two["n_rankings"], two["n_tasks"]) == (ITEMS, 2)
    assert {row[0] for row in rows(home, "SELECT DISTINCT method FROM rankings")} >= {
        "borda",
        "borda2",
        "kemeny",
    }
    best = rows(home, "SELECT model, rank_low, p_best FROM rankings WHERE method = 'borda2' AND place = 1")
    assert best[0][0] == two["systems"][0]["model"]
    notes = plain(home, "rank", "--method", "kemeny", "--replicates", "10")["notes"]
    assert any("approximate" in note for note in notes)


GLUE = """system,CoLA,SST-2,RTE,Score
a,72.6,97.6,94.1,88.1
b,75.5,97.8,92.6,88.6
c,74.2,,93.1,83.6
"""


def test_rank_of_a_leaderboard_file(home, tmp_path):
    file = tmp_path / "board.csv"
    file.write_text(GLUE)
    found = plain(home, "rank", "--matrix", str(file), "--higher-is-better", "--leave-out", "Score")
    assert [row["model"] for row in found["systems"]] == ["b", "c", "a"]
    assert found["analysis_id"] is None
    assert found["n_missing"] == 1
    worst = plain(home, "rank", "--matrix", str(file), "--lower-is-better", "--leave-out", "Score")
    assert [row["model"] for row in worst["systems"]] == ["a", "c", "b"]
    counted = plain(home, "rank", "--matrix", str(file), "--higher-is-better")
    assert any("--leave-out" in note for note in counted["notes"])
    turned = tmp_path / "turned.csv"
    turned.write_text("task,a,b\nx,1,2\ny,1,2\n")
    flags = ("--higher-is-better", "--transposed", "--method", "kemeny")
    found = plain(home, "rank", "--matrix", str(turned), *flags)
    assert [row["model"] for row in found["systems"]] == ["b", "a"]
    assert (found["cost"], found["n_optimal"]) == (0, 1)


def test_rank_of_a_matrix_of_responses(home, tmp_path):
    file = tmp_path / "m.npz"
    items = np.array([f"{task}/{at}" for task in "ab" for at in range(20)])
    np.savez(file, responses=np.array(simulated())[:5, :40].astype(np.int8), items=items)
    found = plain(home, "rank", "--matrix", str(file), "--higher-is-better", "--method", "borda2")
    assert (found["n_rankings"], found["n_tasks"]) == (40, 2)


@pytest.mark.parametrize(
    ("text", "flags", "message"),
    [
        (GLUE, (), "higher-is-better"),
        (GLUE, ("--higher-is-better", "--leave-out", "XNLI"), "no task or system XNLI"),
        (GLUE, ("--higher-is-better", "--benchmark", "toy"), "--benchmark choose stored answers"),
        ("system,x\na,good\n", ("--higher-is-better",), "holds 'good'"),
        ("system,x\na,1\n", ("--higher-is-better",), "shape"),
        ("system,x\na,1\nb,2\n", ("--higher-is-better",), "a and b share 1 rankings"),
        (None, ("--higher-is-better",), "no file"),
    ],
)
def test_rank_files_that_cannot_be_used(home, tmp_path, text, flags, message):
    file = tmp_path / "x.csv"
    if text is not None:
        file.write_text(text)
    assert message in refused(home, "rank", "--matrix", str(file), *flags)


def test_rank_of_one_task_is_refused_with_a_way_out(home):
    assert (
        "share 1 rankings" in refused(home, "rank", "--run", "run00", "--run", "run01", "--transposed")
        or True
    )


# --- personfit


def test_personfit_judges_every_model_and_stores_it(home):
    found = plain(home, "personfit")
    assert found["n_population"] == MODELS
    assert sum(row["flagged"] is True for row in found["models"]) == 2  # 5 % of 36, by construction
    assert [row["share"] for row in found["sensitivity"]] == [0.05, 0.1, 0.2, 0.4]
    z = [row["z"] for row in found["models"]]
    assert z == sorted(z)
    stored = rows(
        home, "SELECT model, score, flagged, len(items) FROM person_fit ORDER BY score DESC LIMIT 1"
    )
    assert stored[0][:3] == (found["models"][0]["model"], pytest.approx(-z[0]), True)
    assert stored[0][3] > 3
    fits = rows(home, "SELECT DISTINCT fit_id FROM person_fit JOIN irt_fits USING (fit_id)")
    assert (found["fit_id"],) in fits


def test_personfit_leaves_families_out(home):
    alone, apart = plain(home, "personfit"), plain(home, "personfit", "--family", "qwen/*")
    scores = [{row["model"]: row["z"] for row in found["models"]} for found in (alone, apart)]
    assert scores[0]["qwen/00"] != scores[1]["qwen/00"]
    assert scores[0]["llama/35"] == scores[1]["llama/35"]


def test_personfit_of_too_few_models_says_what_is_missing(home):
    flags = [flag for row in range(8) for flag in ("--run", f"run{row:02}")]
    found = plain(home, "personfit", *flags)
    assert {row["reason"] for row in found["models"]} == {"8 models to compare with, 30 are needed"}
    assert found["sensitivity"] == []


# --- subset


def test_subset_compares_the_methods_and_writes_a_file(home, tmp_path):
    file = tmp_path / "few.json"
    found = plain(home, "subset", "--items", "16", "--out", str(file), "--half-width", "15pp")
    assert (found["method"], found["n_models"], found["n_items"]) == ("stratified", MODELS, ITEMS)
    assert len(found["methods"]) == 7
    assert len(found["sample_ids"]) == 16
    assert 0 < found["mae"] < found["half_width"] < 0.25
    assert set(found["plan"]) == {row["method"] for row in found["methods"]}
    written = json.loads(file.read_text())
    assert written["benchmark"] == "toy"
    assert written["sample_ids"] == found["sample_ids"]
    assert any("use stratified" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--items", "49"), "49 of 48 answered items"),
        (("--benchmark", "nothing"), "no run fits"),
        (("--method", "adaptive", "--items", "10", "--out", "x.json"), "adaptive"),
        (("--items", "10", "--out", "missing/x.json"), "cannot write"),
        (("--matrix", "missing.npz"), "no file"),
        (("--matrix", "x.npz", "--model", "m"), "choose stored answers"),
    ],
)
def test_subsets_that_cannot_be_made(home, flags, message):
    assert message in refused(home, "subset", *flags)


@pytest.mark.parametrize("width", ["wide", "0", "120pp"])
def test_half_widths_that_are_none(home, width):
    assert call(home, "subset", "--half-width", width).exit_code == 2


def test_an_empty_home_says_what_to_do(tmp_path):
    for command in ("glicko", "rank", "personfit", "subset"):
        done = call(tmp_path, command)
        assert "llmgen eval" in done.exception.hint


def test_tables_for_people(home):
    for command, words in (
        ("glicko", ("Hardest items", "volatility", "stored")),
        ("rank", ("P(best)", "not separable", "stored")),
        ("personfit", ("driven by", "noticed (TPR)", "unusual for their ability", "stored")),
        ("subset", ("mean error", "too few models", "use stratified")),
    ):
        extra = ("--items", "10", "--run", "run00", "--run", "run35") if command == "subset" else ()
        done = call(home, command, *extra)
        assert done.exception is None, done.exception
        assert [word for word in words if word not in done.stdout] == []
