"""HTTP for all providers: the one aiohttp session of the process, its timeouts, and the failures of the wire.

Every failure below HTTP becomes a ProviderError whose kind follows section 1.7 of the gateway
specification. Answers with any status are returned: judging them is the dialect's task.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp.client_proto import ResponseHandler

from llmgen import __version__
from llmgen.config import TimeoutSettings
from llmgen.errors import ConfigError, ProviderError
from llmgen.redact import redact
from llmgen.types import FailureKind

MAX_BODY = 64 * 1024 * 1024
LOOPBACK = ("localhost", "127.0.0.1", "::1")

_connected: ContextVar[bool] = ContextVar("_connected", default=False)
_heard: ContextVar[list[Reply] | None] = ContextVar("_heard", default=None)


class Reply(NamedTuple):
    """An HTTP answer: header names are case-insensitive, the body is complete and decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Sender(Protocol):
    """What a dialect needs of a transport."""

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Reply:
        """One attempt. Raises ProviderError for what goes wrong below HTTP."""
        ...

    async def aclose(self) -> None:
        """Lets the connections go."""
        ...


class _Connector(aiohttp.TCPConnector):
    """Notes that the running request needed a new connection: only a reused one earns a free retry."""

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[aiohttp.tracing.Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  # the signature is aiohttp's
    ) -> ResponseHandler:
        handler = await super()._create_connection(req, traces, timeout)
        _connected.set(True)
        return handler


class _Shared:
    """The session of one event loop and how many transports use it."""

    def __init__(self) -> None:
        # limit=0: the limiter is the limit
        connector = _Connector(limit=0, ttl_dns_cache=300, keepalive_timeout=30)
        self.session = aiohttp.ClientSession(
            connector=connector,
            headers={"User-Agent": f"llmgen/{__version__}"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self.users = 0


_sessions: dict[asyncio.AbstractEventLoop, _Shared] = {}


class Transport:
    """Sends requests to one host over the process's session. Made inside a running event loop.

    `local` servers get 1800 s in all instead of 600 s. A proxy from the environment is used, except to
    loopback. Redirects are not followed: a key must not travel to another host.
    """

    def __init__(self, base_url: str, timeouts: TimeoutSettings, *, local: bool = False) -> None:
        total = timeouts.total_s or (1800.0 if local else 600.0)
        self._timeout = aiohttp.ClientTimeout(
            total=total, sock_connect=timeouts.connect_s, sock_read=timeouts.idle_s
        )
        self._body_idle_s = timeouts.body_idle_s
        self._proxy = _proxy_for(base_url)
        loop = asyncio.get_running_loop()
        if loop not in _sessions:
            _sessions[loop] = _Shared()
        self._shared: _Shared | None = _sessions[loop]
        _sessions[loop].users += 1

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Reply:
        """One attempt. Raises ProviderError: unavailable, timeout, reset, truncated_body or malformed."""
        if self._shared is None:
            raise ProviderError("cancelled", "the provider is closed")
        _connected.set(False)
        answered = False
        try:
            async with self._shared.session.request(
                method,
                url,
                headers=headers,
                data=body,
                timeout=self._timeout,
                proxy=self._proxy,
                allow_redirects=False,
            ) as response:
                answered = True
                reply = Reply(response.status, response.headers, await self._read(response))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise _failure(error, url, answered=answered, reused=not _connected.get()) from error
        if (heard := _heard.get()) is not None:
            heard.append(reply)
        return reply

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        """The body; its pauses are bounded by `body_idle_s`, its size by MAX_BODY."""
        if (response.content_length or 0) > MAX_BODY:
            raise _too_large()
        connection = response.connection
        if connection is None or connection.protocol is None:
            return await response.read()  # it has arrived whole
        connection.protocol.read_timeout = self._body_idle_s
        connection.protocol.start_timeout()
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_any():
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_BODY:
                raise _too_large()
        return b"".join(chunks)

    async def aclose(self) -> None:
        """Lets the session go; the last transport of the loop closes it."""
        shared, self._shared = self._shared, None
        if shared is None:
            return
        shared.users -= 1
        if shared.users == 0:
            _sessions.pop(asyncio.get_running_loop(), None)
            await shared.session.close()


@contextmanager
def listening() -> Iterator[list[Reply]]:
    """Within it, every answer that this task gets is appended to the list."""
    replies: list[Reply] = []
    token = _heard.set(replies)
    try:
        yield replies
    finally:
        _heard.reset(token)


def _too_large() -> ProviderError:
    return ProviderError("malformed", f"the answer is larger than {MAX_BODY >> 20} MiB", sent=True)


def _failure(error: Exception, url: str, *, answered: bool, reused: bool) -> ProviderError:
    """What a wire error means: its kind, whether the body had left, whether one retry is free."""
    host = urlsplit(url).netloc
    text = redact(f"{host}: {error or type(error).__name__}")
    kind: FailureKind = "reset"
    said, sent, free = f"connection lost: {text}", True, False
    match error:
        case aiohttp.InvalidURL():
            kind, said, sent = "bad_request", redact(f"not a URL: {url}"), False
        case aiohttp.ConnectionTimeoutError():
            kind, said, sent = "timeout", f"{host}: no connection in time", False
        case TimeoutError():  # the total, and silence of the socket
            kind, said = "timeout", f"{host}: {'the answer stopped' if answered else 'no answer in time'}"
        case aiohttp.ClientConnectorError() | ssl.SSLError() | aiohttp.ClientHttpProxyError():
            kind, said, sent = "unavailable", f"cannot connect to {text}", False
        case aiohttp.ClientPayloadError():
            kind, said = "truncated_body", f"the answer was cut off: {text}"
        case aiohttp.ClientResponseError() | ValueError():
            kind, said = "malformed", f"not HTTP: {text}"
        case _ if answered:
            kind, said = "truncated_body", f"connection lost during the answer: {text}"
        case aiohttp.ServerDisconnectedError():
            free = reused and isinstance(error.message, str)  # else part of a header had come
        case _:
            free = reused
    return ProviderError(kind, said, sent=sent, free_retry=free)


def _proxy_for(base_url: str) -> str | None:
    """The proxy that the environment names for `base_url`. Raises ConfigError for one we cannot speak to."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if host in LOOPBACK or proxy_bypass(host):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy and urlsplit(proxy).scheme not in {"http", "https"}:
        raise ConfigError(
            f"proxy {redact(proxy)} of the environment is not an http:// proxy",
            hint="set HTTPS_PROXY to an HTTP proxy, or NO_PROXY for this host",
        )
    return proxy
