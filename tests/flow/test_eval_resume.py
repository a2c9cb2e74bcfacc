"""Runs that were killed go on: nothing stored is asked twice, nothing is lost, the numbers are the same."""

import random
import shutil
import signal
import zlib

import pytest

from llmgen.gateway.emulator.faults import Fault

WORDS = ("eval", "finetunebench", "--model", "openai/gpt-4o-mini", "--cache", "off", "--max-in-flight", "4")
SPOILT = (None, None, None, None, "content_filter", "refusal", "null_content", "context_too_long")


def by_prompt(seen):
    """The same prompt always meets the same fate, so that two runs can be compared."""
    prompt = seen.body["messages"][-1]["content"] if seen.method == "POST" else ""
    name = SPOILT[zlib.crc32(prompt.encode()) % len(SPOILT)]
    return None if name is None else Fault(name=name)


@pytest.fixture
def undisturbed(llmgen, emulator, asked):
    """The numbers of a run that nobody disturbs."""
    emulator.plan, emulator.reply_text = by_prompt, "Yes"
    done = llmgen(*WORDS, "--json")
    assert done.code == 3  # some prompts are too long
    assert done.json["metrics"]["files"]["fictional_people_secondary"]["n_correct"] > 0
    assert len(asked()) == 136
    emulator.seen.clear()
    return done.numbers


def prompts(llmgen, run_id):
    """The prompts of the answers in a journal that count: failures are to be asked again."""
    records = [line["record"] for line in llmgen.journal(run_id) if line["t"] == "record"]
    return [record["prompt"][0]["content"] for record in records if "failure" not in record]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_random_moments_it_ends_with_the_same_numbers(llmgen, emulator, asked, undisturbed, seed):
    rng = random.Random(seed)
    emulator.latency_s = 0.005
    kept, killed = [], 0
    for moment in [rng.randrange(1, 30) for _ in range(4)]:
        words = ("--resume", "drill") if killed else ("--run-id", "drill")
        child = llmgen.spawn(*WORDS, *words, "--json")
        llmgen.until(
            lambda moment=moment, child=child: len(asked()) >= moment or child.process.poll() is not None,
            "some answers",
        )
        child.signal(signal.SIGKILL)
        killed += child.wait().code == -signal.SIGKILL
        kept = prompts(llmgen, "drill")
        emulator.seen.clear()
    assert killed == 4
    done = llmgen("eval", "--resume", "drill", "--json")
    assert done.code == 3
    assert set(asked()).isdisjoint(kept), "a stored answer was asked for again"
    assert done.numbers == undisturbed
    good = prompts(llmgen, "drill")
    assert len(good) == len(set(good))
    rows = llmgen.sql("select sample_id, count(*) as n from scores where run_id = 'drill' group by all")
    assert len(rows) == 136
    assert {row["n"] for row in rows} == {1}


def test_a_run_killed_before_anything_was_folded_is_found_by_resume_alone(llmgen, emulator, asked):
    emulator.latency_s = 0.05
    child = llmgen.spawn(*WORDS, "--run-id", "early")
    llmgen.until(lambda: llmgen.home.exists() and len(asked()) > 8, "some answers")
    child.signal(signal.SIGKILL)
    child.wait()
    assert not (llmgen.home / "results.duckdb").exists()
    emulator.latency_s = 0.0
    done = llmgen("eval", "--resume", "--json")
    assert (done.code, done.json["run_id"], done.json["n"]) == (0, "early", 96)


def test_resume_after_the_benchmark_with_the_same_flags(llmgen, emulator):
    emulator.plan = by_prompt
    run_id = llmgen.eval("--limit", "20").json["run_id"]
    emulator.plan = lambda _: None
    done = llmgen.eval("--limit", "20", "--resume")
    assert (done.code, done.json["run_id"]) == (0, run_id)
    assert done.json["exclusions"]["error"] == 0


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--limit", "21"), "limit: 20 -> 21"),
        (("--limit", "20", "--seed", "9"), "sampling.seed: None -> 9"),
        (("--limit", "20", "--domains", "people"), "options.domains: ['news', 'people'] -> ['people']"),
        (("--limit", "20", "--cache", "off"), "cache: 'rw' -> 'off'"),
    ],
)
def test_resume_with_other_flags_names_what_differs(llmgen, emulator, asked, words, named):
    emulator.plan = by_prompt
    base = {"--domains": "news,people"}
    run_id = llmgen.eval("--limit", "20", "--domains", base["--domains"]).json["run_id"]
    n_asked = len(asked())
    words = words if "--domains" in words else ("--domains", base["--domains"], *words)
    done = llmgen.eval("--resume", run_id, *words)
    assert (done.code, done.out) == (2, "")
    assert f"({named})" in done.err
    assert "--resume alone" in done.err
    assert len(asked()) == n_asked


