"""`llmgen compare` on a real journal and a real database."""

import json

import pytest
from click.testing import CliRunner

from llmgen.cli.main import cli
from llmgen.errors import UsageError
from llmgen.store.fold import fold
from llmgen.store.journal import Journal
from llmgen.types import Completion, Failure, Grade, Record, Run, Sample

A = "110110110111"
B = "100100101011"


def store(home, run_id, digits, **changes):
    """A finished run with one answer per digit: 1 correct, 0 wrong, E failed; domains alternate by half."""
    fields = {"benchmark": "b", "model": f"fake/{run_id}", "dataset_hash": "d", "prompt_hash": "p"} | changes
    run = Run(id=run_id, state="done", started_at=float(ord(run_id[0])), cost_usd=0.25, **fields)
    with Journal.create(home, run) as journal:
        for index, digit in enumerate(digits):
            tags = {"passage": f"c{index // 3}", "domain": "news" if index < len(digits) / 2 else "people"}
            sample = Sample(id=f"s{index:02}", question="?", answer_type="free", target="gold", tags=tags)
            record = Record(run_id=run_id, sample=sample, model=run.model)
            if digit == "E":
                failure = Failure(stage="gateway", kind="timeout", message="late")
                journal.append(Record(run_id=run_id, sample=sample, model=run.model, failure=failure))
                continue
            completion = Completion(
                texts=(f"{run_id} says {digit}",), finish_reasons=("stop",), model="m", latency_s=2.0
            )
            grade = Grade(outcome="correct" if digit == "1" else "wrong", value=float(digit))
            journal.append(
                Record(
                    run_id=record.run_id, sample=sample, model=run.model, completion=completion, grade=grade
                )
            )
        journal.end(run)
    fold(home)


@pytest.fixture
def home(tmp_path):
    store(tmp_path, "alpha", A)
    store(tmp_path, "beta", B)
    return tmp_path


def call(home, *arguments):
    return CliRunner().invoke(cli, ["--home", str(home), "compare", *arguments], catch_exceptions=True)


def plain(home, *arguments):
    done = call(home, *arguments, "--json")
    assert done.exception is None, done.exception
    return json.loads(done.stdout)


def test_golden_numbers_from_the_store(home):
    overall = plain(home, "alpha", "beta")["comparisons"][0]["overall"]
    assert (overall["n"], overall["difference"], overall["test"]) == (12, 0.25, "mcnemar")
    assert overall["se"] == pytest.approx(0.179435, abs=1e-6)
    assert overall["p"] == overall["p_holm"] == pytest.approx(0.375, abs=1e-6)
    assert overall["better_a"] == ["s01", "s04", "s07", "s09"]
    assert overall["bootstrap"][0] < 0.25 < overall["bootstrap"][1]


def test_golden_numbers_by_cluster(home):
    overall = plain(home, "alpha", "beta", "--cluster", "passage")["comparisons"][0]["overall"]
    assert (overall["n_clusters"], overall["p"], overall["test"]) == (4, 0.25, "sign-flip")
    assert overall["se"] == pytest.approx(0.083333, abs=1e-6)


def test_unknown_cluster_names_the_tags(home):
    error = call(home, "alpha", "beta", "--cluster", "chapter").exception
    assert isinstance(error, UsageError)
    assert error.hint == "tags: domain, passage"


def test_tasks_and_holm_over_several_runs(home):
    store(home, "gamma", "000000000000")
    result = plain(home, "alpha", "beta", "gamma")
    tasks = [task for other in result["comparisons"] for task in other["tasks"].values()]
    assert [list(other["tasks"]) for other in result["comparisons"]] == [["news", "people"]] * 2
    smallest = min(tasks, key=lambda task: task["p"])
    assert smallest["p_holm"] == pytest.approx(4 * smallest["p"])
    overall = result["comparisons"][1]["overall"]
    assert overall["p"] == pytest.approx(2 / 2**9)
    assert overall["p_holm"] == pytest.approx(4 / 2**9)


