"""KAF files: both ways of writing them, and everything that can be wrong with a row."""

import hashlib
import json
import tomllib
from collections import Counter

import pytest

from llmgen.assets import asset_dir
from llmgen.benchmarks.kaf.files import load_files
from llmgen.benchmarks.kaf.rows import NO_VALID_ANSWER, as_item
from llmgen.benchmarks.rowfiles import Malformed
from llmgen.errors import UsageError
from llmgen.extract.ranges import range_of

ROW = {
    "model_name": "m",
    "dataset": "d",
    "key_answer_type": "alphabet_option",
    "question": "Which?",
    "llm_output": "A",
    "standard_answer_range": [["A", "x"], ["B", "y"]],
    "correct_answer": "A",
    "extracted_label": "A",
}


def written(tmp_path, *rows, name="f.jsonl"):
    path = tmp_path / name
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


def test_a_row_becomes_a_sample():
    row = {**ROW, "source_repo": "s", "licence": "MIT", "label_method": "hand", "tags": ["a", "b"]}
    sample, output = as_item(row, "f:1")
    assert (sample.id, sample.target, sample.choices, output) == ("f:1", "A", ("x", "y"), "A")
    assert sample.tags == {
        "label": "A", "dataset": "d", "model": "m", "source_repo": "s", "licence": "MIT",
        "label_method": "hand", "tags": "a,b", "cluster": "s x m",
    }  # fmt: skip


def test_both_names_of_the_model_and_own_ids():
    renamed = {**{key: value for key, value in ROW.items() if key != "model_name"}, "model": "n", "id": 7}
    sample, _ = as_item(renamed, "f:1")
    assert (sample.id, sample.tags["model"]) == ("7", "n")


@pytest.mark.parametrize(
    ("kind", "listed", "label", "values"),
    [
        ("alphabet_option", "[['A', 'x'], ['C', 'y']]", "C", ("A", "C")),
        ("short_text", "['None', 'NA']", "None", ("None", "NA")),
        ("short_text", [1, 2.5, "x"], 2.5, ("1", "2.5", "x")),
        ("categorical_label", "[True, False]", "True", ("True", "False")),
        ("short_text", "the words in order", "a b", ()),
        ("math", "a(n) number / set", "[1, 2)", ()),
    ],
)
def test_ranges_as_lists_literals_and_descriptions(kind, listed, label, values):
    row = {**ROW, "key_answer_type": kind, "standard_answer_range": listed, "extracted_label": label}
    answers = range_of(as_item(row, "f:1").sample)
    assert (answers.answer_type, answers.values) == (kind, values)
    assert answers.description == ("" if values else listed)


def test_an_empty_output_and_no_valid_answer():
    item = as_item({**ROW, "llm_output": "", "extracted_label": "[no valid answer]"}, "f:1")
    assert (item.output, item.sample.tags["label"]) == ("", NO_VALID_ANSWER)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"extracted_label": "C"}, "outside its range"),
        ({"extracted_label": " "}, "is empty"),
        ({"standard_answer_range": "[['A', 'x'], "}, "no list that can be read"),
        ({"standard_answer_range": "[open('f')]"}, "no list that can be read"),
        ({"standard_answer_range": "[" * 5000 + "]" * 5000}, "no list that can be read"),
        ({"standard_answer_range": "some letters"}, "must be a list"),
        ({"standard_answer_range": ["A", "B"]}, "pairs"),
        ({"standard_answer_range": [["A", "x"], ["A", "y"]]}, "different names"),
        ({"standard_answer_range": []}, "is empty"),
        ({"standard_answer_range": [[f"L{i}", "x"] for i in range(31)]}, "31 options"),
        ({"key_answer_type": "math"}, "must be a description"),
        ({"key_answer_type": "short_text", "standard_answer_range": [["A", "x"]]}, "must hold texts"),
        ({"key_answer_type": "essay"}, "key_answer_type"),
        ({"llm_output": None}, "llm_output"),
        ({"question": 3}, "question"),
    ],
)
def test_malformed_rows_say_why(changes, why):
    with pytest.raises(Malformed, match=why):
        as_item({**ROW, **changes}, "f:1")


def test_every_malformed_row_is_listed_by_line(tmp_path):
    path = written(tmp_path, ROW, "{not json", "", {**ROW, "extracted_label": "Z"}, '["a"]', "7")
    with pytest.raises(UsageError, match="4 malformed rows") as error:
        load_files([path], skip_bad=False)
    lines = error.value.message.splitlines()[1:]
    assert [line.split(":")[1] for line in lines] == ["2", "4", "5", "6"]
    loaded = load_files([path], skip_bad=True)
    assert (len(loaded.items), len(loaded.bad)) == (1, 4)


def test_an_array_is_read_as_lines_are(tmp_path):
    rows = [{**ROW, "id": "a"}, {**ROW, "id": "b", "extracted_label": NO_VALID_ANSWER}]
    array = tmp_path / "f.json"
    array.write_bytes(b"\xef\xbb\xbf" + json.dumps(rows, indent=1).encode())
    assert (
        load_files([array], skip_bad=False).items
        == load_files([written(tmp_path, *rows)], skip_bad=False).items
    )
    array.write_text("[{")
    with pytest.raises(UsageError, match="not JSON"):
        load_files([array], skip_bad=True)


def test_hostile_text_passes_untouched(tmp_path):
    output = "a\0b \u202e \ud800 end"
    (item,) = load_files([written(tmp_path, {**ROW, "llm_output": output})], skip_bad=False).items
    assert item.output == output


def test_files_that_cannot_be_used(tmp_path):
    with pytest.raises(UsageError, match="cannot read"):
        load_files([tmp_path / "absent"], skip_bad=True)
    with pytest.raises(UsageError, match="no row"):
        load_files([written(tmp_path)], skip_bad=True)
    latin = tmp_path / "latin.jsonl"
    latin.write_bytes(b'{"question": "\xff"}\n')
    with pytest.raises(UsageError, match="not UTF-8"):
        load_files([latin], skip_bad=False)
    twice = written(tmp_path, {**ROW, "id": "a"}, {**ROW, "id": "a"})
    with pytest.raises(UsageError, match="more than once: a"):
        load_files([twice], skip_bad=True)


def test_the_packaged_sample_is_what_its_card_says():
    folder = asset_dir("datasets") / "kaf"
    card = tomllib.loads((folder / "card.toml").read_text())["sample"]
    path = folder / card["file"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == card["sha256"]
    samples = [item.sample for item in load_files([path], skip_bad=False).items]
    counts = Counter(sample.answer_type for sample in samples)
    counts["no_valid_answer"] = sum(sample.tags["label"] == NO_VALID_ANSWER for sample in samples)
    tags = Counter(tag for sample in samples for tag in sample.tags["tags"].split(","))
    counts["chinese"] = tags["chinese"]
    assert counts == card["counts"]
    assert {f"rule{number}" for number in range(1, 8)} <= set(tags)
