"""The retry table (specification 1.3) and what each failure does to the run (1.7)."""

from __future__ import annotations

import asyncio
import random

import pytest

from llmgen.config import RetrySettings, Settings, TimeoutSettings
from llmgen.errors import FatalProvider, ProviderError, RunStopped
from llmgen.retry import full_jitter, persist
from llmgen.types import Completion

NEVER_OPENS = TimeoutSettings(breaker_open_s=0.001, breaker_max_open_s=0.001)


def _run(simulate, lab, script, *, retry=None, requests=1, workers=1):  # noqa: PLR0913  # a whole run
    vendor = lab.Vendor(script, latency_s=0.0)
    settings = Settings(retry=retry or RetrySettings(), timeouts=NEVER_OPENS)

    async def run():
        stack = lab.stack(lab.traffic(settings), vendor)
        return await lab.ask_all(stack, [lab.request(str(i)) for i in range(requests)], workers)

    return simulate(run()), vendor


def _fails(count, kind, lab, **fields):
    """Fails `count` times, then answers."""
    return lambda request, n: ProviderError(kind, kind, **fields) if n <= count else lab.answer(request)


@pytest.mark.parametrize(
    ("kind", "attempts"),
    [
        ("unavailable", 6),
        ("timeout", 6),
        ("reset", 6),
        ("truncated_body", 6),
        ("malformed", 2),
        ("bad_request", 1),
        ("context_length", 1),
        ("cache_miss", 1),
        ("replay_miss", 1),
        ("internal", 1),
    ],
)
def test_attempts_per_kind(simulate, lab, kind, attempts):
    (outcome,), vendor = _run(simulate, lab, lambda *_: ProviderError(kind, "no"))
    assert outcome.kind == kind
    assert outcome.attempts == len(vendor.calls) == attempts
    (outcome,), _ = _run(simulate, lab, _fails(attempts - 1, kind, lab))
    assert isinstance(outcome, Completion)
    assert outcome.attempts == attempts


def test_malformed_counts_among_other_failures(simulate, lab):
    kinds = ["malformed", "unavailable", "malformed", "unavailable"]
    (outcome,), vendor = _run(simulate, lab, lambda _, n: ProviderError(kinds[n - 1], "no"))
    assert (outcome.kind, len(vendor.calls)) == ("malformed", 3)


def test_backoff_is_full_jitter_within_its_bounds_and_seedable(simulate, lab):
    (_,), vendor = _run(simulate, lab, _fails(5, "unavailable", lab))
    gaps = [later - earlier for earlier, later in zip(vendor.times, vendor.times[1:], strict=False)]
    assert all(0 <= gap <= 2**k + 0.002 for k, gap in enumerate(gaps))
    (_,), again = _run(simulate, lab, _fails(5, "unavailable", lab))
    assert again.times == vendor.times
    wait = full_jitter(60.0, random.Random(1))
    assert max(wait(50) for _ in range(1000)) <= 60.0
    assert max(wait(50) for _ in range(1000)) > 50.0


def test_rate_limits_are_not_counted(simulate, lab):
    (outcome,), vendor = _run(simulate, lab, _fails(40, "rate_limited", lab, status=429, retry_after_s=2.0))
    assert isinstance(outcome, Completion)
    assert outcome.attempts == 41
    assert all(b - a >= 2.0 for a, b in zip(vendor.times, vendor.times[1:], strict=False))


def test_patience_ends_rate_limits(simulate, lab):
    retry = RetrySettings(rate_limit_patience_s=100.0)
    (outcome,), vendor = _run(
        simulate, lab, lambda *_: ProviderError("rate_limited", "no", retry_after_s=30.0), retry=retry
    )
    assert outcome.kind == "rate_limited"
    assert 2 <= len(vendor.calls) <= 4
    assert vendor.times[-1] <= 100.0


def test_the_deadline_ends_other_failures_but_not_rate_limits(simulate, lab):
    retry = RetrySettings(max_attempts=1000, retry_deadline_s=200.0)
    (outcome,), vendor = _run(simulate, lab, lambda *_: ProviderError("unavailable", "no"), retry=retry)
    assert outcome.kind == "unavailable"
    assert 100.0 < vendor.times[-1] <= 200.1

    def limited_then_down(request, n):
        if n <= 30:
            return ProviderError("rate_limited", "no", retry_after_s=20.0)
        return ProviderError("unavailable", "no") if n == 31 else lab.answer(request)

    (outcome,), vendor = _run(simulate, lab, limited_then_down, retry=retry)
    assert isinstance(outcome, Completion)
    assert vendor.times[-1] >= 600.0


def test_retry_after_is_a_lower_bound_for_every_kind(simulate, lab):
    (_,), vendor = _run(simulate, lab, _fails(1, "unavailable", lab, status=503, retry_after_s=42.0))
    assert vendor.times[1] >= 42.0


