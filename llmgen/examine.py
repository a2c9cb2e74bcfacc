"""Gather what contamination detectors need of one item, and let them read it.

What is gathered: the answer at temperature 0, draws at a higher one (graded where a detector needs that),
and log probabilities of the item's own text. Every request takes the gateway, its cache and its budget.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from llmgen.contamination.base import Need, Options
from llmgen.contamination.companions import role_of
from llmgen.evidence import Detector, Evidence, GivenText
from llmgen.types import (
    Complete,
    Completion,
    Contamination,
    Draw,
    Message,
    Record,
    Request,
    Sample,
    Sampling,
    Struct,
    TokenLogprobs,
)

_ENOUGH = 160
"""Tokens of a draw that is only compared: its first 100 count, whichever tokenizer counts them."""

Regrade: TypeAlias = Callable[[Sample, Completion], Awaitable[float | None]]
"""The grade of another answer to a sample, None when it cannot be graded."""


class Examined(Struct):
    """What the detectors read, and the answers that were drawn for them; see `types.Record`."""

    contamination: tuple[Contamination, ...]
    greedy: Draw | None = None
    draws: tuple[Draw, ...] = ()


class Examiner:
    """The detectors of one run. `recorded` holds evidence that the benchmark brought along."""

    def __init__(
        self,
        detectors: Sequence[Detector],
        needs: frozenset[Need],
        options: Options,
        *,
        recorded: Mapping[str, Evidence] | None,
        gives_prompt_logprobs: bool,
    ) -> None:
        self._detectors = tuple(detectors)
        self._needs = needs
        self._options = options
        self._recorded = recorded
        self._gives_prompt_logprobs = gives_prompt_logprobs

    def looks_at(self, sample: Sample, repeat: int) -> bool:
        """Whether the sample is examined: once, whatever the repeats, and no split that never ranks."""
        return bool(self._detectors) and repeat == 0 and role_of(sample) != "other"

    def regrades(self, sample: Sample) -> int:
        """How many more answers to `sample` are read and graded, at most: draws and the greedy one."""
        grades = "grades" in self._needs and self._recorded is None
        return self._options.draws + 1 if grades and self._is_graded(sample) else 0

    def requests(self, sample: Sample, request: Request) -> list[Request]:
        """What will be asked for `sample` beyond `request`."""
        if self._recorded is not None:
            return []
        asked = []
        if "draws" in self._needs:
            asked = [self._draws_request(request)]
            if request.sampling.temperature != 0:
                asked.append(_greedy_request(request, asked[0].sampling.max_tokens))
        if "logprobs" in self._needs and self._gives_prompt_logprobs and sample.target is not None:
            asked += _given_requests(sample, request)
        return asked

    async def examine(
        self, sample: Sample, request: Request, completion: Completion, complete: Complete, regrade: Regrade
    ) -> Examined:
        """Gathers and reads. Raises what the gateway raises."""
        if self._recorded is not None:
            evidence = self._recorded[sample.id]
            return Examined(contamination=self._read(evidence), draws=evidence.draws)
        evidence = Evidence(sample=sample)
        greedy: Draw | None = None
        if "draws" in self._needs:
            asked = self._draws_request(request, completion)
            first = completion
            if request.sampling.temperature != 0 or _is_longer(completion, asked):
                first = await complete(_greedy_request(request, asked.sampling.max_tokens))
                greedy = draws_of(first)[0]
            drawn = await complete(asked)
            unstable = request.sampling.temperature == 0 and not completion.text.startswith(first.text)
            evidence = msgspec.structs.replace(
                evidence,
                greedy_unstable=unstable,
                **await self._drawn(sample, first, drawn, regrade),
            )
        if "logprobs" in self._needs:
            given, why = await self._given(sample, request, complete)
            evidence = msgspec.structs.replace(evidence, given=given, no_given=why)
        return Examined(contamination=self._read(evidence), greedy=greedy, draws=evidence.draws)

    async def reread(self, record: Record, regrade: Regrade) -> Record:
        """`record` with the draws graded anew, and what these detectors read in them in place of before."""
        if not record.draws or record.completion is None or not self._detectors:
            return record
        greedy = record.greedy or draws_of(record.completion)[0]
        first, *draws = await _graded(record.sample, record.completion, [greedy, *record.draws], regrade)
        n_asked = max(reading.n_asked for reading in record.contamination)
        evidence = Evidence(sample=record.sample, greedy=first, draws=tuple(draws), n_asked=n_asked)
        again = {reading.detector: reading for reading in self._read(evidence)}
        readings = tuple(again.get(reading.detector, reading) for reading in record.contamination)
        return msgspec.structs.replace(record, contamination=readings, draws=tuple(draws))

    def _read(self, evidence: Evidence) -> tuple[Contamination, ...]:
        return tuple(detect(evidence) for detect in self._detectors)

    def _draws_request(self, request: Request, completion: Completion | None = None) -> Request:
        """The draws. When nobody grades them they are short, unless the model thinks before it answers."""
        most = request.sampling.max_tokens
        thinks = completion is not None and (
            completion.usage.reasoning_tokens or "<think>" in completion.text
        )
        if "grades" not in self._needs and not thinks:
            most = min(most or _ENOUGH, _ENOUGH)
        sampling = msgspec.structs.replace(
            request.sampling,
            temperature=self._options.draw_temperature,
            top_p=1.0,
            n=self._options.draws,
            max_tokens=most,
        )
        return msgspec.structs.replace(request, sampling=sampling)

    async def _drawn(
        self, sample: Sample, greedy: Completion, drawn: Completion, regrade: Regrade
    ) -> dict[str, object]:
        """The fields of the evidence that greedy answer and draws fill."""
        first, *draws = (draws_of(greedy)[0], *draws_of(drawn))
        if "grades" in self._needs and self._is_graded(sample):
            first, *draws = await _graded(sample, drawn, [first, *draws], regrade)
        has_temperature = "temperature" not in greedy.dropped
        return {
            "greedy": first if has_temperature else Draw(reason="no_temperature"),
            "draws": tuple(draws),
            "n_asked": drawn.n_asked,
        }

    def _is_graded(self, sample: Sample) -> bool:
        """Whether the draws of a sample are graded: those of controls have no right answer."""
        return self.looks_at(sample, 0) and role_of(sample) != "control"

    async def _given(
        self, sample: Sample, request: Request, complete: Complete
    ) -> tuple[GivenText | None, str]:
        """The log probabilities of the item's own text, or why there are none."""
        if sample.target is None:
            return None, "no_target"
        if not self._gives_prompt_logprobs:
            return None, "no_prompt_logprobs"
        alone, whole = [(await complete(asked)).prompt_logprobs for asked in _given_requests(sample, request)]
        if alone is None or whole is None:
            return None, "no_prompt_logprobs"
        found = given_text(alone, whole)
        return found, "" if found else "unreadable"


