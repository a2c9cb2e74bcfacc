"""Secrets out of everything that is written down: logs, journal, recordings, tracebacks, error messages.

Registered values (and their URL- and base64-encoded forms) and well-known shapes of keys become `***`.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

_SHAPES = re.compile(
    r"(?i)(?P<header>\b(?:authorization|api-key|x-api-key|x-goog-api-key|cookie|set-cookie)\b[\"']?\s*[:=]\s*[\"']?)"
    r"(?:bearer\s+)?[^\s\"',;}]+"
    r"|(?P<query>[?&](?:key|token|api_key)=)[^&\s\"']+"
    r"|(?P<userinfo>\w+://)[^/\s:@]+:[^/\s@]+@"
    r"|\bsk-[A-Za-z0-9_-]{8,}|\bhf_[A-Za-z0-9]{8,}|\bAIza[A-Za-z0-9_-]{16,}"
)
_MIN_SECRET = 8


class Redactor:
    """Knows the secrets of this process and removes them from text."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def learn(self, value: str | None) -> None:
        """Remembers a resolved secret (shorter than 8 characters: ignored, it would eat ordinary text)."""
        if value and len(value) >= _MIN_SECRET:
            encoded = base64.b64encode(value.encode()).decode()
            self._values |= {value, quote(value, safe=""), encoded, encoded.rstrip("=")}

    def __call__(self, text: str) -> str:
        """`text` without secrets."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, "***")
        return _SHAPES.sub(_mask, text)


def _mask(match: re.Match[str]) -> str:
    kept = match["header"] or match["query"] or match["userinfo"] or ""
    return kept + "***" + ("@" if match["userinfo"] else "")


redact = Redactor()
