"""What one finished `llmgen eval` says: one JSON document or one table, a report, rows that agree."""

import re
from pathlib import Path

import pytest


def test_json_is_the_only_thing_on_stdout(llmgen):
    done = llmgen.run("eval", "finetunebench", "--model", "openai/gpt-4o-mini", "--limit", "12", "--json")
    assert done.code == 0
    assert done.out.count("\n") == 1
    summary = done.json
    assert {"run_id", "benchmark", "model", "metrics", "exclusions"} <= set(summary)
    assert (summary["benchmark"], summary["model"], summary["state"]) == (
        "finetunebench",
        "openai/gpt-4o-mini",
        "done",
    )
    files = summary["metrics"]["files"]
    assert {"latest_news_memorization", "latest_news_rephrased"} <= set(files)
    assert {"n", "exact", "notebook", "normalised"} <= set(files["latest_news_memorization"])
    assert {"memorization", "generalization"} <= set(summary["metrics"])
    assert set(summary["exclusions"]) == {"error", "refused", "truncated", "unparsed"}


def test_the_table_has_n_accuracy_interval_and_exclusions(llmgen):
    done = llmgen("eval", "finetunebench", "--model", "fake/fixed?text=Yes")
    assert done.code == 0
    header = next(line for line in done.out.splitlines() if "accuracy" in line)
    assert {"n", "graded", "accuracy", "excluded"} <= set(header.split())
    assert "95 % interval" in header
    line = next(line for line in done.out.splitlines() if line.startswith("fake/fixed?text=Yes on"))
    said = re.search(r": (\S+) \[(\S+), (\S+)\] over (\d+) of (\d+) samples; excluded: (\d+) unparsed", line)
    mean, low, high = map(float, said.groups()[:3])
    assert 0 <= low <= mean <= high <= 1
    assert (said[4], said[5], said[6]) == ("80", "96", "16")


def test_the_report_that_is_named_exists_and_is_about_this_run(llmgen):
    done = llmgen.eval("--limit", "2")
    page = Path(done.json["report"]).read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert done.json["run_id"] in page


def test_headline_json_and_leaderboard_agree(llmgen, emulator):
    emulator.reply_text = "Yes"
    summary = llmgen.eval().json
    (row,) = llmgen.sql("select n, n_graded, mean, ci_low, ci_high, n_unparsed from leaderboard")
    for field in ("n", "n_graded", "mean", "ci_low", "ci_high"):
        assert row[field] == pytest.approx(summary[field], abs=1e-6), field


def test_the_cost_is_the_same_everywhere(llmgen, asked):
    llmgen.config.write_text(
        llmgen.config.read_text() + '[prices."openai/judge"]\ninput = 1.0\noutput = 2.0\n'
    )
    summary = llmgen.eval("--domains", "medical,coding", "--judge", "openai/judge").json
    (run,) = llmgen.sql("select cost_usd from runs")
    spend = {row["model"]: row for row in llmgen.sql("select * from spend")}
    assert set(spend) == {"gpt-4o-mini", "judge"}
    assert sum(row["requests"] for row in spend.values()) == len(asked()) == 32 + 16
    assert run["cost_usd"] == pytest.approx(summary["cost_usd"])
    assert sum(row["usd"] for row in spend.values()) == pytest.approx(summary["cost_usd"])
    (tokens,) = llmgen.sql("select sum(cost_usd) as usd from samples")
    assert tokens["usd"] == pytest.approx(spend["gpt-4o-mini"]["usd"])
    judge = [line["spend"] for line in llmgen.journal(summary["run_id"]) if line["t"] == "spend"]
    paid = sum(s["prompt_tokens"] + 2 * s["completion_tokens"] for s in judge if s["model"] == "judge") / 1e6
    assert spend["judge"]["usd"] == pytest.approx(paid)


