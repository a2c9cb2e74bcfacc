"""From prompt and answer to the program that is run."""

import pytest

from llmgen.benchmarks.humaneval.program import assemble

PROMPT = 'from math import sqrt\n\ndef f(x):\n    """The root."""\n'
BARE = "def f(x):\n"


@pytest.mark.parametrize(
    ("prompt", "code", "program"),
    [
        # the rest of the function
        (PROMPT, "    return sqrt(x)\n", f"{PROMPT}    return sqrt(x)\n"),
        (PROMPT, "\n    return sqrt(x)\n", f"{PROMPT}\n    return sqrt(x)\n"),
        (BARE, "    return x\n", f"{BARE}    return x\n"),
        # the same without its indentation
        (PROMPT, "return sqrt(x)\n", f"{PROMPT}    return sqrt(x)"),
        (
            PROMPT,
            "y = x\nif y:\n    return 1\nreturn 2",
            f"{PROMPT}    y = x\n    if y:\n        return 1\n    return 2",
        ),
        (PROMPT, "y = x", f"{PROMPT}    y = x"),
        # a helper after it
        (
            PROMPT,
            "    return g(x)\n\ndef g(x):\n    return x\n",
            f"{PROMPT}    return g(x)\n\ndef g(x):\n    return x\n",
        ),
        # the whole function, with the prompt's import before it
        (PROMPT, "def f(x):\n    return sqrt(x)\n", f"{PROMPT}\ndef f(x):\n    return sqrt(x)\n"),
        (BARE, "def f(x):\n    return x\n", "def f(x):\n    pass\ndef f(x):\n    return x\n"),
        ("def f(x", "def f(x):\n    return x\n", "def f(x):\n    return x\n"),
        (
            PROMPT,
            "from __future__ import annotations\ndef f(x):\n    return x\n",
            "from __future__ import annotations\ndef f(x):\n    return x\n",
        ),
        # prose in place of a prompt
        ("", "def f(x):\n    return x\n", "def f(x):\n    return x\n"),
        ("", "    return x", "    return x"),
        # what is no Python either way
        (PROMPT, "I cannot do that (", f"{PROMPT}I cannot do that ("),
        (PROMPT, "    return (", f"{PROMPT}    return ("),
    ],
)
def test_assemble(prompt, code, program):
    assert assemble(prompt, code, "f") == program
