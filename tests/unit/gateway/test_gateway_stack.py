"""All layers together: what they share, how they stop, and one run in real time."""

from __future__ import annotations

import asyncio
import time

import pytest

from llmgen.config import BudgetSettings, LimitSettings, Price, Settings
from llmgen.errors import FatalProvider, Interrupted, ProviderError
from llmgen.gateway.base import RateInfo
from llmgen.gateway.stack import Member, build_stack
from llmgen.types import Completion


def _now():
    return asyncio.get_running_loop().time()


def test_one_answer_through_all_layers(simulate, lab):
    vendor = lab.Vendor(lambda request, n: ProviderError("reset", "no") if n == 1 else lab.answer(request))

    async def run():
        traffic = lab.traffic(mode="rw")
        stack = lab.stack(traffic, vendor)
        return await stack(lab.request()), await stack(lab.request()), traffic.progress()

    answer, hit, progress = simulate(run())
    assert (answer.attempts, answer.endpoint, answer.cached) == (2, "vendor@host", False)
    assert answer.usage.cost_usd == pytest.approx((100 * 1 + 10 * 2) / 1e6)
    assert hit.cached
    assert hit.usage.saved_usd == answer.usage.cost_usd
    assert (progress.done, progress.cached, progress.tokens) == (2, 1, 110)
    assert progress.spent_usd == progress.saved_usd == answer.usage.cost_usd


def test_a_hit_takes_no_budget_and_no_place(simulate, lab):
    request = lab.request()
    store = lab.Store({request.key: lab.answer(request)})

    async def run():
        traffic = lab.traffic(Settings(limits=LimitSettings(rpm=0.001)), mode="rw", store=store)
        stack = lab.stack(traffic, lab.Vendor())
        for _ in range(100):
            await stack(request)
        return _now(), traffic.budget.spent_requests

    assert simulate(run()) == (0.0, 0)


def test_a_local_model_costs_nothing_and_an_unknown_one_null(simulate, lab):
    async def run(price):
        return (await lab.stack(lab.traffic(price=price), lab.Vendor())(lab.request())).usage.cost_usd

    assert simulate(run(Price(input=0, output=0))) == 0.0
    assert simulate(run(None)) is None


def test_stop_lets_requests_in_flight_finish_and_sends_nothing_new(simulate, lab):
    vendor = lab.Vendor(latency_s=5.0)

    async def run():
        traffic = lab.traffic()
        stack = lab.stack(traffic, vendor)
        asking = asyncio.create_task(lab.ask_all(stack, [lab.request(str(i)) for i in range(100)], 50))
        await asyncio.sleep(1)
        before = traffic.progress()
        traffic.stop()
        return before, await asking, _now(), traffic.progress()

    before, outcomes, seconds, after = simulate(run())
    assert (before.in_flight, before.waiting) == (10, 40)
    assert sum(isinstance(outcome, Completion) for outcome in outcomes) == 10
    assert {outcome.kind for outcome in outcomes if isinstance(outcome, ProviderError)} == {"cancelled"}
    assert len(vendor.calls) == 10
    assert seconds == pytest.approx(5.0)
    assert (after.in_flight, after.waiting, after.done, after.failed) == (0, 0, 10, 0)


@pytest.mark.parametrize(
    "error",
    [
        ProviderError("rate_limited", "no", retry_after_s=500.0),
        ProviderError("unavailable", "no", retry_after_s=500.0),
        ProviderError("timeout", "no"),
    ],
)
def test_stop_wakes_every_kind_of_wait(simulate, lab, error):
    vendor = lab.Vendor(lambda *_: error)

    async def run():
        traffic = lab.traffic()
        asking = asyncio.create_task(
            lab.ask_all(lab.stack(traffic, vendor), [lab.request(str(i)) for i in range(60)], 30)
        )
        await asyncio.sleep(20)
        sent = len(vendor.calls)
        traffic.stop()
        outcomes = await asking
        return outcomes, len(vendor.calls) - sent, _now()

    outcomes, sent_after, seconds = simulate(run())
    assert sent_after == 0
    assert seconds == pytest.approx(20, abs=0.2)
    assert any(outcome.kind == "cancelled" for outcome in outcomes)


def test_stop_wakes_those_who_wait_for_the_budget(simulate, lab):
    async def run():
        traffic = lab.traffic(Settings(budget=BudgetSettings(requests=1)))
        stack = lab.stack(traffic, lab.Vendor(latency_s=100.0))
        first = asyncio.create_task(stack(lab.request("a")))
        second = asyncio.create_task(stack(lab.request("b")))
        await asyncio.sleep(1)
        assert traffic.progress().waiting == 1
        traffic.stop()
        with pytest.raises(ProviderError) as caught:
            await second
        return caught.value.kind, _now(), (await first).text

    assert simulate(run()) == ("cancelled", 1.0, "ok")


def test_the_reason_of_a_stop_is_what_later_requests_get(simulate, lab):
    async def run():
        traffic = lab.traffic()
        stack = lab.stack(traffic, lab.Vendor())
        traffic.stop(Interrupted("Ctrl-C"))
        traffic.stop(FatalProvider("later"))
        await stack(lab.request())

    with pytest.raises(Interrupted):
        simulate(run())