def draws_of(completion: Completion) -> tuple[Draw, ...]:
    """The texts of a completion as draws; refused ones and those that are no text are missing."""
    refusals = completion.refusals or (None,) * len(completion.texts)
    found = [
        Draw(finish=finish, reason="refused")
        if refusal is not None or finish in {"content_filter", "SAFETY", "RECITATION", "PROHIBITED_CONTENT"}
        else Draw(text=text, finish=finish)
        for text, finish, refusal in zip(completion.texts, completion.finish_reasons, refusals, strict=True)
    ]
    return tuple(found) or (Draw(reason="not_returned"),)


def given_text(alone: TokenLogprobs, whole: TokenLogprobs) -> GivenText | None:
    """Prompt and target as one text; the target begins where the tokens leave those of the prompt alone.

    None when a token lacks its log probability, or no token is the prompt's, or none the target's.
    """
    shared = 0
    for a, b in zip(alone.tokens, whole.tokens, strict=False):
        if a != b:
            break
        shared += 1
    logprobs = tuple(value for value in whole.logprobs[1:] if value is not None)
    if len(logprobs) != len(whole.tokens) - 1 or not 0 < shared < len(whole.tokens):
        return None
    return GivenText(
        logprobs=logprobs,
        target_start=shared,
        mu=_known(whole.mu[1:]),
        sigma=_known(whole.sigma[1:]),
    )


def _known(values: Sequence[float | None]) -> tuple[float, ...] | None:
    known = tuple(value for value in values if value is not None)
    return known if known and len(known) == len(values) else None


def _greedy_request(request: Request, max_tokens: int | None) -> Request:
    sampling = msgspec.structs.replace(request.sampling, temperature=0.0, n=1, max_tokens=max_tokens)
    return msgspec.structs.replace(request, sampling=sampling)


def _is_longer(completion: Completion, asked: Request) -> bool:
    """Whether an answer is longer than the draws may be: it has to be cut where they are."""
    most = asked.sampling.max_tokens
    return most is not None and completion.usage.completion_tokens > most


def _given_requests(sample: Sample, request: Request) -> list[Request]:
    """The question alone, and with its target: raw texts, as a corpus would hold them, in no chat form."""
    between = "" if sample.answer_type == "code" else "\n"
    question = sample.question + between
    sampling = Sampling(temperature=0.0, max_tokens=1, prompt_logprobs=0)
    return [
        msgspec.structs.replace(
            request, api="completions", messages=(Message(role="user", content=text),), sampling=sampling
        )
        for text in (question, question + (sample.target or ""))
    ]


async def _graded(sample: Sample, base: Completion, draws: Sequence[Draw], regrade: Regrade) -> list[Draw]:
    """`draws` with their grades; each distinct text is graded once."""
    known: dict[str, float | None] = {}
    for draw in draws:
        if draw.text is not None and draw.text not in known:
            single = msgspec.structs.replace(
                base, texts=(draw.text,), finish_reasons=(draw.finish,), refusals=(), logprobs=()
            )
            known[draw.text] = await regrade(sample, single)
    return [
        draw if draw.text is None else msgspec.structs.replace(draw, value=known[draw.text]) for draw in draws
    ]
