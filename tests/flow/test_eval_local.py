"""The main job on the embedded model: a real server, killed in the middle, ends with the same numbers."""

import os
import random
import signal
from pathlib import Path

import pytest

WORDS = ("eval", "finetunebench", "--model", "local/smollm2-135m", "--cache", "off", "--max-tokens", "6")
FEW = ("--domains", "coding,people", "--splits", "memorization,secondary", "--limit", "10")


@pytest.fixture
def local(llmgen, weights):
    """The command line with the embedded model in its home."""
    llmgen.home.mkdir()
    (llmgen.home / "models").symlink_to(weights)
    return llmgen


def servers():
    """The llama.cpp servers of this user that run now, by their command lines."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"llama_child" in entry.read_bytes():
                found.add(int(entry.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_in_the_middle_a_local_run_ends_with_the_same_numbers(local):
    before = servers()
    undisturbed = local.run(*WORDS, *FEW, "--run-id", "whole", "--json")
    assert undisturbed.code == 0, undisturbed.err
    texts = "select sample_id, text from samples where run_id = '{}' order by 1"
    assert len({row["text"] for row in local.sql(texts.format("whole"))}) > 3
    rng = random.Random(11)
    journal = local.home / "journal" / "drill.jsonl"
    wanted = rng.randrange(2, 7)
    child = local.spawn(*WORDS, *FEW, "--run-id", "drill", "--json")
    local.until(lambda: journal.exists() and len(local.records("drill")) >= wanted, "some answers")
    child.signal(signal.SIGKILL)
    assert child.wait().code == -signal.SIGKILL
    kept = local.records("drill")
    assert len(kept) < 10
    done = local("eval", "--resume", "drill", "--json")
    assert done.code == 0
    assert done.numbers == undisturbed.numbers
    records = local.records("drill")
    assert records[: len(kept)] == kept
    assert len(records) == len(set(records)) == 10
    assert local.sql(texts.format("drill")) == local.sql(texts.format("whole"))
    local.until(lambda: servers() <= before, "the servers of killed runs end")


def test_the_server_ends_with_its_run_and_the_cost_is_zero(local):
    before = servers()
    done = local("eval", "finetunebench", "--model", "local/smollm2-135m", "--limit", "2", "--json")
    assert (done.code, done.json["cost_usd"], done.json["n"]) == (0, 0.0, 2)
    assert servers() <= before
    assert not list((local.home / "servers").glob("*.log"))


def test_weights_that_are_not_there(llmgen):
    done = llmgen.eval(model="local/smollm2-135m")
    assert (done.code, done.out) == (2, "")
    assert "llmgen models pull smollm2-135m" in done.err


def test_weights_that_are_damaged(llmgen, weights):
    (llmgen.home / "models").mkdir(parents=True)
    (source,) = weights.glob("*.gguf")
    target = llmgen.home / "models" / source.name
    target.write_bytes(os.urandom(1000))
    done = llmgen.eval(model="local/smollm2-135m")
    assert (done.code, done.out) == (2, "")
    assert f"{target} is damaged" in done.err
