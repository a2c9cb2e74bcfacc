"""The limiter's parts: what a bucket lets through, how the window moves (specification 1.5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmgen.gateway.buckets import Bucket
from llmgen.gateway.window import Window


def test_bucket_refills_at_99_percent_and_holds_a_fifth_of_a_second():
    bucket = Bucket(6000, 0.0)
    assert (bucket.rate, bucket.capacity) == (pytest.approx(99.0), pytest.approx(19.8))
    assert Bucket(60, 0.0).capacity == 1.0
    bucket.take(19.8)
    assert bucket.delay(1, 0.0) == pytest.approx(1 / 99)
    assert bucket.delay(1, 1 / 99) == pytest.approx(0.0, abs=1e-12)
    assert bucket.delay(1000, 10.0) == 0.0


def test_an_amount_beyond_the_capacity_waits_for_a_full_bucket_and_drives_it_negative():
    bucket = Bucket(6000, 0.0)
    bucket.take(1)
    assert bucket.delay(990, 0.0) == pytest.approx(1 / 99)
    bucket.take(990)
    assert bucket.delay(1, 9.0) == pytest.approx((1 - (18.8 - 990 + 9 * 99)) / 99)
    assert bucket.delay(1, 20.0) == 0.0


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0.1, 400)), min_size=1, max_size=60))
def test_a_bucket_never_gives_more_than_its_rate_and_one_burst(steps):
    bucket, now, given_out = Bucket(6000, 0.0), 0.0, 0.0
    for pause, amount in steps:
        now += pause
        now += bucket.delay(amount, now)
        if bucket.delay(amount, now) <= 1e-9:
            bucket.take(amount)
            assert given_out <= 99 * now + 19.8 + 1e-6  # all before this one; this one may overdraw
            given_out += amount


def test_the_vendors_word_may_only_lower_the_level():
    bucket = Bucket(6000, 0.0)
    bucket.lower_to(500, 0.0)
    assert bucket.delay(19.8, 0.0) == pytest.approx(0.0, abs=1e-12)
    bucket.lower_to(0, 0.0)
    assert bucket.delay(1, 0.0) == pytest.approx(1 / 99)


def test_a_learnt_rate_falls_by_5_percent_and_comes_back_1_percent_per_clean_10_s():
    bucket = Bucket(6000, 0.0)
    bucket.slow_down(0.0)
    assert bucket.rate == pytest.approx(99 * 0.95)
    bucket.delay(1, 25.0)
    assert bucket.rate == pytest.approx(99 * 0.97)
    bucket.slow_down(29.0)
    bucket.delay(1, 38.0)
    assert bucket.rate == pytest.approx(99 * 0.97 * 0.95)
    bucket.delay(1, 1000.0)
    assert bucket.rate == pytest.approx(99)


def test_window_doubles_then_adds_then_is_cut_and_stays_within_its_bounds():
    window = Window(10, 200)
    for _ in range(10):
        window.grow(int(window.size))
    assert window.size == 20
    window.cut()
    assert window.size == 16
    for _ in range(16):
        window.grow(int(window.size))
    assert window.size == pytest.approx(17, abs=0.1)
    for _ in range(100):
        window.cut()
    assert window.size == 1
    window.open()
    assert window.size == 200
    window.grow(200)
    assert window.size == 200
    assert Window(10, 3).size == 3


def test_places_that_nobody_used_do_not_grow_the_window():
    window = Window(10, 200)
    window.grow(8)
    assert window.size == 10
