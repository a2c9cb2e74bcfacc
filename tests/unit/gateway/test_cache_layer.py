"""The cache layer: hits, what is never stored, and one flight per key."""

from __future__ import annotations

import asyncio

import pytest

from llmgen.errors import FatalProvider, ProviderError
from llmgen.gateway.cached import cached


def _layer(lab, vendor, mode="rw", price=lambda _: None):
    store = lab.Store()
    return cached(vendor.complete, store, mode, price), store


def test_a_hit_costs_nothing_and_says_what_it_saved(simulate, lab):
    vendor = lab.Vendor(lambda request, _: lab.answer(request, cost_usd=0.25, uncertain_usd=0.1))
    layer, _ = _layer(lab, vendor)

    async def run():
        return await layer(lab.request()), await layer(lab.request())

    first, hit = simulate(run())
    assert not first.cached
    assert (hit.cached, hit.attempts, hit.via, hit.texts) == (True, 0, "cache", first.texts)
    assert (hit.usage.cost_usd, hit.usage.saved_usd, hit.usage.uncertain_usd) == (0.0, 0.25, 0.0)
    assert len(vendor.calls) == 1


def test_saved_money_is_priced_today_when_the_cost_was_unknown_then(simulate, lab):
    layer, _ = _layer(lab, lab.Vendor(), price=lambda completion: completion.usage.prompt_tokens * 0.01)

    async def run():
        await layer(lab.request())
        return await layer(lab.request())

    assert simulate(run()).usage.saved_usd == pytest.approx(1.0)


@pytest.mark.parametrize(("mode", "asked", "stored"), [("rw", 1, 1), ("r", 2, 0), ("w", 2, 1), ("off", 2, 0)])
def test_modes(simulate, lab, mode, asked, stored):
    vendor = lab.Vendor()
    layer, store = _layer(lab, vendor, mode)

    async def run():
        await layer(lab.request())
        await layer(lab.request())

    simulate(run())
    assert (len(vendor.calls), len(store)) == (asked, stored)


def test_only_never_asks(simulate, lab):
    vendor = lab.Vendor()
    layer, store = _layer(lab, vendor, "only")
    known = lab.request("known")
    store[known.key] = lab.answer(known)

    async def run():
        assert (await layer(known)).cached
        with pytest.raises(ProviderError) as caught:
            await layer(lab.request("unknown"))
        return caught.value.kind

    assert simulate(run()) == "cache_miss"
    assert vendor.calls == []


def test_failures_and_short_answers_are_not_stored(simulate, lab):
    script = [ProviderError("unavailable", "no"), lab.answer(lab.request(n=3), ["a", "b"])]
    layer, store = _layer(lab, lab.Vendor(lambda _request, number: script[number - 1]))

    async def run():
        with pytest.raises(ProviderError):
            await layer(lab.request(n=3))
        await layer(lab.request(n=3))

    simulate(run())
    assert store == {}


def test_truncated_and_refused_answers_are_stored(simulate, lab):
    layer, store = _layer(lab, lab.Vendor(lambda request, _: lab.answer(request, [""])))
    simulate(layer(lab.request()))
    assert len(store) == 1


def test_equal_requests_in_flight_are_sent_once(simulate, lab):
    vendor = lab.Vendor()
    layer, _ = _layer(lab, vendor)

    async def run():
        return await asyncio.gather(*(layer(lab.request()) for _ in range(5)), layer(lab.request("other")))

    answers = simulate(run())
    assert len(vendor.calls) == 2
    assert [answer.cached for answer in answers] == [False, True, True, True, True, False]


@pytest.mark.parametrize("error", [ProviderError("timeout", "slow"), FatalProvider("no key")])
def test_followers_share_the_failure(simulate, lab, error):
    vendor = lab.Vendor(lambda *_: error)
    layer, _ = _layer(lab, vendor)

    async def run():
        return await asyncio.gather(*(layer(lab.request()) for _ in range(3)), return_exceptions=True)

    assert simulate(run()) == [error] * 3
    assert len(vendor.calls) == 1


def test_a_cancelled_leader_hands_over_and_so_does_its_successor(simulate, lab):
    vendor = lab.Vendor(latency_s=1.0)
    layer, store = _layer(lab, vendor)

    async def run():
        tasks = [asyncio.create_task(layer(lab.request())) for _ in range(4)]
        await asyncio.sleep(0.5)
        tasks[0].cancel()
        await asyncio.sleep(0.2)
        tasks[1].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    outcomes = simulate(run())
    assert [isinstance(outcome, asyncio.CancelledError) for outcome in outcomes] == [True, True, False, False]
    assert [outcome.cached for outcome in outcomes[2:]] == [False, True]
    assert len(vendor.calls) == 3
    assert len(store) == 1


def test_a_cancelled_follower_disturbs_nobody(simulate, lab):
    vendor = lab.Vendor(latency_s=1.0)
    layer, _ = _layer(lab, vendor)

    async def run():
        tasks = [asyncio.create_task(layer(lab.request())) for _ in range(3)]
        await asyncio.sleep(0.5)
        tasks[1].cancel()
        return await asyncio.gather(tasks[0], tasks[2])

    assert [answer.cached for answer in simulate(run())] == [False, True]
    assert len(vendor.calls) == 1
