"""A scripted model for tests and trials: `fake/echo`, `fake/fixed?text=A`, `fake/table?table=answers.json`.

What it does depends on its parameters, its seed and the request's key alone, so runs repeat exactly.
Parameters follow the name as in a URL: `fake/echo?latency_s=0.2&error_rate=0.01&seed=7`.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec

from llmgen.config import ProviderRow, Settings
from llmgen.errors import ProviderError, UsageError
from llmgen.gateway.base import ModelInfo, RateInfo
from llmgen.registry import unknown_name
from llmgen.types import Completion, Request, Struct, TokenLogprobs, Usage

KINDS = ("echo", "fixed", "table")
Rate = Annotated[float, msgspec.Meta(ge=0, le=1)]
_WORDS = re.compile(r"\s*\S+")


class Behaviour(Struct, frozen=True, forbid_unknown_fields=True):
    """How the model behaves. `table` is a JSON file: prompt -> answer; its key `*` answers all others."""

    seed: int = 0
    latency_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    error_rate: Rate = 0.0
    refusal_rate: Rate = 0.0
    text: str = "42"
    table: str = ""


class FakeProvider:
    """Answers without a model. One word is one token; log probabilities are made up from the words."""

    def __init__(self, kind: str, row: ProviderRow, behaviour: Behaviour, table: Mapping[str, str]) -> None:
        self.endpoint = f"fake:{kind}:{msgspec.json.encode(behaviour).decode()}"
        self.row = row
        self.observe: Callable[[RateInfo], None] | None = None
        self._kind = kind
        self._behaviour = behaviour
        self._table = table

    def check(self, request: Request) -> None:
        """It takes everything."""

    async def complete(self, request: Request) -> Completion:
        """The scripted answer. Raises ProviderError (unavailable, not to be retried) at the error rate."""
        behaviour = self._behaviour
        dice = random.Random(f"{behaviour.seed}:{request.key}")  # noqa: S311  # repeatable, not secret
        if behaviour.latency_s:
            await asyncio.sleep(behaviour.latency_s)
        drawn = dice.random()
        if drawn < behaviour.error_rate:
            raise ProviderError("unavailable", "scripted failure", status=503, should_retry=False)
        prompt = request.messages[-1].content
        if drawn < behaviour.error_rate + behaviour.refusal_rate:
            return _completion(request, self.endpoint, "", "content_filter")
        return _completion(request, self.endpoint, self._answer(prompt), "stop")

    async def models(self) -> list[ModelInfo] | None:
        """Nothing to check."""
        return None

    async def aclose(self) -> None:
        """Nothing is open."""

    def _answer(self, prompt: str) -> str:
        if self._kind == "echo":
            return prompt
        if self._kind == "fixed":
            return self._behaviour.text
        answer = self._table.get(prompt, self._table.get("*"))
        if answer is None:
            raise ProviderError("replay_miss", "the table has no answer to this prompt", should_retry=False)
        return answer


async def build(
    _name: str, model: str, row: ProviderRow, _settings: Settings, options: dict[str, Any]
) -> FakeProvider:
    """`model` is a kind with parameters; `options["seed"]` is the default seed. Raises UsageError."""
    kind, _, query = model.partition("?")
    if kind not in KINDS:
        raise unknown_name("fake model", kind, KINDS)
    given = {"seed": options.get("seed") or 0} | dict(parse_qsl(query, keep_blank_values=True))
    try:
        behaviour = msgspec.convert(given, Behaviour, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"fake/{model}: {error}") from error
    return FakeProvider(kind, row, behaviour, _read_table(behaviour.table) if kind == "table" else {})


def _read_table(name: str) -> dict[str, str]:
    try:
        return msgspec.json.decode(Path(name).read_bytes(), type=dict[str, str])
    except OSError as error:
        raise UsageError(
            f"cannot read the table {name!r}: {error.strerror}", hint="fake/table?table=FILE.json"
        ) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"{name}: not a JSON object of texts: {error}") from error


def _completion(request: Request, endpoint: str, text: str, reason: str) -> Completion:
    sampling = request.sampling
    words = _WORDS.findall(text)
    if sampling.max_tokens is not None and len(words) > sampling.max_tokens:
        words, reason = words[: sampling.max_tokens], "length"
        text = "".join(words)
    prompt = " ".join(message.content for message in request.messages)
    n = sampling.n
    return Completion(
        texts=(text,) * n,
        finish_reasons=(reason,) * n,
        model=request.model,
        endpoint=endpoint,
        logprobs=(_logprobs(text, sampling.logprobs),) * n if sampling.logprobs is not None else (),
        prompt_logprobs=(
            _logprobs(request.messages[-1].content, sampling.prompt_logprobs, first=None)
            if sampling.prompt_logprobs is not None
            else None
        ),
        usage=Usage(prompt_tokens=len(prompt.split()), completion_tokens=n * len(words)),
        n_asked=n,
    )


def _logprobs(text: str, top: int, first: float | None = 0.0) -> TokenLogprobs:
    """Longer words are less likely; `first` None: the first token of a prompt has no log probability."""
    words = tuple(_WORDS.findall(text))
    values: list[float | None] = [-0.1 * len(word.strip()) for word in words]
    if first is None and values:
        values[0] = None
    alternatives = tuple({word + "~" * i: -0.1 * len(word.strip()) - i for i in range(top)} for word in words)
    return TokenLogprobs(tokens=words, logprobs=tuple(values), top=alternatives if top else ())
