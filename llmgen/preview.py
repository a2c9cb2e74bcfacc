"""What a run would ask and what it may cost: `--dry-run`. Nothing is sent, nothing is stored."""

from __future__ import annotations

from itertools import islice

import msgspec

from llmgen.config import Settings
from llmgen.plan import Plan
from llmgen.runs import Controls
from llmgen.types import Message, Struct
from llmgen.wiring import open_session

PREVIEWED = 20


class Prompt(Struct):
    """One rendered prompt of a preview."""

    sample_id: str
    messages: tuple[Message, ...]


class Preview(Struct):
    """What a run would ask, and the tokens and dollars it may take at most; `usd` is None without a price."""

    endpoint: str
    requests: int
    tokens: int
    usd: float | None
    prompts: tuple[Prompt, ...]


async def preview(settings: Settings, plan: Plan, controls: Controls) -> Preview:
    """The first prompts as they would be sent, and an estimate of tokens and cost. Sends nothing."""
    settings = controls.apply(settings)
    plan = msgspec.structs.replace(plan, judge=plan.judge or settings.judge, record=None)
    async with open_session(settings, plan) as session:
        total = sum(1 for _ in session.samples())
        prompts: list[Prompt] = []
        n_requests, tokens, usd = 0, 0, 0.0 if total else None
        for sample in islice(session.samples(), PREVIEWED):
            asked = [
                request for repeat in range(plan.repeats) for request in session.requests(sample, repeat)
            ]
            prompts.append(Prompt(sample_id=sample.id, messages=asked[0].messages))
            n_requests += len(asked)
            for request in asked:
                most, cost = session.line.stack.estimate(request)
                tokens += most
                usd = None if usd is None or cost is None else usd + cost
        scale = total / max(1, len(prompts))
        return Preview(
            endpoint=session.run.endpoint,
            requests=round(n_requests * scale),
            tokens=round(tokens * scale),
            usd=None if usd is None else usd * scale,
            prompts=tuple(prompts),
        )
