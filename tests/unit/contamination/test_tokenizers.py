"""Tokens: the built-in words, a Hugging Face tokenizer, and what is wrong with its file."""

import sys

import pytest

from llmgen.contamination.hf_tokenizer import load_tokenizer
from llmgen.contamination.tokens import CAP, encode_distinct, tokenizer_named
from llmgen.errors import UsageError


@pytest.fixture(scope="module")
def byte_tokenizer(tmp_path_factory):
    """A folder with a tokenizer of one token a byte, whose post-processor puts <|bos|> before a text."""
    tokenizers = pytest.importorskip("tokenizers")
    letters = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {name: number for number, name in enumerate([*letters, "<|bos|>", "<|end|>"])}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocabulary, merges=[]))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.add_special_tokens(["<|bos|>", "<|end|>"])
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="<|bos|> $A", special_tokens=[("<|bos|>", vocabulary["<|bos|>"])]
    )
    folder = tmp_path_factory.mktemp("bytes")
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def test_words_marks_and_white_space_are_tokens():
    tokens = encode_distinct(tokenizer_named("regex"), ["a  b, a", "b  a", "é_1"])
    assert tokens[0][:1] == tokens[0][-1:]
    assert [len(some) for some in tokens] == [6, 3, 1]
    assert tokens[1] == [tokens[0][2], tokens[0][1], tokens[0][0]]


def test_tokens_end_at_the_cap():
    short, long = encode_distinct(tokenizer_named("regex"), ["a " * 50, "a " * 100_000])
    assert short == long
    assert len(short) == CAP


def test_equal_texts_are_tokenised_once():
    seen = []
    plain = tokenizer_named("regex")

    def encode(texts):
        seen.extend(texts)
        return plain.encode(texts)

    counting = type(plain)(name="counting", encode=encode)
    tokens = encode_distinct(counting, ["a", "b", "a", "a", "b"])
    assert seen == ["a", "b"]
    assert tokens == [[0], [1], [0], [0], [1]]


def test_a_folder_and_its_file_are_the_same_tokenizer(byte_tokenizer):
    by_folder = tokenizer_named(str(byte_tokenizer))
    by_file = tokenizer_named(str(byte_tokenizer / "tokenizer.json"))
    assert by_folder.name == by_file.name
    assert by_folder.name.startswith(f"{byte_tokenizer.name}@")
    assert by_folder.encode(["ab"]) == by_file.encode(["ab"])


def test_special_tokens_count_only_where_they_are_asked_for(byte_tokenizer):
    ours, published = (load_tokenizer(str(byte_tokenizer), CAP, specials=flag) for flag in (False, True))
    assert [len(ours.encode([text])[0]) for text in ("ab", "a<|end|>")] == [2, 8]
    assert [len(published.encode([text])[0]) for text in ("ab", "a<|end|>")] == [3, 3]


def test_a_crop_does_not_change_the_first_tokens(byte_tokenizer):
    texts = ["x" * 100_000, "é" * 5_000, "", "ab"]
    found = load_tokenizer(str(byte_tokenizer), CAP, specials=False).encode(texts)
    assert [len(tokens) for tokens in found] == [100, 100, 0, 2]


def test_a_text_of_few_tokens_is_read_to_its_end(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({"x": 0, "?": 1}, unk_token="?"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    words.save(str(tmp_path / "tokenizer.json"))
    text = "x" + " " * 9_000 + "x" + " " * 9_000 + "y"
    assert load_tokenizer(str(tmp_path), CAP, specials=False).encode([text]) == [[0, 0, 1]]


@pytest.mark.parametrize("content", [b"", b"{}", b"no json", b"\xff\xfe"])
def test_a_file_that_is_no_tokenizer(tmp_path, content):
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is no tokenizer"):
        tokenizer_named(str(tmp_path))


def test_a_folder_without_a_tokenizer(tmp_path):
    with pytest.raises(UsageError, match="no tokenizer at") as caught:
        tokenizer_named(str(tmp_path))
    assert "tokenizer.json" in caught.value.hint


def test_without_the_package(byte_tokenizer, monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(UsageError, match="needs the package tokenizers"):
        tokenizer_named(str(byte_tokenizer))
