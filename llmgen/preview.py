"""What a run would ask and what it may cost: `--dry-run`. No model is opened, nothing is sent or stored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice

import msgspec

from llmgen.config import Settings
from llmgen.evaluate import read
from llmgen.plan import Plan
from llmgen.runs import Controls
from llmgen.session import Rehearsal, Session
from llmgen.types import Completion, Message, Request, Sample, Struct
from llmgen.wiring import open_session

PREVIEWED = 20
_REHEARSED = 500  # samples, evenly spread: a judge may be needed in the last split only
ANSWER = "(the answer)"  # stands in readers' prompts for the text that nobody has written yet


class Prompt(Struct):
    """One rendered prompt of a preview."""

    sample_id: str
    messages: tuple[Message, ...]


class Asked(Struct):
    """What one model would be asked, and the tokens and dollars it may take at most.

    `usd` is None without a price; `prompts` are the first ones.
    """

    endpoint: str
    requests: int
    tokens: int
    usd: float | None
    prompts: tuple[Prompt, ...]


class Preview(Asked):
    """What a run would ask its model; `readers` are the models behind extractors and the judge."""

    readers: tuple[Asked, ...]


class _Reading(Struct):
    """A reader's request, and how many answers to its sample are read: repeats and draws."""

    request: Request
    times: int


async def preview(settings: Settings, plan: Plan, controls: Controls) -> Preview:
    """The first prompts as they would be sent, and an estimate of tokens and cost. Sends nothing."""
    settings = controls.apply(settings)
    plan = msgspec.structs.replace(plan, judge=plan.judge or settings.judge, record=None)
    async with open_session(settings, plan, rehearse=True) as session:
        total = sum(1 for _ in session.samples())
        step = max(1, math.ceil(total / _REHEARSED))
        readings: dict[Rehearsal, list[_Reading]] = {line: [] for line in session.rehearsals}
        for sample in islice(session.samples(), None, None, step):
            await _rehearse(session, sample)
            times = plan.repeats + session.examiner.regrades(sample)
            for line, known in readings.items():
                known += [_Reading(request=request, times=times) for request in line.asked[len(known) :]]
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
            readers=tuple(
                _reader(line, known, step, session.sampling.max_tokens or 0)
                for line, known in readings.items()
                if known
            ),
        )


async def _rehearse(session: Session, sample: Sample) -> None:
    """Lets extractors and the benchmark's judge ask about the recorded text, else about one to come."""
    recorded = session.benchmark.recorded
    text = ANSWER if recorded is None else recorded.get(sample.id, "")
    done = Completion(texts=(text,), finish_reasons=("stop",), model=session.run.model)
    answers = await read(session.extractors, sample, done)
    if session.plan.judge is not None and not session.benchmark.grades_all and text.strip():
        first = msgspec.structs.replace(answers[0], kind="answered", value=text, reason="")
        await session.benchmark.grade(sample, [first, *answers[1:]], done)


def _reader(line: Rehearsal, readings: Sequence[_Reading], step: int, longest: int) -> Asked:
    """The numbers of one line, asked about every `step`th sample.

    `longest` is the tokens that an answer to come may have.
    """
    costs: list[float | None] = []
    requests = tokens = 0
    for reading in readings:
        most, usd = line.stack.estimate(_at_its_longest(reading.request, longest))
        requests += reading.times
        tokens += most * reading.times
        costs.append(None if usd is None else usd * reading.times)
    known = [usd for usd in costs if usd is not None]
    return Asked(
        endpoint=line.endpoint,
        requests=requests * step,
        tokens=tokens * step,
        usd=sum(known) * step if len(known) == len(costs) else None,
        prompts=tuple(
            Prompt(sample_id=reading.request.sample_id, messages=reading.request.messages)
            for reading in readings[:PREVIEWED]
        ),
    )


def _at_its_longest(request: Request, longest: int) -> Request:
    messages = tuple(
        Message(role=message.role, content=message.content.replace(ANSWER, "word " * longest or ANSWER))
        for message in request.messages
    )
    return msgspec.structs.replace(request, messages=messages)
