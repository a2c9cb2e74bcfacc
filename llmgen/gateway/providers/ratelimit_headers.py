"""What response headers say about waiting: Retry-After in all its forms, and the limits of the account."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from llmgen.gateway.base import RateInfo

_DURATION = re.compile(
    r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?"
)


def retry_after_s(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds that the server asks to wait, None when it asks nothing intelligible.

    First that parses: `retry-after-ms`; `retry-after` as seconds or as an HTTP date (relative to the
    response's `Date`, else to `now`, UTC seconds); the larger reset of a limit whose remainder is 0.
    Negative values count as absent.
    """
    if (wait := _number(headers.get("retry-after-ms"))) is not None:
        return wait / 1000.0
    text = headers.get("retry-after")
    if (wait := _number(text)) is not None:
        return wait
    if (until := _date(text)) is not None:
        sent = _date(headers.get("date"))
        wait = until - (sent if sent is not None else time.time() if now is None else now)
        if wait >= 0:
            return wait
    info = rate_info(headers)
    resets = [
        reset
        for remaining, reset in (
            (info.remaining_requests, info.reset_requests_s),
            (info.remaining_tokens, info.reset_tokens_s),
        )
        if remaining == 0 and reset is not None
    ]
    return max(resets, default=None)


def rate_info(headers: Mapping[str, str]) -> RateInfo:
    """The `x-ratelimit-*` family of OpenAI: limits per minute, remainders, resets in seconds."""
    return RateInfo(
        limit_requests=_number(headers.get("x-ratelimit-limit-requests")),
        limit_tokens=_number(headers.get("x-ratelimit-limit-tokens")),
        remaining_requests=_number(headers.get("x-ratelimit-remaining-requests")),
        remaining_tokens=_number(headers.get("x-ratelimit-remaining-tokens")),
        reset_requests_s=duration_s(headers.get("x-ratelimit-reset-requests")),
        reset_tokens_s=duration_s(headers.get("x-ratelimit-reset-tokens")),
    )


def should_retry(headers: Mapping[str, str]) -> bool | None:
    """The server's own word in `x-should-retry`, None when it says nothing."""
    return {"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower())


def duration_s(text: str | None) -> float | None:
    """`1s`, `6m0s`, `120ms`, `1h2m` or plain seconds, in seconds; None when it is none of these."""
    if not text:
        return None
    if (plain := _number(text)) is not None:
        return plain
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds, millis = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + millis / 1000


def _number(text: str | None) -> float | None:
    """A finite number that is not negative."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _date(text: str | None) -> float | None:
    """UTC seconds of an HTTP date."""
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except (ValueError, OverflowError):
        return None
