"""A run over a generator of very many samples: no task, row or sample stays behind."""

import asyncio
from pathlib import Path

import pytest

from llmgen.benchmarks import BENCHMARKS
from llmgen.benchmarks.base import Spec
from llmgen.config import LimitSettings, Settings
from llmgen.evaluate import evaluate
from llmgen.plan import Plan
from llmgen.types import Grade, Sample, Sampling, Struct
from llmgen.wiring import open_journal, open_session

N = 120_000
MOST_MB = 8.0


class Options(Struct):
    """None."""


class Endless:
    """Very many samples, made while they are asked."""

    name = "endless"
    template = "verbatim"
    sampling = Sampling(max_tokens=5)
    dataset_hash = "endless"
    grades_all = False
    evidence = None
    context = {}
    notes = ()
    recorded = None

    def __init__(self, *_):
        self.resident = {}

    def samples(self):
        for number in range(N):
            if number in {N // 6, N - 1}:
                self.resident[number] = resident_mb()
            yield Sample(
                id=f"s{number}", question=f"What is {number}?", answer_type="short_text", target="42"
            )

    async def grade(self, _sample, answers, _completion):
        return Grade(outcome="correct", value=float(answers[0].value == "42"))


def resident_mb():
    """Memory of this process."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="resident memory is read from /proc")
async def test_memory_stays_flat_over_very_many_samples(tmp_path, monkeypatch):
    spec = Spec(options=Options, load=Endless, summarise="nowhere:nothing")
    monkeypatch.setattr(BENCHMARKS, "load", lambda _: spec)
    settings = Settings(home=str(tmp_path), durability="none", limits=LimitSettings(max_in_flight=100))
    plan = Plan(benchmark="endless", model="fake/fixed", cache="off")
    async with open_session(settings, plan) as session, open_journal(settings, session.run) as journal:
        session.write_to(journal)
        before = len(asyncio.all_tasks())
        assert await evaluate(session) is None
        assert len(asyncio.all_tasks()) == before
    early, late = session.benchmark.resident.values()
    assert (session.done, session.failed) == (N, 0)
    assert late - early < MOST_MB, f"{late - early:.1f} MB more after {N * 5 // 6:,} samples"
