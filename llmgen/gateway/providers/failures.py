"""From a vendor's error to one kind of failure, or to a refusal (gateway specification, section 1.7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from llmgen.errors import ProviderError
from llmgen.gateway.providers.ratelimit_headers import retry_after_s, should_retry
from llmgen.gateway.transport import Reply
from llmgen.redact import redact
from llmgen.types import Completion, FailureKind, Request

EXCERPT = 500
_REFUSED = re.compile(
    r"content_filter|content_policy|responsibleaipolicy|moderation|content management policy|flagged"
)
_BY_WORDS: tuple[tuple[frozenset[int], re.Pattern[str], FailureKind], ...] = (
    (
        frozenset({400, 402, 403, 429}),
        re.compile(
            r"insufficient_quota|exceeded your current quota|billing_(hard_limit|not_active)"
            r"|billing hard limit|insufficient (credit|fund|balance)|credit limit"
        ),
        "quota",
    ),
    (
        frozenset({400, 413, 422, 500}),
        re.compile(
            r"context_length|context[ _-](length|window|size)|exceed_context"
            r"|(prompt|input)( is|s are)? too long|maximum (input|sequence|prompt) length"
            r"|too many (input )?tokens|input token count"
        ),
        "context_length",
    ),
    # Gemini's way to say 401, OpenRouter's way to say 404
    (frozenset({400}), re.compile(r"api_key_invalid|invalid_api_key|api key not valid"), "auth"),
    (
        frozenset({400}),
        re.compile(r"model_not_found|not a valid model|unknown model|invalid model"),
        "not_found",
    ),
)
_BY_STATUS: dict[int, FailureKind] = {
    401: "auth",
    402: "quota",
    403: "auth",
    404: "not_found",
    405: "not_found",
    408: "unavailable",
    409: "unavailable",
    410: "not_found",
    425: "unavailable",
    429: "rate_limited",
    499: "unavailable",
    501: "bad_request",
    529: "rate_limited",
}
_BY_CLASS: dict[int, FailureKind] = {3: "not_found", 4: "bad_request"}
_REDIRECT, _UPSTREAM = 3, 502


class VendorError(msgspec.Struct, frozen=True):
    """The part of a vendor's error object that is read; everything else is left aside."""

    message: str | None = None
    code: int | str | None = None
    type: str | None = None
    status: str | None = None
    metadata: Any = None
    innererror: Any = None
    details: Any = None

    @property
    def words(self) -> str:
        """All of it in lower case, for the patterns."""
        parts = (
            self.code,
            self.type,
            self.status,
            self.message,
            self.metadata,
            self.innererror,
            self.details,
        )
        return " ".join(str(part) for part in parts if part).lower()


class _Body(msgspec.Struct, frozen=True):
    """The shapes in which vendors wrap an error: `{error: {...}}`, `{error: "..."}`, or the object itself."""

    error: VendorError | str | None = None
    message: str | None = None
    detail: Any = None
    type: str | None = None
    code: int | str | None = None


class Refused(Exception):  # a refusal is an answer, not an error
    """The vendor declined to answer this prompt: an outcome of its own, not a failure."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def failed(reply: Reply) -> ProviderError | Refused:
    """What an answer with a status other than 200 means."""
    return judge(reply.status, read_error(reply.body), reply.headers, reply.body)


def read_error(body: bytes) -> VendorError:
    """The error object in `body`, whatever its wrapping; unreadable: an empty one."""
    try:
        found = msgspec.json.decode(body, type=_Body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return VendorError()
    if isinstance(found.error, VendorError):
        return found.error
    message = found.error or found.message or (str(found.detail) if found.detail else None)
    return VendorError(message=message, code=found.code, type=found.type)


def judge(
    status: int, error: VendorError, headers: Mapping[str, str], body: bytes = b""
) -> ProviderError | Refused:
    """The failure, or the refusal, that `error` with this HTTP status stands for."""
    words = error.words
    said = redact(" ".join((error.message or excerpt(body) or "no reason given").split()))[:EXCERPT]
    if status in {400, 403, 422} and _REFUSED.search(words):
        return Refused("content_filter", said)
    kind = _kind(status, words)
    hint = ""
    if status // 100 == _REDIRECT:
        hint = f" (redirected to {redact(headers.get('location', 'nowhere'))}: set base_url to that)"
    return ProviderError(
        kind,
        f"HTTP {status}: {said}{hint}",
        status=status,
        retry_after_s=retry_after_s(headers),
        should_retry=should_retry(headers),
        body=excerpt(body),
    )


def in_body(error: VendorError | str, headers: Mapping[str, str], body: bytes) -> ProviderError | Refused:
    """What an error object inside a 200 means: its own code decides, 502 when it has none."""
    if isinstance(error, str):
        error = VendorError(message=error)
    code = str(error.code or "")
    status = int(code) if re.fullmatch(r"[345]\d\d", code) else _status_of(error.words)
    return judge(status, error, headers, body)


def malformed(reply: Reply, why: str) -> ProviderError:
    """A 200 that cannot be read."""
    return ProviderError(
        "malformed",
        redact(f"unreadable answer: {why}"),
        status=reply.status,
        sent=True,
        body=excerpt(reply.body),
    )


def refusal(refused: Refused, request: Request, endpoint: str) -> Completion:
    """The Completion whose texts were all refused for one reason."""
    n = request.sampling.n
    return Completion(
        texts=("",) * n,
        finish_reasons=(refused.reason,) * n,
        model=request.model,
        endpoint=endpoint,
        refusals=(refused.message,) * n,
        n_asked=n,
    )


def excerpt(body: bytes) -> str:
    """The first 500 bytes as text, without secrets."""
    # a little more is redacted than is kept, so that no key is cut into an unrecognisable half
    return redact(body[: 2 * EXCERPT].decode("utf-8", "replace"))[:EXCERPT]


def _kind(status: int, words: str) -> FailureKind:
    kind = _BY_STATUS.get(status) or _BY_CLASS.get(status // 100, "unavailable")
    if "resource_exhausted" in words:  # Gemini says the same of limits per minute and per day
        return "quota" if "perday" in words else "rate_limited"
    for statuses, pattern, special in _BY_WORDS:
        if status in statuses and pattern.search(words):
            return special
    return kind


def _status_of(words: str) -> int:
    """The HTTP status that an error object without a numeric code stands for."""
    for status, pattern in (
        (429, r"rate.?limit|too many requests|quota"),
        (401, r"invalid_api_key|unauthori[sz]ed|authentication"),
        (404, r"model_not_found|not.?found|does not exist"),
        (400, r"invalid_request|bad.?request|context_length|content_filter|content_policy"),
    ):
        if re.search(pattern, words):
            return status
    return _UPSTREAM
