"""An Easy2Hard summary as rows of the tables under the views `easy2hard_bins` and `easy2hard_grid`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OF_BIN = {
    "low": "lo",
    "high": "hi",
    "n": "n",
    "n_ungraded": "n_ungraded",
    "accuracy": "accuracy",
    "accuracy_low": "acc_lo",
    "accuracy_high": "acc_hi",
}
_OF_CELL = {
    "train_bin": "train_bin",
    "test_bin": "test_bin",
    "n": "n",
    "seeds": "seeds",
    "missing": "missing",
    "accuracy": "accuracy",
    "low": "acc_lo",
    "high": "acc_hi",
    "sgr": "sgr",
    "sgr_low": "sgr_lo",
    "sgr_high": "sgr_hi",
    "sgr_reason": "sgr_reason",
}


def rows_of(sets: Mapping[str, Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Rows by table, one a bin and one a cell."""
    return {
        "easy2hard_bins": [
            {"set": name, "bin": number, **_named(one, _OF_BIN)}
            for name, found in sets.items()
            for number, one in enumerate(found["bins"], 1)
        ],
        "easy2hard_grid": [
            {"set": name, **_named(cell, _OF_CELL)}
            for name, found in sets.items()
            for cell in found.get("grid", {}).get("cells", [])
        ],
    }


def _named(one: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {column: one[field] for field, column in names.items()}
