"""Rows to samples: keys, golds, and the tags that grading, tables and joins need."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

from llmgen.benchmarks.finetunebench.comparison import derive_gold, parse_pair
from llmgen.benchmarks.finetunebench.data import Lookup, attributes_by_fact
from llmgen.benchmarks.finetunebench.options import Gold
from llmgen.benchmarks.finetunebench.scorer import needs_judge
from llmgen.benchmarks.finetunebench.splits import ANSWER_TYPES, Split
from llmgen.benchmarks.finetunebench.tables import Row, Table, bad_cell
from llmgen.types import Sample, Struct

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_YES_NO = ("Yes", "No")
_TRUTHS = frozenset({"True", "False"})


class Choice(Struct, frozen=True):
    """Which rows become items, and how. `this_year` decides whether an asked date lies in the past."""

    gold: Gold
    analysed_only: bool
    comparison_analysed: frozenset[str]
    this_year: int
    shift_year: int | None = None


def build_items(split: Split, table: Table, lookup: Lookup, choice: Choice) -> Iterator[tuple[int, Sample]]:
    """The items of one file in file order, each with its row's number (from 0).

    Raises UsageError on a row that cannot be joined or is double.
    """
    attributes = attributes_by_fact(table, lookup) if _is_person_row(split) else None
    analysed = analysed_rows(split, table, choice.comparison_analysed)
    seen: set[str] = set()
    for number, row in enumerate(table.rows):
        name = f"{row['id']}#{attributes[number]}" if attributes else row["id"]
        if name in seen:
            raise bad_cell(table, number, "id", f"{name!r} occurs twice")
        seen.add(name)
        if choice.analysed_only and number not in analysed:
            continue
        tags = {
            **_common_tags(split, table, row, name),
            "analysed": "true" if number in analysed else "",
            "attr": attributes[number] if attributes else "",
        }
        sample = _SPECIFIC[split.domain](split, row, tags, lookup, choice)
        if sample is not None:
            yield number, sample


def analysed_rows(split: Split, table: Table, comparison: frozenset[str]) -> frozenset[int]:
    """Numbers (from 0) of the rows that were published about; all where nobody said which.

    Raises UsageError for a news row that says neither True nor False.
    """
    if split.domain == "news":
        for number, row in enumerate(table.rows):
            if row["used_in_analysis"] not in _TRUTHS:
                said = row["used_in_analysis"]
                raise bad_cell(table, number, "used_in_analysis", f"{said!r} is neither True nor False")
        return frozenset(n for n, row in enumerate(table.rows) if row["used_in_analysis"] == "True")
    if split.name == "comparison":
        chosen = frozenset(n for n, row in enumerate(table.rows) if _sha(row["id"])[:12] in comparison)
        return chosen or frozenset(range(len(table.rows)))
    return frozenset(range(len(table.rows)))


def shifted(row: Row, year: int) -> Row | None:
    """A date_changed row that asks about `year`; None when its question names no changed year."""
    original, changed = row["original_question"], row["date_changed_question"]
    moved = set(_YEAR.findall(changed)) - set(_YEAR.findall(original))
    if not moved or changed not in row["prompt"]:
        return None
    question = _YEAR.sub(lambda match: str(year) if match[0] in moved else match[0], changed)
    return {**row, "date_changed_question": question, "prompt": row["prompt"].replace(changed, question)}


def _is_person_row(split: Split) -> bool:
    return split.domain == "people" and split.name != "comparison"


def _common_tags(split: Split, table: Table, row: Row, name: str) -> dict[str, str]:
    return {
        "domain": split.domain,
        "split": split.name,
        "role": split.role,
        "mode": split.mode,
        "file": table.stem,
        "source_id": row["id"],
        "fact_key": f"{split.domain}/{name}",
        "cluster": f"{split.domain}/{row['id']}",
        "scorer_question": row[split.question],
        "fact": row.get("fact", ""),
        "answer_before": row.get("answer_before", ""),
        "original_question": row.get("original_question", ""),
        "gold_published": row["answer"],
    }


def _sample(split: Split, row: Row, tags: Mapping[str, str], gold: str, suffix: str = "") -> Sample:
    wants_judge = split.mode == "contains" and needs_judge(gold, tags["scorer_question"])
    kept = {
        **tags,
        "needs_judge": "true" if wants_judge else "",
        "prompt_sha": _sha(row["prompt"]),
    }
    return Sample(
        id=f"{split.domain}/{split.name}/{tags['fact_key'].partition('/')[2]}{suffix}",
        question=row["prompt"],
        answer_type=ANSWER_TYPES[split.mode],
        target=gold,
        choices=_YES_NO if split.mode == "yesno" else (),
        tags={key: value for key, value in kept.items() if value},
    )


def _news(split: Split, row: Row, tags: dict[str, str], lookup: Lookup, choice: Choice) -> Sample | None:
    if split.name != "date_changed":
        return _sample(split, row, tags, row["answer"])
    if row["original_question"] == row["date_changed_question"]:
        return None  # nothing was changed: the answer can be known
    suffix = ""
    if choice.shift_year is not None:
        moved = shifted(row, choice.shift_year)
        if moved is None:
            return None
        row, suffix = moved, f"@{choice.shift_year}"
        tags = {**tags, "scorer_question": row["date_changed_question"], "shifted": str(choice.shift_year)}
    asked = max(map(int, _YEAR.findall(row["date_changed_question"])), default=choice.this_year)
    more = {
        "trained_gold": lookup.news.get(row["id"], ""),
        "date_past": "true" if asked < choice.this_year else "",
    }
    return _sample(split, row, {**tags, **more}, row["answer"], suffix)


def _people(split: Split, row: Row, tags: dict[str, str], lookup: Lookup, choice: Choice) -> Sample | None:
    if split.name != "comparison":
        return _sample(split, row, tags, row["answer"])
    pair = parse_pair(row["id"], row["question"])
    derived = derive_gold(pair, lookup.people) if pair else None
    gold = derived if choice.gold == "recomputed" and derived else row["answer"]
    more = {"gold_recomputed": derived or "", "gold": "recomputed" if gold == derived else "published"}
    if pair:
        more |= {"self": "true" if pair.is_self else "", "kind": pair.kind, "attr": pair.attribute}
        more |= {"cluster": f"people/{pair.a}", "second_person": f"people/{pair.b}"}
    return _sample(split, row, {**tags, **more}, gold)


def _update(split: Split, row: Row, tags: dict[str, str], lookup: Lookup, choice: Choice) -> Sample | None:  # noqa: ARG001  # one signature
    fact = row.get("updated_fact_description", "") or lookup.medical.get(row["id"], "")
    derived = {"derived": row.get("derived", "")}
    return _sample(
        split, row, {**tags, **derived, "fact": fact if split.domain == "medical" else ""}, row["answer"]
    )


_SPECIFIC = {"news": _news, "people": _people, "coding": _update, "medical": _update}


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
