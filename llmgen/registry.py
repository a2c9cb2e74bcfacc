"""Names to things, lazily: a row is `name -> "module:attribute"`, imported when it is asked for.

Plug-ins add rows through the entry-point group `llmgen.<kind>s` (for example `llmgen.benchmarks`).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import Any

from llmgen.errors import UsageError


class Registry:
    """A table of one kind of plug-in (`benchmark`, `extractor`, `provider`, ...)."""

    def __init__(self, kind: str, rows: Mapping[str, str]) -> None:
        self.kind = kind
        self._rows = dict(rows)
        self._plugins_read = False

    def names(self) -> list[str]:
        """All names, the packaged ones first, in the order of the table."""
        self._read_plugins()
        return list(self._rows)

    def load(self, name: str) -> Any:
        """The object behind `name`. Raises UsageError with close matches when the name is unknown."""
        if name not in self._rows:
            self._read_plugins()
        if name not in self._rows:
            raise unknown_name(self.kind, name, self._rows)
        module, _, attribute = self._rows[name].partition(":")
        return getattr(importlib.import_module(module), attribute)

    def _read_plugins(self) -> None:
        if self._plugins_read:
            return
        self._plugins_read = True
        from importlib.metadata import entry_points  # noqa: PLC0415  # it takes longer to load than any row

        for point in entry_points(group=f"llmgen.{self.kind}s"):
            self._rows.setdefault(point.name, point.value)


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that is in no table, with a guess at what was meant."""
    import difflib  # noqa: PLC0415  # only an error needs it

    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(names)}"
    return UsageError(f"unknown {kind} {name!r}", hint=hint)
