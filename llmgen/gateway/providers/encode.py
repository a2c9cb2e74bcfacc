"""A request in the OpenAI dialect: what a row cannot honour, and the JSON body that is sent."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from llmgen.config import ProviderRow
from llmgen.errors import UsageError
from llmgen.types import Request, Sampling

PATHS = {"chat": "/chat/completions", "completions": "/completions", "responses": "/responses"}

_encoder = msgspec.json.Encoder()
_REASONING = re.compile(r"(?:.*/)?(?:ft:)?(?:o\d+(?:-|:|$)|gpt-5(?!-chat))")
_NEUTRAL = Sampling()


def is_reasoning(request: Request, row: ProviderRow) -> bool:
    """Whether the model is one of OpenAI's reasoning models, at whichever vendor.

    They take `max_completion_tokens` and reject sampling parameters, unless reasoning is switched off.
    """
    if row.local or request.extra.get("reasoning_effort") == "none":
        return False
    return _REASONING.match(request.model) is not None


def check_limits(request: Request, row: ProviderRow, name: str) -> None:
    """Raises UsageError for what the row can never honour and nobody can leave out."""
    sampling = request.sampling
    if request.api not in row.apis:
        raise UsageError(
            f"{name} does not serve the {request.api} API", hint=f"it serves {', '.join(row.apis)}"
        )
    if request.api == "completions" and len(request.messages) != 1:
        raise UsageError("a completions request has exactly one message: the prompt")
    limit = row.max_top_logprobs
    if request.api == "completions" and row.max_completions_logprobs is not None:
        limit = row.max_completions_logprobs
    asked = max(sampling.logprobs or 0, sampling.prompt_logprobs or 0)
    if limit is not None and asked > limit:
        raise UsageError(
            f"{name} returns at most {limit} top logprobs ({request.api} API), {asked} were asked",
            hint=f"ask at most {limit}",
        )
    if row.max_stop is not None and len(sampling.stop) > row.max_stop:
        raise UsageError(
            f"{name} takes at most {row.max_stop} stop sequences, {len(sampling.stop)} were given"
        )


def unsupported(request: Request, row: ProviderRow) -> tuple[str, ...]:
    """The fields of `request.sampling` that are set and that this row and model do not know."""
    sampling = request.sampling
    found = []
    if sampling.seed is not None and (not row.seed or request.api == "responses"):
        found.append("seed")
    if sampling.prompt_logprobs is not None and not (row.prompt_logprobs and request.api != "responses"):
        found.append("prompt_logprobs")
    if sampling.stop and request.api == "responses":
        found.append("stop")
    if sampling.logprobs is not None and row.max_top_logprobs is None:
        found.append("logprobs")
    if is_reasoning(request, row):
        found += [
            field
            for field, is_set in (
                ("temperature", sampling.temperature not in {None, 1}),
                ("top_p", sampling.top_p not in {None, 1}),
                ("logprobs", sampling.logprobs is not None),
                ("stop", bool(sampling.stop)),
            )
            if is_set and field not in found
        ]
    return tuple(found)


def without(request: Request, fields: tuple[str, ...]) -> Request:
    """`request` with these sampling fields unset."""
    neutral = {field: getattr(_NEUTRAL, field) for field in fields}
    return msgspec.structs.replace(request, sampling=msgspec.structs.replace(request.sampling, **neutral))


def encode(request: Request, row: ProviderRow) -> bytes:
    """The JSON body for `request.api`. Fields that are None are left out; `extra` goes in as it is."""
    sampling = request.sampling
    body: dict[str, Any] = {"model": request.model}
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.top_p is not None:
        body["top_p"] = sampling.top_p
    if request.api == "responses":
        _responses(body, request)
        return _encoder.encode(body | request.extra)
    if sampling.n > 1 and row.n_mode == "native":
        body["n"] = sampling.n
    if sampling.seed is not None:
        body["seed"] = sampling.seed
    if sampling.stop:
        body["stop"] = sampling.stop
    if request.api == "chat":
        _chat(body, request, row)
    else:
        _completions(body, request)
    return _encoder.encode(body | request.extra if request.extra else body)


def _chat(body: dict[str, Any], request: Request, row: ProviderRow) -> None:
    sampling = request.sampling
    body["messages"] = request.messages
    if sampling.max_tokens is not None:
        field = "max_completion_tokens" if is_reasoning(request, row) else row.max_tokens_field
        body[field] = sampling.max_tokens
    if sampling.logprobs is not None:
        if row.logprobs_style == "count":
            body["logprobs"] = max(1, sampling.logprobs)  # 0 would switch them off
        else:
            body["logprobs"] = True
            if sampling.logprobs:
                body["top_logprobs"] = sampling.logprobs
    if sampling.prompt_logprobs is not None:
        body["prompt_logprobs"] = sampling.prompt_logprobs


def _completions(body: dict[str, Any], request: Request) -> None:
    """The prompt's own logprobs come by `echo`, with as many alternatives as the text's."""
    sampling = request.sampling
    body["prompt"] = request.messages[0].content
    if sampling.max_tokens is not None:
        body["max_tokens"] = sampling.max_tokens
    if sampling.prompt_logprobs is not None:
        body["echo"] = True
    if sampling.logprobs is not None or sampling.prompt_logprobs is not None:
        body["logprobs"] = max(sampling.logprobs or 0, sampling.prompt_logprobs or 0)


def _responses(body: dict[str, Any], request: Request) -> None:
    """Nothing is kept at the vendor (`store`): an evaluation has no use for it."""
    sampling = request.sampling
    body["input"] = request.messages
    body["store"] = False
    if sampling.max_tokens is not None:
        body["max_output_tokens"] = sampling.max_tokens
    if sampling.logprobs is not None:
        body["include"] = ["message.output_text.logprobs"]
        if sampling.logprobs:
            body["top_logprobs"] = sampling.logprobs
