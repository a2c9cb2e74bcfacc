"""`judge:extract` and `judge:verdict`: any model reads an answer, or says whether it is the gold answer."""

from __future__ import annotations

import re
from functools import partial
from typing import Any, Literal, TypeAlias

import msgspec

from llmgen.errors import ProviderError, UsageError
from llmgen.extract.base import PASSED_ON, ExtractContext, Line, failed
from llmgen.extract.judge import SAMPLING, Fill, fence_for
from llmgen.extract.normalise import into_range
from llmgen.extract.ranges import NO_VALID_ANSWER, Range, range_of
from llmgen.extract.whole import take_whole
from llmgen.text import fold, without_reasoning, without_surrogates
from llmgen.types import Answer, Extract, Request, Sample, Struct, content_hash

EXTRACT_TEMPLATE, VERDICT_TEMPLATE = "judge_extract", "judge_verdict"
Mode: TypeAlias = Literal["extract", "verdict"]
_WORDS = {"correct": "correct", "incorrect": "incorrect", "unclear": "cannot_tell"}
_OBJECT = re.compile(r"\{[^{}]*\}")


class _Said(Struct):
    """The judge's reply in extract mode."""

    answer: str


_said = msgspec.json.Decoder(_Said)


class JudgeExtractor:
    """`Extract` over a line to any model. What it is asked to read is fenced and declared as data.

    `extract` asks for a value of the range and never shows the gold; free text and code are taken whole.
    `verdict` shows it; its answers have no value, `reason` is `correct`, `incorrect` or `cannot_tell` (then
    the kind is no valid answer). A reply that cannot be read, and a request that failed, are an `error`.
    """

    def __init__(self, name: str, mode: Mode, line: Line, fill: Fill) -> None:
        self._name = name
        self._mode: Mode = mode
        self._line = line
        self._fill = fill
        example = self.request(Sample(id="", question="", answer_type="math", target=""), "")
        version = content_hash([mode, example.messages, example.sampling, line.endpoint, line.model])
        self._method = f"{name}@{version[:8]}"

    async def __call__(self, sample: Sample, text: str) -> Answer:
        """The judge's reading. Raises RunStopped, and what leaves a sample pending."""
        if not text.strip():
            return self._no_valid_answer("empty")
        if self._mode == "extract" and sample.answer_type in {"free", "code"}:
            return take_whole(text, self._name, self._method)
        if self._mode == "verdict" and sample.target is None:
            return failed(self._name, self._method, "no gold answer to compare with")
        try:
            completion = await self._line(self.request(sample, text))
        except ProviderError as error:
            if error.kind in PASSED_ON:
                raise
            return failed(self._name, self._method, f"{error.kind}: {error.message}")
        reading = self._verdict(completion.text) if self._mode == "verdict" else None
        return reading or self._reading(range_of(sample), completion.text)

    async def ready(self) -> None:
        """Raises UsageError when the model cannot be asked in this way."""
        await self._line.ready(self.request(Sample(id="", question="", answer_type="math", target=""), ""))

    def request(self, sample: Sample, text: str) -> Request:
        """What the judge is asked about `text`."""
        answers = range_of(sample)
        question, output = without_surrogates(sample.question), without_surrogates(text)
        extra: dict[str, Any] = {}
        if self._mode == "verdict":
            gold = _gold(sample, answers)
            messages = self._fill(
                VERDICT_TEMPLATE,
                question=question,
                gold=gold,
                output=output,
                fence=fence_for(question, gold, output),
            )
        else:
            options = _options(answers)
            messages = self._fill(
                EXTRACT_TEMPLATE,
                question=question,
                options=options,
                description=answers.description,
                form=_form(answers),
                output=output,
                fence=fence_for(question, options, output),
            )
            if self._line.json_schema:
                extra = {"response_format": _schema(answers)}
        return Request(
            endpoint=self._line.endpoint,
            model=self._line.model,
            messages=messages,
            sampling=SAMPLING,
            extra=extra,
            sample_id=sample.id,
        )

    def _reading(self, answers: Range, reply: str) -> Answer:
        said = _read_object(without_reasoning(reply))
        if said is None:
            return failed(self._name, self._method, "unreadable_reply", raw=reply)
        mapped = into_range(answers, said)
        if mapped.value is None:
            return self._no_valid_answer(mapped.reason, reply)
        reason = "conflict" if mapped.conflict else ""
        return self._answered(mapped.value, reason, reply)

    def _verdict(self, reply: str) -> Answer:
        word = _WORDS.get(fold(without_reasoning(reply)))
        if word is None:
            return failed(self._name, self._method, "unreadable_reply", raw=reply)
        if word == "cannot_tell":
            return self._no_valid_answer(word, reply)
        return self._answered(None, word, reply)

    def _answered(self, value: str | None, reason: str, raw: str) -> Answer:
        return Answer(
            kind="answered",
            value=value,
            extractor=self._name,
            method=self._method,
            reason=reason,
            raw=raw,
        )

    def _no_valid_answer(self, reason: str, raw: str = "") -> Answer:
        return Answer(
            kind="no_valid_answer", extractor=self._name, method=self._method, reason=reason, raw=raw
        )


async def _build(name: str, mode: Mode, context: ExtractContext) -> Extract:
    if context.judge is None:
        raise UsageError(f"the extractor {name} has no model", hint="name one with --judge ROW/MODEL")
    extractor = JudgeExtractor(name, mode, await context.open_line(context.judge), context.fill)
    await extractor.ready()
    return extractor


build_judge = partial(_build, "judge", "extract")
build_extract = partial(_build, "judge:extract", "extract")
build_verdict = partial(_build, "judge:verdict", "verdict")


def _read_object(reply: str) -> str | None:
    """The `answer` of the reply's last JSON object, None when there is none that can be read."""
    for found in reversed(_OBJECT.findall(reply)):
        try:
            return _said.decode(found).answer
        except msgspec.DecodeError:
            continue
    try:
        return _said.decode(reply[reply.find("{") : reply.rfind("}") + 1]).answer
    except msgspec.DecodeError:
        return None


def _options(answers: Range) -> str:
    if answers.texts:
        return "\n".join(
            f"{letter}: {text}" for letter, text in zip(answers.values, answers.texts, strict=True)
        )
    return "\n".join(answers.values)


def _form(answers: Range) -> str:
    if answers.texts:
        return "the letter of the option"
    return "the allowed answer, word for word" if answers.values else "what the text states"


def _gold(sample: Sample, answers: Range) -> str:
    """The gold; an option's letter with its text."""
    gold = sample.target or ""
    texts = dict(zip(answers.values, answers.texts, strict=True)) if answers.texts else {}
    return f"{gold}: {texts[gold]}" if gold in texts else gold


def _schema(answers: Range) -> dict[str, Any]:
    """`response_format` that holds the reply to `{"answer": VALUE}`."""
    value: dict[str, Any] = {"type": "string"}
    if answers.values:
        value["enum"] = [*dict.fromkeys(answers.values), NO_VALID_ANSWER]
    schema = {
        "type": "object",
        "properties": {"answer": value},
        "required": ["answer"],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "reading", "strict": True, "schema": schema}}
