"""Finding and loading FineTuneBench's files, and the lookups that join them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

import msgspec

from llmgen.benchmarks.finetunebench.splits import ATTRIBUTES, FOLDERS, LAYOUT, SPLITS, Domain, Key
from llmgen.benchmarks.finetunebench.tables import Table, bad_cell, read_table
from llmgen.errors import UsageError
from llmgen.types import Struct

Tables = dict[Key, Table]


class Card(Struct, frozen=True):
    """What our card says about the published files.

    `sha256` maps `<folder>/<file>` to the hash of the version that the numbers were made with;
    `comparison_analysed` names the 25 published comparison rows by the first 12 hex digits of their id's
    sha256, so that no row of the data has to be copied.
    """

    sha256: dict[str, str]
    comparison_analysed: tuple[str, ...]


def read_card(folder: Path) -> Card:
    """The facts of `folder`/card.toml."""
    return msgspec.convert(
        tomllib.loads((folder / "card.toml").read_text(encoding="utf-8")), Card, strict=False
    )


def find_root(folder: Path) -> Path:
    """The folder that holds the domain folders: `folder` or `folder`/datasets. Raises UsageError."""
    for candidate in (folder / "datasets", folder):
        if any((candidate / name).is_dir() for name in FOLDERS.values()):
            return candidate
    problem = "no FineTuneBench data in it" if folder.is_dir() else "no such folder"
    raise UsageError(f"{folder}: {problem}", hint=f"expected layout: {LAYOUT}")


def load_tables(root: Path, domains: Iterable[Domain]) -> Tables:
    """The files of `domains` that exist, in the order of SPLITS. Raises UsageError on a malformed one."""
    wanted = set(domains)
    return {
        split.key: read_table(root / split.path, split.columns)
        for split in SPLITS
        if split.domain in wanted and (root / split.path).exists()
    }


class Lookup(Struct, frozen=True):
    """What one split's items need from another: golds of the trained question, and the judge's context.

    `news` maps an id to the trained answer; `attribute` maps (person id, fact) to the attribute it states;
    `people` maps (person id, attribute) to the trained answer; `medical` maps an id to the update's
    description.
    """

    news: Mapping[str, str] = {}
    attribute: Mapping[tuple[str, str], str] = {}
    people: Mapping[tuple[str, str], str] = {}
    medical: Mapping[str, str] = {}


def build_lookup(tables: Mapping[Key, Table]) -> Lookup:
    """Reads the lookups off the memorization tables that there are."""
    news, people = tables.get(("news", "memorization")), tables.get(("people", "memorization"))
    medical = tables.get(("medical", "memorization"))
    attributes = attributes_by_order(people) if people else []
    rows = people.rows if people else ()
    return Lookup(
        news={row["id"]: row["answer"] for row in news.rows} if news else {},
        attribute={
            (row["id"], row["fact"]): attribute for row, attribute in zip(rows, attributes, strict=True)
        },
        people={
            (row["id"], attribute): row["answer"] for row, attribute in zip(rows, attributes, strict=True)
        },
        medical={row["id"]: row["updated_fact_description"] for row in medical.rows} if medical else {},
    )


def attributes_by_order(table: Table) -> list[str]:
    """The attribute of each row: an id occurs once per attribute, always in the same order."""
    seen: dict[str, int] = {}
    attributes = []
    for number, row in enumerate(table.rows):
        count = seen.get(row["id"], 0)
        if count == len(ATTRIBUTES):
            raise bad_cell(table, number, "id", f"{row['id']!r} occurs more than {len(ATTRIBUTES)} times")
        attributes.append(ATTRIBUTES[count])
        seen[row["id"]] = count + 1
    return attributes


def attributes_by_fact(table: Table, lookup: Lookup) -> list[str]:
    """The attribute of each row, joined on (id, fact); by order when there is nothing to join with."""
    if not lookup.attribute:
        return attributes_by_order(table)
    problem = partial(bad_cell, table, column="fact", problem="states no fact of the memorization split")
    attributes = []
    for number, row in enumerate(table.rows):
        attribute = lookup.attribute.get((row["id"], row["fact"]))
        if attribute is None:
            raise problem(row=number)
        attributes.append(attribute)
    return attributes
