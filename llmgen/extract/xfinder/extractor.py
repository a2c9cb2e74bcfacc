"""The extractor: prompt, request, reading. One class for every path: it is given a line to the model."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

from llmgen.errors import ProviderError, UsageError
from llmgen.extract.base import PASSED_ON, ExtractContext, Line, failed
from llmgen.extract.judge import Fill
from llmgen.extract.options import Options
from llmgen.extract.ranges import Range, range_of
from llmgen.extract.whole import take_whole
from llmgen.extract.xfinder.prompt import STOPS, SYSTEM, TRAINING_SYSTEM, Form, elided
from llmgen.extract.xfinder.reply import confidence, cut, read
from llmgen.types import Answer, Completion, Message, Request, Sample, Sampling, content_hash

NAME = "xfinder"
MAX_TOKENS = 256
SERVED_NAMES = {"qwen1505": "xFinder-qwen1505", "llama38it": "xFinder-llama38it"}
_OWN_STOPS = {"xfinder_qwen1505": "<|im_end|>", "xfinder_llama38it": "<|eot_id|>"}
_SHORTEST = 64  # characters of an output below which nothing is left to read
_WAYS = (
    "--xfinder-weights DIR (in this process), --xfinder-url URL (a running vLLM), "
    "or --xfinder-served-name NAME (a server that `llmgen vllm up` started)"
)


class _Asked(NamedTuple):
    completion: Completion
    is_elided: bool


class XFinder:
    """`Extract` over a line to an xFinder model that speaks the completions API.

    A reply that is empty or cut off is an `error`, as is a request that failed; a reply outside the range
    is no valid answer. Free text and code are taken whole, nobody is asked. `method` names the prompt and
    who is asked.
    """

    def __init__(self, line: Line, fill: Fill, form: Form) -> None:
        self._line = line
        self._fill = fill
        self._form = form
        own_first = sorted(STOPS, key=lambda stop: stop != _OWN_STOPS.get(form.template))
        sent = tuple(own_first[: line.max_stop])  # the others are cut off here
        self._sampling = Sampling(temperature=0.0, max_tokens=MAX_TOKENS, stop=sent, logprobs=0)
        version = content_hash(
            [form, self._prompt(Range(answer_type="math"), "", ""), line.endpoint, line.model]
        )
        self._method = f"{NAME}@{version[:8]}"

    async def __call__(self, sample: Sample, text: str) -> Answer:
        """What the model reads in `text`. Raises RunStopped, and what leaves a sample pending."""
        answers = range_of(sample)
        if answers.answer_type in {"free", "code"}:
            return take_whole(text, NAME, self._method)
        if not text.strip():
            return Answer(kind="no_valid_answer", extractor=NAME, method=self._method, reason="empty")
        try:
            asked = await self._ask(answers, sample, text)
        except ProviderError as error:
            if error.kind in PASSED_ON:
                raise
            return failed(NAME, self._method, f"{error.kind}: {error.message}")
        return self._answer(answers, asked)

    async def ready(self) -> None:
        """Raises UsageError when the model cannot be asked in this way."""
        await self._line.ready(self.request(Range(answer_type="math"), "", ""))

    def request(self, answers: Range, question: str, output: str, sample_id: str = "") -> Request:
        """The raw prompt as a completions request: a chat template would be applied a second time."""
        return Request(
            endpoint=self._line.endpoint,
            model=self._line.model,
            api="completions",
            messages=(Message(role="user", content=self._prompt(answers, question, output)),),
            sampling=self._sampling,
            sample_id=sample_id,
        )

    def _prompt(self, answers: Range, question: str, output: str) -> str:
        return self._form.render(self._fill, answers, question, output)

    async def _ask(self, answers: Range, sample: Sample, text: str) -> _Asked:
        """Asks; an output too long for the context is halved until its start and end fit."""
        kept = len(text)
        while True:
            request = self.request(answers, sample.question, elided(text, kept), sample.id)
            try:
                return _Asked(await self._line(request), kept < len(text))
            except ProviderError as error:
                if error.kind != "context_length" or kept <= _SHORTEST:
                    raise
                kept //= 2

    def _answer(self, answers: Range, asked: _Asked) -> Answer:
        completion = asked.completion
        text, stopped = cut(completion.text)
        if (completion.finish_reasons or (None,))[0] == "length" and not stopped:
            return failed(NAME, self._method, "extractor_truncated", raw=completion.text)
        reply = read(answers, text)
        reasons = [reply.reason, "elided" if asked.is_elided else ""]
        return Answer(
            kind=reply.kind,
            value=reply.value,
            extractor=NAME,
            method=self._method,
            confidence=confidence(completion.logprobs[0], text) if completion.logprobs else None,
            reason=", ".join(filter(None, reasons)),
            raw=completion.text,
        )


async def build(context: ExtractContext) -> XFinder:
    """The extractor that the options describe, its server or weights found to be there.

    Raises UsageError without a way to a model, when the model is not served, and when the instruction
    cannot be read.
    """
    options = context.options
    model_id, urls = _model(options)
    form = Form(
        template=f"xfinder_{options.xfinder_model}",
        system=TRAINING_SYSTEM if options.xfinder_system == "training" else SYSTEM,
        instruction=await asyncio.to_thread(_instruction, options.xfinder_instruction),
        escape=options.xfinder_escape,
    )
    extractor = XFinder(await context.open_line(model_id, urls), context.fill, form)
    await extractor.ready()
    return extractor


def _model(options: Options) -> tuple[str, tuple[str, ...]]:
    """The model id and the addresses: weights in this process, or a vLLM by URL or name."""
    if options.xfinder_weights and (options.xfinder_url or options.xfinder_served_name):
        raise UsageError("--xfinder-weights is for this process, --xfinder-url for a server", hint="give one")
    if options.xfinder_weights:
        return f"transformers/{options.xfinder_weights}", ()
    if not options.xfinder_url and not options.xfinder_served_name:
        raise UsageError("the extractor xfinder has no model", hint=f"give {_WAYS}")
    name = options.xfinder_served_name or SERVED_NAMES[options.xfinder_model]
    return f"vllm/{name}", (options.xfinder_url,) if options.xfinder_url else ()


def _instruction(file: str | None) -> str:
    if file is None:
        return ""
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the instruction {file}: {error}") from error
