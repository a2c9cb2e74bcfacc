"""Answers of the OpenAI dialect into Completions: the one place where a vendor's JSON is read."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from llmgen.errors import ProviderError
from llmgen.gateway.base import ModelInfo
from llmgen.gateway.providers import wire
from llmgen.gateway.providers.failures import in_body, malformed
from llmgen.gateway.transport import Reply
from llmgen.types import Completion, Request, TokenLogprobs, Usage

T = TypeVar("T")

_choices = msgspec.json.Decoder(wire.ChoicesReply)
_responses = msgspec.json.Decoder(wire.ResponsesReply)
_models = msgspec.json.Decoder(wire.ModelList | list[wire.Model])
_INCOMPLETE = {"max_output_tokens": "length"}


def decode(reply: Reply, request: Request, endpoint: str) -> Completion:
    """The Completion in a 200.

    Raises ProviderError (truncated_body, malformed, or what an error inside the 200 stands for), and
    Refused when that error is a refusal.
    """
    if request.api == "responses":
        return _decode_responses(reply, request, endpoint)
    return _decode_choices(reply, request, endpoint)


def decode_models(reply: Reply) -> list[ModelInfo]:
    """What /models lists, bare or wrapped in `data`."""
    found = read(_models, reply)
    return [
        ModelInfo(
            id=model.id, shutdown_date=model.shutdown_date or model.expiration_date or model.deprecation
        )
        for model in (found.data if isinstance(found, wire.ModelList) else found)
    ]


def read(decoder: msgspec.json.Decoder[T], reply: Reply) -> T:
    """The body as `decoder`'s type. Raises ProviderError: truncated_body or malformed."""
    try:
        return decoder.decode(reply.body)
    except msgspec.ValidationError as error:
        raise malformed(reply, str(error)) from error
    except msgspec.DecodeError as error:
        if "truncated" in str(error) and reply.body.strip():
            raise ProviderError(
                "truncated_body", "the answer's JSON ends early", status=reply.status, sent=True
            ) from error
        raise malformed(reply, str(error) if reply.body.strip() else "empty body") from error
    except UnicodeDecodeError as error:
        raise malformed(reply, "not UTF-8") from error


def _decode_choices(reply: Reply, request: Request, endpoint: str) -> Completion:
    found = read(_choices, reply)
    choices = found.choices or []
    error = found.error or next((choice.error for choice in choices if choice.error), None)
    if error:
        raise in_body(error, reply.headers, reply.body)
    if not choices:
        raise malformed(reply, "no choices")
    if len(choices) > 1:
        choices = sorted(choices, key=lambda choice: choice.index)
    texts = [_text(choice, reply) for choice in choices]
    logprobs = [_logprobs(choice.logprobs) for choice in choices if choice.logprobs]
    prompt = _prompt_logprobs(found.prompt_logprobs or choices[0].prompt_logprobs)
    usage = _usage(found.usage)
    if request.api == "completions" and request.sampling.prompt_logprobs is not None and logprobs:
        n_prompt = usage.prompt_tokens
        prompt = _part(logprobs[0], 0, n_prompt)
        logprobs = [_part(each, n_prompt, None) for each in logprobs]
        texts = [text.removeprefix(request.messages[0].content) for text in texts]
    return Completion(
        texts=tuple(texts),
        finish_reasons=tuple([choice.finish_reason for choice in choices]),
        model=found.model or request.model,
        endpoint=endpoint,
        refusals=_refusals(choices),
        logprobs=tuple(logprobs),
        prompt_logprobs=prompt,
        usage=usage,
        n_asked=request.sampling.n,
        fingerprint=_served_by(found),
    )


def _text(choice: wire.Choice, reply: Reply) -> str:
    if choice.message is None:
        if choice.text is None:
            raise malformed(reply, "a choice without message or text")
        return choice.text
    content = choice.message.content
    if isinstance(content, list):
        return "".join(part.text or "" for part in content)
    return content or ""


