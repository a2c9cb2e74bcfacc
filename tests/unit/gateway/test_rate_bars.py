"""The bars of rate limiting (specification 1.5) against a 6,000-RPM server, in simulated time."""

from __future__ import annotations

import asyncio

import pytest

from llmgen.config import LimitSettings, Settings
from llmgen.types import Completion

REQUESTS, WORKERS = 1000, 64
IDEAL_S = 9.6


def _race(simulate, lab, server, limits):
    async def run():
        stack = lab.stack(lab.traffic(Settings(limits=limits)), server.vendor)
        requests = [lab.request(sample_id=str(i)) for i in range(REQUESTS)]
        outcomes = await lab.ask_all(stack, requests, WORKERS)
        return outcomes, asyncio.get_running_loop().time()

    outcomes, seconds = simulate(run())
    assert len(outcomes) == REQUESTS
    assert all(isinstance(outcome, Completion) for outcome in outcomes)
    return seconds


def test_a_configured_rate_is_kept_without_any_429(simulate, lab):
    server = lab.RateLimited()
    seconds = _race(simulate, lab, server, LimitSettings(rpm=6000))
    assert server.refused == 0
    assert seconds <= 1.10 * IDEAL_S


def test_a_rate_learnt_from_headers_is_nearly_as_good(simulate, lab):
    server = lab.RateLimited(headers=True)
    seconds = _race(simulate, lab, server, LimitSettings())
    assert server.refused <= 100
    assert seconds <= 1.20 * IDEAL_S


def test_without_any_knowledge_the_window_finds_the_rate(simulate, lab):
    server = lab.RateLimited()
    seconds = _race(simulate, lab, server, LimitSettings())
    assert seconds <= 1.8 * IDEAL_S


@pytest.mark.parametrize("retry_after_s", [None, 0.0, 0.2])
def test_all_are_answered_whatever_the_server_says_about_waiting(simulate, lab, retry_after_s):
    server = lab.RateLimited(retry_after_s=retry_after_s)
    _race(simulate, lab, server, LimitSettings())
    assert server.answered == REQUESTS


def test_a_wrong_configured_rate_loses_nothing(simulate, lab):
    server = lab.RateLimited(rpm=3000)
    _race(simulate, lab, server, LimitSettings(rpm=6000))
    assert server.answered == REQUESTS
