"""Caps on requests, tokens and dollars hold over the whole run, however often it is resumed."""

import signal

import pytest

LONGEST_USD = (120 * 0.15 + 100 * 0.60) / 1e6  # no prompt of the sample set is longer than 120 words


def test_a_cap_on_requests_stops_and_a_higher_one_goes_on(llmgen, asked):
    stopped = llmgen.eval("--limit", "20", "--max-requests", "7")
    run_id = stopped.json["run_id"]
    assert (stopped.code, stopped.json["state"], stopped.json["exit_code"]) == (4, "budget_stopped", 4)
    assert "budget reached: 7 of 7 requests spent" in stopped.err
    assert len(asked()) == len(llmgen.records(run_id)) == 7
    again = llmgen("eval", "--resume", run_id, "--max-requests", "7")
    assert (again.code, len(asked())) == (4, 7)
    done = llmgen("eval", "--resume", run_id, "--max-requests", "20", "--json")
    assert (done.code, done.json["state"]) == (0, "done")
    assert len(asked()) == len(set(asked())) == 20


def test_a_cap_on_tokens(llmgen, emulator):
    emulator.latency_s = 0.01
    cap = 3000
    stopped = llmgen.eval("--max-total-tokens", str(cap))
    assert (stopped.code, stopped.json["state"]) == (4, "budget_stopped")
    (spent,) = llmgen.sql(
        "select sum(prompt_tokens + completion_tokens) as tokens, count(*) as n from samples"
    )
    assert spent["tokens"] <= cap
    assert spent["tokens"] > cap - 2 * 220  # it stops because the next request may not fit
    done = llmgen("eval", "--resume", stopped.json["run_id"], "--max-total-tokens", "1000000", "--json")
    assert (done.code, done.json["n"]) == (0, 96)


def test_a_cap_in_dollars_with_two_hundred_in_flight(llmgen, emulator, asked):
    emulator.latency_s = 0.1
    cap = 0.002
    stopped = llmgen.eval(
        "--max-usd", str(cap), "--max-in-flight", "200", "--repeats", "3", "--temperature", "1"
    )
    assert (stopped.code, stopped.json["state"]) == (4, "budget_stopped")
    assert cap - 2 * LONGEST_USD < stopped.json["cost_usd"] <= cap + LONGEST_USD
    assert 30 < len(asked()) < 136 * 3
    assert len(llmgen.records(stopped.json["run_id"])) == len(asked())
    assert f"of ${cap:g} spent" in stopped.err


def test_the_judge_counts_too(llmgen, asked):
    stopped = llmgen.eval("--domains", "medical", "--judge", "openai/judge", "--max-requests", "9")
    assert stopped.code == 4
    assert len(asked()) == 9
    done = llmgen("eval", "--resume", stopped.json["run_id"], "--json")
    assert (done.code, done.json["exclusions"]["error"]) == (0, 0)
    assert len(asked()) == 32  # 16 answers, 16 verdicts, none of them twice


def test_a_killed_run_remembers_what_it_has_spent(llmgen, emulator, asked):
    emulator.latency_s = 0.05
    words = ("eval", "finetunebench", "--model", "openai/gpt-4o-mini", "--max-in-flight", "2")
    child = llmgen.spawn(*words, "--run-id", "killed", "--max-requests", "40")
    llmgen.until(lambda: len(asked()) >= 15, "some answers")
    child.signal(signal.SIGKILL)
    child.wait()
    kept = len(llmgen.records("killed"))
    assert kept >= 10
    before = len(asked())
    stopped = llmgen("eval", "--resume", "killed", "--max-requests", "40", "--json")
    assert stopped.code == 4
    assert len(asked()) - before == 40 - kept


def test_a_dollar_cap_without_a_price_is_refused_before_the_first_request(llmgen, emulator):
    done = llmgen.eval("--max-usd", "1", model="openai/judge")
    assert (done.code, done.out) == (2, "")
    assert "the price of openai/judge is unknown" in done.err
    assert "--allow-unpriced" in done.err
    assert not emulator.seen
    assert llmgen.eval("--max-usd", "1", "--allow-unpriced", "--limit", "1", model="openai/judge").code == 0


def test_a_cap_in_the_settings_file_counts_and_a_flag_overrides_it(llmgen):
    llmgen.config.write_text(llmgen.config.read_text() + "[budget]\nrequests = 3\n")
    assert llmgen.eval("--limit", "5").code == 4
    assert llmgen.eval("--limit", "5", "--max-requests", "5", "--cache", "off").code == 0


@pytest.mark.parametrize("flag", ["--max-usd", "--max-requests", "--max-total-tokens"])
def test_cache_hits_are_free(llmgen, asked, flag):
    assert llmgen.eval("--limit", "6").code == 0
    n_asked = len(asked())
    again = llmgen.eval("--limit", "6", flag, "0.000001" if flag == "--max-usd" else "1")
    assert (again.code, again.json["cost_usd"], len(asked())) == (0, 0.0, n_asked)