def test_the_terminal_shows_every_number_with_its_n_and_what_was_left_out(home):
    store(home, "epsilon", "1EE110110111", settings={"plan": {"sampling": {"seed": 3}}})
    done = call(home, "alpha", "epsilon", "--show-flips", "2")
    assert done.exception is None
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == "differs: sampling: None -> {'seed': 3}"
    assert "B epsilon fake/epsilon done $0.25 2 s 2 s" in lines
    assert "all tasks A 10 0.800 [0.490, 0.943] 12 none" in lines
    assert "all tasks B 10 0.800 [0.490, 0.943] 12 2 error" in lines
    assert "Ungraded samples matter: with them counted as wrong" in lines
    assert any(line.startswith("A (fake/alpha) and B (fake/epsilon): no difference shown.") for line in lines)


def test_flips_show_what_both_said(home):
    done = call(home, "alpha", "beta", "--show-flips", "2")
    assert "A and B disagree on 5 samples; the first 2:" in done.stdout
    assert (
        "  s01: A is better; gold: gold\n    A (correct): alpha says 1\n    B (wrong): beta says 0\n"
        in done.stdout
    )
    assert "s07" not in done.stdout


@pytest.mark.parametrize(
    ("changes", "digits", "reason"),
    [
        ({"dataset_hash": "x"}, A, "data set: d -> x"),
        ({"prompt_hash": "x"}, A, "prompts: p -> x"),
        ({"benchmark": "x"}, A, "benchmark: b -> x"),
        ({}, A[:6], "samples: 6 only in alpha, 0 only in other, 6 in both"),
    ],
)
def test_unlike_runs_are_refused_unless_told(home, changes, digits, reason):
    store(home, "other", digits, **changes)
    refused = call(home, "alpha", "other")
    assert isinstance(refused.exception, UsageError)
    assert reason in refused.exception.message
    assert "--allow-differences" in refused.exception.hint
    shared = plain(home, "alpha", "other", "--allow-differences")["comparisons"][0]
    assert shared["unlike"] == [reason]
    assert (shared["overall"]["n"], shared["overall"]["paired"]) == (len(digits), True)
    unpaired = plain(home, "alpha", "other", "--unpaired")["comparisons"][0]
    assert (unpaired["overall"]["paired"], unpaired["overall"]["test"]) == (False, "welch")


def test_missing_as_wrong(home):
    store(home, "other", "E" * 3 + A[3:])
    overall = plain(home, "alpha", "other", "--missing", "wrong")["comparisons"][0]["overall"]
    assert (overall["n"], overall["difference"]) == (12, pytest.approx(2 / 12))
    assert overall["b"]["excluded"] == {"error": 3}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["alpha"], "name two runs"),
        (["alpha", "alpha"], "cannot be compared with itself"),
        (["alpha", "nothing"], "no run 'nothing'"),
        (["alpha", "beta", "--unpaired", "--allow-differences"], "exclude each other"),
    ],
)
def test_wrong_use_is_one_line(home, arguments, message):
    error = call(home, *arguments).exception
    assert isinstance(error, UsageError)
    assert message in error.message
    assert error.hint


def test_a_run_without_answers_says_how_to_go_on(home):
    store(home, "zero", "")
    error = call(home, "alpha", "zero").exception
    assert (error.message, error.hint) == ("run zero has no answers yet", "llmgen eval --resume zero")


def test_the_page_is_written_with_its_command(home, tmp_path):
    page = tmp_path / "pages" / "compare.html"
    done = call(home, "alp", "beta", "--cluster", "passage", "--show-flips", "3", "--html", str(page))
    assert done.exception is None
    html = page.read_text()
    assert "fake/alpha against fake/beta on b" in html
    assert "llmgen compare alpha beta --cluster passage" in html
    assert "only 4 independent clusters" in html
    assert html.count("<details>") == 3
