"""The lines of a journal: how they are written, and how they are read back.

Every line is one JSON object with `t` (its kind), `v` (version of the format) and `ts` (UTC seconds). A
`run` line holds the run as it was when the line was written, `end` the run as it ended, `record` one
answer with everything about it, `spend` what requests cost.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from llmgen.errors import StoreError
from llmgen.types import (
    Answer,
    Contamination,
    Draw,
    Failure,
    Grade,
    Message,
    Outcome,
    Record,
    Run,
    Sample,
    Struct,
    Usage,
)

LINE_VERSION = 1

Key: TypeAlias = tuple[str, int]
"""(sample_id, repeat): what a run holds one record of."""


class Spend(Struct, frozen=True):
    """What some requests to one model cost. Lines add up. Unknown price: `usd` is None, never 0."""

    endpoint: str
    model: str
    requests: int = 1
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = None
    uncertain_usd: float = 0.0
    saved_usd: float = 0.0


class StoredCompletion(Struct, frozen=True):
    """A completion as the database keeps it: without the log probabilities, which only the journal holds."""

    texts: tuple[str, ...]
    finish_reasons: tuple[str | None, ...]
    model: str
    endpoint: str = ""
    usage: Usage = Usage()
    latency_s: float = 0.0
    cached: bool = False
    attempts: int = 1
    fingerprint: str | None = None
    via: str = "live"


class StoredRecord(Struct, frozen=True):
    """A record as the database keeps it."""

    sample: Sample
    model: str
    repeat: int = 0
    request_key: str = ""
    prompt: tuple[Message, ...] = ()
    completion: StoredCompletion | None = None
    answers: tuple[Answer, ...] = ()
    grade: Grade | None = None
    contamination: tuple[Contamination, ...] = ()
    greedy: Draw | None = None
    draws: tuple[Draw, ...] = ()
    failure: Failure | None = None

    @property
    def key(self) -> Key:
        """Which record of its run this is."""
        return self.sample.id, self.repeat

    @property
    def outcome(self) -> Outcome:
        """The verdict; `error` when the sample failed before it could be graded."""
        return self.grade.outcome if self.grade is not None and self.failure is None else "error"


class Line(Struct, frozen=True):
    """One line of a journal, read back. Exactly the field that `t` names is set (`end` sets `run`)."""

    t: Literal["run", "record", "spend", "end"]
    v: int
    ts: float
    run: Run | None = None
    record: StoredRecord | None = None
    spend: Spend | None = None


class _Version(Struct, frozen=True):
    v: int


class _RecordLine(Struct, frozen=True):
    record: Record


_encoder = msgspec.json.Encoder()
_line_decoder = msgspec.json.Decoder(Line)
_version_decoder = msgspec.json.Decoder(_Version)
_record_decoder = msgspec.json.Decoder(_RecordLine)


def add_spend(a: Spend, b: Spend) -> Spend:
    """Both together. The dollars are unknown as soon as one part of them is."""
    return Spend(
        endpoint=a.endpoint,
        model=a.model,
        requests=a.requests + b.requests,
        prompt_tokens=a.prompt_tokens + b.prompt_tokens,
        completion_tokens=a.completion_tokens + b.completion_tokens,
        usd=None if a.usd is None or b.usd is None else a.usd + b.usd,
        uncertain_usd=a.uncertain_usd + b.uncertain_usd,
        saved_usd=a.saved_usd + b.saved_usd,
    )


def encode_line(kind: str, value: Record | Run | Spend) -> bytes:
    """The journal line for `value`, with its newline."""
    field = "run" if kind == "end" else kind
    head = f'{{"t":"{kind}","v":{LINE_VERSION},"ts":{time.time():.3f},"{field}":'
    try:
        body = _encoder.encode(value)
    except UnicodeEncodeError:
        # some vendors' SDKs let lone surrogates through, which are no UTF-8
        body = _encoder.encode(_without_surrogates(msgspec.to_builtins(value)))
    return head.encode() + body + b"}\n"


def read_lines(path: Path, start: int = 0) -> Iterator[tuple[int, bytes, Line | None]]:
    """Complete lines from byte `start` on: (offset after it, its bytes, the line or None if unreadable).

    A last line without a newline is still being written, or torn: it is left out. Raises StoreError for
    a line of a newer format.
    """
    offset = start
    with path.open("rb") as file:
        file.seek(start)
        for raw in file:
            if not raw.endswith(b"\n"):
                return
            offset += len(raw)
            yield offset, raw, decode_line(raw, path)


def decode_line(raw: bytes, path: Path) -> Line | None:
    """The line in `raw`, None if it is unreadable. Raises StoreError if it is of a newer format."""
    try:
        line = _line_decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        line = None
    if (line.v if line is not None else _version_of(raw)) > LINE_VERSION:
        raise StoreError(f"{path} was written by a newer llmgen", hint="update llmgen")
    if line is None or getattr(line, "run" if line.t == "end" else line.t) is None:
        return None
    return line


def decode_record(raw: bytes) -> Record:
    """The full record of a `record` line, log probabilities included. Raises msgspec.DecodeError."""
    return _record_decoder.decode(raw).record


def _version_of(raw: bytes) -> int:
    try:
        return _version_decoder.decode(raw).v
    except (msgspec.DecodeError, UnicodeDecodeError):
        return LINE_VERSION


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value
