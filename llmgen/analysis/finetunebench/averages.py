"""Averages over domains: memorization, generalization, and what is lost between them."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping
from typing import Any, NamedTuple

from llmgen.analysis.finetunebench.items import Item
from llmgen.analysis.intervals import wilson

ALL_DOMAINS = ("news", "people", "coding", "medical")
FULL_NAME = "FineTuneBench average"
ROLES = {"train": "memorization", "rank": "generalization"}


class Cell(NamedTuple):
    """One domain's share: k correct of n graded."""

    k: float
    n: int


def macro_mean(cells: Mapping[str, float]) -> float:
    """The unweighted mean over domains."""
    return sum(cells.values()) / len(cells)


def average_cells(items: Iterable[Item], left_out: Container[str]) -> dict[str, dict[str, Cell]]:
    """Per average, the domains that enter it: those with graded items of the role, `left_out` aside."""
    cells: dict[str, dict[str, Cell]] = {name: {} for name in ROLES.values()}
    for item in items:
        name, domain = ROLES.get(item.tags["role"]), item.tags["domain"]
        if name and item.value is not None and domain not in left_out:
            k, n = cells[name].get(domain, Cell(0.0, 0))
            cells[name][domain] = Cell(k + item.value, n + 1)
    return cells


def average(name: str, cells: Mapping[str, Cell], files: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The unweighted mean of the domains' accuracies with its 95 % interval.

    Fewer than four domains are not called "FineTuneBench average". `value_all` counts ungraded items as
    wrong, as published numbers do. The interval combines the domains' Wilson intervals (Zou and Donner
    2008, MOVER); None without domains.
    """
    role = next(role for role, average_name in ROLES.items() if average_name == name)
    used = [m for m in files.values() if m.get("role") == role and m["domain"] in cells]
    rates = {domain: cell.k / cell.n for domain, cell in cells.items()}
    value = macro_mean(rates) if rates else None
    return {
        "value": None if value is None else round(value, 4),
        "value_all": round(macro_mean({m["domain"]: m["n_correct"] / m["n"] for m in used}), 4)
        if used
        else None,
        "ci95": _mover(cells),
        "domains": list(cells),
        "name": FULL_NAME
        if set(cells) == set(ALL_DOMAINS)
        else f"mean over {', '.join(cells) or 'no domain'}",
        "n": sum(m["n"] for m in used),
        "n_graded": sum(cell.n for cell in cells.values()),
        "by_domain": {domain: round(rate, 4) for domain, rate in rates.items()},
    }


def retention_gap(cells: Mapping[str, Mapping[str, Cell]]) -> dict[str, Any]:
    """Memorization - generalization over the domains that have both; None without one."""
    trained, asked = cells["memorization"], cells["generalization"]
    shared = [domain for domain in trained if domain in asked]
    gaps = {d: trained[d].k / trained[d].n - asked[d].k / asked[d].n for d in shared}
    return {"value": round(macro_mean(gaps), 4) if gaps else None, "domains": shared}


def _mover(cells: Mapping[str, Cell]) -> list[float] | None:
    if not cells:
        return None
    rates = [cell.k / cell.n for cell in cells.values()]
    bounds = [wilson(cell.k, cell.n) for cell in cells.values()]
    mean = sum(rates) / len(rates)
    down = math.sqrt(sum((rate - low) ** 2 for rate, (low, _) in zip(rates, bounds, strict=True)))
    up = math.sqrt(sum((high - rate) ** 2 for rate, (_, high) in zip(rates, bounds, strict=True)))
    return [round(mean - down / len(rates), 4), round(mean + up / len(rates), 4)]
