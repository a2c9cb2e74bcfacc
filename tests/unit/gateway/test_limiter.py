"""The limiter's rules one by one (specification 1.5)."""

from __future__ import annotations

import asyncio

import pytest

from llmgen.config import LimitSettings
from llmgen.errors import ProviderError
from llmgen.gateway.base import RateInfo
from llmgen.gateway.clock import Clock
from llmgen.gateway.limit import Limiter
from llmgen.types import Usage


def _limited(retry_after_s=None):
    return ProviderError("rate_limited", "no", status=429, retry_after_s=retry_after_s)


def _now():
    return asyncio.get_running_loop().time()


def _limiter(**settings):
    refunds = settings.pop("refunds_tokens", True)
    return Limiter(LimitSettings(**settings), Clock(), refunds_tokens=refunds)


async def _sent(limiter, count, tokens=0.0):
    """The times at which `count` requests may leave that never come back."""
    times = []
    for _ in range(count):
        await limiter.acquire(tokens)
        times.append(_now())
    return times


def test_fifo_within_the_window(simulate):
    async def run():
        limiter, order = _limiter(start_in_flight=2), []

        async def one(name):
            lease = await limiter.acquire()
            order.append(name)
            await asyncio.sleep(1)
            limiter.returned(lease)

        await asyncio.gather(*(one(i) for i in range(6)))
        return order, _now(), limiter.in_flight, limiter.waiting

    assert simulate(run()) == (list(range(6)), pytest.approx(3), 0, 0)


def test_nobody_overtakes_a_large_request_at_the_head(simulate):
    async def run():
        limiter, order = _limiter(tpm=60_000), []

        async def one(name, tokens):
            await limiter.acquire(tokens)
            order.append(name)

        await limiter.acquire(198)
        waiting = asyncio.gather(one("large", 5000), one("small", 1))
        await asyncio.sleep(0.1)
        overtaker = limiter.try_acquire(1)  # 99 tokens are there, but not for the head of the queue
        await waiting
        return order, overtaker

    assert simulate(run()) == (["large", "small"], None)


def test_configured_rpm_spaces_requests(simulate):
    times = simulate(_wrap(lambda: _sent(_limiter(rpm=600), 50)))
    assert times[0] == 0.0
    assert times[-1] == pytest.approx((50 - 1.98) / 9.9, abs=0.02)


async def _wrap(make):
    """Makes the limiter inside the loop."""
    return await make()


def test_token_bucket_refunds_what_was_not_used(simulate):
    async def run(**settings):
        limiter = _limiter(tpm=60_000, **settings)
        for _ in range(20):
            lease = limiter.try_acquire(1000) or await limiter.acquire(1000)
            limiter.succeeded(lease, Usage(prompt_tokens=80, completion_tokens=20))
        return _now()

    assert simulate(run()) < 2.5
    assert simulate(run(refunds_tokens=False)) == pytest.approx(19_000 / 990, abs=0.5)


def test_an_early_refund_wakes_the_queue_early(simulate):
    async def run():
        limiter = _limiter(tpm=60_000)
        lease = await limiter.acquire(100_000)
        waiting = asyncio.create_task(limiter.acquire(198))
        await asyncio.sleep(1)
        limiter.succeeded(lease, Usage(prompt_tokens=1188))
        await waiting
        return _now()

    assert simulate(run()) == pytest.approx(1 + 198 / 990, abs=0.01)


def test_a_429_pauses_everybody_for_retry_after_times_scale(simulate):
    async def run(retry_after_s, **settings):
        limiter = _limiter(**settings)
        limiter.failed(await limiter.acquire(), _limited(retry_after_s))
        await limiter.acquire()
        return _now()

    assert simulate(run(5.0)) == pytest.approx(5.0, abs=0.01)
    assert simulate(run(None)) == pytest.approx(1.0, abs=0.01)
    assert simulate(run(5.0, pause_scale=0.2)) == pytest.approx(1.0, abs=0.01)
    assert simulate(run(0.0)) == 0.0
    assert simulate(run(-1.0)) == 0.0


def test_one_episode_is_cut_once_and_late_news_does_not_extend_the_pause(simulate):
    async def run():
        limiter = _limiter(start_in_flight=10)
        leases = [await limiter.acquire() for _ in range(10)]
        for lease in leases[:9]:
            limiter.failed(lease, _limited(5.0))
        after_one_episode = limiter.window
        await asyncio.sleep(4)
        limiter.failed(leases[9], _limited(100.0))
        lease = await limiter.acquire()
        resumed = _now()
        limiter.failed(lease, _limited(5.0))
        return after_one_episode, resumed, limiter.window

    assert simulate(run()) == (8.0, pytest.approx(5.0, abs=0.01), pytest.approx(6.4))


