"""xFinder's path through a real vLLM: managed server, raw prompts to its completions API, readings."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1800)]
LLMGEN = str(Path(sys.executable).with_name("llmgen"))


def row(number, output, label):
    return {
        "id": f"o{number}",
        "key_answer_type": "alphabet_option",
        "question": "Which? Answer Choices: (A) red (B) blue",
        "llm_output": output,
        "standard_answer_range": [["A", "red"], ["B", "blue"]],
        "correct_answer": "B",
        "extracted_label": label,
    }


ROWS = [row(n, f"Number {n}: so it is (B).", "B") for n in range(40)]
ROWS += [row(40, "It is (A).", "A"), row(41, "", "[No valid answer]"), row(42, "word " * 1500 + "B", "B")]


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """`command(words)`: the end of one call of `llmgen`, all calls on one data home."""
    folder = tmp_path_factory.mktemp("vllm-xfinder")
    (folder / "rows.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in ROWS))
    environ = {**os.environ, "LLMGEN_HOME": str(folder / "home")}

    def call(*words, **more):
        return subprocess.run(
            [LLMGEN, *map(str, words)],
            cwd=folder,
            env=environ | more,
            capture_output=True,
            text=True,
            check=False,
        )

    yield call
    call("vllm", "down", "--all")


@pytest.fixture(scope="module")
def served(command, tiny_qwen2):
    """The name under which a vLLM serves the small model that answers every xFinder prompt with B."""
    folder = tiny_qwen2({":": "B"})
    done = command("vllm", "up", folder, "--max-model-len", 2048)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().removeprefix("vllm/")


WORDS = ("eval", "kaf", "--data", "rows.jsonl", "--extractor", "xfinder", "--json", "--cache", "off")


def test_a_managed_server_reads_everything(command, served):
    done = command(*WORDS, "--xfinder-served-name", served)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["metrics"]["extractors"]["xfinder"]
    assert (found["n"], found["errors"]) == (len(ROWS), 0)
    assert found["accuracy"] == pytest.approx((len(ROWS) - 1) / len(ROWS))  # it says B of the red one, too
    query = "select sample_id, value, raw, confidence, reason from answers where sample_id in ('o0', 'o42')"
    rows = json.loads(command("sql", f"{query} order by sample_id", "--format", "json").stdout)
    assert [(one["value"], one["raw"], one["reason"]) for one in rows] == [
        ("B", "B", ""),
        ("B", "B", "elided"),
    ]
    assert all(one["confidence"] == pytest.approx(1.0, abs=0.01) for one in rows)


def test_any_server_by_its_address(command, served):
    (server,) = json.loads(command("vllm", "status", "--json").stdout)
    record = json.loads(next(Path(server["log"]).parent.glob("*.json")).read_text())
    words = (*WORDS, "--limit", 3, "--xfinder-url", record["base_url"])
    done = command(*words, "--xfinder-served-name", served, VLLM_API_KEY=record["key"])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["metrics"]["extractors"]["xfinder"]["accuracy"] == 1.0
    done = command(*words, VLLM_API_KEY=record["key"])
    assert done.returncode == 2
    assert "does not serve 'xFinder-qwen1505'" in done.stderr
