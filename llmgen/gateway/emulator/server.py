"""The emulator's HTTP side: routes, bookkeeping, and one request's way through limiter, fault and answer."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from aiohttp import web

from llmgen.gateway.emulator import answers, faults, gemini
from llmgen.gateway.emulator.answers import Rejected
from llmgen.gateway.emulator.plan import Bucket, Plan, Seen, checked, healthy, plan_of

KEPT = 10_000


class Emulator:
    """The server's state. Everything public may be changed while it serves, also from another thread.

    `plan` decides what goes wrong; `key`, when set, must be in the vendor's own header (else 401);
    `served`, when set, are the only models (else 404), with `shutdown_dates` where given; `models_fault` is
    an error for /models; `reply_text` is the answer instead of the echo; `latency_s` is added to every
    answer. `seen` are the last requests, `statuses` counts what was answered, `in_flight_peak` is the most
    at once.
    """

    def __init__(self) -> None:
        self.address = ""
        self.reset()

    def reset(self) -> None:
        """As new: healthy, unlimited, nothing seen."""
        self.plan: Plan = healthy
        self.key: str | None = None
        self.served: tuple[str, ...] = ()
        self.shutdown_dates: dict[str, str] = {}
        self.models_fault: str | None = None
        self.reply_text: str | None = None
        self.latency_s = 0.0
        self.retry_after = "1"
        self.bucket: Bucket | None = None
        self.seen: deque[Seen] = deque(maxlen=KEPT)
        self.statuses: Counter[int] = Counter()
        self.n_requests = 0
        self.in_flight_peak = 0
        self._in_flight = 0
        self._connections: dict[Any, int] = {}

    def limit(self, rpm: float, burst: int = 50, clock: Callable[[], float] = time.monotonic) -> None:
        """Lets `rpm` requests a minute in; the others get a 429 with `retry_after`."""
        self.bucket = Bucket(rpm, burst, clock)

    def url(self, flavour: str = "openai") -> str:
        """The base URL that speaks as `flavour` (a row's name) does; `gemini` has no version in its path."""
        return f"{self.address}/{flavour}" + ("" if flavour == "gemini" else "/v1")

    def app(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/_emulator", self._stats)
        app.router.add_post("/_emulator/script", self._script)
        app.router.add_get("/{flavour}/{rest:.*}models", self._models)
        app.router.add_post("/{flavour}/{rest:.*}chat/completions", self._openai("chat"))
        app.router.add_post("/{flavour}/{rest:.*}responses", self._openai("responses"))
        app.router.add_post("/{flavour}/{rest:.*}completions", self._openai("completions"))
        app.router.add_post("/gemini/{version}/models/{model}:generateContent", self._gemini)
        return app

    def _openai(self, api: str) -> Callable[[web.Request], Any]:
        async def handler(request: web.Request) -> web.StreamResponse:
            flavour = request.match_info["flavour"]

            def make(body: dict[str, Any]) -> dict[str, Any]:
                self._check_model(body.get("model"))
                return answers.answer(flavour, api, body, self.reply_text)

            return await self._serve(request, flavour, make)

        return handler

    async def _gemini(self, request: web.Request) -> web.StreamResponse:
        model = request.match_info["model"]

        def make(body: dict[str, Any]) -> dict[str, Any]:
            self._check_model(model)
            return gemini.answer(model, body, self.reply_text)

        return await self._serve(request, "gemini", make)

    async def _serve(
        self, request: web.Request, flavour: str, make: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> web.StreamResponse:
        self._in_flight += 1
        self.in_flight_peak = max(self.in_flight_peak, self._in_flight)
        try:
            response = await self._answer(request, flavour, make)
        finally:
            self._in_flight -= 1
        self.statuses[response.status] += 1
        return response

    async def _answer(
        self, request: web.Request, flavour: str, make: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> web.StreamResponse:
        seen = self._see(request, await request.read())
        fault, headers = None, {}
        try:
            headers = self._let_in()
            if self.latency_s:
                await asyncio.sleep(self.latency_s)
            fault = self.plan(seen)
            headers |= fault.headers if fault else {}
            self._check_key(request, flavour)
            faults.reject(fault)
            reply = make(seen.body)
        except Rejected as error:
            body = faults.error_body(flavour, error.status, error.code, error.message)
            return web.json_response(body, status=error.status, headers=headers | error.headers)
        return await faults.spoilt(request, reply, fault, headers)

    def _let_in(self) -> dict[str, str]:
        """The rate-limit headers. Raises Rejected when the limit is reached."""
        if self.bucket is None:
            return {}
        let_in = self.bucket.take()
        headers = self.bucket.headers()
        if not let_in:
            wait = {"retry-after": self.retry_after}
            raise Rejected(429, "rate_limit_exceeded", "Rate limit reached.", headers | wait)
        return headers

    def _see(self, request: web.Request, raw: bytes) -> Seen:
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            body = {}
        peer = request.transport.get_extra_info("peername") if request.transport else None
        connection = self._connections.setdefault(peer, len(self._connections))
        seen = Seen(
            index=self.n_requests,
            method=request.method,
            path=request.path_qs,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
            connection=connection,
        )
        self.n_requests += 1
        self.seen.append(seen)
        return seen

    def _check_model(self, model: Any) -> None:
        if self.served and model not in self.served:
            raise Rejected(404, "model_not_found", f"The model `{model}` does not exist.")

    def _check_key(self, request: web.Request, flavour: str) -> None:
        expected = {
            "azure": ("api-key", self.key),
            "gemini": ("x-goog-api-key", self.key),
        }.get(flavour, ("authorization", f"Bearer {self.key}"))
        if self.key is not None and request.headers.get(expected[0]) != expected[1]:
            raise Rejected(*faults.ERRORS["bad_key"])

    async def _models(self, request: web.Request) -> web.Response:
        flavour = request.match_info["flavour"]
        self._see(request, b"")
        try:
            self._check_key(request, flavour)
            faults.reject(checked(self.models_fault))
        except Rejected as error:
            body = faults.error_body(flavour, error.status, error.code, error.message)
            return web.json_response(body, status=error.status)
        names = self.served or ("emulated-model",)
        if flavour == "gemini":
            return web.json_response({"models": [{"name": f"models/{name}"} for name in names]})
        rows = [
            {"id": name, "object": "model", "created": 1, "owned_by": flavour}
            | ({"shutdown_date": self.shutdown_dates[name]} if name in self.shutdown_dates else {})
            for name in names
        ]
        return web.json_response(rows if flavour == "together" else {"object": "list", "data": rows})

    async def _stats(self, _: web.Request) -> web.Response:
        return web.json_response(
            {"n_requests": self.n_requests, "statuses": self.statuses, "in_flight_peak": self.in_flight_peak}
        )

    async def _script(self, request: web.Request) -> web.Response:
        self.plan = plan_of(await request.json())
        return web.json_response({})