@pytest.mark.parametrize(
    ("error", "cut"),
    [
        (ProviderError("unavailable", "", status=503), True),
        (ProviderError("rate_limited", "", status=529), True),
        (ProviderError("timeout", ""), True),
        (ProviderError("unavailable", "", status=500), False),
        (ProviderError("unavailable", "", status=502), False),
        (ProviderError("bad_request", "", status=400), False),
    ],
)
def test_what_cuts_the_window(simulate, error, cut):
    async def run():
        limiter = _limiter()
        limiter.failed(await limiter.acquire(), error)
        return limiter.window

    assert simulate(run()) == (8.0 if cut else 10.0)


def test_a_known_good_rate_protects_the_window(simulate):
    async def run():
        limiter = _limiter(rpm=6000)
        windows = [limiter.window]
        limiter.failed(await limiter.acquire(), ProviderError("timeout", ""))
        windows.append(limiter.window)
        limiter.failed(await limiter.acquire(), _limited(0.0))
        windows.append(limiter.window)
        limiter.failed(await limiter.acquire(), _limited(0.0))
        windows.append(limiter.window)
        await asyncio.sleep(61)
        limiter.failed(await limiter.acquire(), ProviderError("timeout", ""))
        windows.append(limiter.window)
        return windows

    assert simulate(run()) == [200, 200, 200, 160, 160]


def test_headers_teach_the_rate_and_open_the_window(simulate):
    async def run():
        limiter = _limiter()
        assert not limiter.counts_tokens
        limiter.observe(RateInfo(limit_requests=600, limit_tokens=60_000))
        assert limiter.counts_tokens
        return limiter.window, await _sent(limiter, 50)

    window, times = simulate(run())
    assert window == 200
    assert times[-1] == pytest.approx((50 - 1.98) / 9.9, abs=0.02)


def test_configuration_beats_headers_but_remaining_still_lowers(simulate):
    async def run():
        limiter = _limiter(rpm=600)
        limiter.observe(RateInfo(limit_requests=6_000_000, remaining_requests=0))
        return await _sent(limiter, 50)

    times = simulate(run())
    assert times[0] == pytest.approx(1 / 9.9, abs=0.01)
    assert times[-1] == pytest.approx(50 / 9.9, abs=0.02)


def test_a_429_slows_a_learnt_rate_but_not_a_configured_one(simulate):
    async def run(limiter):
        limiter.failed(await limiter.acquire(), _limited(0.0))
        start = _now()
        return (await _sent(limiter, 100))[-1] - start

    async def learnt():
        limiter = _limiter()
        limiter.observe(RateInfo(limit_requests=600))
        return await run(limiter)

    async def configured():
        return await run(_limiter(rpm=600))

    assert simulate(configured()) == pytest.approx(99 / 9.9, abs=0.3)
    assert simulate(learnt()) == pytest.approx(99 / (9.9 * 0.95), abs=0.3)


def test_cancelled_waiters_leave_no_trace(simulate):
    async def run():
        limiter = _limiter(start_in_flight=1)
        lease = await limiter.acquire()
        waiting = [asyncio.create_task(limiter.acquire()) for _ in range(3)]
        await asyncio.sleep(1)
        waiting[0].cancel()
        limiter.returned(lease)
        waiting[1].cancel()  # granted in the same moment: hands its place on
        await asyncio.wait(waiting)
        return [task.cancelled() for task in waiting], limiter.in_flight, limiter.waiting

    assert simulate(run()) == ([True, True, False], 1, 0)


def test_failed_requests_give_tokens_back_unless_they_may_have_been_used(simulate):
    async def run(error):
        limiter = _limiter(tpm=60_000)
        limiter.failed(await limiter.acquire(990), error)
        await limiter.acquire(198)
        return _now()

    assert simulate(run(ProviderError("unavailable", "", sent=False))) == 0.0
    assert simulate(run(ProviderError("bad_request", "", sent=True))) == pytest.approx(1.0, abs=0.02)


def test_success_counts_tokens_that_were_not_reserved(simulate):
    async def run():
        limiter = _limiter(tpm=60_000)
        limiter.succeeded(await limiter.acquire(0), Usage(prompt_tokens=1000, completion_tokens=188))
        await limiter.acquire(198)
        return _now()

    assert simulate(run()) == pytest.approx(1188 / 990, abs=0.02)
