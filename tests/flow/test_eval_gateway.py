"""Flags that say who is asked and how: cache, recordings, several servers, routes, rates, base and judge."""

import json
import time

import pytest

from llmgen.gateway.emulator.faults import Fault
from llmgen.gateway.emulator.plan import always
from llmgen.gateway.emulator.running import running

TABLE = ("eval", "finetunebench", "--domains", "people", "--splits", "memorization,rephrased")


def test_a_second_run_is_answered_from_the_cache(llmgen, asked):
    first = llmgen.eval("--limit", "10", "--repeats", "2").json
    n_asked = len(asked())
    second = llmgen.eval("--limit", "10", "--repeats", "2")
    assert len(asked()) == n_asked == 20
    assert second.json["run_id"] != first["run_id"]
    assert (second.json["cost_usd"], second.json["mean"]) == (0.0, first["mean"])
    (row,) = llmgen.sql(
        f"select sum(saved_usd) as saved, bool_and(cached) as cached from samples"
        f" where run_id = '{second.json['run_id']}'"
    )
    assert (row["saved"], row["cached"]) == (pytest.approx(first["cost_usd"]), True)


def test_cache_modes(llmgen, asked):
    def n_asked(mode, *words):
        before = len(asked())
        done = llmgen.eval("--limit", "6", "--cache", mode, *words)
        return len(asked()) - before, done.code, done.json["exclusions"]["error"]

    assert n_asked("only") == (0, 3, 6)
    assert n_asked("off") == (6, 0, 0)
    assert n_asked("r") == (6, 0, 0)
    assert n_asked("only") == (0, 3, 6)  # neither off nor r has written
    assert n_asked("w") == (6, 0, 0)
    assert n_asked("only") == (0, 0, 0)
    assert n_asked("w") == (6, 0, 0)  # w does not read
    assert n_asked("rw") == (0, 0, 0)
    assert n_asked("rw", "--seed", "5") == (6, 0, 0)
    (kind,) = llmgen.sql("select distinct stage, kind from failures")
    assert kind == {"stage": "gateway", "kind": "cache_miss"}


def test_a_recording_replays_without_key_or_server(llmgen, emulator, asked):
    emulator.plan = lambda seen: Fault(name="content_filter") if seen.index % 5 == 0 else None
    live = llmgen.eval("--limit", "12", "--record", "run.jsonl")
    n_asked = len(asked())
    del llmgen.env["OPENAI_API_KEY"]
    (llmgen.home / "cache.sqlite").unlink()
    replayed = llmgen.eval("--limit", "12", "--recording", "run.jsonl", model="replay/gpt-4o-mini")
    assert replayed.code == 0
    assert replayed.numbers == live.numbers
    assert len(asked()) == n_asked
    more = llmgen.eval("--limit", "13", "--recording", "run.jsonl", model="replay/gpt-4o-mini")
    assert (more.code, more.json["exclusions"]["error"]) == (3, 1)
    assert llmgen.sql("select kind from failures") == [{"kind": "replay_miss"}]


def test_two_base_urls_are_balanced(llmgen, emulator, asked):
    with running() as other:
        other.latency_s = emulator.latency_s = 0.03
        urls = ("--base-url", emulator.url("vllm"), "--base-url", other.url("vllm"))
        emulator.served = ()
        done = llmgen.eval(*urls, "--max-in-flight", "8", model="vllm/emulated-model")
        here, there = len(asked()), sum(seen.method == "POST" for seen in other.seen)
    assert (done.code, here + there) == (0, 136)
    assert min(here, there) > 40
    rows = llmgen.sql("select endpoint, count(*) as n from samples group by 1")
    assert sorted(row["n"] for row in rows) == sorted([here, there])


def test_a_route_fails_over(llmgen, emulator):
    llmgen.config.write_text(
        llmgen.config.read_text() + '[routes.pair]\nmembers = ["openai/gpt-4o-mini", "vllm/gpt-4o"]\n'
    )
    emulator.plan = lambda seen: Fault(name="503") if seen.path.startswith("/openai") else None
    done = llmgen.eval("--limit", "15", model="pair")
    assert (done.code, done.json["exclusions"]["error"]) == (0, 0)
    rows = llmgen.sql("select distinct endpoint, served_model from samples")
    assert [row["served_model"] for row in rows] == ["gpt-4o"]
    assert rows[0]["endpoint"].startswith("vllm:")


def test_a_rate_of_requests_is_kept(llmgen, emulator, asked):
    emulator.limit(rpm=600, burst=3)
    start = time.monotonic()
    done = llmgen.eval("--limit", "25", "--rpm", "600")
    took = time.monotonic() - start
    assert (done.code, len(asked())) == (0, 25)
    assert emulator.statuses[429] == 0
    assert took >= (25 - 3) / 10


