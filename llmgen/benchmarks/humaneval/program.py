"""From a prompt and what a model answered to the program that is run."""

from __future__ import annotations

import textwrap

from llmgen.text.python import compiles, defines


def assemble(prompt: str, code: str, entry_point: str) -> str:
    """The program, without its tests. `prompt` is code that opens a function, or empty.

    Code that defines `entry_point` stands for itself, after the prompt: its imports and helpers may be
    needed, and the function is defined anew. Other code is the rest of the function; its indentation is
    mended where only that makes it Python. What cannot be Python either way is put together all the same.
    """
    if not prompt:
        return code
    if defines(code, entry_point):
        before = _opening(prompt)
        return next((source for source in (f"{before}{code}", code) if compiles(source)), code)
    start = f"{prompt.rstrip()}\n"
    indented = textwrap.indent(code.strip("\n"), "    ")
    choices = (code, indented) if code.lstrip("\n")[:1] in {" ", "\t"} else (indented, code)
    sources = [f"{start}{choice}" for choice in choices]
    return next((source for source in sources if compiles(source)), f"{start}{code}")


def _opening(prompt: str) -> str:
    """The prompt as a module of its own, with a body where its function has none; else nothing."""
    for source in (f"{prompt}\n", f"{prompt.rstrip()}\n    pass\n"):
        if compiles(source):
            return source
    return ""
