"""A fine-tuning file as an index of its n-grams: hash -> the rows that hold it, in one pass."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TypeAlias

import msgspec

from llmgen.contamination.texts import normalised
from llmgen.errors import UsageError

BOILERPLATE_ROWS = 10
"""An n-gram in so many distinct rows is a phrase of the file, not of an item."""

Words: TypeAlias = Sequence[str]

_WORD = re.compile(r"\w+|[^\w\s]")
_BOM = b"\xef\xbb\xbf"
_SYSTEM = frozenset({"system", "developer"})


class _Message(msgspec.Struct):
    role: str = ""
    content: str | None = None


class _Row(msgspec.Struct):
    messages: list[_Message]


_decode = msgspec.json.Decoder(_Row).decode


def words_of(text: str) -> list[re.Match[str]]:
    """The words and marks of `text`, in lower case and NFC, each with its place in that spelling."""
    return list(_WORD.finditer(normalised(text).lower()))


def ngrams(words: Words, n: int) -> list[int]:
    """The hashes of the n-grams of `words`, in order; they mean nothing outside this process."""
    return [hash(tuple(words[at : at + n])) for at in range(len(words) - n + 1)]


class TrainFile:
    """The n-grams of a JSONL file of `{"messages": [{"role": ..., "content": ...}]}` rows.

    A row that comes back unchanged is one row with several lines. System messages are the prompt's
    template: their n-grams say nothing about an item. Raises UsageError, with file and line, when a row is
    malformed, and when the file cannot be read or holds no row.
    """

    def __init__(self, path: Path, n: int) -> None:
        self.n = n
        self.lines: list[list[int]] = []
        self._rows: dict[int, int | tuple[int, ...]] = {}
        self._template: set[int] = set()
        self._row_of_text: list[int] = []
        texts: list[str] = []
        known: dict[tuple[str, ...], int] = {}
        for line, messages in _read(path):
            contents = tuple(message.content or "" for message in messages)
            row = known.setdefault(contents, len(known))
            if row < len(self.lines):
                self.lines[row].append(line)
                continue
            self.lines.append([line])
            texts += self._add(row, messages)
        if not known:
            raise UsageError(f"{path} holds no row", hint="name the fine-tuning file, one JSON object a line")
        self._all = "".join(texts)
        self._starts = list(accumulate(map(len, texts), initial=0))

    def rows_with(self, ngram: int) -> tuple[int, ...] | None:
        """The rows that hold an n-gram, () for none; None when it is boilerplate or of the template."""
        rows = self._rows.get(ngram, ())
        rows = (rows,) if isinstance(rows, int) else rows
        return None if ngram in self._template or len(rows) >= BOILERPLATE_ROWS else rows

    def rows_containing(self, words: Words) -> tuple[int, ...]:
        """The rows with a message that holds `words`, together and in order; at most `BOILERPLATE_ROWS`."""
        wanted, found = f" {' '.join(words)} ", dict[int, None]()
        at = self._all.find(wanted)
        while at >= 0 and len(found) < BOILERPLATE_ROWS:
            found[self._row_of_text[bisect_right(self._starts, at) - 1]] = None
            at = self._all.find(wanted, at + 1)
        return tuple(found)

    def _add(self, row: int, messages: Sequence[_Message]) -> Iterator[str]:
        """Files the n-grams of a row; gives the words of its messages, each between spaces."""
        for message in messages:
            words = [word[0] for word in words_of(message.content or "")]
            if message.role in _SYSTEM:
                self._template.update(ngrams(words, self.n))
                continue
            for ngram in ngrams(words, self.n):
                self._rows[ngram] = _with_row(self._rows.get(ngram), row)
            self._row_of_text.append(row)
            yield f" {' '.join(words)} \n"


def _with_row(rows: int | tuple[int, ...] | None, row: int) -> int | tuple[int, ...]:
    """`rows` and `row`: a bare int for one row, because nearly all n-grams are in one."""
    if rows is None:
        return row
    if isinstance(rows, int):
        return rows if rows == row else (rows, row)
    return rows if rows[-1] == row or len(rows) >= BOILERPLATE_ROWS else (*rows, row)


def _read(path: Path) -> Iterator[tuple[int, list[_Message]]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if row := line.removeprefix(_BOM).strip():
                    yield number, _decoded(path, number, row).messages
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror}", hint="--train-file is a JSONL file of messages"
        ) from error


def _decoded(path: Path, number: int, row: bytes) -> _Row:
    try:
        return _decode(row)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path}:{number}: {error}",
            hint='a line is {"messages": [{"role": "user", "content": "..."}, ...]}',
        ) from error