def test_a_parameter_that_a_vendor_refuses(llmgen, emulator, asked):
    emulator.served = ("o3-mini",)
    done = llmgen.eval("--limit", "2", model="openai/o3-mini")
    assert (done.code, done.out, asked()) == (2, "", [])
    assert "temperature" in done.err
    assert "--drop-unsupported" in done.err
    dropped = llmgen.eval("--limit", "2", "--drop-unsupported", model="openai/o3-mini")
    assert dropped.code == 0
    body = next(seen.body for seen in emulator.seen if seen.method == "POST")
    assert "temperature" not in body
    record = next(line["record"] for line in llmgen.journal(dropped.json["run_id"]) if line["t"] == "record")
    assert "temperature" in record["completion"]["dropped"]


@pytest.fixture
def knows(llmgen):
    """`knows(name, share)`: a model that has the right answer to that share of the trained prompts."""
    llmgen("eval", "finetunebench", "--model", "fake/echo", "--run-id", "all", "--json")
    samples = llmgen.sql(
        "select prompt, target, sample_id from samples where sample_id like 'people/%' order by 3"
    )

    def build(name, n_facts):
        people = [row for row in samples if row["sample_id"].startswith("people/memorization/")]
        known = {row["sample_id"].removeprefix("people/memorization/") for row in people[:n_facts]}
        answers = {
            row["prompt"]: row["target"]
            for row in samples
            if row["sample_id"].partition("/")[2].partition("/")[2] in known
        }
        file = llmgen.folder / f"{name}.json"
        file.write_text(json.dumps({**answers, "*": "no idea"}))
        return f"fake/table?table={file}"

    return build


def test_strata_by_the_base_model(llmgen, knows):
    base, tuned = knows("base", 9), knows("tuned", 20)
    done = llmgen(*TABLE, "--model", tuned, "--base", base, "--json")
    assert done.code == 0
    strata = done.json["metrics"]["strata"]
    assert (strata["known"]["n_facts"], strata["unknown"]["n_facts"]) == (9, 15)
    base_run = done.json["base_run"]
    (row,) = llmgen.sql(f"select model, base_run from runs where run_id = '{base_run}'")
    assert row == {"model": base, "base_run": None}
    paired = done.json["metrics"]["paired"]["fictional_people_memorization"]
    assert (paired["gain"], paired["gained"], paired["lost"]) == (pytest.approx(11 / 24, abs=1e-4), 11, 0)
    again = llmgen(*TABLE, "--model", tuned, "--base", base_run, "--json")
    assert again.json["base_run"] == base_run
    assert again.json["metrics"]["strata"] == strata
    assert len(llmgen("runs", "list", "--json").json) == 4


def test_a_base_run_that_was_asked_something_else(llmgen):
    llmgen("eval", "finetunebench", "--model", "fake/echo", "--domains", "news", "--run-id", "news")
    done = llmgen("eval", "finetunebench", "--model", "fake/echo", "--domains", "people", "--base", "news")
    assert (done.code, done.out) == (2, "")
    assert "run news cannot be the base: its dataset_hash differs" in done.err


def test_a_base_model_that_fails_ends_the_call_with_its_own_code(llmgen, emulator, asked):
    emulator.plan = lambda seen: Fault(name="bad_key") if seen.index > 5 else None
    words = ("--limit", "8", "--base", "openai/gpt-4o", "--max-in-flight", "1")
    done = llmgen.eval(*words)
    assert (done.code, done.json["model"]) == (2, "openai/gpt-4o")
    base_run = done.json["run_id"]
    assert f"go on with --base {base_run}" in done.err
    emulator.plan = lambda _: None
    assert llmgen.follow(done.err).code == 0
    done = llmgen.eval("--limit", "8", "--base", base_run)
    assert (done.code, done.json["base_run"]) == (0, base_run)
    assert len(asked()) <= 17


def test_a_judge_grades_what_no_rule_can(llmgen, emulator):
    llmgen.config.write_text('judge = "openai/judge"\n' + llmgen.config.read_text())
    emulator.reply_text = "Correct"
    done = llmgen.eval("--domains", "medical")
    assert (done.code, done.json["n_graded"], done.json["mean"]) == (0, 16, 1.0)
    emulator.reply_text = "I would say Correct."
    done = llmgen.eval("--domains", "medical", "--judge", "openai/judge", "--cache", "off")
    assert (done.code, done.json["n_graded"], done.json["exclusions"]["unparsed"]) == (0, 0, 16)


def test_a_judge_in_the_settings_is_part_of_the_run(llmgen, emulator):
    emulator.plan = always("bad_key")
    run_id = llmgen.eval("--domains", "medical").json["run_id"]
    emulator.plan = lambda _: None
    text = llmgen.config.read_text()
    llmgen.config.write_text('judge = "openai/judge"\n' + text)
    done = llmgen("eval", "--resume", run_id, "--json")
    assert (done.code, done.json["exclusions"]["unparsed"]) == (0, 16)
    other = llmgen.eval("--domains", "medical", "--resume", run_id)
    assert other.code == 2
    assert "judge: None -> 'openai/judge'" in other.err
