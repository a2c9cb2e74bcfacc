"""The budget layer: reserve, settle, wait, stop; the cap holds with 200 in flight."""

from __future__ import annotations

import asyncio

import pytest

from llmgen.config import BudgetSettings, Price, Settings
from llmgen.errors import BudgetReached, ProviderError, UsageError
from llmgen.gateway.budget import Need
from llmgen.gateway.prices import Tariff
from llmgen.gateway.tokens import START_TOKENS_PER_BYTE
from llmgen.types import Completion


def _traffic(lab, price=..., **caps):
    price = lab.PRICE if price is ... else price
    return lab.traffic(Settings(budget=BudgetSettings(**caps)), price=price)


def _exact(request, lab, output=100):
    """An answer whose prompt is as long as estimated."""
    size = len(request.messages[0].content.encode())
    return lab.answer(request, prompt_tokens=int(size * START_TOKENS_PER_BYTE), completion_tokens=output)


def test_estimate_follows_the_formula(simulate, lab):
    async def run():
        traffic = _traffic(lab)
        stack = lab.stack(traffic, lab.Vendor())
        loop = lab.stack(traffic, lab.Vendor(endpoint="loop@host", n_mode="loop"))
        request = lab.request("x" * 100, n=3, max_tokens=50)
        return stack.estimate(request), loop.estimate(request)

    native, loop = simulate(run())
    assert native == (30 + 150, pytest.approx((30 * 1 + 150 * 2) / 1e6))
    assert loop == (90 + 150, pytest.approx((90 * 1 + 150 * 2) / 1e6))


def test_the_estimate_learns_tokens_per_byte_per_model(simulate, lab):
    vendor = lab.Vendor(lambda request, _: lab.answer(request, prompt_tokens=50))

    async def run():
        stack = lab.stack(_traffic(lab), vendor)
        before = stack.estimate(lab.request("x" * 100, max_tokens=1))[0]
        await lab.ask_all(stack, [lab.request("x" * 100) for _ in range(200)], 10)
        return before, stack.estimate(lab.request("x" * 100, max_tokens=1))[0]

    assert simulate(run()) == (31, 51)


@pytest.mark.parametrize(
    ("caps", "allowed"),
    [
        # One request: 30 prompt tokens + 100 answer tokens = 130 tokens, 230 micro-dollars.
        ({"usd": 10.5 * 230e-6}, 10),
        ({"tokens": 1300}, 10),
        ({"requests": 10}, 10),
        ({"usd": 3.5 * 230e-6, "tokens": 1300, "requests": 10}, 3),
    ],
)
def test_caps_stop_with_200_in_flight_and_nothing_is_overspent(simulate, lab, caps, allowed):
    vendor = lab.Vendor(lambda request, _: _exact(request, lab))

    async def run():
        traffic = _traffic(lab, **caps)
        stack = lab.stack(traffic, vendor)
        requests = [lab.request("x" * 100, max_tokens=100) for _ in range(1000)]
        outcomes = await lab.ask_all(stack, requests, 200)
        return outcomes, traffic.progress()

    outcomes, progress = simulate(run())
    answered = [outcome for outcome in outcomes if isinstance(outcome, Completion)]
    assert len(vendor.calls) == len(answered) == allowed
    assert {type(outcome) for outcome in outcomes} <= {Completion, BudgetReached, ProviderError}
    stops = [outcome for outcome in outcomes if isinstance(outcome, BudgetReached)]
    assert stops
    assert stops[0].exit_code == 4
    assert all(outcome.kind == "cancelled" for outcome in outcomes if isinstance(outcome, ProviderError))
    assert progress.spent_usd == pytest.approx(allowed * 230e-6)
    assert progress.reserved_usd == 0.0


def test_cheaper_answers_than_reserved_let_more_requests_go(simulate, lab):
    """Reserved are 230, used 130 micro-dollars each: waiting requests use what settlement frees."""
    vendor = lab.Vendor(lambda request, _: _exact(request, lab, output=50))
    cap = 10 * 230e-6

    async def run():
        traffic = _traffic(lab, usd=cap)
        stack = lab.stack(traffic, vendor)
        outcomes = await lab.ask_all(stack, [lab.request("x" * 100, max_tokens=100)] * 1000, 200)
        return outcomes, traffic.budget

    outcomes, budget = simulate(run())
    answered = sum(isinstance(outcome, Completion) for outcome in outcomes)
    assert answered == 16  # 16 x 130 = 2080; one more would have to reserve 230 of the 220 left
    assert cap - 230e-6 < budget.spent_usd <= cap


def test_a_wrong_prompt_estimate_overshoots_by_less_than_one_request(simulate, lab):
    """Prompts turn out twice as long as estimated, which only the first answers tell."""
    vendor = lab.Vendor(lambda request, _: lab.answer(request, prompt_tokens=600, completion_tokens=1))
    cap = 0.05

    async def run():
        traffic = _traffic(lab, usd=cap)
        stack = lab.stack(traffic, vendor)
        outcomes = await lab.ask_all(stack, [lab.request("x" * 1000, max_tokens=1)] * 1000, 10)
        return outcomes, traffic.budget

    outcomes, budget = simulate(run())
    assert sum(isinstance(outcome, Completion) for outcome in outcomes) >= 80
    assert budget.spent_usd <= cap + 602e-6


def test_failures_give_their_reservation_back(simulate, lab):
    vendor = lab.Vendor(
        lambda request, n: ProviderError("bad_request", "no") if n < 6 else lab.answer(request)
    )

    async def run():
        traffic = _traffic(lab, requests=1)
        return await lab.ask_all(lab.stack(traffic, vendor), [lab.request()] * 7, 1)

    outcomes = simulate(run())
    assert [type(outcome) for outcome in outcomes] == [ProviderError] * 5 + [Completion, BudgetReached]


