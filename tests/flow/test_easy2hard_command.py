"""`llmgen eval easy2hard`: items, arms, grid, what SQL sees of them, and bad copies of the rows."""

import json

import pytest

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.easy2hard import SPEC
from llmgen.prompts import Prompts

SETS = ("amc", "codeforces", "lichess", "gsm8k", "arc", "winogrande")


@pytest.fixture
def answered(llmgen, root):
    """Asks a model that is right on the easier items only; on all with examples that are not easy."""

    def answered(*words, **options):
        context = Context(model="m", datasets=root / "datasets")
        benchmark = SPEC.load(SPEC.options(no_exec=True, **options), context)
        prompts = Prompts(root / "prompts")
        table = {}
        for sample in benchmark.samples():
            prompt = prompts.render(benchmark.template, sample)[-1].content
            knows = float(sample.tags["rating"]) < 0.5 or sample.tags["arm"] not in {"none", "easy"}
            table[prompt] = right(sample) if knows else wrong(sample)
        path = llmgen.folder / "answers.json"
        path.write_text(json.dumps(table))
        return llmgen("eval", "easy2hard", "--model", f"fake/table?table={path}", *words, "--json")

    return answered


def right(sample):
    """An answer that gets the grade 1."""
    return f"```python\n{sample.target}\n```" if sample.answer_type == "code" else f"Answer: {sample.target}"


def wrong(sample):
    """An answer that can be read and is wrong."""
    if sample.answer_type == "code":
        return "```python\nprint()\n```"
    if sample.choices:
        return f"Answer: {'B' if sample.target == 'A' else 'A'}"
    return "Answer: a1a8" if "fen" in sample.tags else "Answer: 987654"


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
    words = ("--set", "gsm8k", "--sgr", "--grid", "2", "--seeds", "2", "--k-shot", "3")
    done = answered(*words, set=("gsm8k",), sgr=True, grid=2, seeds=2, k_shot=3)
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
