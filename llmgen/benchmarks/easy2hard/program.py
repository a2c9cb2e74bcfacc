"""Programs that read stdin and write stdout: the tests of a problem, and the program that runs them.

Every case runs the answer anew in a process of its own, inside the one sandbox of the answer. Outputs are
compared token by token; where a decimal point is expected, numbers may differ by 1e-6. A problem with several
right outputs is not recognised as such: its published checker is no part of the rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from llmgen.text import without_surrogates

MOST_CASES = 25
MOST_CHARACTERS = 32_000
_CUT = "..."

_HARNESS = """
def _llmgen_tests(source, cases):
    import os, sys, traceback

    def close(wanted, got):
        if wanted == got:
            return True
        try:
            return "." in wanted and abs(float(wanted) - float(got)) <= 1e-6 * max(1.0, abs(float(wanted)))
        except ValueError:
            return False

    def run(program, text):
        given, said = os.memfd_create("stdin"), os.memfd_create("stdout")
        data = text.encode()
        while data:
            data = data[os.write(given, data):]
        os.lseek(given, 0, os.SEEK_SET)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.dup2(given, 0)
                os.dup2(said, 1)
                sys.stdin, sys.stdout = open(0), open(1, "w")
                try:
                    exec(program, {"__name__": "__main__", "exit": sys.exit, "quit": sys.exit})
                    status = 0
                except SystemExit as end:
                    status = 0 if end.code in (None, 0) else 1
                sys.stdout.flush()
            except BaseException:
                traceback.print_exc()
                status = 1
            finally:
                os._exit(status)
        status = os.waitpid(child, 0)[1]
        size = os.lseek(said, 0, os.SEEK_END)
        os.lseek(said, 0, os.SEEK_SET)
        out = os.read(said, size).decode("utf-8", "replace")
        os.close(given)
        os.close(said)
        return status, out

    program = compile(source, "answer.py", "exec")
    for number, (text, wanted) in enumerate(cases, 1):
        status, out = run(program, text)
        if status:
            raise AssertionError(f"test {number} of {len(cases)}: the program failed")
        got, want = out.split(), wanted.split()
        if len(got) != len(want) or not all(map(close, want, got)):
            shown = " ".join(got)[:60] or "nothing"
            raise AssertionError(f"test {number} of {len(cases)}: wrong output: {shown}")

"""


def cases_of(shown: Sequence[tuple[str, str]], hidden: Sequence[tuple[str, str]]) -> str | None:
    """The tests of a problem as JSON ([[stdin, stdout], ...]); None when there is no case that can be run.

    The cases of the statement first, then hidden ones, short ones first, up to 25 cases and 32,000
    characters: they are kept with every answer. Cases that were cut ("...") cannot be run.
    """
    kept: list[tuple[str, str]] = []
    room = MOST_CHARACTERS
    for case in (*shown, *sorted(hidden, key=lambda one: len(one[0]) + len(one[1]))):
        size = len(case[0]) + len(case[1])
        if any(text.rstrip().endswith(_CUT) for text in case) or case in kept or size > room:
            continue
        if len(kept) == MOST_CASES:
            break
        kept.append(case)
        room -= size
    return json.dumps([[without_surrogates(text) for text in case] for case in kept]) if kept else None


def assemble(code: str, tests: str) -> tuple[str, str]:
    """(code, test) for a `RunCode`: the answer as text, and what runs it on every case."""
    return (
        f"SOURCE = {code!a}",
        f"{_HARNESS}\nimport json\n_llmgen_tests(SOURCE, json.loads({tests!a}))",
    )
