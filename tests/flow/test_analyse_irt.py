"""`llmgen analyse irt --matrix`: files of every kind, what is printed, what is written, how it ends."""

import json
import sys

import duckdb
import numpy as np
import pytest

from llmgen.cli.main import main


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    def run(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["llmgen", "analyse", "irt", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return run


def answers(n_models=40, n_items=30, seed=0):
    rng = np.random.default_rng(seed)
    theta, b = rng.normal(size=(n_models, 1)), rng.normal(size=n_items)
    return (rng.random((n_models, n_items)) < 1 / (1 + np.exp(b - theta))).astype(np.int8)


@pytest.fixture
def npz(tmp_path):
    def write(responses, **names):
        np.savez(tmp_path / "matrix.npz", responses=responses, **names)
        return tmp_path / "matrix.npz"

    return write


def parquet(path, query):
    duckdb.sql(f"COPY ({query}) TO '{path}'")
    return path


def test_the_numbers_of_lsat7(call, shared_data, tmp_path):
    out = tmp_path / "fit.npz"
    code, text, _ = call(
        "--matrix", shared_data / "irt" / "lsat7.npz", "--irt-model", "2PL", "--priors", "none", "--precise",
        "--json", "--out", out,
    )  # fmt: skip
    found = json.loads(text)
    assert code == 0
    assert found["loglik"] == pytest.approx(-2658.80511, abs=1e-3)
    assert found["loglik_grid61"] == pytest.approx(-2658.80511, abs=1e-3)
    assert (found["converged"], found["n_models"], found["n_items"]) == (True, 1000, 5)
    assert found["cycles"] > 0
    assert found["seconds"] > 0
    with np.load(out) as file:
        assert file["a"] == pytest.approx([0.98755, 1.08084, 1.70748, 0.76499, 0.73567], abs=1e-3)
        assert file["d"] == pytest.approx([1.85586, 0.80797, 1.80521, 0.48600, 1.85446], abs=1e-3)
        assert file["c"] == pytest.approx(np.zeros(5))
        assert file["se_a"] == pytest.approx([0.1772, 0.1688, 0.3211, 0.1341, 0.1511], abs=3e-3)
        assert file["se_d"] == pytest.approx([0.1315, 0.0912, 0.2048, 0.0749, 0.1144], abs=3e-3)
        assert file["theta"].shape == file["se_theta"].shape == (1000,)
        assert file["theta"][0] == pytest.approx(-1.86979, abs=1e-3)


def test_the_nodes_of_mirt(call, npz):
    code, text, _ = call("--matrix", npz(answers()), "--quadrature", 61, "--priors", "none", "--json")
    found = json.loads(text)
    assert code == 0
    assert found["quadrature"] == 61
    assert found["loglik_grid61"] == pytest.approx(found["objective"], abs=1e-6)


def test_a_long_and_a_wide_table_are_the_same_matrix(call, npz, tmp_path):
    responses = answers()
    responses[3, 4] = responses[8, 9] = -1
    expected = json.loads(call("--matrix", npz(responses), "--json")[1])
    cells = [
        (f"m{i:02}", f"q{j:02}", None if value < 0 else int(value))
        for (i, j), value in np.ndenumerate(responses)
    ]
    with duckdb.connect() as con:
        con.execute("CREATE TABLE cells (model VARCHAR, item VARCHAR, value INTEGER)")
        con.executemany("INSERT INTO cells VALUES (?, ?, ?)", cells)
        con.execute(f"COPY cells TO '{tmp_path}/long.parquet'")
        con.execute(f"COPY (PIVOT cells ON item USING any_value(value)) TO '{tmp_path}/wide.parquet'")
    for name in ("long", "wide"):
        code, text, _ = call("--matrix", tmp_path / f"{name}.parquet", "--json")
        found = json.loads(text)
        assert code == 0
        assert found["loglik"] == pytest.approx(expected["loglik"], abs=1e-6)
        assert (found["n_models"], found["n_items"], found["n_responses"]) == (40, 30, 1198)


def test_people_get_tables_with_names(call, npz):
    models, items = [f"model-{i}" for i in range(40)], [f"item-{j}" for j in range(30)]
    code, text, _ = call("--matrix", npz(answers(), models=models, items=items))
    assert code == 0
    for words in ("Calibration", "2PL, free slopes", "Abilities", "model-", "Hardest items", "item-"):
        assert words in text


def test_what_is_missing_is_shown_by_ability(call, npz):
    responses = answers()
    weak = np.argsort(responses.mean(axis=1))[:10]
    responses[weak, :6] = -1
    text = call("--matrix", npz(responses))[1]
    row = next(line for line in text.splitlines() if "weakest quarter" in line)
    first, *others = [float(word.strip(",")) for word in row.split() if word.startswith((".", "0", "1"))]
    assert first < 0.9
    assert min(others) > first


def test_few_models_get_one_slope_unless_asked(call, npz):
    matrix = npz(answers(n_models=12))
    assert json.loads(call("--matrix", matrix, "--json")[1])["irt_model"] == "1pl"
    assert json.loads(call("--matrix", matrix, "--json", "--irt-model", "2pl")[1])["irt_model"] == "2pl"


def test_groups_without_a_common_item_are_named(call, npz, tmp_path):
    matrix = np.full((43, 31), -1, dtype=np.int8)
    matrix[:40, :30] = answers()
    matrix[40:, 30] = 1
    names = {"models": [f"m{i}" for i in range(43)], "items": [f"q{j}" for j in range(31)]}
    code, text, _ = call("--matrix", npz(matrix, **names), "--json", "--out", tmp_path / "fit.npz")
    found = json.loads(text)
    assert code == 1
    assert not found["connected"]
    first, second = found["blocks"]
    assert (first["fit"]["n_models_used"], first["refused"]) == (40, None)
    assert (second["models"], second["items"], second["fit"]) == (["m40", "m41", "m42"], ["q30"], None)
    assert "2 are needed" in second["refused"]
    with np.load(tmp_path / "fit.npz") as file:
        assert list(file["block_of_model"]) == [0] * 40 + [1] * 3
        assert np.isfinite(file["theta"][:40]).all()
        assert np.isnan(file["theta"][40:]).all()
    code, text, _ = call("--matrix", npz(matrix, **names))
    assert code == 1
    assert "group 2: models m40, m41, m42; items q30" in text


def test_a_fit_that_did_not_converge_ends_with_three(call, npz):
    code, text, _ = call("--matrix", npz(answers()), "--max-cycles", 3, "--json")
    assert code == 3
    assert json.loads(text)["converged"] is False


def test_repeats_need_a_rule(call, tmp_path):
    path = parquet(
        tmp_path / "long.parquet",
        "SELECT 'm' || (i % 25) AS model, 'q' || (i // 25 % 12) AS item, hash(i) % 2 AS value"
        " FROM range(900) AS t(i)",
    )
    code, _, err = call("--matrix", path)
    assert code == 2
    assert "600 answers repeat one of the same model to the same item" in err
    assert "--repeat" in err
    for rule in (("first",), ("majority",), ("mean", "--threshold", 0.5)):
        code, text, _ = call("--matrix", path, "--json", "--repeat", *rule)
        assert (code, json.loads(text)["n_responses"]) == (0, 300)


def test_fractions_need_a_threshold(call, npz, tmp_path):
    fractions = np.random.default_rng(0).random((30, 20))
    code, _, err = call("--matrix", npz(fractions))
    assert code == 2
    assert "--threshold" in err
    found = json.loads(call("--matrix", npz(fractions), "--threshold", 0.7, "--json")[1])
    right = (fractions >= 0.7).astype(np.int8)
    assert found["loglik"] == json.loads(call("--matrix", npz(right), "--json")[1])["loglik"]
    path = parquet(
        tmp_path / "long.parquet",
        "SELECT 'm' || (i % 25) AS model, 'q' || (i // 25) AS item, (hash(i) % 4) / 3 AS value"
        " FROM range(300) AS t(i)",
    )
    code, _, err = call("--matrix", path)
    assert code == 2
    assert "grades are neither 0 nor 1" in err
    assert call("--matrix", path, "--threshold", 0.5)[0] == 0


def test_nan_in_a_table_is_refused(call, tmp_path):
    path = parquet(
        tmp_path / "long.parquet",
        "SELECT 'm' || (i % 25) AS model, 'q' || (i // 25) AS item,"
        " CASE WHEN i = 7 THEN 'nan'::DOUBLE ELSE hash(i) % 2 END AS value FROM range(300) AS t(i)",
    )
    for extra in ((), ("--threshold", 0.5)):
        code, _, err = call("--matrix", path, *extra)
        assert code == 2
        assert "1 grades are neither 0 nor 1" in err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.npz", None, "no file"),
        ("matrix.csv", b"1,0\n", "neither .npz nor .parquet"),
        ("broken.npz", b"PK\x03\x04 and no more", "cannot read broken.npz"),
        ("empty.npz", b"", "cannot read empty.npz"),
        (
            "one.npz",
            b"\x93NUMPY\x01\x00v\x00{'descr': '|i1', 'fortran_order': False, 'shape': (2,), }".ljust(127)
            + b"\n\1\0",
            "cannot read one.npz",
        ),
        ("broken.parquet", b"PAR1 and no more", "cannot read broken.parquet"),
    ],
)
def test_a_bad_file_is_one_line(call, tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    code, out, err = call("--matrix", tmp_path / name)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"scores": np.ones((3, 3))}, "no array `responses` but scores"),
        ({"responses": np.array([[None, 1]])}, "cannot read"),
        ({"responses": np.ones(4)}, "1 dimensions"),
        ({"responses": np.full((4, 4), 3)}, "responses holds 3"),
        ({"responses": np.full((4, 4), np.nan)}, "responses holds NaN"),
        ({"responses": np.ones((4, 4)), "models": ["a"]}, "names 1 models for 4"),
        ({"responses": np.ones((4, 4), dtype=np.int8)}, "0 of 4 items have both right and wrong"),
        ({"responses": np.ones((1, 4), dtype=np.int8)}, "1 of 1 models"),
    ],
)
def test_a_bad_matrix_is_one_line(call, tmp_path, arrays, message):
    np.savez(tmp_path / "bad.npz", **arrays)
    code, out, err = call("--matrix", tmp_path / "bad.npz", "--threshold", 0.5)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_a_table_of_other_columns_is_refused(call, tmp_path):
    path = parquet(tmp_path / "other.parquet", "SELECT 'a' AS name, 'b' AS other, 1 AS x")
    code, _, err = call("--matrix", path)
    assert code == 2
    assert "name VARCHAR, other VARCHAR, x INTEGER" in err


def test_a_file_that_cannot_be_written_is_one_line(call, npz, tmp_path):
    code, _, err = call("--matrix", npz(answers()), "--out", tmp_path / "no" / "fit.npz")
    assert (code, err.count("\n")) == (2, 1)
    assert "cannot write" in err
