"""Well-formed answers of the OpenAI dialect, in each vendor's own shapes. Same request, same answer.

One word is one token. `flavour` is a row's name; a vendor without peculiarities answers as OpenAI does.
"""

from __future__ import annotations

import re
from typing import Any

_PIECES = re.compile(r"\s*\S+")
FINGERPRINT = "fp_emulator"
_BAD, _INVALID = 400, "invalid_request_error"


class Rejected(Exception):  # it is answered, not raised to a caller
    """The vendor answers with an error: HTTP status, code, message, and headers of its own."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def tokens(text: str) -> list[str]:
    """The emulator's tokens: words with the white space before them."""
    return _PIECES.findall(text)


def logprob(token: str) -> float:
    """A log probability that depends on the token alone."""
    return -0.1 * (1 + len(token) % 7)


def answer(flavour: str, api: str, body: dict[str, Any], reply_text: str | None) -> dict[str, Any]:
    """The answer's JSON. Raises Rejected as the vendor would."""
    if api == "responses":
        return _responses(body, reply_text)
    chat = api == "chat"
    _validate(flavour, body, chat=chat)
    prompt = prompt_of(body) if chat else str(body["prompt"])
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    n = 1 if flavour in {"ollama", "openrouter"} else body.get("n", 1)
    drawn = [_draw(prompt, reply_text, i, limit, body.get("stop")) for i in range(n)]
    choices = [
        _chat_choice(i, text, reason, flavour, body)
        if chat
        else _completions_choice(i, prompt, (text, reason), flavour, body)
        for i, (text, reason) in enumerate(drawn)
    ]
    reply: dict[str, Any] = {
        "id": "emulated-1",
        "object": "chat.completion" if chat else "text_completion",
        "created": 1_700_000_000,
        "model": body["model"],
        "choices": choices,
        "usage": _usage(flavour, len(tokens(prompt)), sum(len(tokens(text)) for text, _ in drawn), body),
        "system_fingerprint": FINGERPRINT,
    }
    if flavour == "openrouter":
        reply["provider"] = "Upstream"
    if flavour == "vllm" and chat and body.get("prompt_logprobs") is not None:
        reply["prompt_logprobs"] = _vllm_prompt(prompt, body["prompt_logprobs"])
    return reply


def prompt_of(body: dict[str, Any]) -> str:
    """The last message's content, as text."""
    messages = body.get("messages", body.get("input"))
    if isinstance(messages, str):
        return messages
    if not isinstance(messages, list) or not messages:
        raise Rejected(_BAD, _INVALID, "'messages' must be a non-empty list")
    return str(messages[-1].get("content"))


def is_reasoning(model: str) -> bool:
    """OpenAI's reasoning models by name."""
    return re.match(r"(.*/)?(ft:)?(o\d|gpt-5)", model) is not None


def _validate(flavour: str, body: dict[str, Any], *, chat: bool) -> None:
    if not chat and not isinstance(body.get("prompt"), str):
        raise Rejected(_BAD, _INVALID, "'prompt' must be a string")
    if is_reasoning(body["model"]):
        for field in ("temperature", "top_p", "logprobs", "max_tokens", "stop"):
            if body.get(field) not in {None, 1}:
                raise Rejected(_BAD, "unsupported_parameter", f"Unsupported parameter: '{field}'")
    flag = body.get("logprobs")
    counted = flavour == "together" or not chat
    if flag is not None and isinstance(flag, bool) == counted:
        raise Rejected(_BAD, _INVALID, "'logprobs' has the wrong type")
    if body.get("top_logprobs") is not None and not flag:
        raise Rejected(_BAD, _INVALID, "'top_logprobs' needs 'logprobs'")
    asked = max(int(body.get("top_logprobs") or 0), int(flag or 0))
    limit = {"fireworks": 5, "llamacpp": 50}.get(flavour, 20)
    if asked > limit:
        raise Rejected(
            _BAD,
            _INVALID,
            f"Requested sample logprobs of {asked}, which is greater than max allowed: {limit}",
        )


def _draw(prompt: str, reply_text: str | None, index: int, limit: int | None, stop: Any) -> tuple[str, str]:
    """Text `index` and its finish reason."""
    text = f"You said: {prompt}" if reply_text is None else reply_text
    text += f" ({index})" if index else ""
    for mark in [stop] if isinstance(stop, str) else stop or []:
        text = text.split(mark)[0]
    if limit is not None and len(tokens(text)) > limit:
        return "".join(tokens(text)[:limit]), "length"
    return text, "stop"


