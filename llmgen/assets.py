"""Where the packaged prompts, data sets and report templates lie: in the wheel, or in the checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def asset_dir(name: str) -> Path:
    """The folder of `prompts`, `datasets` or `reports/templates`."""
    packaged = _PACKAGE / "_assets" / name.partition("/")[0]
    return packaged if packaged.is_dir() else _PACKAGE.parent / name
