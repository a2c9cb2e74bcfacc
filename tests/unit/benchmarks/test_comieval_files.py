"""Recorded answers by dose: the published folder, DetCon's rows, and what is wrong with either."""

import json

import pytest

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.comieval import SPEC
from llmgen.benchmarks.comieval.benchmark import program_of
from llmgen.errors import UsageError
from llmgen.execution import Execution
from llmgen.types import Answer, Completion, Sample

PROMPT = 'def {}(x):\n    """One more."""\n'
DONE = Completion(texts=("",), finish_reasons=(None,), model="m")


def problem(name):
    return {
        "task_id": name,
        "prompt": PROMPT.format(name),
        "test": "def check(candidate):\n    assert candidate(1) == 2\n",
        "entry_point": name,
    }


def write(path, *rows):
    path.write_text("\n".join(map(json.dumps, rows)))


class Runner:
    """Passes programs that hold `+ 1`, and keeps what it was given."""

    about = {"sandbox": "bwrap", "python": "3.11.2"}

    def __init__(self):
        self.ran = []

    async def __call__(self, code, test):
        self.ran.append((code, test))
        return Execution(ended="pass" if "+ 1" in code else "fail", reason="" if "+ 1" in code else "no")


@pytest.fixture
def runner():
    return Runner()


@pytest.fixture
def load(root, tmp_path, runner):
    write(tmp_path / "problems.jsonl", problem("a"), problem("b"))

    def load(data, **options):
        chosen = SPEC.options(data=str(data), problems=str(tmp_path / "problems.jsonl"), **options)
        context = Context(model="m", datasets=root / "datasets", open_runner=lambda kind, timeout_s: runner)  # noqa: ARG005  # the interface
        return SPEC.load(chosen, context)

    return load


@pytest.fixture
def folder(tmp_path):
    """Two doses: two tasks with two draws each, one greedy answer each."""
    folder = tmp_path / "data"
    folder.mkdir()
    for dose in (0, 4):
        draws = [
            {"task_id": name, "completion": text}
            for name in "ab"
            for text in ("    return x + 1\n", "    pass\n")
        ]
        write(folder / f"Occurrence_{dose}.jsonl", *draws)
        greedy = [{"task_id": name, "completion": "    return x\n"} for name in "ab"]
        write(folder / f"Occurrence_{dose}_gready.jsonl", *greedy)
    return folder


@pytest.fixture
def rows(tmp_path):
    """A file of one DetCon row, with changes."""

    def rows(**changes):
        row = {
            "id": "r1",
            "humaneval_task_id": "a",
            "model": "m",
            "label": 1,
            "occurrences": 4,
            "prompt": PROMPT.format("a"),
            "greedy": "\n    return x + 1\n",
            "samples": ["\n    return x\n", None, "", "\n    return x + 1\n"],
            **changes,
        }
        write(tmp_path / "rows.jsonl", {key: value for key, value in row.items() if value != "absent"})
        return tmp_path / "rows.jsonl"

    return rows


async def graded(benchmark):
    """Grades every item as a run does; returns id -> grade of the recorded answer."""
    return {
        sample.id: await benchmark.grade(
            sample, [Answer(kind="answered", value=benchmark.recorded[sample.id])], DONE
        )
        for sample in benchmark.samples()
    }


async def test_the_published_folder(load, folder, runner):
    benchmark = load(folder)
    samples = list(benchmark.samples())
    assert [sample.id for sample in samples] == ["0/a", "0/b", "4/a", "4/b"]
    assert samples[2].tags["dose"] == "4"
    assert samples[2].tags["cluster"] == "a"
    found = await graded(benchmark)
    assert {grade.outcome for grade in found.values()} == {"wrong"}
    evidence = benchmark.evidence["4/a"]
    assert [draw.value for draw in evidence.draws] == [1.0, 0.0]
    assert (evidence.greedy.value, evidence.n_asked) == (0.0, 2)
    code, test = runner.ran[0]
    assert code == f"{PROMPT.format('a')}    return x\n"
    assert test == f"{problem('a')['test']}\ncheck(a)"