def test_an_unknown_price_under_a_dollar_cap_is_refused_before_any_request(simulate, lab):
    async def build(**caps):
        return lab.stack(_traffic(lab, price=None, **caps), lab.Vendor())

    with pytest.raises(UsageError, match="price of vendor/m is unknown"):
        simulate(build(usd=1.0))
    for caps in ({"usd": 1.0, "allow_unpriced": True}, {"tokens": 10}, {}):
        simulate(build(**caps))


def test_an_unknown_price_costs_null_and_is_counted(simulate, lab):
    async def run():
        traffic = _traffic(lab, price=None)
        completion = await lab.stack(traffic, lab.Vendor())(lab.request())
        return completion.usage.cost_usd, traffic.progress()

    cost_usd, progress = simulate(run())
    assert cost_usd is None
    assert (progress.spent_usd, progress.unpriced) == (0.0, 1)


def test_a_cap_needs_the_longest_answer(simulate, lab):
    endless = Price(input=1, output=2)

    async def run(price, **caps):
        stack = lab.stack(_traffic(lab, price=price, **caps), lab.Vendor())
        stack.check(lab.request(max_tokens=10))
        stack.check(lab.request())
        await stack(lab.request())

    for caps in ({"usd": 1.0}, {"tokens": 10_000}):
        with pytest.raises(UsageError, match="how long the answers"):
            simulate(run(endless, **caps))
    simulate(run(endless, requests=5))
    simulate(run(lab.PRICE, usd=1.0))
    simulate(run(Price(input=0, output=0), usd=1.0))


def test_an_answer_without_usage_counts_as_reserved(simulate, lab):
    vendor = lab.Vendor(lambda request, _: lab.answer(request, prompt_tokens=0, completion_tokens=0))

    async def run():
        traffic = _traffic(lab, usd=1.0)
        completion = await lab.stack(traffic, vendor)(lab.request("x" * 100, max_tokens=100))
        return completion.usage.cost_usd, traffic.budget.spent_usd, traffic.budget.spent_tokens

    assert simulate(run()) == (None, pytest.approx(230e-6), 130)


def test_attempts_lost_after_sending_are_uncertain_and_count(simulate, lab):
    def script(request, number):
        return ProviderError("timeout", "slow", sent=True) if number < 3 else _exact(request, lab)

    async def run():
        traffic = _traffic(lab, usd=1.0)
        completion = await lab.stack(traffic, lab.Vendor(script))(lab.request("x" * 100, max_tokens=100))
        return completion, traffic.progress()

    completion, progress = simulate(run())
    assert completion.usage.uncertain_usd == pytest.approx(60e-6)
    assert progress.uncertain_usd == pytest.approx(60e-6)
    assert progress.spent_usd == pytest.approx(230e-6)


def test_lost_attempts_cannot_break_the_cap(simulate, lab):
    vendor = lab.Vendor(lambda *_: ProviderError("timeout", "slow", sent=True))
    cap = 10 * 230e-6

    async def run():
        traffic = _traffic(lab, usd=cap)
        outcomes = await lab.ask_all(
            lab.stack(traffic, vendor), [lab.request("x" * 100, max_tokens=100)] * 50, 10
        )
        return outcomes, traffic.budget

    outcomes, budget = simulate(run())
    assert any(isinstance(outcome, BudgetReached) for outcome in outcomes)
    assert budget.uncertain_usd <= cap
    assert budget.uncertain_usd == pytest.approx(len(vendor.calls) * 30e-6)


def test_one_budget_over_several_models(simulate, lab):
    one, two = lab.Vendor(endpoint="one@host"), lab.Vendor(endpoint="two@host")

    async def run():
        traffic = _traffic(lab, requests=5)
        stacks = [lab.stack(traffic, one), lab.stack(traffic, two)]
        for index in range(6):
            await stacks[index % 2](lab.request())

    with pytest.raises(BudgetReached):
        simulate(run())
    assert (len(one.calls), len(two.calls)) == (3, 2)


def test_a_cancelled_waiter_gives_nothing_away(simulate, lab):
    vendor = lab.Vendor(lambda request, _: _exact(request, lab), latency_s=1.0)

    async def run():
        stack = lab.stack(_traffic(lab, tokens=260), vendor)
        request = lab.request("x" * 100, max_tokens=100)
        tasks = [asyncio.create_task(stack(request)) for _ in range(3)]
        await asyncio.sleep(0.5)
        tasks[2].cancel()
        await asyncio.gather(*tasks[:2])
        with pytest.raises(BudgetReached):
            await stack(request)
        return len(vendor.calls)

    assert simulate(run()) == 2


def test_a_waiter_cancelled_as_it_is_let_in_hands_its_room_on(simulate, lab):
    async def run():
        budget = _traffic(lab, requests=1).budget
        first, second = Need(), Need()
        assert budget.try_reserve(first)
        waiting = asyncio.create_task(budget.reserve(second))
        await asyncio.sleep(1)
        budget.release(first)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return budget.try_reserve(Need())

    assert simulate(run())


def test_reservations_leave_no_dust(simulate, lab):
    async def run():
        budget = _traffic(lab, usd=1.0).budget
        tariff = Tariff({"vendor@host": Price(input=0.1, output=0.7)})
        needs = [budget.need(lab.request("x" * size, max_tokens=size), tariff) for size in range(1, 300)]
        for need in needs:
            assert budget.try_reserve(need)
        for need in needs:
            budget.release(need)
        return budget.reserved_usd, budget.reserved_tokens, budget.reserved_requests

    assert simulate(run()) == (0.0, 0, 0)
