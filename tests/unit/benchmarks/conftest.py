"""FineTuneBench loaded from the packaged sample set, or from a copy that a test may spoil."""

import csv
import shutil

import pytest

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.finetunebench import SPEC


@pytest.fixture
def load(root):
    """Loads the benchmark with the options given as keywords."""

    def load(judge=None, model="any", **options):
        return SPEC.load(
            SPEC.options(**options), Context(model=model, datasets=root / "datasets", judge=judge)
        )

    return load


@pytest.fixture
def sample_set(root, tmp_path):
    """A copy of the sample set's folder."""
    return shutil.copytree(root / "datasets/finetunebench/sample", tmp_path / "data")


@pytest.fixture
def edit():
    """Rewrites a CSV file: a function gets the rows as dicts and changes them in place."""

    def edit(path, change):
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        change(rows)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    return edit
