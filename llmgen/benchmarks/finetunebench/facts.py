"""What the summary and a reader must know about the loaded data: absent files, oddities, what was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.finetunebench.data import Card, Tables
from llmgen.benchmarks.finetunebench.items import Choice
from llmgen.benchmarks.finetunebench.options import Options
from llmgen.benchmarks.finetunebench.splits import BY_KEY, FOLDERS, SPLITS, Domain, Key
from llmgen.types import Sample


def run_facts(
    options: Options, context: Context, choice: Choice, tables: Tables, keys: Sequence[Key]
) -> dict[str, Any]:
    """Plain JSON for the summary. `files` describes each asked file by stem; `incomplete` gives reasons."""
    return {
        "model": context.model,
        "scorer": options.scorer,
        "gold": choice.gold,
        "subset": options.subset,
        "replay": options.replay is not None,
        "judged": context.judge is not None,
        "shift_year": options.shift_year,
        "derived": ["coding"] if options.coding_derive else [],
        "files": {
            tables[key].stem: {
                "domain": BY_KEY[key].domain,
                "split": BY_KEY[key].name,
                "role": BY_KEY[key].role,
                "mode": BY_KEY[key].mode,
            }
            for key in keys
        },
        "incomplete": incomplete_domains(options, tables),
    }


def incomplete_domains(options: Options, tables: Mapping[Key, object]) -> dict[Domain, str]:
    """The chosen domains that lack a file that ranks, each with the reason; none when splits were chosen."""
    if options.splits:
        return {}
    absent: dict[Domain, list[str]] = {}
    for split in SPLITS:
        if options.replay and not split.replayed:
            continue  # nobody recorded answers of this domain
        if split.domain in options.domains and split.role != "diagnostic" and split.key not in tables:
            absent.setdefault(split.domain, []).append(split.path)
    what = "no recorded answers" if options.replay else "absent"
    return {domain: f"{what}: {', '.join(files)}" for domain, files in absent.items()}


def run_notes(
    options: Options, context: Context, card: Card, samples: Sequence[Sample], tables: Tables
) -> tuple[str, ...]:
    """Lines that a reader of the score must see."""
    domains = {sample.tags["domain"] for sample in samples}
    past = sum("date_past" in sample.tags for sample in samples)
    unjudged = sum(sample.tags["mode"] == "judge" for sample in samples) if context.judge is None else 0
    lines = []
    if not options.replay:
        lines += [
            f"{domain} is incomplete ({why})" for domain, why in incomplete_domains(options, tables).items()
        ]
    if options.data and not options.replay:
        lines += _unpublished_subset(options, domains)
        lines += _other_versions(card, tables)
    if options.shift_year is not None:
        lines.append(
            f"date_changed asks about {options.shift_year}: new items, no published numbers to compare"
        )
    if past and not options.replay:
        lines.append(
            f"{past} date_changed questions ask about a past year: a model may know the answer by now"
        )
    if options.coding_derive:
        lines.append("coding memorization is made of our own paraphrases: non-standard")
    if unjudged and options.scorer in {"normalised", "judge"}:
        lines.append(f"{unjudged} items need a judge (--judge MODEL) and stay ungraded")
    return tuple(lines)


def _unpublished_subset(options: Options, domains: set[str]) -> list[str]:
    vague = [domain for domain in ("coding", "medical") if domain in domains]
    if options.subset != "analysed" or not vague:
        return []
    return [f"{' and '.join(vague)}: which 50 items were published about is unknown, so all rows are asked"]


def _other_versions(card: Card, tables: Tables) -> list[str]:
    """Files that differ from the version that the published numbers were made with."""
    names = {f"{FOLDERS[key[0]]}/{table.stem}.csv": table.sha256 for key, table in tables.items()}
    other = [name for name, sha in names.items() if name in card.sha256 and card.sha256[name] != sha]
    return [f"{name} is not the version that our card describes" for name in other]
