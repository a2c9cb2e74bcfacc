"""Files of labelled rows, gzipped or not: one JSON object a line, or one array; faults are named by place."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from llmgen.errors import UsageError

T = TypeVar("T")
_GZIP = b"\x1f\x8b"


class Malformed(ValueError):
    """The row cannot be used; the message says why."""


class Loaded(NamedTuple, Generic[T]):
    """Items in file order, the sha256 of each file, and what was wrong with the rows that were left out."""

    items: tuple[T, ...]
    hashes: tuple[str, ...]
    bad: tuple[str, ...]


def load_rows(
    paths: Sequence[Path], as_item: Callable[[Any, str], T], id_of: Callable[[T], str], *, skip_bad: bool
) -> Loaded[T]:
    """All items of `paths`; `as_item` makes one of a decoded row and its place (`file:line`).

    Raises UsageError for a file that cannot be read, for duplicate ids and, unless `skip_bad`, for
    malformed rows: each of them is named by file and line (by number in an array).
    """
    items: list[T] = []
    hashes: list[str] = []
    bad: list[str] = []
    for path in paths:
        digest, rows = read_rows(path)
        hashes.append(digest)
        for place, row in rows:
            try:
                if isinstance(row, Malformed):
                    raise row
                items.append(as_item(row, place))
            except Malformed as error:
                bad.append(f"{place}: {error}")
    if bad and not skip_bad:
        raise UsageError(
            "\n  ".join([f"{len(bad)} malformed rows", *bad]),
            hint="mend them, or leave them out with --skip-bad",
        )
    twice = [name for name, count in Counter(map(id_of, items)).items() if count > 1]
    if twice:
        raise UsageError(
            f"{len(twice)} ids occur more than once: {', '.join(twice[:20])}", hint="ids must be unique"
        )
    if not items:
        raise UsageError(f"no row in {', '.join(map(str, paths))}")
    return Loaded(tuple(items), tuple(hashes), tuple(bad))


def read_rows(path: Path) -> tuple[str, Iterator[tuple[str, Any]]]:
    """The sha256 of a file, and (`file:line`, decoded row or why it cannot be decoded) of each of its rows.

    Raises UsageError for a file that cannot be read.
    """
    try:
        raw = path.read_bytes()
        unpacked = gzip.decompress(raw) if raw.startswith(_GZIP) else raw
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read {path}: {why}") from error
    return hashlib.sha256(raw).hexdigest(), _rows(path, unpacked)


def _rows(path: Path, raw: bytes) -> Iterator[tuple[str, Any]]:
    """(`file:line`, decoded row or why it cannot be decoded) of every row that is not blank."""
    if raw.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"[":
        yield from _array(path, raw)
        return
    for number, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            yield f"{path.name}:{number}", _decoded(line)


def _array(path: Path, raw: bytes) -> Iterator[tuple[str, Any]]:
    rows = _decoded(raw.removeprefix(b"\xef\xbb\xbf"))
    if isinstance(rows, Malformed):
        raise UsageError(f"{path}: {rows}", hint="a file is a JSON array, or one JSON object a line")
    for number, row in enumerate(rows, 1):
        yield f"{path.name}:{number}", row


def _decoded(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return Malformed("not UTF-8")
    except (json.JSONDecodeError, RecursionError) as error:
        return Malformed(f"not JSON ({error})")
