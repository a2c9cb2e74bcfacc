"""n texts, however the vendor gives them."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from llmgen.errors import FatalProvider, ProviderError
from llmgen.gateway.fanout import fanned_out
from llmgen.types import TokenLogprobs


def _layer(vendor, mode, spent=None):
    return fanned_out(vendor.complete, mode, (spent if spent is not None else []).append)


def test_loop_asks_once_per_text_with_seeds_in_a_row(simulate, lab):
    vendor = lab.Vendor(lambda request, _: lab.answer(request, [f"seed {request.sampling.seed}"]))
    answer = simulate(_layer(vendor, "loop")(lab.request(n=3, seed=7)))
    assert answer.texts == ("seed 7", "seed 8", "seed 9")
    assert (answer.n_asked, answer.attempts) == (3, 3)
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (300, 30)
    assert {call.sampling.n for call in vendor.calls} == {1}


def test_loop_without_a_seed_sends_none(simulate, lab):
    vendor = lab.Vendor()
    simulate(_layer(vendor, "loop")(lab.request(n=2)))
    assert {call.sampling.seed for call in vendor.calls} == {None}


def test_a_short_answer_is_topped_up_with_single_requests(simulate, lab):
    vendor = lab.Vendor(lambda request, _: lab.answer(request, [f"seed {request.sampling.seed}"]))
    answer = simulate(_layer(vendor, "native")(lab.request(n=3, seed=7)))
    assert [call.sampling.n for call in vendor.calls] == [3, 1, 1]
    assert answer.texts == ("seed 7", "seed 8", "seed 9")
    assert answer.n_asked == 3


def test_more_texts_than_the_vendor_gives_at_once_take_several_requests(simulate, lab):
    vendor = lab.Vendor(
        lambda request, _: lab.answer(
            request, [f"{request.sampling.seed + i}" for i in range(request.sampling.n)]
        )
    )
    layer = fanned_out(vendor.complete, "native", [].append, max_n=8)
    answer = simulate(layer(lab.request(n=20, seed=100)))
    assert sorted(call.sampling.n for call in vendor.calls) == [4, 8, 8]
    assert answer.texts == tuple(str(100 + i) for i in range(20))
    assert answer.n_asked == 20


def test_a_full_answer_and_a_single_one_pass_untouched(simulate, lab):
    vendor = lab.Vendor()
    layer = _layer(vendor, "native")

    async def run():
        return await layer(lab.request(n=4)), await layer(lab.request())

    four, one = simulate(run())
    assert (len(four.texts), len(one.texts), len(vendor.calls)) == (4, 1, 2)


def test_top_up_never_asks_more_than_once_per_missing_text(simulate, lab):
    vendor = lab.Vendor(lambda request, number: lab.answer(request, ["one"] if number == 1 else []))
    answer = simulate(_layer(vendor, "native")(lab.request(n=5)))
    assert len(vendor.calls) == 5
    assert (answer.texts, answer.n_asked) == (("one",), 5)


def test_a_failed_single_request_is_a_missing_text(simulate, lab):
    def script(request, number):
        return ProviderError("timeout", "slow") if number == 2 else lab.answer(request)

    answer = simulate(_layer(lab.Vendor(script), "loop")(lab.request(n=3)))
    assert (len(answer.texts), answer.n_asked) == (2, 3)


def test_all_failed_is_a_failure(simulate, lab):
    vendor = lab.Vendor(lambda *_: ProviderError("timeout", "slow"))
    with pytest.raises(ProviderError) as caught:
        simulate(_layer(vendor, "loop")(lab.request(n=3)))
    assert caught.value.kind == "timeout"


@pytest.mark.parametrize("error", [FatalProvider("no key"), ProviderError("cancelled", "stop")])
@pytest.mark.parametrize("mode", ["loop", "native"])
def test_a_stop_in_between_is_raised_and_what_was_paid_is_told(simulate, lab, error, mode):
    def script(request, number):
        return error if number == 2 else lab.answer(request, ["one"])

    paid = []
    with pytest.raises(type(error)):
        simulate(_layer(lab.Vendor(script), mode, paid)(lab.request(n=3)))
    assert len(paid) == 2


def test_cancelling_cancels_all(simulate, lab):
    vendor = lab.Vendor(latency_s=10.0)

    async def run():
        task = asyncio.create_task(_layer(vendor, "loop")(lab.request(n=3)))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return vendor.in_flight

    assert simulate(run()) == 0
    assert len(vendor.calls) == 3


def test_per_text_fields_stay_aligned(simulate, lab):
    def script(request, number):
        given = lab.answer(request, ["one"], cost_usd=0.5)
        logprobs = (TokenLogprobs(tokens=(str(number),), logprobs=(-1.0,)),)
        return replace(given, refusals=("no",) if number == 2 else (), logprobs=logprobs)

    answer = simulate(_layer(lab.Vendor(script), "loop")(lab.request(n=3)))
    assert answer.refusals == (None, "no", None)
    assert [item.tokens for item in answer.logprobs] == [("1",), ("2",), ("3",)]
    assert answer.finish_reasons == ("stop",) * 3
    assert answer.usage.cost_usd == 1.5


def test_logprobs_that_only_some_have_are_dropped(simulate, lab):
    def script(request, number):
        logprobs = (TokenLogprobs(tokens=("a",), logprobs=(-1.0,)),) if number == 1 else ()
        return replace(lab.answer(request, ["one"]), logprobs=logprobs)

    assert simulate(_layer(lab.Vendor(script), "loop")(lab.request(n=2))).logprobs == ()
