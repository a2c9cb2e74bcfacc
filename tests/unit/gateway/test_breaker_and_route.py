"""The circuit breaker, fail-over between members and balancing over equal ones (specification 1.4)."""

from __future__ import annotations

import asyncio
import random

import pytest

from llmgen.config import LimitSettings, RetrySettings, Settings, TimeoutSettings
from llmgen.errors import FatalProvider, ProviderError, RunStopped
from llmgen.gateway.breaker import Breaker
from llmgen.gateway.clock import Clock
from llmgen.gateway.stack import Member, route_endpoint
from llmgen.types import Completion

DOWN = ProviderError("unavailable", "down", status=500)


def _now():
    return asyncio.get_running_loop().time()


def _breaker(**settings):
    return Breaker(TimeoutSettings(**settings), Clock())


def test_it_opens_at_half_of_at_least_ten(simulate):
    async def run(outcomes):
        breaker = _breaker()
        for number, kind in enumerate(outcomes, 1):
            breaker.report(kind, "normal")
            if breaker.is_open:
                return number
        return None

    assert simulate(run(["timeout"] * 30)) == 10
    assert simulate(run([None, "timeout"] * 30)) == 10
    assert simulate(run([None, None, "timeout"] * 30)) is None
    assert simulate(run([None] * 20 + ["reset"] * 30)) == 30  # the last 20 count
    assert simulate(run(["rate_limited"] * 100)) is None
    assert simulate(run(["bad_request"] * 100)) is None
    assert simulate(run([*["timeout"] * 9, *["rate_limited"] * 100, "malformed"])) == 110


def test_open_times_double_to_300_and_reset_after_success(simulate):
    async def run():
        breaker, spans = _breaker(give_up_s=1e9), []
        for _ in range(10):
            breaker.report("timeout", "normal")
        for _ in range(6):
            opened = _now()
            assert breaker.admit() is None
            await asyncio.sleep(breaker.wake_at - opened)
            spans.append(_now() - opened)
            assert breaker.admit() == "probe"
            assert breaker.admit() is None
            breaker.report("timeout", "probe")
        await asyncio.sleep(300)
        assert breaker.admit() == "probe"
        breaker.report(None, "probe")
        assert breaker.admit() == "normal"
        for _ in range(10):
            breaker.report("timeout", "normal")
        return spans, breaker.wake_at - _now()

    spans, again = simulate(run())
    assert spans == pytest.approx([30, 60, 120, 240, 300, 300])
    assert again == pytest.approx(30)


def test_an_abandoned_probe_lets_the_next_one_try(simulate):
    async def run():
        breaker = _breaker()
        for _ in range(10):
            breaker.report("timeout", "normal")
        await asyncio.sleep(30)
        assert breaker.admit() == "probe"
        breaker.abandon("probe")
        return breaker.admit()

    assert simulate(run()) == "probe"


def _ask(simulate, lab, vendors, *, requests=50, workers=10, balanced=False, settings=None):  # noqa: PLR0913  # a whole run
    async def run():
        traffic = lab.traffic(settings or Settings())
        stack = lab.stack(traffic, *vendors, balanced=balanced)
        outcomes = await lab.ask_all(stack, [lab.request(str(i)) for i in range(requests)], workers)
        return outcomes, _now(), traffic.progress()

    return simulate(run())


def test_down_for_a_minute_then_well_loses_nothing_and_probes_one_at_a_time(simulate, lab):
    while_down = []

    def script(request, _):
        if _now() < 60:
            while_down.append(_now())
            return ProviderError("unavailable", "down", status=503)
        return lab.answer(request)

    vendor = lab.Vendor(script)
    outcomes, seconds, _ = _ask(simulate, lab, [vendor], requests=500, workers=200)
    assert all(isinstance(outcome, Completion) for outcome in outcomes)
    before_it_opened = [moment for moment in while_down if moment < 25]
    probes = [moment for moment in while_down if moment >= 25]
    assert 10 <= len(before_it_opened) <= 20
    assert len(probes) == 1
    assert 60 < seconds < 130


def test_requests_that_queued_before_the_breaker_opened_are_not_burnt(simulate, lab):
    vendor = lab.Vendor(lambda *_: DOWN)
    settings = Settings(limits=LimitSettings(start_in_flight=5), timeouts=TimeoutSettings(give_up_s=100))
    outcomes, _, _ = _ask(simulate, lab, [vendor], requests=300, workers=300, settings=settings)
    assert len(vendor.calls) < 30
    assert any(isinstance(outcome, RunStopped) for outcome in outcomes)


def test_no_success_for_give_up_s_stops_the_run_with_exit_3(simulate, lab):
    vendor = lab.Vendor(lambda *_: DOWN)
    outcomes, seconds, _ = _ask(simulate, lab, [vendor], requests=300, workers=100)
    assert 900 <= seconds < 1000
    stops = [outcome for outcome in outcomes if isinstance(outcome, RunStopped)]
    assert stops
    assert stops[0].exit_code == 3
    assert "--resume" in stops[0].hint
    lost = [o for o in outcomes if isinstance(o, ProviderError) and o.kind != "cancelled"]
    assert len(lost) <= 1


