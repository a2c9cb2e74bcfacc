"""From texts to tokens: lists of ints that can be compared, for the answers of one item at a time."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import count, islice
from typing import TypeAlias

from llmgen.contamination.hf_tokenizer import load_tokenizer
from llmgen.types import Struct

CAP = 100
"""Tokens of an answer that are compared (`max_tokens` of the published code)."""

Encode: TypeAlias = Callable[[Sequence[str]], list[list[int]]]

_WORD = re.compile(r"\w+|[^\w\s]|\s+")


class Tokenizer(Struct):
    """A named way to tokens. `encode` gives the first `CAP` tokens of each text.

    Equal ints are equal tokens within one call only. `own_ids`: the answers' own token ids are taken where
    all of an item's answers have them, and `encode` serves the other items.
    """

    name: str
    encode: Encode
    own_ids: bool = False


def tokenizer_named(name: str, *, specials: bool = False) -> Tokenizer:
    """`regex`, `ids` (the answers' own, else regex), or the folder or file of a Hugging Face tokenizer.

    `specials`: what a model's tokenizer adds around a text (BOS, EOS) counts as tokens, and special tokens
    that a text spells out are special. Raises UsageError when the tokenizer cannot be loaded.
    """
    if name in {"regex", "ids"}:
        return Tokenizer(name="regex", encode=_words, own_ids=name == "ids")
    loaded = load_tokenizer(name, CAP, specials=specials)
    return Tokenizer(name=loaded.name, encode=loaded.encode)


def encode_distinct(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """The tokens of each text; equal texts are tokenised once and share one list."""
    distinct = list(dict.fromkeys(texts))
    known = dict(zip(distinct, tokenizer.encode(distinct), strict=True))
    return [known[text] for text in texts]


def _words(texts: Sequence[str]) -> list[list[int]]:
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    return [[numbers[found[0]] for found in islice(_WORD.finditer(text), CAP)] for text in texts]
