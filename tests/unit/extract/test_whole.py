"""Extractor `whole`: the text as it came, without reasoning."""

import pytest

from llmgen.errors import UsageError
from llmgen.extract import EXTRACTORS
from llmgen.types import Sample

SAMPLE = Sample(id="x", question="?", answer_type="short_text")


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (" Blue \n", "answered", " Blue \n"),
        ("<think>red?</think>\n\nBlue", "answered", "Blue"),
        ("", "no_valid_answer", None),
        (" \n", "no_valid_answer", None),
        ("<think>red, or", "no_valid_answer", None),
    ],
)
async def test_whole(text, kind, value):
    answer = await EXTRACTORS.load("whole")()(SAMPLE, text)
    assert (answer.kind, answer.value, answer.extractor) == (kind, value, "whole")
    assert answer.reason == ("" if kind == "answered" else "reasoning only" if text.strip() else "empty")


def test_whole_has_no_options():
    with pytest.raises(UsageError, match="model"):
        EXTRACTORS.load("whole")(model="m")
