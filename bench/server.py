"""A chat-completions server that costs so little CPU that only its clients are measured.

Hand-written HTTP/1.1 over an asyncio protocol, one fixed answer: the vendor emulator of the package speaks
every dialect and every fault, at a cost that would drown a client of 0.1 ms a request.

    python bench/server.py [--latency SECONDS] [--rpm N --burst N [--no-rate-headers]]

Prints its port on the first line of stdout. `GET /stats` tells what was answered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time

import uvloop

ANSWER = {
    "id": "chatcmpl-bench",
    "object": "chat.completion",
    "created": 1_760_000_000,
    "model": "bench",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Ada Lindqvist was born in Uppsala."},
            "finish_reason": "stop",
            "logprobs": None,
        }
    ],
    "usage": {"prompt_tokens": 40, "completion_tokens": 9, "total_tokens": 49},
}
MODELS = {"object": "list", "data": [{"id": "bench", "object": "model", "owned_by": "bench"}]}
REFUSAL = {"error": {"message": "rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}}


class Limiter:
    """A vendor's token bucket: `rpm` requests a minute, `burst` of them at once."""

    def __init__(self, rpm: float, burst: int) -> None:
        self.rpm, self.capacity = rpm, float(burst)
        self._level, self._at = self.capacity, time.monotonic()

    def take(self) -> tuple[bool, float]:
        """Whether a request may pass now, and how many more might."""
        now = time.monotonic()
        self._level = min(self.capacity, self._level + (now - self._at) * self.rpm / 60)
        self._at = now
        passes = self._level >= 1
        self._level -= passes
        return passes, self._level


class Service:
    """What all connections share: the answer, its delay, the limiter and the counts."""

    def __init__(self, latency: float, limiter: Limiter | None, *, rate_headers: bool) -> None:
        self.latency, self.limiter, self.rate_headers = latency, limiter, rate_headers
        self.answered = self.refused = 0
        self.first_at = self.last_at = 0.0
        self._answer = response(200, ANSWER)

    def complete(self) -> bytes:
        """The response to one completion request."""
        if self.limiter is None:
            self.answered += 1
            return self._answer
        passes, left = self.limiter.take()
        headers = {}
        if self.rate_headers:
            headers = {
                "x-ratelimit-limit-requests": f"{self.limiter.rpm:.0f}",
                "x-ratelimit-remaining-requests": f"{int(left)}",
            }
        if passes:
            self.answered += 1
            return response(200, ANSWER, headers)
        self.refused += 1
        return response(429, REFUSAL, {"retry-after": "1", **headers})

    def get(self, path: bytes) -> bytes:
        """The response to one GET request."""
        if path.endswith(b"/models"):
            return response(200, MODELS)
        span = self.last_at - self.first_at
        return response(200, {"answered": self.answered, "refused": self.refused, "span_s": span})

    def note(self) -> None:
        """Remembers when the first request came and the last answer left."""
        self.last_at = time.monotonic()
        self.first_at = self.first_at or self.last_at


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests on it are answered one after the other."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._buffer = b""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Remembers where answers go."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers every whole request in the buffer."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.find(b"\r\ncontent-length:")
            length = int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            method, path = self._buffer[:end].split(b" ", 2)[:2]
            self._buffer = self._buffer[end + 4 + length :]
            if method == b"GET":
                self._send(self._service.get(path))
            else:
                self._answer()

    def _answer(self) -> None:
        """Decides on arrival, answers after the latency, as a vendor does."""
        answer = self._service.complete()
        self._service.note()
        if self._service.latency:
            asyncio.get_running_loop().call_later(self._service.latency, self._send, answer)
        else:
            self._send(answer)

    def _send(self, answer: bytes) -> None:
        self._service.last_at = time.monotonic()
        if not self._transport.is_closing():
            self._transport.write(answer)


def response(status: int, body: object, headers: dict[str, str] | None = None) -> bytes:
    """One HTTP response, head and JSON body."""
    payload = json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status} {'OK' if status == 200 else 'Too Many Requests'}",
        "content-type: application/json",
        f"content-length: {len(payload)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + payload


async def serve(service: Service) -> None:
    """Serves on a free loopback port until the process is ended."""
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(service), "127.0.0.1", 0, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Reads the flags and serves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--rpm", type=float)
    parser.add_argument("--burst", type=int, default=50)
    parser.add_argument("--no-rate-headers", dest="rate_headers", action="store_false")
    flags = parser.parse_args()
    limiter = Limiter(flags.rpm, flags.burst) if flags.rpm else None
    uvloop.run(serve(Service(flags.latency, limiter, rate_headers=flags.rate_headers)))


if __name__ == "__main__":
    main()
