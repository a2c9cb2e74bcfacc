"""Items and fillers as files of a user: every mistake is named with its line."""

import json

import pytest

from llmgen.errors import StoreError, UsageError
from llmgen.tuning.kept import Kept
from llmgen.tuning.labelled import read_fillers, read_items

ITEM = {
    "task_id": "a/1",
    "prompt": "def f():\n",
    "canonical_solution": " 1\n",
    "test": "",
    "entry_point": "f",
}


@pytest.fixture
def file(tmp_path):
    def write(*lines):
        path = tmp_path / "lines.jsonl"
        path.write_bytes(
            b"".join(x if isinstance(x, bytes) else json.dumps(x).encode() + b"\n" for x in lines)
        )
        return path

    return write


def test_items_with_more_fields_and_blank_lines_are_read(file):
    items = read_items(file(ITEM, b"\n", {**ITEM, "task_id": "a/2", "note": 1}))
    assert [item.task_id for item in items] == ["a/1", "a/2"]


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        ({"task_id": "a/2"}, "line 2: .*`prompt`"),
        ({**ITEM, "task_id": 2}, "line 2: .*task_id"),
        (b"{broken\n", "line 2: "),
        (b"\xff\xfe\n", "line 2: "),
        (ITEM, "'a/1' comes twice"),
    ],
)
def test_a_malformed_item_is_named_with_its_line(file, second, problem):
    with pytest.raises(UsageError, match=problem) as error:
        read_items(file(ITEM, second))
    assert "\n" not in error.value.message
    assert error.value.hint


def test_no_file_and_no_text(file, tmp_path):
    with pytest.raises(UsageError, match=r"cannot read .*No such file"):
        read_items(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match=r"cannot read .*directory"):
        read_fillers(tmp_path)
    with pytest.raises(UsageError, match="holds no text"):
        read_fillers(file())
    assert read_fillers(file({"text": "x"}, {"id": 1, "text": "y"})) == ["x", "y"]


def test_a_torn_row_is_cut_off_and_a_damaged_file_is_said(tmp_path):
    kept = Kept(tmp_path / "build")
    assert kept.finished() == set()
    kept.rows.write_bytes(b'{"id":"ft-001"}\n{"id":"ft-0')
    assert kept.finished() == {"ft-001"}
    assert kept.rows.read_bytes() == b'{"id":"ft-001"}\n'
    kept.rows.write_bytes(b"not a row\n")
    with pytest.raises(StoreError, match="is damaged") as error:
        kept.finished()
    assert error.value.hint == f"delete {kept.folder}"
