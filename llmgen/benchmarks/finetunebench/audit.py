"""What is wrong with the data: found by looking, not by trusting a list (specification, section 3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from llmgen.benchmarks.finetunebench.comparison import KINDS, PersonFacts, derive_gold, parse_pair
from llmgen.benchmarks.finetunebench.data import Lookup
from llmgen.benchmarks.finetunebench.splits import BY_KEY, Key
from llmgen.benchmarks.finetunebench.tables import Table
from llmgen.types import Struct

READ_AS_MISSING = frozenset(
    {"NA", "N/A", "n/a", "<NA>", "#N/A", "#NA", "NULL", "null", "NaN", "nan", "-NaN", "-nan", "None"}
)
"""Cells that the default reader of pandas turns into NaN."""


class ComparisonAudit(Struct, frozen=True):
    """Published comparison golds against golds derived from the facts.

    `wrong_by_kind` counts rows whose published gold differs; `self_rows` compare a person with themself;
    `unchecked` rows could not be derived (unknown person, other form).
    """

    n: int
    wrong: int
    wrong_by_kind: dict[str, int]
    self_rows: int
    unchecked: int


class Conflict(Struct, frozen=True):
    """One prompt that several rows ask with different golds; the first is kept for training."""

    file: str
    ids: tuple[str, ...]
    golds: tuple[str, ...]
    prompt: str


class Audit(Struct, frozen=True):
    """All findings. The maps go from file stem to a count of rows; files without a finding are left out."""

    comparison: ComparisonAudit | None
    read_as_missing: dict[str, int]
    duplicate_prompts: dict[str, int]
    unchanged_dates: int
    conflicts: tuple[Conflict, ...]

    def notes(self) -> tuple[str, ...]:
        """The findings that a reader of a score must see, one line each."""
        lines = []
        if self.comparison and self.comparison.wrong:
            found = self.comparison
            kinds = ", ".join(f"{kind} {count}" for kind, count in found.wrong_by_kind.items())
            lines.append(f"{found.wrong} of {found.n} published comparison golds are wrong ({kinds})")
        if self.conflicts:
            lines.append(f"{len(self.conflicts)} prompts have several golds; training keeps the first")
        return tuple(lines)


def audit_tables(tables: Mapping[Key, Table], lookup: Lookup) -> Audit:
    """Audits every row of `tables`, asked or not."""
    comparison = tables.get(("people", "comparison"))
    dates = tables.get(("news", "date_changed"))
    by_stem = {table.stem: table for table in tables.values()}
    return Audit(
        comparison=audit_comparison(comparison, lookup.people) if comparison else None,
        read_as_missing=_counts(by_stem, _read_as_missing),
        duplicate_prompts=_counts(by_stem, _duplicate_prompts),
        unchanged_dates=sum(
            row["original_question"] == row["date_changed_question"] for row in (dates.rows if dates else ())
        ),
        conflicts=tuple(conflict for table in tables.values() for conflict in find_conflicts(table)),
    )


def audit_comparison(table: Table, facts: PersonFacts) -> ComparisonAudit:
    """Derives every comparison gold anew and counts the published ones that differ."""
    question = BY_KEY["people", "comparison"].question
    wrong = Counter[str]()
    self_rows = unchecked = 0
    for row in table.rows:
        pair = parse_pair(row["id"], row[question])
        gold = derive_gold(pair, facts) if pair else None
        if pair is None or gold is None:
            unchecked += 1
            continue
        self_rows += pair.is_self
        wrong[pair.kind] += gold != row["answer"]
    by_kind: dict[str, int] = {kind: wrong[kind] for kind in KINDS}
    return ComparisonAudit(
        n=len(table.rows),
        wrong=sum(by_kind.values()),
        wrong_by_kind=by_kind,
        self_rows=self_rows,
        unchecked=unchecked,
    )


def find_conflicts(table: Table) -> list[Conflict]:
    """The prompts of one file that are asked with different golds, in file order."""
    rows_of: dict[str, list[tuple[str, str]]] = {}
    for row in table.rows:
        rows_of.setdefault(row["prompt"], []).append((row["id"], row["answer"]))
    return [
        Conflict(
            file=table.stem,
            ids=tuple(row_id for row_id, _ in rows),
            golds=tuple(dict.fromkeys(gold for _, gold in rows)),
            prompt=prompt,
        )
        for prompt, rows in rows_of.items()
        if len({gold for _, gold in rows}) > 1
    ]


def as_plain(audit: Audit) -> dict[str, Any]:
    """The audit as plain JSON, without the prompts' texts."""
    plain: dict[str, Any] = msgspec.to_builtins(audit)
    for conflict in plain["conflicts"]:
        del conflict["prompt"]
    return plain


def _counts(tables: Mapping[str, Table], count: Any) -> dict[str, int]:
    return {stem: found for stem, table in tables.items() if (found := count(table))}


def _read_as_missing(table: Table) -> int:
    return sum(row["answer"] in READ_AS_MISSING for row in table.rows)


def _duplicate_prompts(table: Table) -> int:
    return len(table.rows) - len({row["prompt"] for row in table.rows})
