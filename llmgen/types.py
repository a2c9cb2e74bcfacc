"""The nouns of llmgen: frozen values that every stage shares. No logic but content hashes.

Times are UTC seconds since the epoch (float), durations are seconds, money is US dollars, counts of
tokens are the vendor's own. Every value is a frozen `msgspec.Struct`, so it can be encoded to JSON and
back without loss.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, Protocol, TypeAlias, dataclass_transform

import msgspec

AnswerType: TypeAlias = Literal["alphabet_option", "short_text", "categorical_label", "math", "code", "free"]
Api: TypeAlias = Literal["chat", "completions", "responses"]
AnswerKind: TypeAlias = Literal["answered", "no_valid_answer", "error"]
Outcome: TypeAlias = Literal[
    "correct", "wrong", "stale", "abstain", "refused", "truncated", "unparsed", "error"
]
RunState: TypeAlias = Literal["pending", "running", "done", "failed_samples", "budget_stopped", "interrupted"]
FailureKind: TypeAlias = Literal[
    "rate_limited",
    "quota",
    "auth",
    "not_found",
    "bad_request",
    "context_length",
    "unavailable",
    "timeout",
    "reset",
    "truncated_body",
    "malformed",
    "cache_miss",
    "replay_miss",
    "budget",
    "cancelled",
    "internal",
]

_sorted_json = msgspec.json.Encoder(order="sorted")


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Struct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all nouns: frozen, keyword-only, defaults left out when encoded."""


class Sample(Struct):
    """One question. `question` is what is asked; `target` is the gold answer, None when there is none.

    `choices` are the option texts in display order. `tags` carry whatever the benchmark's grader and its
    tables need (domain, split, cluster, ...); `tags["cluster"]`, when present, names the group inside
    which samples are not independent.
    """

    id: str
    question: str
    answer_type: AnswerType
    target: str | None = None
    choices: tuple[str, ...] = ()
    tags: dict[str, str] = {}


class Message(Struct):
    """One chat message. A `completions` request holds exactly one, with role `user`: the raw prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


class Sampling(Struct):
    """How an answer is drawn. A field that is None is not sent.

    `logprobs`: None = none, 0 = of the chosen tokens, k = also the k most likely alternatives.
    `prompt_logprobs`: the same for the tokens of the prompt, where the engine has them.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    n: int = 1
    seed: int | None = None
    stop: tuple[str, ...] = ()
    logprobs: int | None = None
    prompt_logprobs: int | None = None


class Request(Struct):
    """One question to one model. `model` is the name as the endpoint knows it (without the row prefix).

    `endpoint` is the identity of who answers (provider row and normalised base URL, or the hash of a
    managed server), never a key. `repeat` separates repeated draws. `extra` are vendor fields sent on
    as they are. `sample_id` says who asks, for records and telemetry; it is no part of the key.
    """

    endpoint: str
    model: str
    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    api: Api = "chat"
    repeat: int = 0
    extra: dict[str, Any] = {}
    sample_id: str = ""

    @property
    def key(self) -> str:
        """sha256 (hex) of the canonical JSON of everything that may change the answer."""
        return request_key(self)


class TokenLogprobs(Struct):
    """Log probabilities (natural) of one text's tokens, in order; `top[i]` maps alternatives of token i.

    The first token of a prompt has no log probability: None. `mu` and `sigma` are the mean and standard
    deviation of log p over the whole vocabulary at each token, empty where the engine does not give it.
    """

    tokens: tuple[str, ...]
    logprobs: tuple[float | None, ...]
    top: tuple[dict[str, float], ...] = ()
    mu: tuple[float | None, ...] = ()
    sigma: tuple[float | None, ...] = ()


class Usage(Struct):
    """Tokens and cost of one logical request, all attempts together.

    Unknown price: `cost_usd` is None, never 0.

    `uncertain_usd` is the prompt cost of attempts that failed after the body had been sent and may have
    been billed; `saved_usd` is what a cache hit would have cost. `completion_tokens` includes
    `reasoning_tokens`, as vendors bill them.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float | None = None
    uncertain_usd: float = 0.0
    saved_usd: float = 0.0


class Completion(Struct):
    """What came back: `n` texts with their finish reasons (kept verbatim, None when the vendor gave none).

    `refusals[i]` is the vendor's refusal message of text i, if any. `model` is the name the vendor says
    it served; `endpoint` who served it. `n_asked` > len(texts) when the vendor returned fewer.
    """

    texts: tuple[str, ...]
    finish_reasons: tuple[str | None, ...]
    model: str
    endpoint: str = ""
    refusals: tuple[str | None, ...] = ()
    logprobs: tuple[TokenLogprobs, ...] = ()
    prompt_logprobs: TokenLogprobs | None = None
    usage: Usage = Usage()
    latency_s: float = 0.0
    cached: bool = False
    attempts: int = 1
    n_asked: int = 1
    fingerprint: str | None = None
    via: Literal["live", "cache", "batch", "replay"] = "live"
    dropped: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The first text."""
        return self.texts[0] if self.texts else ""


