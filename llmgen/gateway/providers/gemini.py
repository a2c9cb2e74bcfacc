"""Gemini through google-genai: the SDK shapes requests and answers, our transport carries them.

The SDK's own client would retry behind our back, read bodies of any size and know no idle timeout; so it
is given a transport that sends over ours. Importing this module costs 0.7 s: only the registry does it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec

from llmgen.config import ProviderRow, Settings
from llmgen.errors import ProviderError, UsageError
from llmgen.gateway.base import ModelInfo, RateInfo
from llmgen.gateway.providers.address import Address, address, key_for
from llmgen.gateway.providers.decode import read
from llmgen.gateway.providers.encode import check_limits, unsupported, without
from llmgen.gateway.providers.failures import Refused, failed, refusal
from llmgen.gateway.transport import Sender, Transport
from llmgen.types import Completion, Request, TokenLogprobs, Usage

try:
    import httpx2
    import pydantic
    from google import genai
    from google.genai import types
except ImportError as error:
    raise UsageError("gemini needs the google-genai package", hint="pip install 'llmgen[gemini]'") from error

REFUSING = frozenset({"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"})
_OURS = frozenset({"host", "content-length", "connection", "accept-encoding", "user-agent"})
_OK = 200


class _Part(msgspec.Struct, frozen=True):
    text: str | None = None


class _Content(msgspec.Struct, frozen=True):
    parts: list[_Part] | None = None


class _Candidate(msgspec.Struct, frozen=True):
    content: _Content | None = None
    finishReason: str | None = None  # noqa: N815  # Google's spelling


class _Answer(msgspec.Struct, frozen=True):
    """What every answer of the API must look like, a list of models included."""

    candidates: list[_Candidate] | None = None
    models: list[dict[str, Any]] | None = None


_shape = msgspec.json.Decoder(_Answer)


class _Carrier(httpx2.AsyncBaseTransport):
    """The SDK's requests over our transport. Answers that are no good raise before the SDK sees them."""

    def __init__(self, transport: Sender) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        headers = {name: value for name, value in request.headers.items() if name not in _OURS}
        body = await request.aread()
        reply = await self._transport.send(request.method, str(request.url), headers, body or None)
        if reply.status != _OK:
            raise failed(reply)
        read(_shape, reply)  # the SDK would make empty answers of a wrong shape
        return httpx2.Response(reply.status, content=reply.body, headers={"content-type": "application/json"})


class GeminiProvider:
    """A `Provider` for the Gemini API."""

    dialect = "gemini"

    def __init__(
        self, row: ProviderRow, where: Address, transport: Sender, *, key: str | None, drop: bool
    ) -> None:
        self.endpoint = where.identity
        self.row = row
        self.observe: Callable[[RateInfo], None] | None = None
        self._client = genai.Client(
            api_key=key,
            vertexai=False,
            http_options=types.HttpOptions(
                base_url=where.base,
                headers=row.extra_headers,
                async_client_args={"transport": _Carrier(transport)},
                retry_options=types.HttpRetryOptions(attempts=1),
            ),
        )
        self._transport = transport
        self._drop = drop

    def check(self, request: Request) -> None:
        """Raises UsageError for a request that Gemini can never honour."""
        check_limits(request, self.row, "gemini")
        fields = unsupported(request, self.row)
        if fields and not self._drop:
            raise UsageError(
                f"gemini/{request.model} does not support {', '.join(fields)}",
                hint="leave it out, or use --drop-unsupported",
            )

    async def complete(self, request: Request) -> Completion:
        """One attempt. Raises ProviderError."""
        dropped = unsupported(request, self.row) if self._drop else ()
        if dropped:
            request = without(request, dropped)
        started = time.perf_counter()
        try:
            answer = await self._client.aio.models.generate_content(
                model=request.model, contents=_contents(request), config=_config(request)
            )
            completion = _completion(answer, request, self.endpoint)
        except Refused as refused:
            completion = refusal(refused, request, self.endpoint)
        except pydantic.ValidationError as error:
            raise _wrong_shape(error) from error
        return msgspec.structs.replace(completion, latency_s=time.perf_counter() - started, dropped=dropped)

    async def models(self) -> list[ModelInfo] | None:
        """The models that the key may use. Raises ProviderError."""
        try:
            pages = await self._client.aio.models.list(config=types.ListModelsConfig(page_size=1000))
            return [ModelInfo(id=(model.name or "").removeprefix("models/")) async for model in pages]
        except pydantic.ValidationError as error:
            raise _wrong_shape(error) from error

    async def aclose(self) -> None:
        """Lets the connections go."""
        await self._client.aio.aclose()
        await self._transport.aclose()