async def test_rows_of_detcon(load, rows, runner):
    benchmark = load(rows())
    found = await graded(benchmark)
    assert found["r1"].value == 1.0
    evidence = benchmark.evidence["r1"]
    assert [draw.value for draw in evidence.draws] == [0.0, None, 0.0, 1.0]
    assert evidence.greedy.value == 1.0
    assert runner.ran[0][0] == PROMPT.format("a").rstrip("\n") + "\n    return x + 1\n"


async def test_draws_are_graded_once(load, rows, runner):
    benchmark = load(rows())
    await graded(benchmark)
    before = len(runner.ran)
    await graded(benchmark)
    assert len(runner.ran) == before + 1


async def test_without_execution_nothing_is_graded(load, rows):
    benchmark = load(rows(), no_exec=True)
    found = await graded(benchmark)
    assert (found["r1"].value, found["r1"].reason) == (None, "not_executed")
    assert {draw.value for draw in benchmark.evidence["r1"].draws} == {None}
    assert benchmark.context == {"sandbox": "not_executed"}


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("\n    return 1", "def f():\n    return 1"),
        ("    return 1", "def f():    return 1"),
        ("def f():\n    return 1\n", "def f():\n\ndef f():\n    return 1\n"),
        ("", "def f():"),
    ],
)
def test_a_program_is_prompt_and_completion(text, program):
    tags = {"prompt": "def f():", "entry_point": "f"}
    assert program_of(Sample(id="x", question="", answer_type="code", tags=tags), text) == program


def test_without_data_the_packaged_set_is_read(rows, tmp_path):
    packaged = tmp_path / "datasets" / "detcon"
    packaged.mkdir(parents=True)
    context = Context(model="m", datasets=packaged.parent)
    with pytest.raises(UsageError, match="the packaged set is missing"):
        SPEC.load(SPEC.options(no_exec=True), context)
    rows().rename(packaged / "sample.jsonl")
    write(packaged / "items.jsonl", problem("a"))
    benchmark = SPEC.load(SPEC.options(no_exec=True), context)
    assert [sample.id for sample in benchmark.samples()] == ["r1"]
    assert "the packaged set is small" in benchmark.notes[-1]


def test_a_folder_without_files(load, tmp_path):
    with pytest.raises(UsageError, match=r"holds no Occurrence_K\.jsonl"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["Occurrence_4.jsonl", "Occurrence_4_gready.jsonl"])
def test_a_file_that_is_missing(load, folder, name):
    (folder / name).unlink()
    with pytest.raises(UsageError, match=f"lacks {name}"):
        load(folder)


def test_a_greedy_answer_that_is_missing(load, folder):
    write(folder / "Occurrence_4_gready.jsonl", {"task_id": "a", "completion": "    return x\n"})
    benchmark = load(folder)
    assert benchmark.evidence["4/b"].greedy.reason == "not_returned"
    assert benchmark.recorded["4/b"] == ""


def test_tasks_without_a_problem(load, folder, rows):
    write(folder / "Occurrence_4.jsonl", {"task_id": "z", "completion": ""})
    with pytest.raises(UsageError, match="1 tasks are not among the problems: z"):
        load(folder)
    with pytest.raises(UsageError, match="1 tasks are not among the problems: q"):
        load(rows(humaneval_task_id="q"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"occurrences": "absent"}, r"rows\.jsonl:1: no dose"),
        ({"samples": 3}, r"\$\.samples"),
        ({"greedy": "absent"}, "no greedy answer"),
    ],
)
def test_malformed_rows(load, rows, changes, message):
    with pytest.raises(UsageError, match=message):
        load(rows(**changes))


def test_malformed_answers(load, folder):
    (folder / "Occurrence_4.jsonl").write_text('{"task_id": "a"}\nnot json\n')
    with pytest.raises(UsageError, match=r"2 malformed rows\s+Occurrence_4\.jsonl:1: .*\n.*:2: not JSON"):
        load(folder)


def test_data_and_problems_go_together(root, tmp_path):
    with pytest.raises(UsageError, match="--data and --problems go together"):
        SPEC.load(SPEC.options(data=str(tmp_path)), Context(model="m", datasets=root / "datasets"))
