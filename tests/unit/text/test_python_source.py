"""What is known of Python source without running it."""

import pytest

from llmgen.text.python import LONGEST, compiles, defines


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", True),
        ("def f():\n    return 1", True),
        ("x = '\\d'", True),  # a warning is none of ours
        ("return 1", False),
        ("def f(:", False),
        ("x = '\0'", False),
        ("x = '\ud800'", False),
        ("await x", False),
        ("-" * 40_000 + "1", False),
        ("x" + ".y" * 20_000, False),
        ("#" * (LONGEST + 1), False),
    ],
)
def test_compiles(source, expected):
    assert compiles(source) is expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(): pass", True),
        ("async def f(): pass", True),
        ("class f: pass", True),
        ("f = lambda: 1", True),
        ("g = f", False),
        ("def g():\n    def f(): pass", False),
        ("def f(:", False),
    ],
)
def test_defines(source, expected):
    assert defines(source, "f") is expected