class Answer(Struct):
    """What an extractor read in a text.

    `no_valid_answer` (the text commits to nothing) is not `error` (the extractor failed). `raw` is the
    reply of an extractor that asks a model. `elapsed_us` is the time of the reading in microseconds: of the
    processor where it waits for nothing, else by the clock.
    """

    kind: AnswerKind
    value: str | None = None
    extractor: str = ""
    method: str = ""
    confidence: float | None = None
    reason: str = ""
    raw: str = ""
    elapsed_us: int | None = None


class Grade(Struct):
    """The verdict on one sample. `value` is 0..1, None when it could not be graded: that is not wrong.

    `scores` holds other verdicts on the same answer by name (for example `exact`), None = not graded.
    """

    outcome: Outcome
    value: float | None = None
    reason: str = ""
    was_truncated: bool = False
    scores: dict[str, float | None] = {}


class Draw(Struct):
    """One answer. `text` is None when it is missing, and `reason` says why (refused, error, not_returned).

    `token_ids` are the model's own ids of the text, where the engine or a file gave them. `value` is the
    grade of the answer, 0..1, where grades were asked for; None when it could not be graded.
    """

    text: str | None = None
    reason: str = ""
    finish: str | None = None
    token_ids: tuple[int, ...] | None = None
    value: float | None = None


class Contamination(Struct):
    """One detector's reading of one sample. `flagged` is None when there was too little to tell.

    `score` is higher where contamination is likelier. `details` holds `verdict` (flagged, not_flagged,
    insufficient), `reason` and the detector's own numbers, as plain JSON.
    """

    detector: str
    score: float | None = None
    flagged: bool | None = None
    n_asked: int = 0
    n_used: int = 0
    details: dict[str, Any] = {}


class Failure(Struct):
    """Why a sample has no grade: the stage that failed and the kind of failure."""

    stage: str
    kind: FailureKind
    message: str
    status: int | None = None


class Record(Struct):
    """Everything about one (sample, repeat) of one run: the unit of the journal.

    `draws` are the answers that contamination detectors had drawn; `greedy` is the answer at temperature 0
    when the completion is not.
    """

    run_id: str
    sample: Sample
    model: str
    repeat: int = 0
    request_key: str = ""
    prompt: tuple[Message, ...] = ()
    completion: Completion | None = None
    answers: tuple[Answer, ...] = ()
    grade: Grade | None = None
    contamination: tuple[Contamination, ...] = ()
    greedy: Draw | None = None
    draws: tuple[Draw, ...] = ()
    failure: Failure | None = None


class Run(Struct):
    """One evaluation of one model on one benchmark. `settings` is what the user asked for, as plain JSON.

    The hashes make two runs comparable: `dataset_hash` over the samples' source, `prompt_hash` over the
    templates, `identity` over everything that a resume must not change.
    """

    id: str
    benchmark: str
    model: str
    endpoint: str = ""
    state: RunState = "pending"
    started_at: float = 0.0
    ended_at: float | None = None
    n_samples: int | None = None
    n_repeats: int = 1
    settings: dict[str, Any] = {}
    settings_hash: str = ""
    prompt_hash: str = ""
    dataset_hash: str = ""
    identity: str = ""
    code_version: str = ""
    cost_usd: float | None = None
    parent_run: str | None = None
    base_run: str | None = None
    notes: tuple[str, ...] = ()


Complete: TypeAlias = Callable[[Request], Awaitable[Completion]]
"""The one interface of the gateway: a provider is one, and so is every layer around one."""

Extract: TypeAlias = Callable[[Sample, str], Awaitable[Answer]]
"""The one interface of the extract stage."""


class Verdict(Struct):
    """A judge's word on one answer: correct, incorrect, or unparsed when it did not answer with one word."""

    word: Literal["correct", "incorrect", "unparsed"]
    raw: str
    model: str


class Compare(Protocol):
    """Whether two readings of one sample are the same answer; None when it could not be found out.

    A reading that is None is no valid answer and equals only itself. `percent`: `auto` lets 60% be 60
    when the question asks for a percentage, `notation` always, `value` never.
    """

    async def __call__(
        self, sample: Sample, a: str | None, b: str | None, *, percent: Literal["auto", "notation", "value"]
    ) -> bool | None:
        """Compares."""
        ...


Judge: TypeAlias = Callable[[str, str, str, str], Awaitable[Verdict]]
"""(question, gold, context, answer) -> Verdict. Raises LlmgenError when the judge could not be asked."""


def request_key(request: Request) -> str:
    """The cache key of `request`: sha256 hex over canonical JSON (sorted keys, absent fields left out).

    Numbers of equal value give equal keys (1 and 1.0, 0.0 and -0.0).
    """
    return content_hash(
        [
            "llmgen-key/1",
            request.endpoint,
            request.api,
            request.model,
            request.messages,
            _plain_numbers(msgspec.to_builtins(request.sampling)),
            request.repeat,
            _plain_numbers(request.extra),
        ]
    )


def content_hash(value: Any) -> str:
    """sha256 (hex) of the canonical JSON of any value that msgspec can encode."""
    return hashlib.sha256(_sorted_json.encode(value)).hexdigest()


def _plain_numbers(value: Any) -> Any:
    """Floats that are whole become ints, so that 1.0 and 1 (and -0.0 and 0) have one spelling."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: _plain_numbers(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain_numbers(item) for item in value]
    return value