def test_flags_beside_resume_without_a_model_are_not_ignored(llmgen, emulator):
    emulator.plan = by_prompt
    llmgen.eval("--limit", "20")
    done = llmgen("eval", "finetunebench", "--resume", "--limit", "5", "--judge", "openai/judge")
    assert done.code == 2
    assert "--judge, --limit: a resumed run keeps its own settings" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("eval", "--resume"), "no unfinished run"),
        (("eval", "--resume", "nobody"), "no run 'nobody'"),
        (("eval", "finetunebench", "--resume", "x", "--run-id", "y"), "--run-id is for a new run"),
        (("eval", "finetunebench", "--resume", "x", "--dry-run"), "--dry-run is for a new run"),
        (("eval", "finetunebench", "--model", "fake/echo", "--retry", "refused"), "--retry is for --resume"),
        (("eval", "--max-usd", "1", "finetunebench", "--model", "fake/echo"), "--max-usd: write it after"),
    ],
)
def test_resume_that_makes_no_sense(llmgen, words, said):
    done = llmgen(*words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1


def test_failures_are_asked_again_and_other_outcomes_only_on_request(llmgen, emulator, asked):
    emulator.plan = by_prompt
    first = llmgen.eval("--cache", "off")
    run_id, before = first.json["run_id"], first.json["exclusions"]
    assert before["error"] > 0
    assert before["refused"] > 0
    emulator.plan = lambda _: None
    emulator.seen.clear()
    second = llmgen("eval", "--resume", run_id, "--json")
    assert len(asked()) == before["error"]
    assert second.json["exclusions"] == {
        **second.json["exclusions"],
        "error": 0,
        "refused": before["refused"],
    }
    emulator.seen.clear()
    third = llmgen("eval", "--resume", run_id, "--retry", "refused", "--json")
    assert len(asked()) == before["refused"]
    assert third.json["exclusions"]["refused"] == 0
    assert third.json["state"] == "done"


def test_a_finished_run_resumes_to_its_numbers_without_a_request(llmgen, emulator):
    first = llmgen.eval("--limit", "6")
    emulator.seen.clear()
    again = llmgen("eval", "--resume", first.json["run_id"], "--json")
    assert (again.code, again.numbers) == (0, first.numbers)
    assert not emulator.seen


def test_the_data_changed_since(llmgen, emulator, root):
    data = llmgen.folder / "data"
    shutil.copytree(root / "datasets" / "finetunebench" / "sample", data)
    emulator.plan = by_prompt
    run_id = llmgen.eval("--data", "data").json["run_id"]
    file = data / "latest_news" / "latest_news_memorization.csv"
    file.write_text(file.read_text().replace("19 years", "20 years"))
    done = llmgen("eval", "--resume", run_id)
    assert done.code == 2
    assert f"run {run_id} cannot go on: dataset_hash changed since it started" in done.err


def test_the_same_run_resumed_twice_at_once(llmgen, emulator, asked):
    emulator.latency_s = 0.3
    first = llmgen.spawn(*WORDS, "--run-id", "twice", "--json")
    llmgen.until(lambda: len(asked()) > 4, "some answers")
    second = llmgen("eval", "--resume", "twice")
    assert (second.code, second.out) == (2, "")
    assert f"run twice is being written by process {first.process.pid}" in second.err
    emulator.latency_s = 0.0
    assert first.wait().code == 0
    assert len(llmgen.records("twice")) == len(asked()) == 136


def test_a_run_that_grades_another_one_again_is_not_resumed(llmgen):
    parent = llmgen.eval("--limit", "2").json["run_id"]
    child = llmgen("rescore", parent, "--set", "scorer=notebook", "--json").json["run_id"]
    done = llmgen("eval", "--resume", child)
    assert done.code == 2
    assert f"resume {parent}" in done.err


def test_a_plan_of_another_version_is_no_crash(llmgen, emulator):
    emulator.plan = by_prompt
    run_id = llmgen.eval("--limit", "20").json["run_id"]
    path = llmgen.home / "journal" / f"{run_id}.jsonl"
    path.write_text(path.read_text().replace('"plan":{', '"plan":{"hologram":true,'))
    (llmgen.home / "results.duckdb").unlink()
    done = llmgen("eval", "--resume", run_id)
    assert done.code == 2
    assert f"the settings of run {run_id} cannot be read" in done.err
    assert "hologram" in done.err
