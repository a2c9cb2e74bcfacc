"""Servers that fail: an error is never a wrong answer, and what can be mended is said in one line."""

import signal
import socket
import zlib
from collections import Counter

import pytest

from llmgen.gateway.emulator.faults import Fault
from llmgen.gateway.emulator.plan import always, rates, script


def on_prompts(*names):
    """Every prompt meets one of `names` for ever, by its hash; None is a good answer."""

    def plan(seen):
        if seen.method != "POST":
            return None
        name = names[zlib.crc32(seen.body["messages"][-1]["content"].encode()) % len(names)]
        return None if name is None else Fault(name=name)

    return plan


def test_401_in_the_middle_stops_at_once_and_a_good_key_completes(llmgen, emulator, asked):
    emulator.latency_s = 0.02
    emulator.plan = lambda seen: Fault(name="bad_key") if seen.index > 30 else None
    done = llmgen.eval("--max-in-flight", "4")
    assert (done.code, done.json["state"]) == (2, "interrupted")
    assert "Incorrect API key" in done.err
    assert len(asked()) <= 30 + 4
    kept = len(llmgen.records(done.json["run_id"]))
    assert 25 <= kept <= 30
    assert done.json["exclusions"]["error"] == 0
    emulator.plan = lambda _: None
    n_asked = len(asked())
    resumed = llmgen.follow(done.err)
    assert (resumed.code, resumed.json["state"]) == (0, "done")
    assert len(asked()) - n_asked == 136 - kept


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("quota", "exceeded your current quota"),
        ("forbidden", "not allowed"),
        ("model_not_found", "not exist"),
    ],
)
def test_what_every_request_would_meet_stops_the_run(llmgen, emulator, asked, fault, said):
    emulator.plan = always(fault)
    done = llmgen.eval("--max-in-flight", "3")
    assert done.code == 2
    assert said in done.err
    assert len(asked()) <= 3
    assert llmgen.records(done.json["run_id"]) == []


def test_thirty_per_cent_of_500s_lose_nothing(llmgen, emulator):
    emulator.plan = rates({"500": 0.15, "502": 0.05, "503": 0.1}, seed=5)
    done = llmgen.eval()
    emulator.plan = lambda _: None
    assert (done.code, done.json["state"]) == (0, "done")
    assert done.numbers == llmgen.eval("--cache", "off").numbers
    assert emulator.statuses[500] > 5


def test_faults_of_the_wire_lose_nothing(llmgen, emulator):
    shares = {"reset_before": 0.05, "reset_during": 0.05, "truncated_body": 0.05, "half_chunk": 0.05}
    emulator.plan = rates(shares, seed=2)
    done = llmgen.eval("--limit", "60")
    assert (done.code, done.json["exclusions"]["error"]) == (0, 0)


@pytest.mark.parametrize(("max_tokens", "cut"), [(3, True), (100, False)])
def test_refused_truncated_and_empty_answers_are_never_wrong(llmgen, emulator, max_tokens, cut):
    names = (None, None, "content_filter", "refusal", "null_content", "context_too_long", "html")
    emulator.plan, emulator.reply_text = on_prompts(*names), "17 " * 90
    words = ("--domains", "news,people", "--splits", "memorization", "--max-tokens", str(max_tokens))
    done = llmgen.eval(*words)
    assert done.code == 3
    requests = {seen.body["messages"][-1]["content"]: seen for seen in emulator.seen if seen.body}
    fates = [emulator.plan(seen) for seen in requests.values()]
    fate = Counter(fault.name if fault else None for fault in fates)
    assert (len(fates), min(fate[name] for name in names) > 0) == (32, True)
    expected = {
        "error": fate["context_too_long"] + fate["html"],
        "refused": fate["content_filter"] + fate["refusal"],
        "truncated": fate[None] + fate["null_content"] if cut else 0,
        "unparsed": 0 if cut else fate["null_content"],
    }
    assert done.json["exclusions"] == expected
    n_graded = 32 - sum(expected.values())
    assert (done.json["n"], done.json["n_graded"]) == (32, n_graded)
    assert done.json["mean"] == (None if cut else 0.0)
    rows = llmgen.sql("select outcome, value, reason from scores")
    assert sum(row["value"] is not None for row in rows) == n_graded
    empty = {"reasoning_exhausted"} if cut else {"empty"}
    assert {row["reason"] for row in rows if row["outcome"] in {"truncated", "unparsed"}} - {
        "length"
    } == empty


def test_failures_are_rows_with_their_kind(llmgen, emulator):
    emulator.plan = on_prompts("context_too_long", "html", "no_choices", "error_in_200")
    done = llmgen.eval("--domains", "news")
    assert done.code == 3
    kinds = {
        row["kind"]: row
        for row in llmgen.sql("select kind, any_value(message) as m from failures group by 1")
    }
    assert set(kinds) == {"context_length", "malformed", "unavailable"}
    assert done.json["n_graded"] == 0
    assert done.json["exclusions"]["error"] == 24
    assert "resume with: llmgen eval --resume" in done.err


def test_an_error_in_a_200_is_retried_as_the_error_that_it_is(llmgen, emulator):
    emulator.served = ()
    emulator.plan = rates({"error_in_200": 0.2, "error_in_choice": 0.2}, seed=1)
    done = llmgen.eval("--limit", "40", model="openrouter/emulated-model")
    assert (done.code, done.json["exclusions"]["error"]) == (0, 0)
    (row,) = llmgen.sql("select max(attempts) as attempts from samples")
    assert row["attempts"] > 1


