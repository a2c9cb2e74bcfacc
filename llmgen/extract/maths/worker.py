"""The child process that runs math-verify: one JSON line in, one JSON line out.

Its clock is the parent's: math-verify's own timeout rests on signal.alarm and does not stop everything.
"""

from __future__ import annotations

import logging
import sys

import msgspec

from llmgen.types import Struct

MEMORY_BYTES = 1 << 30


class Task(Struct):
    """Pairs of LaTeX texts, all of which must be equal. `both_ways`: in both directions, else in either."""

    pairs: tuple[tuple[str, str], ...]
    both_ways: bool


class Reply(Struct):
    """The verdict, or None and why there is none. `how` says which direction held."""

    equal: bool | None
    how: str


def limit_memory(size: int) -> None:
    """Caps this process's address space, where the system can."""
    try:
        import resource  # noqa: PLC0415  # not on every system
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def judge(task: Task) -> Reply:
    """Asks math-verify about every pair. What it cannot parse is compared as text."""
    from math_verify import parse, verify  # noqa: PLC0415  # the parent imports this module without sympy

    how = "verify"
    for pair in task.pairs:
        a, b = (parse(f"${text}$", parsing_timeout=None) for text in pair)
        if not a or not b:
            equal, how = _text(pair[0]) == _text(pair[1]), "string"
        else:
            forward = verify(a, b, timeout_seconds=None)
            equal = forward if task.both_ways or forward else verify(b, a, timeout_seconds=None)
            if task.both_ways and forward:
                equal = verify(b, a, timeout_seconds=None)
            if equal and not forward:
                how = "verify_reversed"
        if not equal:
            return Reply(equal=False, how=how)
    return Reply(equal=True, how=how)


def _text(text: str) -> str:
    return "".join(text.split())


def main() -> None:
    """Serves until stdin closes. The first line out says that the imports are done."""
    limit_memory(MEMORY_BYTES)
    logging.disable(logging.CRITICAL)
    import math_verify  # noqa: F401, PLC0415  # paid before the first task's clock starts

    decode, encode = msgspec.json.Decoder(Task).decode, msgspec.json.Encoder().encode
    out, stdin = sys.stdout.buffer, sys.stdin.buffer
    out.write(b'{"equal":null,"how":"ready"}\n')
    out.flush()
    for line in stdin:
        try:
            reply = judge(decode(line))
        except Exception as error:  # noqa: BLE001  # whatever sympy raises is the reply, not the end of the worker
            reply = Reply(equal=None, how=f"crash:{type(error).__name__}")
        out.write(encode(reply) + b"\n")
        out.flush()


if __name__ == "__main__":
    main()