def test_an_unknown_price_makes_the_cost_unknown_not_zero(llmgen):
    summary = llmgen.eval("--domains", "medical", "--judge", "openai/judge").json
    assert summary["cost_usd"] is None
    assert llmgen.sql("select usd from spend where model = 'judge'") == [{"usd": None}]


def test_dry_run_sends_nothing_and_prints_prompts_and_an_estimate(llmgen, emulator):
    done = llmgen("eval", "finetunebench", "--model", "openai/gpt-4o-mini", "--limit", "3", "--dry-run")
    assert done.code == 0
    assert emulator.n_requests == 0
    assert done.out.count("\n[user] ") == 3
    assert "tidal clock of Ostmere" in done.out
    assert re.search(r"3 requests to .*, at most about \d+ tokens; cost: at most \$0\.\d+", done.out)
    assert list(llmgen.home.rglob("*.jsonl")) == []
    plain = llmgen.eval("--dry-run", "--limit", "50", "--repeats", "2").json
    assert (plain["requests"], len(plain["prompts"])) == (100, 20)
    assert plain["tokens"] > 100 * 100  # the longest answers are in it
    assert plain["usd"] == pytest.approx(plain["tokens"] / 1e6 * 0.6, rel=0.5)
    assert emulator.n_requests == 0


def test_dry_run_of_an_unpriced_model_says_that_the_cost_is_unknown(llmgen):
    plain = llmgen.eval("--dry-run", "--limit", "2", model="openai/judge").json
    assert plain["usd"] is None
    done = llmgen("eval", "finetunebench", "--model", "openai/judge", "--limit", "2", "--dry-run")
    assert "cost: unknown" in done.out


def test_limit_and_repeats_are_what_is_asked(llmgen, asked):
    summary = llmgen.eval("--limit", "5", "--repeats", "3", "--temperature", "0.7", "--seed", "7").json
    assert len(asked()) == 15
    assert len(set(asked())) == 5
    assert (summary["n"], summary["metrics"]["files"]["latest_news_memorization"]["n"]) == (5, 5)
    rows = llmgen.sql("select count(*) as answers, count(distinct sample_id) as samples from scores")
    assert rows == [{"answers": 15, "samples": 5}]


def test_sampling_flags_reach_the_vendor(llmgen, emulator):
    words = ("--temperature", "0.3", "--top-p", "0.9", "--max-tokens", "11", "--seed", "5")
    assert llmgen.eval("--limit", "1", *words).code == 0
    body = next(seen.body for seen in emulator.seen if seen.method == "POST")
    assert (body["temperature"], body["top_p"], body["max_tokens"], body["seed"]) == (0.3, 0.9, 11, 5)


def test_a_run_id_is_used_and_cannot_be_used_twice(llmgen, asked):
    assert llmgen.eval("--limit", "1", "--run-id", "mine").json["run_id"] == "mine"
    n_asked = len(asked())
    again = llmgen.eval("--limit", "1", "--run-id", "mine", "--cache", "off")
    assert (again.code, again.out) == (2, "")
    assert "run mine exists already" in again.err
    assert "--resume mine" in again.err
    assert len(asked()) == n_asked


def test_a_run_id_that_is_no_file_name_is_refused(llmgen, emulator):
    done = llmgen.eval("--limit", "1", "--run-id", "../mine")
    assert done.code == 2
    assert "'../mine' cannot be a run id" in done.err
    assert not list(llmgen.folder.rglob("mine*"))
    assert not [seen for seen in emulator.seen if seen.method == "POST"]


def test_the_model_and_the_options_are_stored_with_the_run(llmgen):
    run_id = llmgen.eval("--limit", "2", "--domains", "news,people", "--seed", "3").json["run_id"]
    run = llmgen("runs", "show", run_id, "--json").json
    plan = run["settings"]["plan"]
    assert (plan["model"], plan["limit"]) == ("openai/gpt-4o-mini", 2)
    assert plan["options"] == {"domains": ["news", "people"]}
    assert run["settings"]["sampling"]["seed"] == 3
