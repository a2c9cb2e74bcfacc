"""`--record FILE`: every answer as one JSON line, without secrets, so that a run can be replayed offline."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from llmgen.errors import StoreError
from llmgen.gateway.base import ModelInfo, Provider, RateInfo
from llmgen.gateway.transport import Reply, listening
from llmgen.redact import redact
from llmgen.types import Completion, Request, Struct

OWN = "llmgen"
_encode = msgspec.json.Encoder().encode


class Line(Struct, frozen=True):
    """One recorded answer. `body` is the vendor's JSON, or text when it was none.

    `dialect` says who can read the body: `openai`, `gemini`, or `llmgen` for a Completion of an engine
    that does not speak HTTP.
    """

    key: str
    request: Request
    dialect: str
    status: int
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: Any = None


class Recording:
    """A provider that writes down what it is answered. Failures below HTTP leave nothing to write."""

    def __init__(self, inner: Provider, path: Path) -> None:
        self.endpoint = inner.endpoint
        self.row = inner.row
        self._inner = inner
        self._dialect = getattr(inner, "dialect", "openai")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab")
        except OSError as error:
            raise StoreError(f"cannot record to {path}: {error.strerror}") from error

    @property
    def observe(self) -> Callable[[RateInfo], None] | None:
        """Who is told of rate headers."""
        return self._inner.observe

    @observe.setter
    def observe(self, observer: Callable[[RateInfo], None] | None) -> None:
        self._inner.observe = observer

    def check(self, request: Request) -> None:
        """As the recorded provider."""
        self._inner.check(request)

    async def complete(self, request: Request) -> Completion:
        """As the recorded provider. Raises StoreError when the recording cannot be written."""
        with listening() as replies:
            try:
                completion = await self._inner.complete(request)
            finally:
                for reply in replies:
                    self._write(_line(request, self._dialect, reply))
        if not replies:
            self._write(Line(key=request.key, request=request, dialect=OWN, status=200, body=completion))
        return completion

    async def models(self) -> list[ModelInfo] | None:
        """As the recorded provider."""
        return await self._inner.models()

    async def aclose(self) -> None:
        """Closes provider and file."""
        await self._inner.aclose()
        with suppress(OSError):  # what could not be written was said when it was
            self._file.close()

    def _write(self, line: Line) -> None:
        try:
            self._file.write(_encode(_clean(msgspec.to_builtins(line))) + b"\n")
            self._file.flush()
        except OSError as error:
            raise StoreError(f"cannot record to {self._file.name}: {error.strerror}") from error


def _line(request: Request, dialect: str, reply: Reply) -> Line:
    try:
        body = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        body = reply.body.decode("utf-8", "replace")
    return Line(
        key=request.key,
        request=request,
        dialect=dialect,
        status=reply.status,
        headers={
            name.lower(): value for name, value in reply.headers.items() if name.lower() != "set-cookie"
        },
        body=body,
    )


def _clean(value: Any) -> Any:
    """`value` with every string redacted (piece by piece: a pattern must not reach over a quote)."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(str(name)): _clean(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
