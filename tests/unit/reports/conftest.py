"""A run with every outcome and a hostile answer, counted and rendered as the command does it."""

import pytest

from llmgen.reports.run import render_run
from llmgen.reports.tally import tally
from llmgen.reports.views import Score
from llmgen.summary import Summary, Table
from llmgen.types import Completion, Failure, Grade, Message, Record, Run, Sample, Usage

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'</pre>{{ 7*7 }}\x00\u202eevil"
VALUES = {"correct": 1.0, "wrong": 0.0, "stale": 0.0, "abstain": 0.0}


def record(index, outcome, text="Odette Varn", **completion):
    sample = Sample(id=f"news/{index:03}", question="Who?", answer_type="short_text", target="Odette <Varn>")
    prompt = (Message(role="user", content="Who became mayor?"),)
    base = Record(run_id="r1", sample=sample, model="m", prompt=prompt)
    if outcome == "error":
        failure = Failure(stage="gateway", kind="timeout", message="no byte for 300 s")
        return Record(run_id="r1", sample=sample, model="m", prompt=prompt, failure=failure)
    answered = Completion(
        texts=(text,),
        finish_reasons=("stop",),
        model="m-1",
        endpoint="openai:https://host/v1",
        usage=Usage(prompt_tokens=10, completion_tokens=2),
        **completion,
    )
    return Record(
        run_id="r1",
        sample=base.sample,
        model="m",
        prompt=prompt,
        completion=answered,
        grade=Grade(outcome=outcome, value=VALUES.get(outcome), reason=f"because {outcome}"),
    )


@pytest.fixture
def records():
    outcomes = (
        ["correct"] * 5 + ["wrong"] * 3 + ["stale", "abstain", "refused", "truncated", "unparsed", "error"]
    )
    made = [
        record(i, outcome, latency_s=float(i + 1)) if outcome != "error" else record(i, outcome)
        for i, outcome in enumerate(outcomes)
    ]
    made[5] = record(5, "wrong", HOSTILE, latency_s=6.0)
    made[0] = record(0, "correct", cached=True, via="cache")
    return made


@pytest.fixture
def run():
    return Run(
        id="20310114-093011-a1b2c3",
        benchmark="finetunebench",
        model="openai/gpt-<x>",
        endpoint="openai:https://host/v1",
        state="failed_samples",
        started_at=1926149411.0,
        ended_at=1926149411.0 + 342,
        settings={
            "plan": {
                "model": "openai/gpt-<x>",
                "limit": 14,
                "options": {"data": "my data"},
                "base_urls": ["u1", "u2"],
            }
        },
        dataset_hash="d" * 64,
        prompt_hash="e" * 64,
        notes=("two files are <missing>",),
    )


@pytest.fixture
def summary():
    table = Table(
        title="Accuracy by domain",
        columns=("domain", "split", "n", "accuracy", "95% interval"),
        rows=(
            ("people", "memorization", "50", "0.540", "[0.404, 0.670]"),
            ("news", "generalization", "0", "-", "[0.000, 1.000]"),
        ),
        note="n is small",
    )
    return Summary(metrics={}, tables=(table,), warnings=("few samples",))


@pytest.fixture
def score():
    return Score(n=14, n_graded=10, mean=0.5, low=0.237, high=0.763, method="wilson", n_clusters=10)


@pytest.fixture
def page(records, run, summary, score, root):
    return render_run(run, summary, score, tally(records), root / "reports" / "templates")
