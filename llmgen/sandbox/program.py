"""The program that is run, and how one tells that its tests ran to their end."""

from __future__ import annotations

import secrets

from llmgen.types import Struct


class Program(Struct):
    """Source, and the marker that stdout holds when the last line was reached."""

    source: bytes
    marker: bytes


def compose(code: str, test: str) -> Program:
    """`code`, `test`, and a last line that writes the marker.

    The marker is drawn anew each time. The source holds it backwards, so that a program that prints itself
    does not pass. Text that is no UTF-8 stays so: Python then refuses the program.
    """
    token = secrets.token_hex(16)
    last = f'__import__("os").write(1, b"{token}"[::-1])'
    source = f"{code}\n{test}\n{last}\n".encode("utf-8", "surrogatepass")
    return Program(source=source, marker=token[::-1].encode())
