"""n texts from endpoints that give one at a time, or fewer than they were asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Literal

from msgspec.structs import replace

from llmgen.errors import ProviderError
from llmgen.types import Complete, Completion, Request, Usage


def fanned_out(
    inner: Complete,
    n_mode: Literal["native", "loop"],
    spent: Callable[[Completion], None],
    max_n: int | None = None,
) -> Complete:
    """`inner` for any n. `loop`: n single requests. `native`: one request, topped up by single ones.

    `max_n` is the most texts that the vendor gives at once; more are asked for in several requests.

    Text i of a seeded request is drawn with seed + i. When some single requests fail, the others' texts
    are returned (`n_asked` says how many were wanted); when the run stops in between, their cost is
    reported to `spent` and the error is raised, so that the sample is asked again as a whole.
    """

    async def complete(request: Request) -> Completion:
        n = request.sampling.n
        if n == 1:
            return await inner(request)
        if n_mode == "loop":
            singles = [part(request, i, 1) for i in range(n)]
            return merged(await _several(inner, singles, [], spent), n)
        most = max_n or n
        shares = [part(request, start, min(most, n - start)) for start in range(0, n, most)]
        parts = [await inner(shares[0])] if len(shares) == 1 else await _several(inner, shares, [], spent)
        given = sum(len(each.texts) for each in parts)
        if given < n:
            missing = [part(request, i, 1) for i in range(given, n)]
            parts += await _several(inner, missing, parts, spent)
        return merged(parts, n)

    return complete


async def _several(
    inner: Complete,
    requests: Sequence[Request],
    before: Sequence[Completion],
    spent: Callable[[Completion], None],
) -> list[Completion]:
    results = await asyncio.gather(*map(inner, requests), return_exceptions=True)
    parts = [result for result in results if isinstance(result, Completion)]
    errors = [result for result in results if isinstance(result, BaseException)]
    fatal = next((error for error in errors if _ends_all(error)), None)
    if fatal is None and errors and not parts and not before:
        fatal = errors[0]
    if fatal is not None:
        for each in (*before, *parts):
            spent(each)
        raise fatal
    return parts


def _ends_all(error: BaseException) -> bool:
    """Everything but an ordinary failed request: that one's text is simply missing."""
    return not isinstance(error, ProviderError) or error.kind == "cancelled"


def part(request: Request, start: int, n: int) -> Request:
    """`n` texts of `request`, from text `start` on; a seed counts on with them."""
    sampling = request.sampling
    seed = None if sampling.seed is None else sampling.seed + start
    return replace(request, sampling=replace(sampling, n=n, seed=seed))


def merged(parts: Sequence[Completion], n: int) -> Completion:
    """One completion of several, in order. Refusals are padded; logprobs are kept if all parts have them."""
    if len(parts) == 1:
        return replace(parts[0], n_asked=n)
    first = parts[0]
    refusals: tuple[str | None, ...] = ()
    if any(part.refusals for part in parts):
        refusals = tuple(r for part in parts for r in part.refusals or (None,) * len(part.texts))
    complete_logprobs = all(len(part.logprobs) == len(part.texts) for part in parts)
    return replace(
        first,
        texts=tuple(text for part in parts for text in part.texts),
        finish_reasons=tuple(reason for part in parts for reason in part.finish_reasons),
        refusals=refusals,
        logprobs=tuple(item for part in parts for item in part.logprobs) if complete_logprobs else (),
        usage=_total(parts),
        latency_s=max(part.latency_s for part in parts),
        attempts=sum(part.attempts for part in parts),
        n_asked=n,
    )


def _total(parts: Sequence[Completion]) -> Usage:
    usages = [part.usage for part in parts]
    costs = [usage.cost_usd for usage in usages if usage.cost_usd is not None]
    return Usage(
        prompt_tokens=sum(usage.prompt_tokens for usage in usages),
        completion_tokens=sum(usage.completion_tokens for usage in usages),
        cached_tokens=sum(usage.cached_tokens for usage in usages),
        reasoning_tokens=sum(usage.reasoning_tokens for usage in usages),
        cost_usd=sum(costs) if len(costs) == len(usages) else None,
        uncertain_usd=sum(usage.uncertain_usd for usage in usages),
    )
