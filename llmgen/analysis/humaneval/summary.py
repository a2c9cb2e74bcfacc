"""Stored draws of a code benchmark to its summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmgen.analysis.humaneval.tasks import KS, Task, failures, fates, passes, tasks_of
from llmgen.summary import ScoredRow, Summary, Table

SMALL = 100


def summarise(
    rows: Sequence[ScoredRow], base: Sequence[ScoredRow] | None, context: Mapping[str, Any]
) -> Summary:
    """Metrics, tables and warnings of one run.

    `metrics` has `tasks`, `pass_at` (by k: mean, 95 % interval, n tasks with k graded draws or more), `draws`
    (what became of them), `failures` (the commonest reasons) and, with a base run, its `base` alike.
    """
    tasks = tasks_of(rows)
    metrics: dict[str, Any] = {
        "tasks": len(tasks),
        "pass_at": passes(tasks),
        "draws": fates(tasks),
        "failures": failures(tasks),
        **{name: context.get(name) for name in ("sandbox", "python")},
    }
    if base is not None:
        of_base = tasks_of(base)
        metrics["base"] = {"pass_at": passes(of_base), "draws": fates(of_base)}
    return Summary(metrics=metrics, tables=_tables(metrics), warnings=tuple(_warnings(tasks, metrics)))


def _tables(metrics: Mapping[str, Any]) -> tuple[Table, ...]:
    sides = [("model", metrics), *([("base", metrics["base"])] if "base" in metrics else [])]
    made = [
        Table(
            title="pass@k",
            columns=("", "k", "pass@k", "95 % interval", "tasks"),
            rows=tuple(
                (side, str(k), *_cells(found["pass_at"][str(k)]))
                for side, found in sides
                for k in KS
                if k == 1 or found["pass_at"][str(k)]["n"]
            ),
            note="unbiased, from the graded draws of each task; tasks with fewer than k of them are left out",
        ),
        Table(
            title="Programs",
            columns=("", *(name.replace("_", " ") for name in metrics["draws"])),
            rows=tuple((side, *map(str, found["draws"].values())) for side, found in sides),
            note="timeouts are among the failed. errors, of the sandbox or of the call, are no verdict",
        ),
        Table(
            title="Why programs failed",
            columns=("reason", "draws"),
            rows=tuple((one["reason"], str(one["draws"])) for one in metrics["failures"]),
        ),
    ]
    return tuple(table for table in made if table.rows)


def _cells(found: Mapping[str, Any]) -> tuple[str, str, str]:
    if found["mean"] is None:
        return "-", "-", str(found["n"])
    return f"{found['mean']:.3f}", f"{found['low']:.3f} to {found['high']:.3f}", str(found["n"])


def _warnings(tasks: Sequence[Task], metrics: Mapping[str, Any]) -> list[str]:
    lines = []
    draws = metrics["draws"]
    if draws["not_executed"]:
        lines.append(f"{draws['not_executed']} answers were not run (--no-exec): they have no grade")
    elif len(tasks) < SMALL:
        lines.append(f"{len(tasks)} tasks are few: see the interval")
    uniform = sum(task.is_uniform for task in tasks)
    if uniform:
        lines.append(
            f"all draws of {uniform} of {len(tasks)} tasks are the same text: "
            "for pass@k with k > 1 draw with a temperature (--temperature 0.8)"
        )
    return lines