def test_a_stuck_probe_that_is_cancelled_frees_the_way(simulate, lab):
    vendor = lab.Vendor(lambda request, n: DOWN if n <= 10 else lab.answer(request), latency_s=1.0)

    async def run():
        stack = lab.stack(lab.traffic(), vendor)
        tasks = {str(i): asyncio.create_task(stack(lab.request(sample_id=str(i)))) for i in range(10)}
        await asyncio.sleep(31.5)  # ten failed at 1 s, the probe is under way from 31 s to 32 s
        assert (len(vendor.calls), vendor.in_flight) == (11, 1)
        tasks.pop(vendor.calls[-1].sample_id).cancel()
        return await asyncio.gather(*tasks.values())

    assert len(simulate(run())) == 9


@pytest.mark.parametrize("kind", ["unavailable", "quota"])
def test_a_route_fails_over_on_unavailable_and_quota(simulate, lab, kind):
    bad = lab.Vendor(lambda *_: ProviderError(kind, "no"), endpoint="bad@host")
    good = lab.Vendor(endpoint="good@host")
    outcomes, _, _ = _ask(simulate, lab, [bad, good])
    assert {outcome.endpoint for outcome in outcomes} == {"good@host"}
    assert {outcome.attempts for outcome in outcomes} == {1}
    assert len(bad.calls) <= (20 if kind == "unavailable" else 10)


@pytest.mark.parametrize("kind", ["bad_request", "context_length"])
def test_a_route_never_fails_over_on_the_requests_own_fault(simulate, lab, kind):
    bad, good = lab.Vendor(lambda *_: ProviderError(kind, "no")), lab.Vendor(endpoint="good@host")
    outcomes, _, _ = _ask(simulate, lab, [bad, good], requests=5)
    assert {outcome.kind for outcome in outcomes} == {kind}
    assert good.calls == []


def test_other_failures_move_on_only_when_the_breaker_opens(simulate, lab):
    bad = lab.Vendor(lambda *_: ProviderError("reset", "no"), endpoint="bad@host")
    good = lab.Vendor(endpoint="good@host")
    outcomes, seconds, _ = _ask(simulate, lab, [bad, good])
    assert all(isinstance(outcome, Completion) for outcome in outcomes)
    assert 10 <= len(bad.calls) <= 25
    assert seconds < 30


def test_all_members_without_quota_end_the_run(simulate, lab):
    vendors = [lab.Vendor(lambda *_: ProviderError("quota", "paid out"), endpoint=f"{i}@h") for i in range(2)]
    outcomes, _, _ = _ask(simulate, lab, vendors)
    assert isinstance(outcomes[0], FatalProvider)


def test_members_are_asked_by_the_name_they_know(simulate, lab):
    vendor = lab.Vendor()

    async def run():
        traffic = lab.traffic()
        stack = lab.stack(traffic, vendor)
        stack.routed._endpoints[0].model = "deployment-7"
        return await stack(lab.request())

    simulate(run())
    assert [call.model for call in vendor.calls] == ["deployment-7"]


def test_equal_members_share_the_load_by_least_in_flight(simulate, lab):
    quick = lab.Vendor(endpoint="quick@host", latency_s=0.1)
    slow = lab.Vendor(endpoint="slow@host", latency_s=0.3)
    outcomes, _, _ = _ask(simulate, lab, [slow, quick], requests=400, workers=20, balanced=True)
    assert all(isinstance(outcome, Completion) for outcome in outcomes)
    assert len(quick.calls) / len(slow.calls) == pytest.approx(3, rel=0.2)
    assert abs(quick.most_in_flight - slow.most_in_flight) <= 2


def test_a_dead_balanced_member_only_costs_its_share(simulate, lab):
    dead = lab.Vendor(lambda *_: DOWN, endpoint="dead@host")
    good = lab.Vendor(endpoint="good@host")
    outcomes, _, _ = _ask(simulate, lab, [dead, good], requests=200, workers=20, balanced=True)
    assert {outcome.endpoint for outcome in outcomes} == {"good@host"}
    assert len(dead.calls) <= 20


def test_a_route_has_an_identity_of_its_own(lab):
    one, two = (Member(lab.Vendor(endpoint=f"{i}@host"), "row", "m") for i in "ab")
    assert route_endpoint([one]) == "a@host"
    assert route_endpoint([one, two]).startswith("route:")
    assert route_endpoint([one, two]) != route_endpoint([two, one])
    assert route_endpoint([one, two]) != route_endpoint([one, two._replace(model="n")])


def test_thirty_percent_server_errors_lose_nothing(simulate, lab):
    def script(request, n):
        return (
            ProviderError("unavailable", "no", status=(500, 502, 503)[n % 3])
            if n % 10 in (1, 4, 8)
            else lab.answer(request)
        )

    outcomes, _, progress = _ask(simulate, lab, [lab.Vendor(script)], requests=1000, workers=64)
    assert all(isinstance(outcome, Completion) for outcome in outcomes)
    assert (progress.done, progress.failed, progress.in_flight, progress.waiting) == (1000, 0, 0, 0)


def test_random_server_errors_lose_at_most_what_six_attempts_cannot_save(simulate, lab):
    rng = random.Random(5)

    def script(request, _):
        return DOWN if rng.random() < 0.3 else lab.answer(request)

    outcomes, _, _ = _ask(
        simulate,
        lab,
        [lab.Vendor(script)],
        requests=1000,
        workers=64,
        settings=Settings(retry=RetrySettings(max_attempts=12, retry_deadline_s=1e6)),
    )
    assert all(isinstance(outcome, Completion) for outcome in outcomes)
