"""Problems in the forms of HumanEval and MBPP, and files that are damaged."""

import gzip
import json

import pytest

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.humaneval import SPEC
from llmgen.errors import UsageError

HUMANEVAL = {
    "task_id": "T/1",
    "prompt": 'def f(x):\n    """One more."""\n',
    "canonical_solution": "    return x + 1\n",
    "test": "def check(candidate):\n    assert candidate(1) == 2\n",
    "entry_point": "f",
}
MBPP = {
    "task_id": 7,
    "text": "Write a function that adds one.",
    "code": "def helper(x):\n    return x\n\ndef more(x):\n    return helper(x) + 1",
    "test_list": ["assert set([more(1)]) == {2}", "assert more(2) == 3"],
    "test_setup_code": "import math",
    "challenge_test_list": ["assert more(-1) == 0"],
}


@pytest.fixture
def load_file(root, tmp_path):
    """Loads rows from a file without running anything."""

    def load(*rows, name="data.jsonl", raw=None, **options):
        path = tmp_path / name
        content = "\n".join(map(json.dumps, rows)).encode() if raw is None else raw
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        chosen = SPEC.options(data=str(path), no_exec=True, **options)
        return SPEC.load(chosen, Context(model="m", datasets=root / "datasets"))

    return load


def test_a_humaneval_row(load_file):
    (sample,) = load_file(HUMANEVAL).samples()
    assert (sample.id, sample.answer_type) == ("T/1", "code")
    assert sample.question == HUMANEVAL["prompt"]
    assert sample.target == HUMANEVAL["canonical_solution"]
    assert sample.tags == {
        "test": HUMANEVAL["test"] + "\ncheck(f)",
        "entry_point": "f",
        "prompt": HUMANEVAL["prompt"],
    }


def test_an_mbpp_row(load_file):
    (sample,) = load_file(MBPP).samples()
    assert sample.id == "7"
    assert sample.question == (
        "Write a function that adds one.\nYour code should pass these tests:\n"
        "assert set([more(1)]) == {2}\nassert more(2) == 3"
    )
    assert sample.tags == {
        "test": "import math\nassert set([more(1)]) == {2}\nassert more(2) == 3\nassert more(-1) == 0",
        "entry_point": "more",
    }


def test_an_mbpp_row_of_the_sanitised_file(load_file):
    row = {key: MBPP[key] for key in ("task_id", "code", "test_list")} | {
        "prompt": "Add one.",
        "test_imports": ["import math"],
    }
    (sample,) = load_file(row).samples()
    assert sample.question.startswith("Add one.\n")
    assert sample.tags["test"].startswith("import math\n")


def test_packed_files_are_read(load_file):
    plain = load_file(HUMANEVAL)
    packed = load_file(HUMANEVAL, name="data.jsonl.gz")
    assert list(packed.samples()) == list(plain.samples())


def test_no_exec_is_a_note(load_file):
    benchmark = load_file(HUMANEVAL)
    assert benchmark.context == {"sandbox": "not_executed"}
    assert "--set no_exec=false" in benchmark.notes[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"test": 1}, r"data\.jsonl:2: .*\$\.test"),
        ({"test": None}, r"\$\.test"),
        ({"test": "def verify(candidate): pass"}, "test defines no function check"),
        ({"test": "def check(candidate:"}, "test defines no function check"),
        ({"entry_point": "f()"}, r"entry_point 'f\(\)' is no name"),
        ({"prompt": " \n"}, "the prompt is empty"),
        ({"task_id": "T/1"}, "1 ids occur more than once: T/1"),
        ({"test_list": []}, "test_list holds no Python"),
        ({"test_list": ["assert more(1) =="]}, "test_list holds no Python"),
        ({"test_list": ["assert True"], "text": "Do."}, "no function that the tests call"),
        ({"test_list": "assert f(1)"}, r"\$\.test_list"),
    ],
)
def test_malformed_rows_are_named(load_file, change, message):
    with pytest.raises(UsageError, match=message):
        load_file(HUMANEVAL, {**HUMANEVAL, "task_id": "T/2", **change})


def test_malformed_rows_can_be_left_out(load_file):
    benchmark = load_file(HUMANEVAL, {"task_id": "T/2"}, skip_bad=True)
    assert [sample.id for sample in benchmark.samples()] == ["T/1"]
    assert benchmark.notes[1] == "1 malformed rows were left out"


@pytest.mark.parametrize(
    ("raw", "name", "message"),
    [
        (b"", "data.jsonl", "no row in"),
        (b"{", "data.jsonl", "not JSON"),
        (b"\xff\xfe", "data.jsonl", "not UTF-8"),
        (b"7", "data.jsonl", "1 malformed rows"),
    ],
)
def test_damaged_files(load_file, raw, name, message):
    with pytest.raises(UsageError, match=message):
        load_file(raw=raw, name=name)


def test_a_damaged_packed_file(root, tmp_path):
    path = tmp_path / "data.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(HUMANEVAL).encode() * 100)[:60])
    options = SPEC.options(data=str(path), no_exec=True)
    with pytest.raises(UsageError, match=r"cannot read .*data\.jsonl\.gz"):
        SPEC.load(options, Context(model="m", datasets=root / "datasets"))


def test_a_missing_file(root):
    options = SPEC.options(data="nowhere.jsonl", no_exec=True)
    with pytest.raises(UsageError, match=r"cannot read nowhere\.jsonl: No such file"):
        SPEC.load(options, Context(model="m", datasets=root / "datasets"))
