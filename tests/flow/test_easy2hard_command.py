"""`llmgen eval easy2hard`: items, arms, grid, what SQL sees of them, and bad copies of the rows."""

import json

import pytest

SETS = ("amc", "codeforces", "lichess", "gsm8k", "arc", "winogrande")


@pytest.fixture
def answered(llmgen):
    """Asks with a model that is right on the easier half of each set: without examples; with, on all."""

    def answered(*words):
        shown = llmgen("eval", "easy2hard", "--model", "fake/echo", *words, "--no-exec", "--json")
        assert shown.code == 0, shown.err
        query = (
            "select text, target, answer_type, tags from samples"
            " join scores using (run_id, sample_id, repeat)"
            f" where run_id = '{shown.json['run_id']}'"
        )
        table = {}
        for row in llmgen.sql(query):
            tags = json.loads(row["tags"]) if isinstance(row["tags"], str) else row["tags"]
            right = float(tags["rating"]) < 0.5 or tags["arm"] not in {"none", "easy"}
            wrong = "```python\nprint()\n```" if row["answer_type"] == "code" else "Answer: 987654"
            if row["answer_type"] == "alphabet_option":
                wrong = f"Answer: {'B' if row['target'] == 'A' else 'A'}"
            if tags["set"] == "lichess":
                wrong = "Answer: a1a8"
            good = (
                f"```python\n{row['target']}\n```"
                if row["answer_type"] == "code"
                else f"Answer: {row['target']}"
            )
            table[row["text"]] = good if right else wrong
        path = llmgen.folder / "answers.json"
        path.write_text(json.dumps(table))
        return llmgen("eval", "easy2hard", "--model", f"fake/table?table={path}", *words, "--json")

    return answered


def test_accuracy_falls_with_difficulty_in_every_set(llmgen, answered, bubblewrap):  # noqa: ARG001  # skips without it
    done = answered()
    assert done.code == 0, done.err
    sets = done.json["metrics"]["sets"]
    assert set(sets) == set(SETS)
    for name, found in sets.items():
        assert found["n_graded"] == found["n"], name
        assert 0 < found["accuracy"] < 1, name
        assert found["slope"]["reason"] == "a rating separates right from wrong", name
    rows = llmgen.sql(
        "select \"set\", sum(n) as n from easy2hard_bins join runs using (run_id) where state = 'done' "
        f"and run_id = '{done.json['run_id']}' group by all"
    )
    assert {row["set"]: row["n"] for row in rows} == {name: found["n"] for name, found in sets.items()}
    assert done.json["n"] == sum(found["n"] for found in sets.values())


def test_arms_and_grid_do_not_move_the_score(llmgen, answered):
    done = answered("--set", "gsm8k", "--sgr", "--grid", "2", "--seeds", "2", "--k-shot", "3")
    assert done.code == 0, done.err
    (plain,) = llmgen.sql(
        f"select count(*) as n, avg(value) as mean from scores where run_id = '{done.json['run_id']}'"
        " and tags ->> 'arm' = 'none'"
    )
    assert (done.json["n"], done.json["mean"]) == (plain["n"], pytest.approx(plain["mean"]))
    assert 0 < plain["mean"] < 1
    found = done.json["metrics"]["sets"]["gsm8k"]
    assert {name: arm["accuracy"] for name, arm in found["arms"].items()} == {
        "none": 0.0,
        "easy": 0.0,
        "medium": 1.0,
        "hard": 1.0,
    }
    assert (found["gap"]["easy"]["sgr"], found["gap"]["medium"]["sgr"]) == (0.0, 1.0)
    cells = llmgen.sql(
        "select train_bin, test_bin, accuracy, missing from easy2hard_grid"
        f" where run_id = '{done.json['run_id']}'"
    )
    assert len(cells) == 6
    assert all(cell["missing"] == 0 for cell in cells)
    assert {cell["accuracy"] for cell in cells if cell["train_bin"]} == {1.0}
    again = llmgen("rescore", done.json["run_id"], "--json")
    assert again.code == 0, again.err
    assert again.json["metrics"]["sets"] == done.json["metrics"]["sets"]


def test_a_run_that_stopped_names_its_holes_and_goes_on(llmgen):
    words = (
        "easy2hard",
        "--model",
        "fake/fixed?text=Answer: 5",
        "--set",
        "gsm8k",
        "--grid",
        "2",
        "--seeds",
        "2",
    )
    stopped = llmgen("eval", *words, "--max-requests", "40", "--max-in-flight", "1")
    assert stopped.code == 4, stopped.err
    assert "lack answers" in stopped.out + stopped.err
    done = llmgen("eval", "--resume", "--json")
    assert done.code == 0, done.err
    assert done.json["metrics"]["sets"]["gsm8k"]["grid"]["holes"] == []


def test_removing_a_run_removes_its_rows(llmgen):
    done = llmgen("eval", "easy2hard", "--model", "fake/fixed?text=A", "--set", "arc", "--json")
    assert llmgen.sql("select count(*) as n from easy2hard_bins") == [{"n": 1}]
    assert llmgen("runs", "rm", done.json["run_id"], "--yes").code == 0
    assert llmgen.sql("select count(*) as n from easy2hard_bins") == [{"n": 0}]


def test_over_http(llmgen):
    done = llmgen(
        "eval", "easy2hard", "--model", "openai/gpt-4o-mini", "--set", "winogrande", "--limit", "5", "--json"
    )
    assert done.code == 0, done.err
    assert done.json["n"] == 5


def test_without_bubblewrap_the_other_sets_can_be_asked(llmgen, monkeypatch):
    empty = llmgen.folder / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    refused = llmgen("eval", "easy2hard", "--model", "fake/echo")
    assert refused.code == 2
    assert "leave codeforces out with --set" in refused.err
    assert llmgen("eval", "easy2hard", "--model", "fake/echo", "--set", "amc").code == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PAR1 no parquet", "cannot read rows.parquet"),
        (b"", "rows.parquet"),
    ],
)
def test_a_damaged_parquet_file(llmgen, content, message):
    (llmgen.folder / "rows.parquet").write_bytes(content)
    done = llmgen("eval", "easy2hard", "--model", "fake/echo", "--data", "rows.parquet")
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data", "nowhere"], "no file or folder nowhere"),
        (["--set", "chess"], "chess: choose from amc"),
        (["--grid", "1"], "grid"),
        (["--bins", "0"], "bins"),
        (["--binning", "log"], "log"),
        (["--k-shot", "0", "--sgr"], "k_shot"),
    ],
)
def test_wrong_options(llmgen, words, message):
    done = llmgen("eval", "easy2hard", "--model", "fake/echo", *words)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err
