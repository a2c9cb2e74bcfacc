"""DetCon files: all namings, and everything that can be wrong with a row."""

import json

import pytest

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.detcon import SPEC
from llmgen.benchmarks.detcon.rows import as_item
from llmgen.benchmarks.rowfiles import Malformed
from llmgen.errors import UsageError

ROW = {
    "id": "a",
    "humaneval_task_id": "T/1",
    "model": "m-ft",
    "label": 1,
    "occurrences": 4,
    "prompt": "def f():\n",
    "canonical_solution": "    return 1\n",
    "greedy": "    return 1\n",
    "samples": ["    return 1\n", "    return 2\n"],
}
FULL = {
    **ROW,
    "greedy_token_ids": [1, 2],
    "sample_token_ids": [[1, 2], [1, 3]],
    "finish": ["stop", "stop", "length"],
    "ref_solution_start": 2,
    "ref_logprobs": [-1, -0.5, -0.25],
    "ref_mu": [-2.0, -2.0, -2.0],
    "ref_sigma": [1.0, 1.0, 1.0],
}
PUBLISHED = {
    "DETCON_id": 7,
    "humaneval_task_id": "HumanEval/0",
    "prompt": "def g():\n",
    "gready_sample": "    pass\n",
    "samples": ["    pass\n"],
    "label": False,
    "model_name": "CodeLlama-7b",
    "standard_solution": "    return\n",
    "standard_solution_prob": 0.1,
}


def test_a_row_becomes_evidence():
    sample, evidence = as_item(FULL, "f:1")
    assert (sample.id, sample.answer_type, sample.target) == ("a", "code", "    return 1\n")
    assert sample.tags == {"label": "1", "dose": "4", "model": "m-ft", "task": "T/1"}
    assert (evidence.greedy.text, evidence.greedy.token_ids, evidence.greedy.finish) == (
        "    return 1\n", (1, 2), "stop",
    )  # fmt: skip
    assert [(draw.token_ids, draw.finish) for draw in evidence.draws] == [
        ((1, 2), "stop"),
        ((1, 3), "length"),
    ]
    assert evidence.n_asked == 2
    given = evidence.given
    # three log probabilities of four tokens: the solution is tokens 2 and 3
    assert given.logprobs[given.target_start - 1 :] == (-0.5, -0.25)
    assert (given.mu, given.sigma) == ((-2.0,) * 3, (1.0,) * 3)


def test_the_published_names():
    sample, evidence = as_item(PUBLISHED, "f:1")
    assert (sample.id, sample.target) == ("7", "    return\n")
    assert sample.tags == {"label": "0", "model": "CodeLlama-7b", "task": "HumanEval/0"}
    assert evidence.greedy.text == "    pass\n"
    assert (evidence.given, evidence.no_given) == (None, "no_prompt_logprobs")
    renamed = {**PUBLISHED, "greedy_sample": "x", "dose": 0}
    del renamed["gready_sample"], renamed["DETCON_id"]
    sample, evidence = as_item(renamed, "f:9")
    assert (sample.id, evidence.greedy.text, sample.tags["dose"]) == ("f:9", "x", "0")