def _chat_choice(index: int, text: str, reason: str, flavour: str, body: dict[str, Any]) -> dict[str, Any]:
    choice: dict[str, Any] = {
        "index": index,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "finish_reason": reason,
        "logprobs": None,
    }
    if body.get("logprobs") is not None and body["logprobs"] is not False:
        if flavour == "together":
            choice["logprobs"] = columns(tokens(text), body["logprobs"])
        else:
            choice["logprobs"] = {"content": content(text, body.get("top_logprobs") or 0), "refusal": None}
    return choice


def _completions_choice(
    index: int, prompt: str, drawn: tuple[str, str], flavour: str, body: dict[str, Any]
) -> dict[str, Any]:
    text, reason = drawn
    echo = body.get("echo") and flavour != "llamacpp"
    choice: dict[str, Any] = {
        "index": index,
        "text": (prompt if echo else "") + text,
        "finish_reason": reason,
    }
    choice["logprobs"] = None
    if body.get("logprobs") is not None:
        if flavour == "llamacpp":
            choice["logprobs"] = {"content": content(text, body["logprobs"])}
        else:
            found = columns([*(tokens(prompt) if echo else []), *tokens(text)], body["logprobs"])
            if echo:
                found["token_logprobs"][0] = None
                found["top_logprobs"][0] = None
            choice["logprobs"] = found
    return choice


def content(text: str, top: int) -> list[dict[str, Any]]:
    """Chat-style log probabilities."""
    return [
        {
            "token": token,
            "logprob": logprob(token),
            "bytes": list(token.encode()),
            "top_logprobs": [{"token": t, "logprob": p, "bytes": None} for t, p in _top(token, top).items()],
        }
        for token in tokens(text)
    ]


def columns(pieces: list[str], top: int) -> dict[str, Any]:
    """Completions-style log probabilities."""
    return {
        "tokens": list(pieces),
        "token_logprobs": [logprob(piece) for piece in pieces],
        "top_logprobs": [_top(piece, max(1, top)) for piece in pieces],
    }


def _top(token: str, k: int) -> dict[str, float]:
    return {token + "~" * i: logprob(token) - i for i in range(k)}


def _vllm_prompt(prompt: str, top: int) -> list[dict[str, Any] | None]:
    found: list[dict[str, Any] | None] = [None]
    for token in tokens(prompt)[1:]:
        alternatives = _top(token, max(1, top))
        found.append(
            {
                str(100 + i): {"logprob": p, "rank": i + 1, "decoded_token": t}
                for i, (t, p) in enumerate(alternatives.items())
            }
        )
    return found


def _usage(flavour: str, n_prompt: int, n_completion: int, body: dict[str, Any]) -> dict[str, Any]:
    reasoning = 7 if is_reasoning(body["model"]) else 0
    usage: dict[str, Any] = {
        "prompt_tokens": n_prompt,
        "completion_tokens": n_completion + reasoning,
        "total_tokens": n_prompt + n_completion + reasoning,
    }
    if flavour in {"openai", "azure", "openrouter"}:
        usage["prompt_tokens_details"] = {"cached_tokens": n_prompt // 4}
        usage["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    if flavour == "openrouter":
        usage["cost"] = 0.00025
    return usage


def _responses(body: dict[str, Any], reply_text: str | None) -> dict[str, Any]:
    prompt = prompt_of(body)
    if is_reasoning(body["model"]) and body.get("temperature") not in {None, 1}:
        raise Rejected(_BAD, "unsupported_parameter", "Unsupported parameter: 'temperature'")
    text, reason = _draw(prompt, reply_text, 0, body.get("max_output_tokens"), None)
    part: dict[str, Any] = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    if "message.output_text.logprobs" in body.get("include", []):
        part["logprobs"] = content(text, body.get("top_logprobs") or 0)
    cut = reason == "length"
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_700_000_000,
        "model": body["model"],
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "error": None,
        "output": [
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]},
        ],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": len(tokens(prompt)),
            "input_tokens_details": {"cached_tokens": len(tokens(prompt)) // 4},
            "output_tokens": len(tokens(text)),
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": len(tokens(prompt)) + len(tokens(text)),
        },
    }
