"""`llmgen eval humaneval`: answers become programs, programs become grades."""

import json
import shutil

import pytest

ROW = {
    "prompt": 'def {name}(x):\n    """One more."""\n',
    "test": "def check(candidate):\n    assert candidate(1) == 2\n",
}
ANSWERS = {
    "right": "Sure:\n```python\ndef right(x):\n    return x + 1\n```",
    "wrong": "```python\ndef wrong(x):\n    return x\n```",
    "loops": "```python\ndef loops(x):\n    while True: pass\n```",
    "claims": "```python\ndef claims(x):\n    print('PASS')\n    import os; os._exit(0)\n```",
    "body": "    return x + 1\n",
}
REFUSED = "error: running model-written code needs bubblewrap (`bwrap`), which was not found."


@pytest.fixture
def problems(llmgen):
    """A file of five problems, and a model that has an answer to each."""
    data, table = llmgen.folder / "problems.jsonl", llmgen.folder / "answers.json"
    rows = [
        {
            "task_id": name,
            "prompt": ROW["prompt"].format(name=name),
            "test": ROW["test"],
            "entry_point": name,
        }
        for name in ANSWERS
    ]
    data.write_text("\n".join(map(json.dumps, rows)))
    shown = llmgen("eval", "humaneval", "--model", "fake/echo", "--data", data, "--no-exec", "--json").json
    asked = llmgen.sql(f"select sample_id, text from samples where run_id = '{shown['run_id']}'")
    table.write_text(json.dumps({row["text"]: ANSWERS[row["sample_id"]] for row in asked}))
    return ["--data", data, "--timeout", "2", "--model", f"fake/table?table={table}"]


def grades(llmgen, run_id):
    query = f"select sample_id, outcome, value, reason from scores where run_id = '{run_id}'"
    return {row.pop("sample_id"): tuple(row.values()) for row in llmgen.sql(query)}


def notes(llmgen, run_id):
    return llmgen("runs", "show", run_id).out


def test_answers_are_run(llmgen, problems, bubblewrap):  # noqa: ARG001  # skips without bubblewrap
    done = llmgen("eval", "humaneval", *problems, "--json")
    assert done.code == 0, done.err
    assert grades(llmgen, done.json["run_id"]) == {
        "right": ("correct", 1.0, ""),
        "wrong": ("wrong", 0.0, "AssertionError"),
        "loops": ("wrong", 0.0, "timeout"),
        "claims": ("wrong", 0.0, "it ended before its tests did"),
        "body": ("correct", 1.0, ""),
    }
    metrics = done.json["metrics"]
    assert metrics["pass_at"]["1"]["mean"] == 0.4
    assert metrics["draws"]["timeouts"] == 1
    assert metrics["sandbox"] == "bwrap"
    assert metrics["python"].startswith("3.")


def test_kept_answers_are_run_later_and_nobody_is_asked(llmgen, problems, bubblewrap):  # noqa: ARG001  # skips without bubblewrap
    first = llmgen("eval", "humaneval", *problems, "--no-exec", "--json")
    assert first.code == 0, first.err
    assert {grade[2] for grade in grades(llmgen, first.json["run_id"]).values()} == {"not_executed"}
    assert (first.json["mean"], first.json["n_graded"]) == (None, 0)
    assert "llmgen rescore RUN --set no_exec=false" in notes(llmgen, first.json["run_id"])
    (llmgen.folder / "answers.json").unlink()  # the model cannot answer any more
    done = llmgen("rescore", first.json["run_id"], "--set", "no_exec=false", "--json")
    assert done.code == 0, done.err
    assert done.json["mean"] == 0.4
    assert done.json["metrics"]["draws"]["not_executed"] == 0


def test_repeats_give_pass_at_k(llmgen, problems, bubblewrap):  # noqa: ARG001  # skips without bubblewrap
    done = llmgen("eval", "humaneval", *problems, "--repeats", "5", "--json").json
    assert done["metrics"]["draws"]["draws"] == 25
    assert done["metrics"]["pass_at"]["5"]["n"] == 5
    assert done["metrics"]["pass_at"]["10"]["n"] == 0
    assert any("same text" in line for line in done["warnings"])


def test_without_bubblewrap_nothing_is_asked(llmgen, problems, monkeypatch):
    empty = llmgen.folder / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    done = llmgen("eval", "humaneval", *problems)
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith(REFUSED)
    assert "--no-exec" in done.err
    assert len(llmgen("runs", "list", "--json").json) == 1  # that of the fixture


def test_no_sandbox_has_to_be_typed_and_is_said(llmgen, problems, monkeypatch):
    tools = llmgen.folder / "tools"
    tools.mkdir()
    for name in ("choom", "setpriv", "prlimit"):
        (tools / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(tools))
    done = llmgen("eval", "humaneval", *problems, "--sandbox", "none", "--json")
    assert done.code == 0, done.err
    assert done.json["mean"] == 0.4
    assert done.json["metrics"]["sandbox"] == "none"
    assert "not a security boundary" in notes(llmgen, done.json["run_id"])
    (report,) = (llmgen.home / "reports").glob(f"{done.json['run_id']}.html")
    assert "not a security boundary" in report.read_text()


def test_our_own_problems_without_a_model_that_can_solve_them(llmgen, bubblewrap):  # noqa: ARG001  # skips without it
    done = llmgen("eval", "humaneval", "--model", "fake/fixed?text=pass", "--limit", "3", "--json")
    assert (done.code, done.json["mean"], done.json["n"]) == (0, 0.0, 3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data", "nowhere.jsonl"], "cannot read nowhere.jsonl"),
        (["--timeout", "0"], "timeout"),
        (["--timeout", "x"], "timeout"),
        (["--sandbox", "docker"], "docker"),
    ],
)
def test_wrong_options(llmgen, words, message):
    done = llmgen("eval", "humaneval", "--model", "fake/echo", *words)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err