def _refusals(choices: list[wire.Choice]) -> tuple[str | None, ...]:
    refusals = tuple([choice.message.refusal if choice.message else None for choice in choices])
    return refusals if any(refusals) else ()


def _served_by(found: wire.ChoicesReply) -> str | None:
    """Upstream and fingerprint: what else a score may depend on."""
    return ":".join(part for part in (found.provider, found.system_fingerprint) if part) or None


def _logprobs(found: wire.Logprobs) -> TokenLogprobs:
    if found.content is not None:
        return _chat_logprobs(found.content)
    tokens = found.tokens or []
    top = found.top_logprobs or []
    return TokenLogprobs(
        tokens=tuple(tokens),
        logprobs=tuple(found.token_logprobs or [None] * len(tokens)),
        top=tuple([entry or {} for entry in top]),
    )


def _chat_logprobs(content: list[wire.Token]) -> TokenLogprobs:
    top = (
        tuple([_top(token.top_logprobs) for token in content]) if any(t.top_logprobs for t in content) else ()
    )
    return TokenLogprobs(
        tokens=tuple([token.token for token in content]),
        logprobs=tuple([token.logprob for token in content]),
        top=top,
    )


def _top(found: list[wire.TopToken] | None) -> dict[str, float]:
    """Different tokens may print alike (halves of a character): the likelier one stands."""
    found = found or []
    top = {each.token: each.logprob for each in found}
    if len(top) == len(found):
        return top
    top.clear()
    for each in found:
        top[each.token] = max(each.logprob, top.get(each.token, each.logprob))
    return top


def _prompt_logprobs(found: wire.PromptLogprobs | None) -> TokenLogprobs | None:
    """From vLLM's list: the first entry of each dict is the prompt's token, the others are alternatives."""
    if found is None:
        return None
    tokens, logprobs, top = [], [], []
    for entry in found:
        values = list((entry or {}).values())
        tokens.append((values[0].decoded_token or "") if values else "")
        logprobs.append(values[0].logprob if values else None)
        top.append({value.decoded_token or "": value.logprob for value in values})
    return TokenLogprobs(tokens=tuple(tokens), logprobs=tuple(logprobs), top=tuple(top))


def _part(logprobs: TokenLogprobs, start: int, stop: int | None) -> TokenLogprobs:
    return TokenLogprobs(
        tokens=logprobs.tokens[start:stop],
        logprobs=logprobs.logprobs[start:stop],
        top=logprobs.top[start:stop],
    )


def _usage(counts: wire.Counts | None) -> Usage:
    if counts is None:
        return Usage()
    prompt = counts.prompt_tokens_details or counts.input_tokens_details
    completion = counts.completion_tokens_details or counts.output_tokens_details
    return Usage(
        prompt_tokens=counts.prompt_tokens or counts.input_tokens or 0,
        completion_tokens=counts.completion_tokens or counts.output_tokens or 0,
        cached_tokens=(prompt.cached_tokens or 0) if prompt else 0,
        reasoning_tokens=(completion.reasoning_tokens or 0) if completion else 0,
        cost_usd=counts.cost,
    )


def _decode_responses(reply: Reply, request: Request, endpoint: str) -> Completion:
    """The responses API has no finish reason: it is read from the status, in the words of chat."""
    found = read(_responses, reply)
    if found.error:
        raise in_body(found.error, reply.headers, reply.body)
    if found.output is None:
        raise malformed(reply, "no output")
    parts = [part for item in found.output if item.type == "message" for part in item.content or []]
    reason = found.incomplete_details.reason if found.incomplete_details else None
    refusal = "".join(part.refusal or "" for part in parts) or None
    tokens = [token for part in parts for token in part.logprobs or []]
    return Completion(
        texts=("".join(part.text or "" for part in parts),),
        finish_reasons=(_INCOMPLETE.get(reason, reason) if reason else "stop",),
        model=found.model or request.model,
        endpoint=endpoint,
        refusals=(refusal,) if refusal else (),
        logprobs=(_chat_logprobs(tokens),) if tokens else (),
        usage=_usage(found.usage),
        n_asked=request.sampling.n,
    )
