"""Ctrl-C and SIGTERM: what is in flight is kept, the run is saved, the command that goes on is printed."""

import json
import os
import signal
import socket
import subprocess
import time

import pytest

from llmgen.gateway.emulator.faults import Fault
from llmgen.gateway.emulator.plan import always, script

WORDS = ("eval", "finetunebench", "--model", "openai/gpt-4o-mini", "--limit", "20", "--max-in-flight", "4")
PROMPT_S = 25.0  # below the 30 s that answers in flight are given, and below every wait here


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_answers_in_flight_are_kept_and_the_printed_command_goes_on(llmgen, emulator, asked, number):
    emulator.latency_s = 0.4
    child = llmgen.spawn(*WORDS, "--json")
    llmgen.until(lambda: len(asked()) > 4, "the second round")
    child.signal(number)
    stopped = child.wait()
    n_asked = len(asked())
    assert stopped.code == 130
    assert "stopping: answers in flight are awaited and kept" in stopped.err
    summary = json.loads(stopped.out)
    assert (summary["state"], summary["exit_code"]) == ("interrupted", 130)
    assert len(llmgen.records(summary["run_id"])) == n_asked < 20
    emulator.latency_s = 0.0
    done = llmgen.follow(stopped.err)
    assert (done.code, done.json["run_id"], done.json["state"]) == (0, summary["run_id"], "done")
    assert len(asked()) == 20


def test_a_run_whose_messages_nobody_reads_can_be_stopped(llmgen, emulator, asked):
    emulator.latency_s = 0.4
    env = {**os.environ, **llmgen.env, "PYTHONUNBUFFERED": "1"}
    env.pop("LLMGEN_HOME", None)
    with subprocess.Popen(
        [llmgen.program, *WORDS, "--run-id", "unread"], cwd=llmgen.folder, env=env, stderr=subprocess.PIPE
    ) as child:
        child.stderr.close()
        llmgen.until(lambda: len(asked()) > 4, "the second round")
        child.send_signal(signal.SIGTERM)
        assert child.wait(120) == 130
    assert llmgen.sql("select state from runs") == [{"state": "interrupted"}]
    assert len(llmgen.records("unread")) == len(asked()) < 20


def test_the_second_interrupt_gives_up_what_is_in_flight(llmgen, emulator, asked):
    emulator.plan = script(None, None, *["silent"] * 18)
    child = llmgen.spawn(*WORDS, "--run-id", "twice")
    llmgen.until(lambda: len(asked()) >= 6, "requests without an answer")
    child.signal(signal.SIGINT)
    llmgen.until(lambda: "stopping" in child.said(), "the first is heard")
    assert child.process.poll() is None
    child.signal(signal.SIGINT)
    assert child.wait(30).code == 130
    assert len(llmgen.records("twice")) == 2
    emulator.plan = lambda _: None
    assert llmgen("eval", "--resume", "twice").code == 0
    assert len(set(llmgen.records("twice"))) == 20


@pytest.mark.parametrize(
    ("flags", "plan"),
    [
        (("--rpm", "1"), None),
        ((), always(Fault(name="429", headers={"retry-after": "300"}))),
        ((), always("503")),
    ],
    ids=["rate limit", "pause", "breaker"],
)
def test_an_interrupt_ends_every_wait(llmgen, emulator, asked, flags, plan):
    llmgen.config.write_text(
        llmgen.config.read_text().replace("breaker_open_s = 0.02", "breaker_open_s = 300")
    )
    emulator.plan = plan or emulator.plan
    child = llmgen.spawn(*WORDS, *flags, "--run-id", "waiting")
    llmgen.until(lambda: asked() and child.said(), "the first requests")
    child.signal(signal.SIGINT)
    start = time.monotonic()
    stopped = child.wait(60)
    assert time.monotonic() - start < PROMPT_S
    assert stopped.code == 130
    assert f"llmgen eval --max-in-flight 4{' --rpm 1' * bool(flags)} --resume waiting" in stopped.err
    emulator.plan = lambda _: None
    done = llmgen("eval", "--resume", "waiting", "--json")
    assert (done.code, done.json["exclusions"]["error"]) == (0, 0)
    assert len(set(llmgen.records("waiting"))) == 20


def test_an_interrupt_before_the_first_request_leaves_no_run(llmgen):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/v1"
        child = llmgen.spawn("eval", "finetunebench", "--model", "vllm/x", "--base-url", url)
        connection, _ = deaf.accept()
        with connection:
            child.signal(signal.SIGINT)
            done = child.wait(60)
    assert done.code == 130
    assert "Traceback" not in done.err
    assert not list(llmgen.home.glob("journal/*.jsonl"))
