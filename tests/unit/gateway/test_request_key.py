"""Anything that may change the answer changes the cache key; nothing else does."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from llmgen.types import Message, Request, Sampling

TEXT = st.text(max_size=8)
NUMBER = st.floats(0, 2, allow_nan=False)
COUNT = st.integers(1, 5000)
MESSAGES = st.lists(
    st.builds(Message, role=st.sampled_from(["system", "user", "assistant"]), content=TEXT),
    min_size=1,
    max_size=3,
).map(tuple)
SAMPLING = {
    "temperature": st.none() | NUMBER,
    "top_p": st.none() | NUMBER,
    "max_tokens": st.none() | COUNT,
    "n": COUNT,
    "seed": st.none() | st.integers(0, 2**31),
    "stop": st.lists(TEXT, max_size=3).map(tuple),
    "logprobs": st.none() | st.integers(0, 20),
    "prompt_logprobs": st.none() | st.integers(0, 20),
}
FIELDS = {
    "endpoint": TEXT,
    "model": TEXT,
    "messages": MESSAGES,
    "api": st.sampled_from(["chat", "completions", "responses"]),
    "repeat": st.integers(0, 1000),
    "extra": st.dictionaries(TEXT, st.none() | st.booleans() | st.integers(-9, 9) | TEXT, max_size=3),
}
REQUESTS = st.builds(Request, sampling=st.builds(Sampling, **SAMPLING), **FIELDS)


def test_every_field_has_a_property_here():
    assert set(SAMPLING) == set(Sampling.__struct_fields__)
    assert {*FIELDS, "sampling", "sample_id"} == set(Request.__struct_fields__)


def _same(one, other):
    """Equal as JSON, where `true` is not 1."""
    return msgspec.json.encode(one, order="sorted") == msgspec.json.encode(other, order="sorted")


@pytest.mark.parametrize("field", sorted(FIELDS))
@settings(max_examples=60)
@given(data=st.data())
def test_each_field_of_the_request_is_in_the_key(field, data):
    request, value = data.draw(REQUESTS), data.draw(FIELDS[field])
    other = replace(request, **{field: value})
    old = getattr(request, field)
    if field == "extra":
        old, value = ({k: v for k, v in d.items() if v is not None} for d in (old, value))
    assert (other.key == request.key) == _same(old, value)


@pytest.mark.parametrize("field", sorted(SAMPLING))
@settings(max_examples=60)
@given(data=st.data())
def test_each_field_of_the_sampling_is_in_the_key(field, data):
    request, value = data.draw(REQUESTS), data.draw(SAMPLING[field])
    other = replace(request, sampling=replace(request.sampling, **{field: value}))
    assert (other.key == request.key) == (getattr(request.sampling, field) == value)


def test_the_asker_is_not_in_the_key_and_equal_numbers_are_equal(lab):
    request = lab.request(temperature=1.0)
    assert replace(request, sample_id="other").key == request.key
    assert lab.request(temperature=1).key == request.key
    assert lab.request(temperature=-0.0).key == lab.request(temperature=0).key
    assert replace(request, extra={"top_k": 1.0}).key == replace(request, extra={"top_k": 1}).key
    assert replace(request, extra={"top_k": None}).key == request.key