async def build(
    name: str, model: str, row: ProviderRow, settings: Settings, options: dict[str, Any]
) -> GeminiProvider:
    """The provider. `options`: `base_url`, `drop_unsupported`. Raises ConfigError for a missing key."""
    where = address(name, row, options)
    key = key_for(name, row, options)
    transport = Transport(where.url("", model), settings.timeouts)
    return GeminiProvider(row, where, transport, key=key, drop=bool(options.get("drop_unsupported")))


def _wrong_shape(error: pydantic.ValidationError) -> ProviderError:
    fields = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors())
    return ProviderError("malformed", f"unreadable answer: wrong type of {fields}", status=_OK, sent=True)


def _contents(request: Request) -> list[types.Content | types.ContentDict]:
    """The conversation without its system messages; the assistant is called model."""
    return [
        types.Content(
            role="model" if message.role == "assistant" else "user", parts=[types.Part(text=message.content)]
        )
        for message in request.messages
        if message.role != "system"
    ]


def _config(request: Request) -> types.GenerateContentConfig:
    sampling = request.sampling
    system = "\n\n".join(message.content for message in request.messages if message.role == "system")
    return types.GenerateContentConfig(
        system_instruction=system or None,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        max_output_tokens=sampling.max_tokens,
        candidate_count=sampling.n if sampling.n > 1 else None,
        seed=sampling.seed,
        stop_sequences=list(sampling.stop) or None,
        response_logprobs=True if sampling.logprobs is not None else None,
        logprobs=sampling.logprobs or None,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        automatic_continuation=False,  # it would ask again behind the limiter's back
        http_options=types.HttpOptions(extra_body=request.extra) if request.extra else None,
    )


def _completion(answer: types.GenerateContentResponse, request: Request, endpoint: str) -> Completion:
    """The answer, with the vendor's finish reasons. A blocked prompt raises Refused."""
    candidates = answer.candidates or []
    if not candidates:
        feedback = answer.prompt_feedback
        if feedback is None or feedback.block_reason is None:
            raise ProviderError("malformed", "unreadable answer: no candidates", status=_OK, sent=True)
        reason = feedback.block_reason.value
        raise Refused(reason, feedback.block_reason_message or f"the prompt was blocked: {reason}")
    candidates = sorted(candidates, key=lambda candidate: candidate.index or 0)
    reasons = tuple(each.finish_reason.value if each.finish_reason else None for each in candidates)
    refusals = tuple(
        (each.finish_message or f"the answer was withheld: {reason}") if reason in REFUSING else None
        for each, reason in zip(candidates, reasons, strict=True)
    )
    return Completion(
        texts=tuple(map(_text, candidates)),
        finish_reasons=reasons,
        model=answer.model_version or request.model,
        endpoint=endpoint,
        refusals=refusals if any(refusals) else (),
        logprobs=tuple(_logprobs(each.logprobs_result) for each in candidates if each.logprobs_result),
        usage=_usage(answer.usage_metadata),
        n_asked=request.sampling.n,
    )


def _text(candidate: types.Candidate) -> str:
    """What was said, without thoughts."""
    parts = (candidate.content.parts if candidate.content else None) or []
    return "".join(part.text or "" for part in parts if not part.thought)


def _logprobs(found: types.LogprobsResult) -> TokenLogprobs:
    chosen = found.chosen_candidates or []
    return TokenLogprobs(
        tokens=tuple(each.token or "" for each in chosen),
        logprobs=tuple(each.log_probability for each in chosen),
        top=tuple(
            {each.token or "": each.log_probability or 0.0 for each in step.candidates or []}
            for step in found.top_candidates or []
        ),
    )


def _usage(counts: types.GenerateContentResponseUsageMetadata | None) -> Usage:
    """Thoughts are billed as completion tokens but counted apart: they are added."""
    if counts is None:
        return Usage()
    thoughts = counts.thoughts_token_count or 0
    return Usage(
        prompt_tokens=counts.prompt_token_count or 0,
        completion_tokens=(counts.candidates_token_count or 0) + thoughts,
        cached_tokens=counts.cached_content_token_count or 0,
        reasoning_tokens=thoughts,
    )
