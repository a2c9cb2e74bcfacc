"""Lone surrogates, which JSON lets through."""

import pytest

from llmgen.text import without_surrogates


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain é 漢", "plain é 漢"),
        ("a\ud800b", "a\ufffdb"),
        ("\ud83d\ude00", "😀"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("", ""),
    ],
)
def test_lone_ones_are_replaced_and_pairs_joined(text, clean):
    assert without_surrogates(text) == clean
    assert clean.encode().decode() == clean
