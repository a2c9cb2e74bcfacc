"""What isolation costs: one program in the sandbox against the same program in a bare Python, in turns.

    .venv/bin/python bench/sandbox.py [--runs N]

The bar is a ratio of medians, so that the machine's speed does not matter. Exit code 1 when it is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys

from llmgen.errors import UsageError
from llmgen.sandbox.command import Interpreter, python
from llmgen.sandbox.limits import Limits
from llmgen.sandbox.probe import probe
from llmgen.sandbox.process import run_process
from llmgen.sandbox.program import compose
from llmgen.sandbox.runner import Runner

BAR = 1.6
CODE = '''
from typing import List

def longest_rise(numbers: List[int]) -> int:
    """The length of the longest run of neighbours that grow."""
    best = run = min(1, len(numbers))
    for left, right in zip(numbers, numbers[1:]):
        run = run + 1 if right > left else 1
        best = max(best, run)
    return best
'''
TEST = """
def check(candidate):
    assert candidate([]) == 0
    assert candidate([5]) == 1
    assert candidate([1, 2, 3, 1, 2]) == 3
    assert candidate(list(range(1000))) == 1000

check(longest_rise)
"""


async def measure(runs: int) -> int:
    """Prints the medians and their ratio; returns the exit code."""
    limits = Limits()
    try:
        setup = probe("bwrap", limits)
    except UsageError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 2
    runner = Runner(setup, limits)
    sandboxed, bare = [], []
    for number in range(runs + 1):
        code = f"{CODE}\n# {number}"  # a program that is equal to another is not run again
        execution = await runner(code, TEST)
        if execution.ended != "pass":
            print(f"the program did not pass: {execution.reason}", file=sys.stderr)
            return 1
        sandboxed.append(execution.elapsed_s)
        bare.append(await unprotected(setup.interpreter, code, limits))
    ours, plain = (1e3 * statistics.median(times[1:]) for times in (sandboxed, bare))
    ratio = ours / plain
    print(f"{'route':<30}{'median ms':>10}   Python {setup.interpreter.version}")
    print(f"{'bare python3 -I -S -B':<30}{plain:>10.1f}")
    print(f"{'sandbox':<30}{ours:>10.1f}")
    print(f"ratio {ratio:.2f}, bar {BAR}: {'ok' if ratio <= BAR else 'MISSED'}")
    return int(ratio > BAR)


async def unprotected(interpreter: Interpreter, code: str, limits: Limits) -> float:
    """Seconds that the same program takes with nothing around it, started and read in the same way."""
    program = compose(code, TEST)
    descriptor = os.memfd_create("program")
    try:
        os.write(descriptor, program.source)
        os.lseek(descriptor, 0, os.SEEK_SET)
        result = await run_process(
            python(interpreter, f"/proc/self/fd/{descriptor}"),
            limits,
            program.marker,
            descriptors=(descriptor,),
            environment={},
            folder="/",
        )
    finally:
        os.close(descriptor)
    if not result.has_marker:
        raise SystemExit(f"the program did not pass: {result.stderr.decode()}")
    return result.elapsed_s


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=30)
    sys.exit(asyncio.run(measure(parser.parse_args().runs)))
