"""Tables on the terminal: no number is ever broken, and a pipe gets plain text."""

import io

import pytest

from llmgen.cli.tables import print_table, print_tables
from llmgen.summary import Table

TABLE = Table(
    title="Scores [of everything]",
    columns=("task", "n", "score", "95% interval", *(f"a long name {i}" for i in range(6))),
    rows=(("medical/generalization of all the things", "1,229", "0.699", "[0.634, 0.764]", *["12,345"] * 6),)
    * 2,
    note="A note [with brackets].",
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("width", ["40", "80", "300"])
def test_numbers_stay_whole_on_a_narrow_terminal(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    print_table(TABLE, out)
    text = out.getvalue()
    assert text.count("[0.634, 0.764]") == text.count("1,229") == text.count("0.699") == 2
    assert text.count("12,345") == 12
    assert "medical/generalization" in text


def test_a_pipe_gets_plain_text_of_any_length():
    out = io.StringIO()
    print_tables([TABLE], out)
    lines = out.getvalue().splitlines()
    assert "\x1b" not in out.getvalue()
    assert lines[0] == TABLE.title
    assert lines[-2:] == [TABLE.note, ""]  # the next table stands apart
    rows = [line.split() for line in lines if "1,229" in line]
    assert len(rows) == 2
    assert rows[0][-1] == "12,345"


def test_a_table_without_rows_still_says_what_it_would_hold():
    out = io.StringIO()
    print_table(Table(title="Empty", columns=("a", "b"), rows=()), out)
    assert out.getvalue().split()[:3] == ["Empty", "a", "b"]
