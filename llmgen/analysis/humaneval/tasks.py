"""Draws by task: how many were graded and how many passed, and what became of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from llmgen.analysis.intervals import mean_interval
from llmgen.analysis.passes import pass_at_k
from llmgen.summary import ScoredRow
from llmgen.types import Struct

KS = (1, 5, 10)
NOT_EXECUTED = "not_executed"
TIMEOUT = "timeout"
SANDBOX = "sandbox:"


class Task(Struct):
    """The draws of one problem. Ungraded ones (refused, no code, an error of the sandbox) are out of `n`."""

    id: str
    cluster: str
    rows: tuple[ScoredRow, ...]

    @property
    def n(self) -> int:
        """Graded draws."""
        return sum(row.value is not None for row in self.rows)

    @property
    def passed(self) -> int:
        """Draws that passed all tests."""
        return sum(row.value == 1.0 for row in self.rows)

    @property
    def is_uniform(self) -> bool:
        """Whether all of several draws are the same text."""
        return len(self.rows) > 1 and len({row.text for row in self.rows}) == 1


def tasks_of(rows: Sequence[ScoredRow]) -> list[Task]:
    """The tasks in the order of their first draws; companions of contamination detectors are left out."""
    found: dict[str, list[ScoredRow]] = {}
    for row in rows:
        if row.tags.get("role") != "diagnostic":
            found.setdefault(row.sample_id, []).append(row)
    return [Task(id=name, cluster=mine[0].cluster or name, rows=tuple(mine)) for name, mine in found.items()]


def passes(tasks: Sequence[Task]) -> dict[str, Any]:
    """pass@1, 5 and 10: mean over the tasks that have enough graded draws, and its 95 % interval."""
    return {str(k): _pass_at(tasks, k) for k in KS}


def fates(tasks: Sequence[Task]) -> dict[str, int]:
    """How many draws went which way. Timeouts are among the failed, cut answers anywhere."""
    rows = [row for task in tasks for row in task.rows]
    counts = Counter(_fate(row) for row in rows)
    names = ("passed", "failed", "timeouts", NOT_EXECUTED, "sandbox_errors", "errors", "ungraded")
    told = {name: counts.get(name, 0) for name in names}
    told["failed"] += told["timeouts"]
    return {"draws": len(rows), **told, "cut": sum(row.was_truncated for row in rows)}


def failures(tasks: Sequence[Task], most: int = 10) -> list[dict[str, Any]]:
    """The commonest reasons of failed draws, by the kind of exception, with the number of draws."""
    kinds = Counter(
        row.reason.partition(":")[0] or "no reason"
        for task in tasks
        for row in task.rows
        if row.value is not None and row.value < 1.0
    )
    return [{"reason": reason, "draws": count} for reason, count in kinds.most_common(most)]


def _pass_at(tasks: Sequence[Task], k: int) -> Mapping[str, Any]:
    known = [(value, task) for task in tasks if (value := pass_at_k(task.n, task.passed, k)) is not None]
    interval = mean_interval([value for value, _ in known], [task.cluster for _, task in known])
    is_known = interval.mean is not None
    return {
        "mean": interval.mean,
        "low": interval.low if is_known else None,
        "high": interval.high if is_known else None,
        "n": len(known),
    }


def _fate(row: ScoredRow) -> str:
    if row.value is None:
        if row.reason == NOT_EXECUTED:
            return NOT_EXECUTED
        if row.outcome == "error":
            return "sandbox_errors" if row.reason.startswith(SANDBOX) else "errors"
        return "ungraded"
    if row.value == 1.0:
        return "passed"
    return "timeouts" if row.reason == TIMEOUT else "failed"
