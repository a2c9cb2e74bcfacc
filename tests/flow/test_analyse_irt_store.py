"""`llmgen analyse irt` on stored results: what is chosen, what the views then hold, linked scales."""

import json
import sys

import numpy as np
import pytest

from llmgen.analyse import Task, calibrate_store
from llmgen.cli.main import main
from llmgen.errors import UsageError
from llmgen.store.cells import Reading
from llmgen.store.db import open_read, open_write
from llmgen.store.fold import fold
from llmgen.store.journal import Journal
from llmgen.store.responses import Selection, stored_matrix
from llmgen.types import Answer, Completion, Failure, Grade, Record, Run, Sample

N_ITEMS, N_MODELS = 24, 40
KEYED_WRONG = 3
LETTERS = "ABCD"


def record(run, number, value, answer):
    sample = Sample(
        id=f"s{number:02}", question=f"Question {number}?", answer_type="alphabet_option", target="A"
    )
    if value is None:
        failure = Failure(stage="gateway", kind="timeout", message="late")
        return Record(run_id=run.id, sample=sample, model=run.model, failure=failure)
    return Record(
        run_id=run.id,
        sample=sample,
        model=run.model,
        completion=Completion(texts=(answer,), finish_reasons=("stop",), model="m"),
        answers=(
            Answer(kind="answered", value=answer, extractor="one"),
            Answer(kind="answered", value="D" if number == 5 else answer, extractor="two"),
        ),
        grade=Grade(outcome="correct" if value else "wrong", value=value),
    )