def test_refused_inputs_from_the_first_on_stop_the_run(llmgen, emulator, asked):
    emulator.plan = always("400")
    done = llmgen.eval("--max-in-flight", "1")
    assert done.code == 2
    assert "refused the first 20 requests" in done.err
    assert len(asked()) == 20


def test_a_server_that_talks_nonsense(llmgen, emulator):
    emulator.plan = always("html")
    done = llmgen.eval("--limit", "8", model="vllm/gpt-4o-mini")
    assert (done.code, done.json["n_graded"], done.json["exclusions"]["error"]) == (3, 0, 8)
    assert done.json["mean"] is None


def test_a_server_that_speaks_no_http(llmgen):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        child = llmgen.spawn("eval", "finetunebench", "--model", "vllm/x", "--base-url", url)
        connection, _ = server.accept()
        connection.sendall(b"220 smtp.example ESMTP\r\n")
        connection.close()
        server.settimeout(5)
        done = child.wait(60)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: vllm:{url}: ")
    assert done.err.count("\n") == 1


def test_nobody_listens(llmgen):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    done = llmgen.eval("--base-url", f"http://127.0.0.1:{port}/v1", model="vllm/x")
    assert (done.code, done.out) == (2, "")
    assert f"cannot connect to 127.0.0.1:{port}" in done.err
    assert "start the server, or check base_url" in done.err
    assert done.err.count("\n") == 1
    assert not list(llmgen.home.glob("journal/*.jsonl"))


def test_a_name_that_does_not_resolve(llmgen):
    done = llmgen.eval("--base-url", "http://nowhere.invalid/v1", model="vllm/x")
    assert (done.code, done.out) == (2, "")
    assert "nowhere.invalid" in done.err
    assert done.err.count("\n") == 1


def test_a_server_that_dies_stops_the_run_which_goes_on_when_it_is_back(llmgen, emulator):
    llmgen.config.write_text(llmgen.config.read_text().replace("give_up_s = 20.0", "give_up_s = 1.0"))
    emulator.plan = lambda seen: Fault(name="503") if seen.index > 25 else None
    done = llmgen.eval("--max-in-flight", "4")
    assert (done.code, done.json["state"]) == (3, "interrupted")
    assert "openai/gpt-4o-mini gave no answer for too long" in done.err
    emulator.plan = lambda _: None
    resumed = llmgen.follow(done.err)
    assert (resumed.code, resumed.json["exclusions"]["error"]) == (0, 0)
    assert len(set(llmgen.records(done.json["run_id"]))) == 136


def test_a_pause_too_long_to_wait_for_stops_the_run(llmgen, emulator):
    emulator.plan = script(None, *[Fault(name="429", headers={"retry-after": "1e9"})] * 50)
    done = llmgen.eval("--max-in-flight", "1")
    assert (done.code, done.json["state"]) == (3, "interrupted")
    assert "asks to pause for" in done.err
    assert len(llmgen.records(done.json["run_id"])) == 1


@pytest.mark.parametrize("after", [None, "-1", "abc", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_odd_retry_afters_lose_nothing(llmgen, emulator, after):
    headers = {} if after is None else {"retry-after": after}
    emulator.plan = script(None, None, Fault(name="429", headers=headers))
    done = llmgen.eval("--limit", "12", "--max-in-flight", "2")
    assert (done.code, done.json["exclusions"]["error"]) == (0, 0)


def test_an_interrupt_outranks_a_refused_key(llmgen, emulator, asked):
    emulator.latency_s = 0.5
    emulator.plan = lambda seen: Fault(name="bad_key") if seen.index > 4 else None
    words = ("eval", "finetunebench", "--model", "openai/gpt-4o-mini", "--max-in-flight", "2", "--json")
    child = llmgen.spawn(*words)
    llmgen.until(lambda: len(asked()) > 4, "the request that is refused")
    child.signal(signal.SIGINT)
    done = child.wait()
    assert (done.code, done.json["exit_code"]) == (130, 130)


def test_a_judge_that_fails_is_an_error_and_no_wrong_answer(llmgen, emulator):
    emulator.plan = lambda seen: Fault(name="html") if seen.body.get("model") == "judge" else None
    done = llmgen.eval("--domains", "medical", "--judge", "openai/judge")
    assert (done.code, done.json["state"]) == (3, "failed_samples")
    assert done.json["exclusions"] == {"error": 16, "refused": 0, "truncated": 0, "unparsed": 0}
    assert (done.json["n_graded"], done.json["mean"]) == (0, None)
    stages = llmgen.sql("select distinct stage, kind from failures")
    assert stages == [{"stage": "grade", "kind": "malformed"}]
    emulator.plan = lambda _: None
    resumed = llmgen.follow(done.err)
    assert (resumed.code, resumed.json["exclusions"]["error"]) == (0, 0)


def test_a_judge_without_a_key_stops_the_run(llmgen, emulator):
    emulator.plan = lambda seen: Fault(name="bad_key") if seen.body.get("model") == "judge" else None
    done = llmgen.eval("--domains", "medical", "--judge", "openai/judge")
    assert done.code == 2
    assert "openai/judge" in done.err
    assert llmgen.records(done.json["run_id"]) == []
