"""Error bodies as vendors write them, and the headers that ask to wait."""

import json

import pytest

from llmgen.errors import ProviderError
from llmgen.gateway.providers.failures import Refused, failed
from llmgen.gateway.providers.ratelimit_headers import duration_s, rate_info, retry_after_s
from llmgen.gateway.transport import Reply

BODIES = [
    (
        429,
        {"error": {"message": "Rate limit reached for gpt-4o. Visit /account/billing", "type": "requests"}},
        "rate_limited",
    ),
    (429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}, "quota"),
    (402, {"error": {"message": "Insufficient credits", "code": 402}}, "quota"),
    (400, {"error": {"code": "billing_hard_limit_reached", "message": "Billing hard limit"}}, "quota"),
    (400, {"error": {"code": "context_length_exceeded", "message": "too long"}}, "context_length"),
    (
        400,
        {"object": "error", "message": "This model's maximum context length is 4096 tokens.", "code": 400},
        "context_length",
    ),
    (
        400,
        {"error": {"type": "exceed_context_size_error", "message": "the request exceeds"}},
        "context_length",
    ),
    (
        422,
        {"error": "Input validation error: `inputs` is too long", "error_type": "validation"},
        "bad_request",
    ),
    (413, {"error": {"message": "prompt is too long: 9000 tokens"}}, "context_length"),
    (400, {"error": {"message": "foo/bar is not a valid model ID", "code": 400}}, "not_found"),
    (404, {"detail": "Not Found"}, "not_found"),
    (
        404,
        {"object": "error", "message": "The model `x` does not exist.", "type": "NotFoundError", "code": 404},
        "not_found",
    ),
    (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, "unavailable"),
    (501, {"error": {"code": 501, "message": "This server does not support it"}}, "bad_request"),
    (524, "a timeout occurred", "unavailable"),
    (400, {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "API key not valid."}}, "auth"),
    (
        429,
        {
            "error": {
                "code": 429,
                "status": "RESOURCE_EXHAUSTED",
                "message": "You exceeded your current quota, check billing",
                "details": [{"violations": [{"quotaId": "GenerateRequestsPerMinute"}]}],
            }
        },
        "rate_limited",
    ),
    (
        429,
        {
            "error": {
                "code": 429,
                "status": "RESOURCE_EXHAUSTED",
                "message": "You exceeded your current quota",
                "details": [{"violations": [{"quotaId": "GenerateRequestsPerDayPerProject"}]}],
            }
        },
        "quota",
    ),
    (400, {"detail": [{"loc": ["body", "messages"], "msg": "field required"}]}, "bad_request"),
    (500, {"error": {"code": ["odd"], "message": 7}}, "unavailable"),
]


def reply(status, body, **headers):
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Reply(status, headers, raw)


@pytest.mark.parametrize(("status", "body", "kind"), BODIES)
def test_kind_of(status, body, kind):
    error = failed(reply(status, body))
    assert isinstance(error, ProviderError)
    assert (error.kind, error.status) == (kind, status)
    assert error.message.startswith(f"HTTP {status}: ")
    assert len(error.message) > len("HTTP 000: ")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (
            400,
            {
                "code": "content_filter",
                "message": "m",
                "innererror": {"code": "ResponsibleAIPolicyViolation"},
            },
        ),
        (400, {"code": "content_policy_violation", "message": "m"}),
        (400, {"code": "invalid_prompt", "message": "your prompt was flagged as potentially violating"}),
        (403, {"code": 403, "message": "m", "metadata": {"reasons": ["violence"], "flagged_input": "..."}}),
    ],
)
def test_refusals(status, error):
    assert isinstance(failed(reply(status, {"error": error})), Refused)


def test_only_requests_can_be_refused():
    assert isinstance(failed(reply(429, {"error": {"message": "flagged by moderation"}})), ProviderError)


def test_a_key_at_the_edge_of_the_excerpt_is_not_half_shown():
    body = "x" * 489 + " sk-" + "abcdefgh" * 10
    error = failed(reply(500, body))
    assert "sk-" not in error.body
    assert "abcdefgh" not in error.body + error.message


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("120ms", 0.12),
        ("1h2m3s", 3723.0),
        ("2m", 120.0),
        ("1.5s", 1.5),
        ("17", 17.0),
        ("", None),
        ("soon", None),
        ("-1s", None),
        (None, None),
    ],
)
def test_durations(text, seconds):
    assert duration_s(text) == seconds


def test_a_date_without_the_servers_clock_is_relative_to_ours():
    headers = {"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}
    assert retry_after_s(headers, now=1792567700.0) == 10.0
    assert retry_after_s(headers, now=1792567720.0) is None


def test_the_larger_of_the_exhausted_limits():
    headers = {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "6m0s",
    }
    assert retry_after_s(headers) == 360.0
    assert retry_after_s({**headers, "x-ratelimit-remaining-tokens": "5"}) == 1.0
    assert retry_after_s({**headers, "retry-after": "3"}) == 3.0
    assert rate_info(headers).remaining_tokens == 0
    assert rate_info({"x-ratelimit-limit-tokens": "many"}).limit_tokens is None


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e400", "99999999999999999999 GMT"])
def test_absurd_waits_are_no_waits(text):
    assert retry_after_s({"retry-after": text}) is None
