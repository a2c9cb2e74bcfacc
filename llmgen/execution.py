"""What becomes of a program that a model wrote and somebody ran, and who runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol, TypeAlias

from llmgen.types import Struct

Ended: TypeAlias = Literal["pass", "fail", "timeout", "error"]
SandboxKind: TypeAlias = Literal["bwrap", "none"]


class Execution(Struct):
    """How a program and its tests ended.

    `ended`: `pass` when all tests ran to their end, `timeout` when time was up, `error` when the sandbox
    itself failed, which says nothing about the program. `reason` is one line. `stdout` and `stderr` are
    cut to what the limits keep; `elapsed_s` is the wall time.
    """

    ended: Ended
    reason: str = ""
    stdout: str = ""
    stderr: str = ""
    elapsed_s: float = 0.0


class RunCode(Protocol):
    """Runs model-written code. Safe to call many times at once; it never raises for what the code does."""

    @property
    def about(self) -> Mapping[str, str]:
        """How programs are run (`sandbox`, `python`), for the run's record."""
        ...

    async def __call__(self, code: str, test: str) -> Execution:
        """Runs `code`, then `test`, as one program."""
        ...


OpenRunner: TypeAlias = Callable[[SandboxKind, float], RunCode]
"""(kind, wall-clock limit in seconds) -> RunCode. Raises UsageError when code cannot be run that way here."""
