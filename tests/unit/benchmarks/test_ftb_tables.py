"""Reading CSV files: cells stay as they are, and a bad one is named by file, row and column."""

import pytest

from llmgen.benchmarks.finetunebench.tables import read_table
from llmgen.errors import UsageError

COLUMNS = ("id", "prompt", "answer")


@pytest.fixture
def write(tmp_path):
    def write(data):
        path = tmp_path / "items.csv"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


def test_cells_are_kept(write):
    table = read_table(
        write('id,prompt,answer\na,"two\nlines, ""quoted"" ",None\nb,\u2265 5\u00b0,NA\n'), COLUMNS
    )
    assert [row["answer"] for row in table.rows] == ["None", "NA"]
    assert table.rows[0]["prompt"] == 'two\nlines, "quoted" '
    assert table.rows[1]["prompt"] == "\u2265 5\u00b0"


def test_a_blank_header_a_mark_and_windows_line_ends_are_read(write):
    table = read_table(write(b"\xef\xbb\xbf,id,prompt,answer\r\n0,a,p,x\r\n"), COLUMNS)
    assert table.columns == ("", "id", "prompt", "answer")
    assert table.rows[0]["answer"] == "x"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("", "is empty"),
        ("id,prompt,answer\n", "no rows"),
        ("id,prompt\na,b\n", r"row 0 \(the header\): no column 'answer'"),
        ("id,prompt,answer\na,b,c\na,b\n", "row 2, column 'answer': no cell"),
        ("id,prompt,answer\na,b,c,d\n", "row 1, column 'answer': 1 cells too many"),
        ("id,prompt,answer\na,b,\n", "row 1, column 'answer': empty"),
        ("id,prompt,answer\na, ,c\n", "row 1, column 'prompt': empty"),
        ('id,prompt,answer\na,b,c\na,"b,c\n', "row 2, column 'id' or later: unexpected end"),
        ('id,prompt,answer\na,"b"x,c\n', "row 1"),
        (b"id,prompt,answer\na,b,c\nx,y\xff,z\n", "row 2, column 'prompt': byte 26 is not UTF-8"),
    ],
)
def test_a_bad_cell_is_named(write, data, words):
    with pytest.raises(UsageError, match=words) as caught:
        read_table(write(data), COLUMNS)
    assert "items.csv" in caught.value.message


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read .*gone\.csv"):
        read_table(tmp_path / "gone.csv", COLUMNS)
    with pytest.raises(UsageError, match="cannot read"):
        read_table(tmp_path, COLUMNS)
