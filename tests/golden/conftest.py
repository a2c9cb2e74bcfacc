"""Real answers with known contamination, as evidence; the tokenizer of the model that gave them."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from llmgen.errors import LlmgenError
from llmgen.evidence import Evidence, GivenText
from llmgen.gateway.engines.pull import pull
from llmgen.gateway.engines.weights import KNOWN, find, models_dir
from llmgen.types import Draw, Sample

SMOL = KNOWN["smollm2-135m"]


def evidence_of(row):
    """One row of a labelled sample file as the evidence that detectors read."""
    ids = [row.get("greedy_token_ids"), *row.get("sample_token_ids", [None] * len(row["samples"]))]
    finish = row.get("finish", [None] * len(ids))
    greedy, *draws = (
        Draw(text=text, token_ids=tokens and tuple(tokens), finish=end)
        for text, tokens, end in zip([row["greedy"], *row["samples"]], ids, finish, strict=True)
    )
    return Evidence(
        sample=Sample(
            id=row["id"],
            question=row["prompt"],
            answer_type="code",
            target=row.get("canonical_solution"),
            tags={"model": row["model"], "dose": str(row.get("occurrences", 0))},
        ),
        greedy=greedy,
        draws=tuple(draws),
        n_asked=len(draws),
        given=GivenText(
            logprobs=tuple(row["ref_logprobs"]),
            target_start=row["ref_solution_start"],
            mu=tuple(row["ref_mu"]),
            sigma=tuple(row["ref_sigma"]),
        )
        if "ref_logprobs" in row
        else None,
    )


def read_evidence(path):
    return [evidence_of(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="session")
def mini_detcon(shared_data):
    """84 items: 72 of the fine-tuned model (`-ft`), of which 36 are clean, and 12 of the base model."""
    return read_evidence(shared_data / "contamination" / "mini_detcon.jsonl")


@pytest.fixture(scope="session")
def fenced_outputs(shared_data):
    """7 clean items whose answers are full of code fences, open and closed."""
    return read_evidence(shared_data / "contamination" / "fenced_outputs.jsonl")


@pytest.fixture(scope="session")
def smollm2_tokenizer(root, tmp_path_factory):
    """A folder with SmolLM2's tokenizer.json, made from the vocabulary in the embedded model's GGUF file.

    Not by transformers, whose conversion leaves out that digits stand alone.
    """
    gguf = pytest.importorskip("gguf", reason="the vocabulary is read by package gguf")
    tokenizers = pytest.importorskip("tokenizers")
    fields = gguf.GGUFReader(smollm2_weights(root)).fields
    tokens, merges, types = (
        fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "merges", "token_type")
    )
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.BPE(vocabulary, [tuple(merge.split(" ")) for merge in merges])
    )
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Digits(individual_digits=True),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    control = gguf.TokenType.CONTROL
    tokenizer.add_special_tokens(
        [token for token, kind in zip(tokens, types, strict=True) if kind == control]
    )
    folder = tmp_path_factory.mktemp("smollm2-tokenizer")
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def smollm2_weights(root):
    """The GGUF file in $LLMGEN_TEST_MODELS or the checkout's own data home, fetched once."""
    cached = Path(os.environ.get("LLMGEN_TEST_MODELS") or models_dir(root / ".llmgen")) / SMOL.file
    path = cached if cached.is_file() else find(SMOL, root / ".llmgen")
    if path is None:
        try:
            path = asyncio.run(pull(SMOL, root / ".llmgen", lambda _: None))
        except LlmgenError as error:
            pytest.skip(f"no weights: {error.message}")
    return path