def test_a_fatal_error_of_one_model_stops_the_others(simulate, lab):
    good = lab.Vendor(endpoint="good@host")
    bad = lab.Vendor(lambda *_: ProviderError("auth", "no"), endpoint="bad@host")

    async def run():
        traffic = lab.traffic()
        one, two = lab.stack(traffic, good), lab.stack(traffic, bad)
        await one(lab.request())
        with pytest.raises(FatalProvider):
            await two(lab.request())
        with pytest.raises(FatalProvider):
            await one(lab.request("again"))

    simulate(run())
    assert len(good.calls) == 1


def test_two_models_of_one_provider_have_limiters_of_their_own(simulate, lab):
    """Rate headers reach the limiter of the model that was asked."""
    vendor = lab.Vendor()

    def script(request, _):
        if request.model == "small":
            vendor.observe(RateInfo(limit_requests=600))
        return lab.answer(request)

    vendor._script = script

    async def run():
        traffic = lab.traffic()
        stacks = {
            model: build_stack(traffic, [Member(vendor, "vendor", model)], model)
            for model in ("small", "large")
        }
        await stacks["large"](lab.request())
        await stacks["small"](lab.request())
        spans = []
        for model in ("large", "small"):
            start = _now()
            await lab.ask_all(stacks[model], [lab.request(str(i)) for i in range(100)], 20)
            spans.append(_now() - start)
        return spans

    large, small = simulate(run())
    assert large < 2
    assert small > 9


def test_stacks_of_one_model_share_its_limiter(simulate, lab):
    vendor = lab.Vendor()

    async def run():
        traffic = lab.traffic(Settings(limits=LimitSettings(rpm=600)))
        stacks = [lab.stack(traffic, vendor), lab.stack(traffic, vendor)]
        await asyncio.gather(*(lab.ask_all(s, [lab.request(str(i)) for i in range(50)], 10) for s in stacks))
        return _now()

    assert simulate(run()) == pytest.approx(100 / 9.9, abs=0.5)


def test_n_texts_through_all_layers_are_one_record_and_priced_in_full(simulate, lab):
    vendor = lab.Vendor(n_mode="loop")

    async def run():
        traffic = lab.traffic(mode="rw")
        stack = lab.stack(traffic, vendor)
        return await stack(lab.request(n=5)), await stack(lab.request(n=5)), traffic.budget

    answer, hit, budget = simulate(run())
    assert (len(answer.texts), hit.cached, len(vendor.calls)) == (5, True, 5)
    assert answer.usage.cost_usd == budget.spent_usd == pytest.approx(5 * 120e-6)


def test_an_unexpected_exception_frees_everything(simulate, lab):
    def script(request, n):
        return KeyError("bug") if n <= 30 else lab.answer(request)

    async def run():
        traffic = lab.traffic()
        stack = lab.stack(traffic, lab.Vendor(script))
        outcomes = await lab.ask_all(stack, [lab.request(str(i)) for i in range(60)], 20)
        return outcomes, traffic.progress()

    outcomes, progress = simulate(run())
    assert sum(isinstance(outcome, KeyError) for outcome in outcomes) == 30
    assert (progress.in_flight, progress.reserved_usd, progress.done) == (0, 0.0, 30)


def test_progress_measures_the_rate_over_ten_seconds(simulate, lab):
    async def run():
        traffic = lab.traffic(Settings(limits=LimitSettings(rpm=600)))
        asking = asyncio.create_task(
            lab.ask_all(lab.stack(traffic, lab.Vendor()), [lab.request(str(i)) for i in range(400)], 50)
        )
        rates = []
        for _ in range(60):
            await asyncio.sleep(0.5)
            rates.append(traffic.progress().rate)
        asking.cancel()
        return rates

    rates = simulate(run())
    assert rates[0] == 0.0
    assert rates[-1] == pytest.approx(9.9, abs=0.3)


async def test_real_time_and_a_real_loop(lab):
    """200 requests at 6,000 a minute: (200 - 19.8) / 99 = 1.8 s and the last one's latency."""
    server = lab.RateLimited(latency_s=0.05)
    server._then = asyncio.get_running_loop().time()
    stack = lab.stack(lab.traffic(Settings(limits=LimitSettings(rpm=6000))), server.vendor)
    start = time.monotonic()
    outcomes = await lab.ask_all(stack, [lab.request(sample_id=str(i)) for i in range(200)], 64)
    assert all(isinstance(outcome, Completion) for outcome in outcomes)
    assert server.refused == 0
    assert 1.8 <= time.monotonic() - start < 4.0


@pytest.mark.parametrize(("queues", "first"), [(False, 3), (True, 20)])
def test_a_server_that_queues_gets_all_requests_at_once(simulate, lab, queues, first):
    vendor = lab.Vendor(queues=queues)

    async def run():
        traffic = lab.traffic(Settings(limits=LimitSettings(start_in_flight=3, max_in_flight=20)))
        stack = lab.stack(traffic, vendor)
        await asyncio.gather(*(stack(lab.request(f"question {n}")) for n in range(40)))

    simulate(run())
    assert vendor.times.count(vendor.times[0]) == first
    assert len(vendor.calls) == 40
