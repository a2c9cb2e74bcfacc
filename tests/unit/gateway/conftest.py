"""A loop with simulated time, and vendors that live on it: layers are tested to the second, in no time."""

from __future__ import annotations

import asyncio
import random
import selectors

import pytest

from llmgen.config import Price, ProviderRow, Settings
from llmgen.errors import ProviderError
from llmgen.gateway.base import RateInfo
from llmgen.gateway.clock import Clock
from llmgen.gateway.stack import Member, Traffic, build_stack
from llmgen.types import Completion, Message, Request, Sampling, Usage

PRICE = Price(input=1.0, output=2.0, max_output_tokens=1000)


class _Leap(selectors.DefaultSelector):
    """Instead of waiting for input it moves the clock to the next timer."""

    def __init__(self):
        super().__init__()
        self.now = 0.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("everything waits and nothing will ever happen")
        if not ready:
            self.now += timeout
        return ready


class SimulatedLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self.leap = _Leap()
        super().__init__(self.leap)

    def time(self):
        return self.leap.now


@pytest.fixture
def simulate():
    """Runs a coroutine on simulated time and returns its result."""

    def run(coroutine):
        with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
            return runner.run(coroutine)

    return run


class Store(dict):
    """A cache in a dictionary."""

    def put(self, key, request, completion):  # noqa: ARG002  # the protocol has it
        self[key] = completion


class Vendor:
    """A provider whose answers are made by `script(request, number)`: a Completion, or an error to raise."""

    def __init__(self, script=None, *, endpoint="vendor@host", latency_s=0.1, **row):
        self.endpoint = endpoint
        self.row = ProviderRow(**row)
        self.observe = None
        self.calls = []
        self.times = []
        self.in_flight = self.most_in_flight = 0
        self._script = script
        self._latency_s = latency_s

    async def complete(self, request):
        self.calls.append(request)
        self.times.append(asyncio.get_running_loop().time())
        number = len(self.calls)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self._latency_s)
        finally:
            self.in_flight -= 1
        result = self._script(request, number) if self._script else answer(request)
        if isinstance(result, BaseException):
            raise result
        return result

    def check(self, request):
        pass

    async def models(self):
        return None

    async def aclose(self):
        pass


def answer(request, texts=None, **usage):
    texts = texts if texts is not None else ("ok",) * request.sampling.n
    return Completion(
        texts=tuple(texts),
        finish_reasons=("stop",) * len(texts),
        model=request.model,
        n_asked=request.sampling.n,
        usage=Usage(**{"prompt_tokens": 100, "completion_tokens": 10 * len(texts), **usage}),
    )


class RateLimited:
    """A server with a bucket of `burst`, refilled at `rpm`; a 429 says Retry-After 1."""

    def __init__(self, *, rpm=6000, burst=50, headers=False, retry_after_s=1.0, latency_s=0.1):
        self.refused = self.answered = 0
        self._rate, self._burst, self._level, self._then = rpm / 60, burst, float(burst), 0.0
        self._retry_after_s = retry_after_s
        self._headers = headers
        self.vendor = Vendor(self._decide, latency_s=latency_s, rate_headers="openai")
        self._inner, self.vendor.complete = self.vendor.complete, self._complete
        self._verdicts = {}

    async def _complete(self, request):
        now = asyncio.get_running_loop().time()
        self._level = min(self._burst, self._level + (now - self._then) * self._rate)
        self._then = now
        if good := self._level >= 1:
            self._level -= 1
        self._verdicts[request.sample_id] = good
        return await self._inner(request)

    def _decide(self, request, _number):
        if self._headers:
            self.vendor.observe(RateInfo(limit_requests=self._rate * 60, remaining_requests=self._level))
        if not self._verdicts[request.sample_id]:
            self.refused += 1
            return ProviderError("rate_limited", "slow down", status=429, retry_after_s=self._retry_after_s)
        self.answered += 1
        return answer(request)


class Lab:
    """What the tests of this folder build with."""

    Vendor, RateLimited, Store, PRICE = Vendor, RateLimited, Store, PRICE
    answer = staticmethod(answer)

    @staticmethod
    def request(text="2 + 2?", sample_id="", **sampling):
        return Request(
            endpoint="vendor@host",
            model="m",
            messages=(Message(role="user", content=text),),
            sampling=Sampling(**sampling),
            sample_id=sample_id,
        )

    @staticmethod
    def traffic(settings=None, *, mode="off", store=None, price=PRICE, seed=0):
        clock = Clock(wall=lambda: 1_800_000_000.0)
        store = Store() if store is None else store
        return Traffic(
            settings or Settings(), lambda _row, _model: price, store, mode, clock, random.Random(seed)
        )

    @staticmethod
    def stack(traffic, *vendors, balanced=False):
        members = [Member(vendor, "vendor", "m") for vendor in vendors]
        return build_stack(traffic, members, "vendor/m", balanced=balanced)

    @staticmethod
    async def ask_all(stack, requests, workers):
        """All outcomes, in order: a bounded set of workers over one iterator, as a run does it."""
        outcomes = {}
        pending = iter(enumerate(requests))

        async def work():
            for index, request in pending:
                try:
                    outcomes[index] = await stack(request)
                except Exception as error:  # noqa: BLE001  # outcomes are what the test looks at
                    outcomes[index] = error

        await asyncio.gather(*(work() for _ in range(workers)))
        return [outcomes[index] for index in sorted(outcomes)]


@pytest.fixture
def lab():
    return Lab
