"""What can go wrong, by name: error answers, spoilt bodies, and faults of the wire."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from llmgen.gateway.emulator import gemini
from llmgen.gateway.emulator.answers import Rejected
from llmgen.types import Struct


class Fault(Struct, frozen=True):
    """One thing that goes wrong with one request: a name of NAMES or an HTTP status, and headers to add."""

    name: str
    headers: dict[str, str] = msgspec.field(default_factory=dict)


# name -> status, code, message
ERRORS: dict[str, tuple[int, str, str]] = {
    "quota": (429, "insufficient_quota", "You exceeded your current quota, please check your plan."),
    "bad_key": (401, "invalid_api_key", "Incorrect API key provided."),
    "forbidden": (403, "forbidden", "You are not allowed to use this model."),
    "moderation": (403, "moderation", "Your input was flagged by the moderation of the provider."),
    "model_not_found": (404, "model_not_found", "The model does not exist or you have no access to it."),
    "context_too_long": (
        400,
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens, your messages have 9000.",
    ),
    "content_filter_400": (
        400,
        "content_filter",
        "The response was filtered by the content management policy.",
    ),
}


def reject(fault: Fault | None) -> None:
    """Raises Rejected when `fault` is an error answer or a bare status."""
    if fault is not None and fault.name in ERRORS:
        raise Rejected(*ERRORS[fault.name])
    if fault is not None and fault.name.isdigit():
        raise Rejected(int(fault.name), "emulated", "As planned.")


def error_body(dialect: str, status: int, code: str, message: str) -> dict[str, Any]:
    """An error in the shape of the dialect."""
    if dialect == "gemini":
        return gemini.error(status, message, code)
    return {"error": {"message": message, "type": code, "param": None, "code": code}}


def _first(reply: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> bytes:
    """`reply` with its first choice changed."""
    copy = json.loads(json.dumps(reply))
    change(copy["choices"][0])
    return _dump(copy)


def _dump(value: Any) -> bytes:
    return json.dumps(value).encode()


# name -> the spoilt body of a 200, from the body that would have been sent
BODIES: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "cut_json": lambda reply: _dump(reply)[: len(_dump(reply)) // 2],
    "not_json": lambda _: b"{'choices': <oops>}",
    "empty": lambda _: b"",
    "html": lambda _: b"<!doctype html><html><body><h1>It works!</h1></body></html>",
    "wrong_schema": lambda reply: _dump({**reply, "choices": {"0": "text"}, "candidates": "none"}),
    "no_choices": lambda reply: _dump({**reply, "choices": [], "candidates": [], "output": None}),
    "bad_utf8": lambda reply: _dump(reply).replace(b"You said", b"You \xff\xfe said"),
    "nan": lambda reply: _dump({**reply, "usage": {"prompt_tokens": float("nan")}}),
    "null_content": lambda reply: _first(reply, lambda choice: choice["message"].update(content=None)),
    "content_filter": lambda reply: _first(
        reply, lambda choice: choice.update(finish_reason="content_filter", message={"content": ""})
    ),
    "refusal": lambda reply: _first(
        reply, lambda choice: choice["message"].update(content=None, refusal="I cannot help with that.")
    ),
    "no_finish_reason": lambda reply: _first(reply, lambda choice: choice.update(finish_reason=None)),
    "no_usage": lambda reply: _dump({**reply, "usage": None}),
    "fewer_than_n": lambda reply: _dump({**reply, "choices": reply["choices"][:1]}),
    "error_in_200": lambda _: _dump({"error": {"code": 503, "message": "The upstream is overloaded."}}),
    "rate_limit_in_200": lambda _: _dump({"error": {"code": 429, "message": "Rate limit exceeded."}}),
    "error_in_choice": lambda reply: _first(
        reply, lambda choice: choice.update(error={"code": 502, "message": "The upstream died."})
    ),
    "blocked_prompt": lambda reply: _dump(gemini.blocked(reply, "prompt")),
    "safety": lambda reply: _dump(gemini.blocked(reply, "SAFETY")),
    "recitation": lambda reply: _dump(gemini.blocked(reply, "RECITATION")),
}

HUGE = 100 * 1024 * 1024
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def _transport(request: web.Request) -> asyncio.Transport:
    transport = request.transport
    if not isinstance(transport, asyncio.Transport):
        raise ConnectionResetError("the client has gone")
    return transport


def _reset(transport: asyncio.Transport) -> None:
    """Closes with RST, so that the client sees a lost connection and not an end of file."""
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    transport.abort()


async def _reset_before(request: web.Request, _: bytes) -> None:
    _reset(_transport(request))


async def _reset_during(request: web.Request, body: bytes) -> None:
    transport = _transport(request)
    transport.write(_HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body[: len(body) // 2])
    _reset(transport)


async def _close_after(request: web.Request, body: bytes) -> None:
    """A whole answer, then the connection is closed without a word: the next use of it fails."""
    transport = _transport(request)
    transport.write(_HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    transport.close()


async def _truncated(request: web.Request, body: bytes) -> None:
    transport = _transport(request)
    transport.write(_HEAD + b"Content-Length: %d\r\n\r\n" % (len(body) + 10) + body)
    transport.close()


async def _half_chunk(request: web.Request, body: bytes) -> None:
    transport = _transport(request)
    transport.write(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body[: len(body) // 2])
    transport.close()


async def _silent(request: web.Request, _: bytes) -> None:
    await _until_gone(request)


async def _silent_body(request: web.Request, body: bytes) -> None:
    transport = _transport(request)
    transport.write(_HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body[:1])
    await _until_gone(request)


async def _endless_headers(request: web.Request, _: bytes) -> None:
    transport = _transport(request)
    transport.write(_HEAD)
    while not transport.is_closing():
        transport.write(b"x-more: 1\r\n")
        await asyncio.sleep(0.1)


async def _slow_body(request: web.Request, body: bytes) -> None:
    """One byte a second."""
    transport = _transport(request)
    transport.write(_HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
    for byte in body:
        if transport.is_closing():
            return
        transport.write(bytes([byte]))
        await asyncio.sleep(1.0)


async def _huge(request: web.Request, _: bytes) -> None:
    """100 MB without saying so beforehand."""
    transport = _transport(request)
    transport.write(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b" " * (1 << 20)
    for _i in range(HUGE >> 20):
        if transport.is_closing():
            return
        transport.write(b"%x\r\n" % len(chunk) + chunk + b"\r\n")
        while transport.get_write_buffer_size() > len(chunk):  # noqa: ASYNC110  # no event for it
            await asyncio.sleep(0.001)
    transport.write(b"0\r\n\r\n")


async def _until_gone(request: web.Request) -> None:
    """Waits for the client to hang up."""
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110  # no event
        await asyncio.sleep(0.02)


WIRE: dict[str, Callable[[web.Request, bytes], Awaitable[None]]] = {
    "reset_before": _reset_before,
    "reset_during": _reset_during,
    "close_after": _close_after,
    "truncated_body": _truncated,
    "half_chunk": _half_chunk,
    "silent": _silent,
    "silent_body": _silent_body,
    "endless_headers": _endless_headers,
    "slow_body": _slow_body,
    "huge": _huge,
}

NAMES = (*ERRORS, *BODIES, *WIRE)


async def spoilt(
    request: web.Request, reply: dict[str, Any], fault: Fault | None, headers: dict[str, str]
) -> web.Response:
    """`reply` as it is sent, with `fault` applied to it or to the wire."""
    if fault is None:
        body = msgspec.json.encode(reply)
        return web.Response(body=body, headers=headers, content_type="application/json")
    if fault.name in WIRE:
        await WIRE[fault.name](request, _dump(reply))
        return web.Response()  # nobody reads it: the fault has used the connection up
    content_type = "text/html" if fault.name == "html" else "application/json"
    return web.Response(body=BODIES[fault.name](reply), headers=headers, content_type=content_type)