@pytest.mark.parametrize("pause_s", [1e9, 601.0, float("inf"), 1e300])
@pytest.mark.parametrize("kind", ["rate_limited", "unavailable"])
def test_an_absurd_pause_stops_the_run_and_says_when_to_resume(simulate, lab, pause_s, kind):
    outcomes, vendor = _run(
        simulate, lab, lambda *_: ProviderError(kind, "no", retry_after_s=pause_s), requests=50, workers=5
    )
    stop = next(outcome for outcome in outcomes if isinstance(outcome, RunStopped))
    assert stop.exit_code == 3
    assert "asks to pause for" in stop.message
    assert "--resume" in stop.hint
    assert len(vendor.calls) <= 5
    if pause_s == 601.0:
        assert "until 2027-01-15 08:10 UTC" in stop.message


def test_a_pause_at_the_limit_is_waited_for(simulate, lab):
    (outcome,), vendor = _run(simulate, lab, _fails(1, "rate_limited", lab, retry_after_s=600.0))
    assert isinstance(outcome, Completion)
    assert vendor.times[1] >= 600.0


def test_the_servers_own_word_on_retrying(simulate, lab):
    (outcome,), vendor = _run(
        simulate, lab, lambda *_: ProviderError("unavailable", "no", should_retry=False)
    )
    assert len(vendor.calls) == 1
    (outcome,), _ = _run(simulate, lab, lambda *_: ProviderError("rate_limited", "no", should_retry=False))
    assert outcome.kind == "rate_limited"
    (outcome,), vendor = _run(simulate, lab, _fails(2, "bad_request", lab, should_retry=True))
    assert isinstance(outcome, Completion)


def test_a_reused_connection_that_broke_is_tried_again_at_once_and_once(simulate, lab):
    retry = RetrySettings(max_attempts=1)
    (outcome,), vendor = _run(simulate, lab, _fails(1, "reset", lab, free_retry=True), retry=retry)
    assert isinstance(outcome, Completion)
    assert vendor.times[1] <= 0.002
    (outcome,), vendor = _run(simulate, lab, _fails(2, "reset", lab, free_retry=True), retry=retry)
    assert (outcome.kind, len(vendor.calls)) == ("reset", 2)


@pytest.mark.parametrize("kind", ["auth", "not_found", "quota"])
def test_fatal_failures_end_the_run_with_exit_2_and_no_request_repeats_them(simulate, lab, kind):
    outcomes, vendor = _run(simulate, lab, lambda *_: ProviderError(kind, "no"), requests=100, workers=4)
    assert len(vendor.calls) <= 4
    assert isinstance(outcomes[0], FatalProvider)
    assert outcomes[0].exit_code == 2
    assert outcomes[0].hint
    assert isinstance(outcomes[-1], FatalProvider)


def test_401_in_the_middle_keeps_what_was_answered(simulate, lab):
    def script(request, n):
        return lab.answer(request) if n <= 30 else ProviderError("auth", "key revoked", status=401)

    outcomes, vendor = _run(simulate, lab, script, requests=100, workers=10)
    assert sum(isinstance(outcome, Completion) for outcome in outcomes) == 30
    assert len(vendor.calls) <= 40


def test_twenty_refused_inputs_and_no_answer_end_the_run(simulate, lab):
    outcomes, vendor = _run(
        simulate, lab, lambda *_: ProviderError("bad_request", "no such field"), requests=30
    )
    assert [type(outcome) for outcome in outcomes[:20]] == [ProviderError] * 19 + [FatalProvider]
    assert len(vendor.calls) == 20
    assert "no such field" in outcomes[19].message


def test_one_answer_shows_that_refused_inputs_are_the_samples_fault(simulate, lab):
    def script(request, n):
        return lab.answer(request) if n == 5 else ProviderError("context_length", "too long")

    outcomes, _ = _run(simulate, lab, script, requests=50)
    assert sum(isinstance(outcome, ProviderError) for outcome in outcomes) == 49


def test_cancelling_a_sleeping_retry_is_immediate(simulate, lab):
    vendor = lab.Vendor(lambda *_: ProviderError("rate_limited", "no", retry_after_s=500.0))

    async def run():
        task = asyncio.create_task(lab.stack(lab.traffic(), vendor)(lab.request()))
        await asyncio.sleep(10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return asyncio.get_running_loop().time()

    assert simulate(run()) == pytest.approx(10, abs=0.01)


async def test_persist_raises_the_last_error_and_what_the_judge_raises():
    errors = [ValueError("1"), ValueError("2")]

    async def attempt():
        raise errors.pop(0)

    async def sleep(_):
        await asyncio.sleep(0)

    with pytest.raises(ValueError, match="2"):
        await persist(attempt, lambda error: 0.0 if str(error) == "1" else None, sleep)

    def refuse(_):
        raise KeyError("judge")

    errors.append(ValueError("3"))
    with pytest.raises(KeyError):
        await persist(attempt, refuse, sleep)