def write(home, run, values):
    """One run: `values` by sample, 1, 0 or None; wrong answers are B for the mis-keyed item, else C."""
    with Journal.create(home, run) as journal:
        for number, value in enumerate(values):
            answer = "A" if value else "B" if number == KEYED_WRONG else "C"
            journal.append(record(run, number, value, answer))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Forty models on one benchmark, the first ten on a second one, too; one answer failed."""
    folder = tmp_path_factory.mktemp("home")
    rng = np.random.default_rng(0)
    theta, b = np.linspace(-2, 2, N_MODELS), np.linspace(-1.5, 1.5, N_ITEMS)
    right = rng.random((N_MODELS, N_ITEMS)) < 1 / (1 + np.exp(-1.5 * (theta[:, None] - b)))
    right[:, KEYED_WRONG] = theta < 0.2
    for number in range(N_MODELS):
        values = [float(value) for value in right[number]]
        if number == 7:
            values[11] = None
        run = Run(
            id=f"a{number:02}",
            benchmark="first",
            model=f"m{number:02}",
            state="done",
            started_at=1e9 + number,
        )
        write(folder, run, values)
        if number < 10:
            run = Run(id=f"b{number:02}", benchmark="second", model=f"m{number:02}", started_at=2e9 + number)
            write(folder, run, [float(value) for value in right[number, ::-1]])
    fold(folder)
    return folder


@pytest.fixture
def call(home, monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(
            sys, "argv", ["llmgen", "--home", str(home), "analyse", "irt", *map(str, arguments)]
        )
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return run


@pytest.fixture
def select(home):
    def rows(query, *values):
        with open_read(home) as reader:
            return reader.con.execute(query, values).fetchall()

    return rows


def test_the_matrix_is_that_of_the_answers(home):
    found = stored_matrix(home, Selection(benchmarks=("first",)), Reading())
    assert found.matrix.responses.shape == (N_MODELS, N_ITEMS)
    assert found.matrix.models[:2] == ("m00", "m01")
    assert found.matrix.items[:2] == ("s00", "s01")
    assert set(found.benchmarks) == {"first"}
    assert found.matrix.responses[7, 11] == -1
    assert (found.matrix.responses == -1).sum() == 1


def test_equal_sample_ids_of_two_benchmarks_are_two_items(home):
    found = stored_matrix(home, Selection(), Reading())
    assert found.matrix.responses.shape == (N_MODELS, 2 * N_ITEMS)
    assert list(zip(found.benchmarks, found.matrix.items, strict=True))[N_ITEMS] == ("second", "s00")
    assert (found.matrix.responses[10:, N_ITEMS:] == -1).all()
    assert (found.matrix.responses[:10, N_ITEMS:] >= 0).all()


@pytest.mark.parametrize(
    ("selection", "shape"),
    [
        (Selection(models=("m00", "m01", "m02"), benchmarks=("first",)), (3, N_ITEMS)),
        (Selection(runs=("a00", "b01")), (2, 2 * N_ITEMS)),
        (Selection(by="run"), (N_MODELS + 10, 2 * N_ITEMS)),
    ],
)
def test_any_part_can_be_chosen(home, selection, shape):
    assert stored_matrix(home, selection, Reading()).matrix.responses.shape == shape


def test_nights_can_be_chosen(call):
    code, text, _ = call("--json", "--since", "2033-01-01")
    assert code == 0
    assert json.loads(text)["n_models"] == 10
    code, text, _ = call("--json", "--until", "2033-01-01")
    assert json.loads(text)["n_models"] == N_MODELS


def test_nothing_that_fits_is_one_line(call):
    code, _, err = call("--benchmark", "none")
    assert (code, err.count("\n")) == (2, 1)
    assert "no run fits" in err


def test_the_views_hold_the_fit(call, select):
    code, text, _ = call("--benchmark", "first", "--json")
    found = json.loads(text)
    assert code == 0
    fit = select(
        "SELECT n_models, n_items, loglik, converged, linked_to FROM irt_fits WHERE fit_id = ?",
        found["fit_id"],
    )
    assert fit == [(N_MODELS, N_ITEMS, found["loglik"], True, None)]
    items = select(
        "SELECT benchmark, sample_id, model_name, a, b, n, flags FROM irt_items"
        " WHERE fit_id = ? ORDER BY sample_id",
        found["fit_id"],
    )
    assert [item[:3] for item in items] == [("first", f"s{j:02}", "2pl") for j in range(N_ITEMS)]
    assert [item[5] for item in items] == [N_MODELS - (j == 11) for j in range(N_ITEMS)]
    assert items[KEYED_WRONG][3] < 0
    assert "extraction_conflict" in items[5][6]
    assert items[20][4] > items[1][4]
    abilities = select(
        "SELECT model, theta, lo, hi, true_score, true_lo, true_hi, coverage, n_items FROM irt_abilities"
        " WHERE fit_id = ? ORDER BY model",
        found["fit_id"],
    )
    assert [row[0] for row in abilities] == [f"m{i:02}" for i in range(N_MODELS)]
    assert all(lo < theta < hi and 0 <= below <= score <= above <= 1
               for _, theta, lo, hi, score, below, above, _, _ in abilities)  # fmt: skip
    assert abilities[7][7:] == (pytest.approx(23 / 24), 23)
    assert abilities[-1][1] > abilities[0][1] + 1


def test_the_audit_leads_with_the_wrong_key(call, select):
    fit_id = json.loads(call("--benchmark", "first", "--json")[1])["fit_id"]
    rank, sample, flags, wrong, agreement, question, target, n_right, n_wrong = select(
        "SELECT rank, sample_id, flags, top_wrong, agreement, question, target, n_right, n_wrong"
        " FROM item_audit WHERE fit_id = ? ORDER BY rank LIMIT 1", fit_id,
    )[0]  # fmt: skip
    assert (rank, sample, wrong, question, target) == (1, "s03", "B", "Question 3?", "A")
    assert "negative_slope" in flags
    assert agreement > 0.7
    assert n_right + n_wrong == N_MODELS


def test_a_stored_scale_is_taken_over(call, select):
    reference = json.loads(call("--benchmark", "first", "--json")[1])["fit_id"]
    weak = [argument for i in range(25) for argument in ("--model", f"m{i:02}")]
    code, text, _ = call("--benchmark", "first", *weak, "--link-to", reference, "--json")
    linked = json.loads(text)["fit_id"]
    assert code == 0
    assert select(
        "SELECT linked_to, link_scale < 1, link_shift < 0 FROM irt_fits WHERE fit_id = ?", linked
    ) == [(reference, True, True)]
    difference, apart = select(
        "SELECT avg(abs(n.theta - o.theta)), max(abs(n.theta - o.theta)) FROM irt_abilities AS n"
        " JOIN irt_abilities AS o USING (model) WHERE n.fit_id = ? AND o.fit_id = ?", linked, reference,
    )[0]  # fmt: skip
    assert difference < 0.15
    assert apart < 0.6


def test_a_link_without_enough_in_common_is_one_line(call):
    call("--benchmark", "second", "--json")
    code, _, err = call(
        "--benchmark", "first", "--run", "a20", "--run", "a21", "--run", "a22", "--link-to", "last"
    )
    assert (code, err.count("\n")) == (2, 1)
    assert "common models that agree, linking needs 10" in err
    code, _, err = call("--link-to", "nothing-like-it")
    assert (code, err.count("\n")) == (2, 1)
    assert "0 fits are named" in err


def test_several_answers_of_a_model_to_an_item_need_a_rule(tmp_path):
    for number in range(4):
        write(
            tmp_path,
            Run(id=f"r{number}", benchmark="b", model=f"m{number}"),
            [1.0, 0.0, float(number % 2), 1.0],
        )
    write(tmp_path, Run(id="again", benchmark="b", model="m0", started_at=9e9), [0.0, 1.0, 1.0, 1.0])
    fold(tmp_path)
    with pytest.raises(UsageError, match="4 answers repeat"):
        stored_matrix(tmp_path, Selection(), Reading())
    first = stored_matrix(tmp_path, Selection(), Reading(repeat="first"))
    assert list(first.matrix.responses[0]) == [1, 0, 0, 1]
    majority = stored_matrix(tmp_path, Selection(), Reading(repeat="majority"))
    assert list(majority.matrix.responses[0]) == [-1, -1, -1, 1]
    mean = stored_matrix(tmp_path, Selection(), Reading(repeat="mean", threshold=0.5))
    assert list(mean.matrix.responses[0]) == [1, 1, 1, 1]
    assert stored_matrix(tmp_path, Selection(by="run"), Reading()).matrix.responses.shape == (5, 4)


def test_new_grades_of_old_answers_do_not_count_twice(tmp_path):
    for number in range(4):
        write(tmp_path, Run(id=f"r{number}", benchmark="b", model=f"m{number}"), [1.0, 0.0])
    write(tmp_path, Run(id="regraded", benchmark="b", model="m0", parent_run="r0"), [0.0, 0.0])
    fold(tmp_path)
    assert list(stored_matrix(tmp_path, Selection(), Reading()).matrix.responses[0]) == [1, 0]
    assert list(stored_matrix(tmp_path, Selection(runs=("regraded",)), Reading()).matrix.responses[0]) == [
        0,
        0,
    ]


def test_groups_are_stored_each_by_itself(tmp_path):
    rng = np.random.default_rng(1)
    for part in ("x", "y"):
        for number in range(25):
            values = [float(value) for value in rng.integers(0, 2, 6)]
            write(tmp_path, Run(id=f"{part}{number}", benchmark=part, model=f"{part}{number}"), values)
    fold(tmp_path)
    calibrated = calibrate_store(tmp_path, Task())
    assert not calibrated.is_connected
    assert len(set(calibrated.fit_ids)) == 2
    with open_read(tmp_path) as reader:
        assert reader.con.execute("SELECT n_models, n_items FROM irt_fits").fetchall() == [(25, 6), (25, 6)]


def test_a_matrix_from_a_file_chooses_nothing_in_the_store(call, tmp_path):
    np.savez(tmp_path / "m.npz", responses=np.eye(4, dtype=np.int8))
    code, _, err = call("--matrix", tmp_path / "m.npz", "--benchmark", "first")
    assert (code, err.count("\n")) == (2, 1)
    assert "--matrix is the whole input" in err


def test_people_see_tables_and_where_they_are_stored(call):
    code, text, _ = call("--benchmark", "first")
    assert code == 0
    assert "Items whose key to look at" in text
    assert "stored as irt-" in text


def test_a_database_that_is_rebuilt_only_loses_what_can_be_made_again(tmp_path):
    for number in range(4):
        write(
            tmp_path,
            Run(id=f"r{number}", benchmark="b", model=f"m{number}"),
            [number % 2, 0.0, 1.0, (number > 1) * 1.0],
        )
    fold(tmp_path)
    first = calibrate_store(tmp_path, Task())
    (tmp_path / "results.duckdb").unlink()
    fold(tmp_path)
    again = calibrate_store(tmp_path, Task())
    assert again.parts[0].fit.loglik == first.parts[0].fit.loglik
    with open_write(tmp_path) as con:
        assert con.execute("SELECT count(*) FROM irt_fits").fetchall() == [(1,)]
