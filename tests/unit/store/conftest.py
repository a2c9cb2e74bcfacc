"""Runs and records to store."""

import pytest

from llmgen.store.fold import fold
from llmgen.store.journal import Journal
from llmgen.types import Answer, Completion, Failure, Grade, Message, Record, Run, Sample, Usage


def build_run(run_id="20260101-101010-aaaaaa", **changes):
    fields = {"benchmark": "toy", "model": "fake/m", "state": "running", "started_at": 1_750_000_000.0}
    return Run(id=run_id, **{**fields, **changes})


def build_record(sample_id="s1", run_id="20260101-101010-aaaaaa", *, repeat=0, outcome="correct", **changes):
    """An answered record; outcome `failed` is one that never got an answer."""
    tags = changes.pop("tags", {})
    base = Record(
        run_id=run_id,
        sample=Sample(
            id=sample_id, question=f"What is {sample_id}?", answer_type="free", target="x", tags=tags
        ),
        model="fake/m",
        repeat=repeat,
        request_key=f"key-{sample_id}-{repeat}",
        prompt=(
            Message(role="system", content="Be short."),
            Message(role="user", content=f"What is {sample_id}?"),
        ),
    )
    if outcome == "failed":
        failure = Failure(stage="gateway", kind="timeout", message="no answer", status=504)
        return replaced(base, failure=failure, **changes)
    value = {"correct": 1.0, "wrong": 0.0, "stale": 0.0, "abstain": 0.0}.get(outcome)
    return replaced(
        base,
        **{
            "completion": Completion(
                texts=(f"answer to {sample_id}", "another"),
                finish_reasons=("stop", None),
                model="m-2026",
                endpoint="fake",
                usage=Usage(prompt_tokens=7, completion_tokens=3, cost_usd=0.25),
                latency_s=0.5,
                attempts=2,
            ),
            "answers": (Answer(kind="answered", value=f"answer to {sample_id}", extractor="whole"),),
            "grade": Grade(outcome=outcome, value=value, reason="because", scores={"exact": value}),
            **changes,
        },
    )


def replaced(value, **changes):
    return type(value)(**{field: getattr(value, field) for field in value.__struct_fields__} | changes)


@pytest.fixture
def make_run():
    return build_run


@pytest.fixture
def make_record():
    return build_record


@pytest.fixture
def stored(tmp_path):
    """Journals a run with records and folds it: stored(run, records) -> home."""

    def store(run, records, spends=()):
        with Journal.create(tmp_path, run) as journal:
            for record in records:
                journal.append(record)
            for spend in spends:
                journal.spend(spend)
        fold(tmp_path, run.id)
        return tmp_path

    return store
