"""Labelled files: one JSON object a line, or one JSON array, as upstream writes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from llmgen.benchmarks.kaf.rows import Item, as_item
from llmgen.benchmarks.rowfiles import Loaded, load_rows


def load_files(paths: Sequence[Path], *, skip_bad: bool) -> Loaded[Item]:
    """All items of `paths`. Raises UsageError as `load_rows` does."""
    return load_rows(paths, as_item, lambda item: item.sample.id, skip_bad=skip_bad)
