"""Requests to an in-process model: encoded, decoded together, each turned into its Completion."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from msgspec.structs import replace

from llmgen.errors import ProviderError
from llmgen.gateway.engines.torch_model import Job, TorchModel, Written
from llmgen.types import Completion, Request, Usage


def answer(
    model: TorchModel, requests: Sequence[Request], endpoint: str, cancelled: threading.Event
) -> list[Completion | ProviderError]:
    """One Completion or error per request, in order. Blocks; never raises.

    All texts of all requests are decoded as one batch. `latency_s` is that of the batch.
    """
    started = time.perf_counter()
    answers: list[Completion | ProviderError] = []
    try:
        prompts = [_tokens(model, request) for request in requests]
        refused = [_refused(tokens, model.context) for tokens in prompts]
        jobs = [
            job
            for request, tokens, no in zip(requests, prompts, refused, strict=True)
            if no is None
            for job in _jobs(model, request, tokens)
        ]
        written = iter(model.write(jobs, cancelled) if jobs else [])
        if cancelled.is_set():
            return [ProviderError("cancelled", "the provider is closed") for _ in requests]
        for request, tokens, no in zip(requests, prompts, refused, strict=True):
            if no is not None:
                answers.append(no)
                continue
            texts = [next(written) for _ in range(request.sampling.n)]
            done = _completion(model, request, tokens, texts)
            answers.append(replace(done, endpoint=endpoint, latency_s=time.perf_counter() - started))
    except Exception as error:  # noqa: BLE001  # torch raises anything, and the askers must hear of it
        said = f"the model failed: {type(error).__name__}: {error}"
        answers += [ProviderError("unavailable", said) for _ in requests[len(answers) :]]
    return answers


def _tokens(model: TorchModel, request: Request) -> tuple[int, ...]:
    if request.api == "chat":
        return model.chat_tokens(request.messages)
    return model.text_tokens(request.messages[0].content)


def _jobs(model: TorchModel, request: Request, tokens: tuple[int, ...]) -> list[Job]:
    """One per text: text i of a seeded request is drawn with seed + i."""
    sampling = request.sampling
    room = model.context - len(tokens)
    return [
        Job(
            tokens=tokens,
            max_new=room if sampling.max_tokens is None else min(sampling.max_tokens, room),
            temperature=1.0 if sampling.temperature is None else sampling.temperature,
            top_p=1.0 if sampling.top_p is None else sampling.top_p,
            seed=None if sampling.seed is None else sampling.seed + index,
            stop=sampling.stop,
            logprobs=sampling.logprobs,
        )
        for index in range(sampling.n)
    ]


def _completion(
    model: TorchModel, request: Request, tokens: tuple[int, ...], texts: Sequence[Written]
) -> Completion:
    asked = request.sampling.prompt_logprobs
    return Completion(
        texts=tuple(text.text for text in texts),
        finish_reasons=tuple(text.finish for text in texts),
        model=request.model,
        logprobs=tuple(text.logprobs for text in texts if text.logprobs is not None),
        prompt_logprobs=None if asked is None else model.prompt_logprobs(tokens, asked),
        usage=Usage(prompt_tokens=len(tokens), completion_tokens=sum(text.n_tokens for text in texts)),
        n_asked=request.sampling.n,
    )


def _refused(tokens: tuple[int, ...], context: int) -> ProviderError | None:
    """Why a prompt cannot be answered, None when it can."""
    if not tokens:
        return ProviderError("bad_request", "the prompt is empty")
    if len(tokens) >= context:
        said = f"the prompt has {len(tokens)} tokens, the model's context is {context}"
        return ProviderError("context_length", said)
    return None
