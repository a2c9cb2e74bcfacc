"""From an answer as it came to the text that is compared."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmgen.contamination.texts import Prepared, final_text, normalised, strip_code, unfenced
from llmgen.types import Draw


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("Here:\n```python\nx = 1\n```\nDone.", "x = 1\n"),
        ("```\nx = 1\n```", "x = 1\n"),
        ("~~~py\nx = 1\n~~~", "x = 1\n"),
        ("  ```\nx = 1\n  ```  ", "x = 1\n"),
        ("```py\n\n```\n```py\nx = 1\n```", "x = 1\n"),  # the first is blank
        ("```\nfirst\n```\n```\nsecond\n```", "first\n"),
        ("```\nIt adds.\n```python\nx = 1\n```", "x = 1\n"),  # a closing fence of the prompt's block
        ("````md\n```py\nx = 1\n```\n````", "```py\nx = 1\n```\n"),  # a longer fence holds a shorter one
        ("````md\nx = 1\n```\ny = 2\n````", "x = 1\n```\ny = 2\n"),
    ],
)
def test_the_first_closed_block_that_is_not_blank(text, body):
    assert unfenced(text) == body


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("```\n\nThe function returns None.", "\nThe function returns None."),
        ("return 1\n```\n\nIt is called", "return 1\n\nIt is called"),
        ("Sure:\n```python\nx = 1", "Sure:\nx = 1"),  # cut off
        ("```py\nx = 1\n~~~", "x = 1"),  # the other kind closes nothing
        ("a ``` b", "a ``` b"),
        ("```x = 1``` inline", "```x = 1``` inline"),
        ("    ```\ncode by indentation", "    ```\ncode by indentation"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_without_a_block_only_the_fence_lines_go(text, rest):
    assert unfenced(text) == rest


@given(st.text(alphabet="`~ab \n", max_size=80))
def test_a_text_with_words_never_becomes_blank(text):
    body = unfenced(text)
    words = [line for line in text.split("\n") if any(letter in line.split("`")[0] for letter in "ab")]
    outside = [line for line in words if not line.lstrip(" ").startswith(("```", "~~~"))]
    assert body.strip() or not outside


@pytest.mark.parametrize(
    ("draw", "missing"),
    [
        (Draw(text=""), "empty"),
        (Draw(text="\n \t"), "empty"),
        (Draw(text="<think>x</think>\n"), "empty"),
        (Draw(text="<think>x", finish="stop"), "truncated"),
        (Draw(text="<think>x</think>", finish="length"), "truncated"),
        (Draw(text="", finish="MAX_TOKENS"), "truncated"),
        (Draw(text="```python\n```"), "only_fence"),
        (Draw(text="```"), "only_fence"),
        (Draw(reason="refused"), "refused"),
        (Draw(reason="not_returned"), "not_returned"),
        (Draw(reason="error"), "error"),
        (Draw(reason=""), "error"),
    ],
)
def test_what_is_missing_says_why(draw, missing):
    found = final_text(draw)
    assert found.missing == missing
    assert not found.text.strip()


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("x = 1\n", Prepared(text="x = 1\n")),
        ("None", Prepared(text="None")),
        ("x\r\ny\rz", Prepared(text="x\ny\nz")),
        ("<think>a</think>x = 1", Prepared(text="x = 1", whole=False)),
        ("<think>a</think>\r\n```\r\nx = 1\r\n```", Prepared(text="x = 1\n", whole=False)),
        ("x = 1 <think>but", Prepared(text="x = 1 ", whole=False)),
        ("\ud800 lone", Prepared(text="\\ud800 lone")),
    ],
)
def test_the_final_text(text, prepared):
    assert final_text(Draw(text=text, finish="stop")) == prepared


def test_an_answer_that_a_limit_cut_is_kept():
    assert final_text(Draw(text="x = ", finish="length")) == Prepared(text="x = ")


@given(st.text(st.integers(0, 0x10FFFF).map(chr)))  # surrogates, too
@example("\udbfa\u0301")
def test_normalised_text_can_be_stored_and_stays_as_it_is(text):
    once = normalised(text)
    once.encode("utf-8")
    assert "\r" not in once
    assert normalised(once) == once


@pytest.mark.parametrize(
    ("text", "published"),
    [
        ("```python\nx = 1\n```", ""),
        ("Sure:\n```\nx = 1\n```", "Sure:\n"),
        ("\n x = 1\n\n\ny = 2", "x = 1"),
        ("```\nx\n\n\ny", "```\nx"),
        ("\n\n\nx", "x"),
        (" x = 1 ", "x = 1"),
    ],
)
def test_the_published_preparation_with_its_faults(text, published):
    assert strip_code(text) == published
