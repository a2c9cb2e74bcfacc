"""Text that JSON let through but no request, file or database can carry."""

from __future__ import annotations


def without_surrogates(text: str) -> str:
    """`text` with lone surrogates as U+FFFD; pairs of them become the character they stand for."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