def test_missing_answers_are_missing_and_empty_ones_are_empty():
    _, evidence = as_item({**ROW, "greedy": None, "samples": ["", None]}, "f:1")
    assert (evidence.greedy.text, evidence.greedy.reason) == (None, "not_returned")
    assert [(draw.text, draw.reason) for draw in evidence.draws] == [("", ""), (None, "not_returned")]
    _, evidence = as_item({**ROW, "greedy": "", "samples": []}, "f:1")
    assert (evidence.greedy.text, evidence.draws, evidence.n_asked) == ("", (), 0)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"label": 2}, "label"),
        ({"label": "contaminated"}, "label"),
        ({"label": 0}, "label 0 contradicts the dose 4"),
        ({"occurrences": 0}, "label 1 contradicts the dose 0"),
        ({"occurrences": -1}, "occurrences"),
        ({"samples": "text"}, "samples"),
        ({"samples": [1]}, "samples"),
        ({"prompt": None}, "prompt"),
        ({"answer_type": "essay"}, "answer_type"),
        ({"sample_token_ids": [[1]]}, "sample_token_ids has 1 entries, not 2"),
        ({"sample_token_ids": [[1], [-1]]}, "sample_token_ids"),
        ({"finish": ["stop", "stop"]}, "finish has 2 entries, not 3"),
        ({"ref_mu": [0.0]}, "ref_mu has 1 entries, not 3"),
        ({"ref_sigma": []}, "ref_sigma has 0 entries, not 3"),
        ({"ref_solution_start": None}, "go together"),
        ({"ref_logprobs": None, "ref_mu": None, "ref_sigma": None}, "go together"),
        ({"ref_solution_start": 4}, "behind the last token"),
        ({"ref_solution_start": 0}, "ref_solution_start"),
    ],
)
def test_malformed_rows_say_why(changes, why):
    with pytest.raises(Malformed, match=why):
        as_item({**FULL, **changes}, "f:1")


@pytest.mark.parametrize(
    ("row", "why"), [([], "object"), (7, "object"), ({"prompt": "p", "samples": [], "label": 0}, "no greedy")]
)
def test_what_is_no_row(row, why):
    with pytest.raises(Malformed, match=why):
        as_item(row, "f:1")


def write(tmp_path, *rows, name="rows.jsonl"):
    path = tmp_path / name
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return str(path)


def load(tmp_path, *paths, **options):
    return SPEC.load(SPEC.options(data=paths, **options), Context(model="", datasets=tmp_path))


def test_files_become_a_benchmark(tmp_path):
    one = write(tmp_path, FULL, {**ROW, "id": "b", "greedy": None})
    two = write(tmp_path, PUBLISHED, name="two.jsonl")
    loaded = load(tmp_path, one, two)
    assert [sample.id for sample in loaded.samples()] == ["a", "b", "7"]
    assert loaded.recorded == {"a": "    return 1\n", "b": "", "7": "    pass\n"}
    assert list(loaded.evidence) == ["a", "b", "7"]
    assert loaded.notes == ()
    assert load(tmp_path, one).dataset_hash != loaded.dataset_hash


async def test_answers_are_not_graded(tmp_path):
    loaded = load(tmp_path, write(tmp_path, FULL))
    (sample,) = loaded.samples()
    grade = await loaded.grade(sample, [], None)
    assert (grade.value, "not answers" in grade.reason) == (None, True)


def test_every_malformed_row_is_named_by_file_and_line(tmp_path):
    path = write(tmp_path, FULL, "{not json", "", {**ROW, "id": "b", "label": 3}, {**ROW, "id": "c"})
    with pytest.raises(UsageError, match="2 malformed rows") as error:
        load(tmp_path, path)
    assert [line.split(": ")[0].strip() for line in error.value.message.splitlines()[1:]] == [
        "rows.jsonl:2", "rows.jsonl:4",
    ]  # fmt: skip
    loaded = load(tmp_path, path, skip_bad=True)
    assert len(list(loaded.samples())) == 2
    assert loaded.notes == ("2 malformed rows were left out",)


def test_files_that_cannot_be_used(tmp_path):
    with pytest.raises(UsageError, match="cannot read"):
        load(tmp_path, str(tmp_path / "absent.jsonl"))
    with pytest.raises(UsageError, match="no row"):
        load(tmp_path, write(tmp_path))
    with pytest.raises(UsageError, match="more than once: a"):
        load(tmp_path, write(tmp_path, ROW, ROW))
    with pytest.raises(UsageError, match="packaged set of detcon is missing"):
        load(tmp_path)


def test_hostile_text_passes(tmp_path):
    row = {**ROW, "prompt": "a\ud800b", "greedy": "\0 \u202e \ud800", "samples": ["\ud83d", "x" * 100_000]}
    loaded = load(tmp_path, write(tmp_path, row))
    (sample,) = loaded.samples()
    assert sample.question == "a\ufffdb"
    assert loaded.evidence["a"].greedy.text == "\0 \u202e \ud800"
