"""Gemini's `generateContent`: answers, errors and blocks in Google's shapes."""

from __future__ import annotations

from typing import Any

from llmgen.gateway.emulator.answers import Rejected, logprob, tokens

STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def answer(model: str, body: dict[str, Any], reply_text: str | None) -> dict[str, Any]:
    """The answer's JSON. Raises Rejected."""
    contents = body.get("contents")
    if not isinstance(contents, list) or not contents:
        raise Rejected(400, STATUS[400], "contents is not specified")
    if any(content.get("role") not in {"user", "model"} for content in contents):
        raise Rejected(400, STATUS[400], "Please use a valid role: user, model.")
    config = body.get("generationConfig", {})
    prompt = "".join(part.get("text", "") for part in contents[-1]["parts"])
    text = f"You said: {prompt}" if reply_text is None else reply_text
    limit = config.get("maxOutputTokens")
    cut = limit is not None and len(tokens(text)) > limit
    text = "".join(tokens(text)[:limit]) if cut else text
    candidates = [
        _candidate(i, text + (f" ({i})" if i else ""), "MAX_TOKENS" if cut else "STOP", config)
        for i in range(config.get("candidateCount", 1))
    ]
    return {
        "candidates": candidates,
        "modelVersion": f"{model}-001",
        "responseId": "emulated-1",
        "usageMetadata": {
            "promptTokenCount": len(tokens(prompt)),
            "candidatesTokenCount": len(candidates) * len(tokens(text)),
            "thoughtsTokenCount": 5,
            "cachedContentTokenCount": len(tokens(prompt)) // 4,
            "totalTokenCount": len(tokens(prompt)) + len(tokens(text)) + 5,
        },
    }


def error(status: int, message: str, code: str) -> dict[str, Any]:
    """An error object; `code` becomes the reason of the error's details."""
    return {
        "error": {
            "code": status,
            "message": message,
            "status": STATUS.get(status, "UNKNOWN"),
            "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": code}],
        }
    }


def blocked(reply: dict[str, Any], how: str) -> dict[str, Any]:
    """`reply` with its prompt blocked (`how` = "prompt") or its text withheld for the reason `how`."""
    if how == "prompt":
        return {
            "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
            "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 4},
            "modelVersion": reply["modelVersion"],
        }
    withheld = [{"index": each["index"], "finishReason": how} for each in reply["candidates"]]
    return {**reply, "candidates": withheld}


def _candidate(index: int, text: str, reason: str, config: dict[str, Any]) -> dict[str, Any]:
    candidate: dict[str, Any] = {
        "index": index,
        "content": {"role": "model", "parts": [{"text": text}]},
        "finishReason": reason,
    }
    if config.get("responseLogprobs"):
        pieces = tokens(text)
        candidate["logprobsResult"] = {
            "chosenCandidates": [{"token": t, "logProbability": logprob(t)} for t in pieces],
            "topCandidates": [
                {
                    "candidates": [
                        {"token": t + "~" * i, "logProbability": logprob(t) - i}
                        for i in range(config.get("logprobs", 0))
                    ]
                }
                for t in pieces
            ],
        }
    return candidate
