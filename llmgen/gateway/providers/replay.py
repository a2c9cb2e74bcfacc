"""`replay/MODEL`: the answers of a recording instead of a vendor. No key, no network."""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import msgspec

from llmgen.config import ProviderRow, Settings
from llmgen.errors import ProviderError, UsageError
from llmgen.gateway.base import ModelInfo, Provider, RateInfo
from llmgen.gateway.providers.address import Address
from llmgen.gateway.providers.openai_dialect import OpenAIProvider
from llmgen.gateway.providers.recording import OWN, Line
from llmgen.gateway.transport import Reply
from llmgen.types import Completion, Request

_OK = 200
_decoder = msgspec.json.Decoder(Line)
_current: ContextVar[Reply] = ContextVar("_current")


class _Recorded:
    """A transport whose answer is already there."""

    async def send(self, *_: object) -> Reply:
        """The recorded answer, whatever is asked."""
        return _current.get()

    async def aclose(self) -> None:
        """Nothing is open."""


class Index:
    """Where in a recording the answers of one model lie: request key -> offsets of its lines.

    Raises UsageError for a file that cannot be read, a line that is no recorded answer, or a model that
    was not recorded (or was, at several endpoints).
    """

    def __init__(self, path: Path, model: str) -> None:
        self.path = path
        self.good: dict[str, list[int]] = defaultdict(list)
        self.bad: dict[str, list[int]] = defaultdict(list)
        self.many = False
        endpoints: set[str] = set()
        models: set[str] = set()
        for offset, line in _lines(path):
            models.add(line.request.model)
            if line.request.model != model:
                continue
            endpoints.add(line.request.endpoint)
            self.many = self.many or line.request.sampling.n > 1
            (self.good if line.status == _OK else self.bad)[line.key].append(offset)
        if len(endpoints) != 1:
            found = f"{model!r} at {len(endpoints)} endpoints" if endpoints else f"no model {model!r}"
            raise UsageError(
                f"{path} has recorded {found}",
                hint=f"recorded models: {', '.join(sorted(models)) or 'none'}",
            )
        (self.endpoint,) = endpoints

    def read(self, offset: int) -> Line:
        """The line at `offset`."""
        with self.path.open("rb") as file:
            file.seek(offset)
            return _decoder.decode(file.readline())


class ReplayProvider:
    """Answers from a recording. Equal requests get their recorded answers in turn."""

    def __init__(self, row: ProviderRow, index: Index) -> None:
        self.endpoint = index.endpoint
        # single requests were recorded where n was asked for one by one: they have to be asked alike
        self.row = msgspec.structs.replace(row, n_mode="native" if index.many else "loop")
        self.observe: Callable[[RateInfo], None] | None = None
        self._index = index
        self._asked: dict[str, int] = defaultdict(int)
        self._dialects: dict[str, Provider] = {}

    def check(self, request: Request) -> None:
        """Whatever was recorded was allowed."""

    async def complete(self, request: Request) -> Completion:
        """The recorded answer. Raises ProviderError: replay_miss, or the failure that was recorded."""
        key = request.key
        offsets = self._index.good.get(key) or self._index.bad.get(key)
        if not offsets:
            raise ProviderError(
                "replay_miss", f"{self._index.path.name} holds no answer to this request", should_retry=False
            )
        line = self._index.read(offsets[self._asked[key] % len(offsets)])
        self._asked[key] += 1
        if line.dialect == OWN:
            completion = msgspec.convert(line.body, Completion)
        else:
            body = line.body.encode() if isinstance(line.body, str) else msgspec.json.encode(line.body)
            _current.set(Reply(line.status, line.headers, body))
            try:
                completion = await self._dialect(line.dialect).complete(request)
            except ProviderError as error:
                error.should_retry = False  # it would be recorded still
                raise
        return msgspec.structs.replace(completion, via="replay", latency_s=0.0)

    async def models(self) -> list[ModelInfo] | None:
        """A recording serves what it has: nothing to check."""
        return None

    async def aclose(self) -> None:
        """Closes the dialects' readers."""
        for provider in self._dialects.values():
            await provider.aclose()

    def _dialect(self, name: str) -> Provider:
        if name not in self._dialects:
            where = Address(base="http://recorded", query="", identity=self.endpoint)
            if name == "gemini":
                gemini = importlib.import_module("llmgen.gateway.providers.gemini")
                self._dialects[name] = gemini.GeminiProvider(
                    self.row, where, _Recorded(), key="recorded", drop=False
                )
            else:
                self._dialects[name] = OpenAIProvider("replay", self.row, where, _Recorded())
        return self._dialects[name]


async def build(
    _name: str, model: str, row: ProviderRow, _settings: Settings, options: dict[str, Any]
) -> ReplayProvider:
    """The recorded answers of `model` in the file `options["replay"]`. Raises UsageError."""
    if not options.get("replay"):
        raise UsageError("replay needs a recording", hint="name the file with --recording FILE")
    return ReplayProvider(row, Index(Path(options["replay"]), model))


def _lines(path: Path) -> Iterator[tuple[int, Line]]:
    """All lines with their offsets; a last line without its end was cut by a kill and is left out."""
    number, offset = 0, 0
    try:
        with path.open("rb") as file:
            for raw in file:
                number += 1
                if raw.endswith(b"\n"):
                    yield offset, _decoder.decode(raw)
                offset += len(raw)
    except OSError as error:
        raise UsageError(f"cannot read the recording {path}: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}:{number}: not a recorded answer: {error}") from error
