"""The answers of the OpenAI dialect as typed Structs: every vendor's shape, only the fields that are read."""

from __future__ import annotations

import msgspec

from llmgen.gateway.providers.failures import VendorError


class Wire(msgspec.Struct, frozen=True):
    """Base: unknown fields are skipped."""


class TopToken(Wire, frozen=True):
    """One alternative."""

    token: str
    logprob: float


class Token(Wire, frozen=True):
    """One token of chat-style log probabilities."""

    token: str
    logprob: float
    top_logprobs: list[TopToken] | None = None


class Logprobs(Wire, frozen=True):
    """Chat style (`content`), or the columns of the completions API, which Together also uses for chat."""

    content: list[Token] | None = None
    tokens: list[str] | None = None
    token_logprobs: list[float | None] | None = None
    top_logprobs: list[dict[str, float] | None] | None = None


class PromptToken(Wire, frozen=True):
    """vLLM's entry for one token of the prompt, keyed by token id; the first entry is the token itself."""

    logprob: float
    decoded_token: str | None = None


PromptLogprobs = list[dict[str, PromptToken] | None]


class Part(Wire, frozen=True):
    """A piece of a message's content."""

    text: str | None = None


class ChatMessage(Wire, frozen=True):
    """`content` is null for refusals and when reasoning used up all tokens."""

    content: str | list[Part] | None = None
    refusal: str | None = None


class Choice(Wire, frozen=True):
    """One text of chat (`message`) or completions (`text`)."""

    index: int = 0
    message: ChatMessage | None = None
    text: str | None = None
    finish_reason: str | None = None
    logprobs: Logprobs | None = None
    prompt_logprobs: PromptLogprobs | None = None
    error: VendorError | str | None = None


class Details(Wire, frozen=True):
    """Parts of a token count."""

    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class Counts(Wire, frozen=True):
    """Usage; the responses API calls the same things input and output. `cost` is OpenRouter's, in dollars."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: Details | None = None
    completion_tokens_details: Details | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: Details | None = None
    output_tokens_details: Details | None = None
    cost: float | None = None


class ChoicesReply(Wire, frozen=True):
    """Chat and completions. `provider` is the upstream that OpenRouter served from."""

    choices: list[Choice] | None = None
    model: str | None = None
    usage: Counts | None = None
    system_fingerprint: str | None = None
    provider: str | None = None
    prompt_logprobs: PromptLogprobs | None = None
    error: VendorError | str | None = None


class OutputPart(Wire, frozen=True):
    """A piece of an output message: `output_text` or `refusal`."""

    type: str
    text: str | None = None
    refusal: str | None = None
    logprobs: list[Token] | None = None


class OutputItem(Wire, frozen=True):
    """An item of the responses API; only `message` items are read."""

    type: str
    content: list[OutputPart] | None = None


class Incomplete(Wire, frozen=True):
    """Why an answer ended early."""

    reason: str | None = None


class ResponsesReply(Wire, frozen=True):
    """The responses API."""

    status: str | None = None
    output: list[OutputItem] | None = None
    incomplete_details: Incomplete | None = None
    model: str | None = None
    usage: Counts | None = None
    error: VendorError | str | None = None


class Model(Wire, frozen=True):
    """One entry of /models; three vendors' names for the day on which a model is switched off."""

    id: str
    shutdown_date: str | None = None
    expiration_date: str | None = None
    deprecation: str | None = None


class ModelList(Wire, frozen=True):
    """The usual wrapping of /models."""

    data: list[Model]
