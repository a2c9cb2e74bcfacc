"""Running an answer, or not: what opens the runner, and what its word means as a grade."""

from __future__ import annotations

from llmgen.benchmarks.base import Context
from llmgen.errors import UsageError
from llmgen.execution import Execution, RunCode, SandboxKind
from llmgen.types import Grade

NOT_EXECUTED = "not_executed"
TIMEOUT = "timeout"
LATER = "no code was run: grade the answers with llmgen rescore RUN --set no_exec=false"
UNSAFE = "model-written code ran without a sandbox (--sandbox none), which is not a security boundary"


def runner_of(
    context: Context, *, sandbox: SandboxKind, timeout_s: float, no_exec: bool
) -> tuple[RunCode | None, tuple[str, ...]]:
    """What runs code and what a reader of the score must know of it; None with `no_exec`.

    Raises UsageError when code cannot be run here.
    """
    if no_exec:
        return None, (LATER,)
    if context.open_runner is None:
        raise UsageError("nothing here runs code", hint="use --no-exec")
    run_code = context.open_runner(sandbox, timeout_s)
    return run_code, (UNSAFE,) if sandbox == "none" else ()


def about(run_code: RunCode | None) -> dict[str, str]:
    """How code is run, for the run's record."""
    return dict(run_code.about) if run_code else {"sandbox": NOT_EXECUTED}


def grade_of(execution: Execution | None, *, was_truncated: bool = False) -> Grade:
    """1 when all tests passed; a timeout is wrong; an error of the sandbox, or None (not run), no grade."""
    if execution is None:
        return Grade(outcome="unparsed", reason=NOT_EXECUTED, was_truncated=was_truncated)
    match execution.ended:
        case "pass":
            return Grade(outcome="correct", value=1.0, was_truncated=was_truncated)
        case "error":
            return Grade(outcome="error", reason=execution.reason, was_truncated=was_truncated)
        case "timeout":
            return Grade(outcome="wrong", value=0.0, reason=TIMEOUT, was_truncated=was_truncated)
        case "fail":
            return Grade(outcome="wrong", value=0.0, reason=execution.reason, was_truncated=was_truncated)
