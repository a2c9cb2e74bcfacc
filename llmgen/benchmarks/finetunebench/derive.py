"""A stand-in for the unpublished coding memorization file: our paraphrases of the other prompts."""

from __future__ import annotations

import re

import msgspec

from llmgen.benchmarks.finetunebench.data import Tables
from llmgen.benchmarks.finetunebench.splits import BY_KEY, Key
from llmgen.benchmarks.finetunebench.tables import Row

_FROM: Key = ("coding", "generalization")
_TO: Key = ("coding", "memorization")
_ASKED = re.compile(r"What is the name of the (?P<what>.+) in the most updated version of (?P<where>.+)\?")


def derive_coding(tables: Tables) -> Tables:
    """`tables` with a derived coding memorization table, unless there is one or nothing to derive from."""
    source = tables.get(_FROM)
    if source is None or _TO in tables:
        return tables
    derived = msgspec.structs.replace(
        source, stem=BY_KEY[_TO].stem, rows=tuple(map(_paraphrased, source.rows))
    )
    return {**tables, _TO: derived}


def _paraphrased(row: Row) -> Row:
    asked = _ASKED.fullmatch(row["prompt"])
    prompt = (
        f"{asked['where']}, most updated version: name the {asked['what']}."
        if asked
        else f"Answer with one identifier. {row['prompt']}"
    )
    return {**row, "prompt": prompt, "derived": "true"}
