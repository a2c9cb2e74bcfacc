"""Our own problems: every solution passes in the sandbox, every trivial answer fails."""

import asyncio
import hashlib
import json
import tomllib

import pytest

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.humaneval import SPEC
from llmgen.extract.code import build
from llmgen.sandbox import open_runner
from llmgen.types import Answer, Completion

DONE = Completion(texts=("",), finish_reasons=("stop",), model="m")


@pytest.fixture
def benchmark_(root, bubblewrap):  # noqa: ARG001  # skips without bubblewrap
    context = Context(model="m", datasets=root / "datasets", open_runner=open_runner)
    return SPEC.load(SPEC.options(timeout=60.0), context)


async def grades(benchmark, answer_of):
    """The grade of every problem when its answer is `answer_of(sample)`, as a model would write it."""
    extract = build()

    async def grade(sample):
        answer = await extract(sample, answer_of(sample))
        return sample.id, await benchmark.grade(sample, [answer], DONE)

    return dict(await asyncio.gather(*map(grade, benchmark.samples())))


@pytest.mark.parametrize(
    "written",
    ["{solution}", "```python\n{prompt}{solution}```", "Of course:\n\n{prompt}{solution}"],
    ids=["rest of the function", "in a block", "after prose"],
)
async def test_every_solution_passes(benchmark_, written):
    def answer(sample):
        return written.format(prompt=sample.question, solution=sample.target)

    found = await grades(benchmark_, answer)
    assert {name: grade.reason for name, grade in found.items() if grade.value != 1.0} == {}


@pytest.mark.parametrize("body", ["    return None\n", "    pass\n", "    return 1\n"])
async def test_every_trivial_answer_fails(benchmark_, body):
    found = await grades(benchmark_, lambda _: body)
    assert [name for name, grade in found.items() if (grade.outcome, grade.value) != ("wrong", 0.0)] == []


async def test_no_answer_has_no_grade(benchmark_):
    sample = next(benchmark_.samples())
    grade = await benchmark_.grade(sample, [Answer(kind="no_valid_answer", reason="no code")], DONE)
    assert (grade.outcome, grade.value, grade.reason) == ("unparsed", None, "no code")


def test_the_card_describes_the_file(root):
    folder = root / "datasets/humaneval"
    card = tomllib.loads((folder / "card.toml").read_text())
    raw = (folder / "sample.jsonl").read_bytes()
    rows = [json.loads(line) for line in raw.splitlines()]
    assert card["sample"]["sha256"] == hashlib.sha256(raw).hexdigest()
    assert card["sample"]["counts"]["problems"] == len(rows) >= 20
    assert len({row["entry_point"] for row in rows}) == len(rows)
