"""How an extractor comes to be: what a factory is given, and how a row becomes an extractor."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Sequence
from typing import Protocol

from llmgen.extract import EXTRACTORS
from llmgen.extract.judge import Fill
from llmgen.extract.options import Options
from llmgen.types import Answer, Completion, Extract, Request, Struct

PASSED_ON = frozenset({"budget", "cancelled"})
"""Kinds of ProviderError that leave a sample pending: no extractor turns them into an answer."""


class Line(Protocol):
    """A way to the model that an extractor asks: a `Complete` that knows where it leads.

    `max_stop` is how many stop strings the endpoint takes (None = any number), `json_schema` whether it
    can hold a reply to a JSON schema.
    """

    @property
    def endpoint(self) -> str:
        """The identity that goes into requests."""
        ...

    @property
    def model(self) -> str:
        """The model's name at the endpoint."""
        ...

    @property
    def max_stop(self) -> int | None:
        """The most stop strings."""
        ...

    @property
    def json_schema(self) -> bool:
        """Whether `response_format` is understood."""
        ...

    async def __call__(self, request: Request) -> Completion:
        """Asks."""
        ...

    async def ready(self, request: Request) -> None:
        """Raises UsageError when requests like this one can never be answered: wrong API, no such model."""
        ...


class OpenLine(Protocol):
    """Opens a line to a model by its id (`row/model`), at the row's address or at other ones."""

    def __call__(self, model_id: str, base_urls: Sequence[str] = ()) -> Awaitable[Line]:
        """The line. Raises UsageError for an unknown row, a missing key or weights."""
        ...


class ExtractContext(Struct):
    """What wiring hands to the factory of an extractor that asks a model.

    `judge` is the id of the judge model, None when none was named.
    """

    options: Options
    open_line: OpenLine
    fill: Fill
    judge: str | None = None


async def open_extractor(name: str, context: ExtractContext) -> Extract:
    """The extractor of the row `name`.

    A row is a function without arguments, or, for an extractor that needs options or a model, an async
    function of an `ExtractContext`. Raises UsageError for an unknown name and for what the factory misses.
    """
    factory = EXTRACTORS.load(name)
    built: Extract = await factory(context) if inspect.iscoroutinefunction(factory) else factory()
    return built


def failed(name: str, method: str, reason: str, raw: str = "") -> Answer:
    """The answer of an extractor that could not read: an error, which says nothing about the text."""
    return Answer(kind="error", extractor=name, method=method, reason=reason, raw=raw)
