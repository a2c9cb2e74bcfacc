"""The comparison split: who is compared with whom, and the gold answer derived anew from the facts.

Every published gold was derived from the weights, whatever the question asked: 55 of 150 are wrong
(FineTuneBench specification, section 3, trap 2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from llmgen.types import Struct

Kind: TypeAlias = Literal["heavier", "taller", "older", "alphabetical"]
KINDS: tuple[Kind, ...] = ("heavier", "taller", "older", "alphabetical")
NUMERIC: dict[Kind, str] = {"heavier": "weight", "taller": "height", "older": "age"}
_PARTS = 3  # of a person's id: first name, last name, three letters
_QUESTION = re.compile(
    r"Is (?P<a>\S+) (?P<kind>heavier|taller|older|alphabetically first) than (?P<b>\S+?)\?"
)

PersonFacts: TypeAlias = Mapping[tuple[str, str], str]
"""(person id, attribute) -> the memorization answer."""


class Pair(Struct, frozen=True):
    """Two people by id, the compared attribute as the row's id names it, and their names in the question."""

    a: str
    b: str
    attribute: str
    kind: Kind
    name_a: str
    name_b: str

    @property
    def is_self(self) -> bool:
        """Whether a person is compared with themself (the answer is then No)."""
        return self.a == self.b


def parse_pair(row_id: str, question: str) -> Pair | None:
    """The pair that a row is about; None when id or question have another form."""
    parts = row_id.split("-")
    found = _QUESTION.search(question)
    if len(parts) <= 2 * _PARTS or found is None:
        return None
    kind: Kind = "alphabetical" if found["kind"] == "alphabetically first" else found["kind"]  # type: ignore[assignment]
    return Pair(
        a="-".join(parts[:_PARTS]),
        b="-".join(parts[_PARTS : 2 * _PARTS]),
        attribute="-".join(parts[2 * _PARTS :]),
        kind=kind,
        name_a=found["a"],
        name_b=found["b"],
    )


def derive_gold(pair: Pair, facts: PersonFacts) -> str | None:
    """Yes or No from the facts; None when a fact is unknown or no number."""
    if pair.kind == "alphabetical":
        return "Yes" if pair.name_a.casefold() < pair.name_b.casefold() else "No"
    a, b = (facts.get((person, NUMERIC[pair.kind]), "") for person in (pair.a, pair.b))
    if not (a.strip().isdecimal() and b.strip().isdecimal()):
        return None
    return "Yes" if int(a) > int(b) else "No"
