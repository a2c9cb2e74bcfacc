"""What a contamination detector has to offer, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias

from llmgen.evidence import Detector
from llmgen.types import Struct

Need: TypeAlias = Literal["draws", "grades", "logprobs", "train_file", "twins"]
Preset: TypeAlias = Literal["robust", "published", "published-real-world"]


class Options(Struct, forbid_unknown_fields=True):
    """How the detectors judge. A field that is None keeps the preset's own value.

    `alpha`, `xi`: CDD's share of the length and its threshold. `tau`: TED's distance in tokens. `cut`: TED
    compares the first 100 tokens, or as many as the greedy answer has (published). `centre`: CDD measures
    from the greedy answer, or from the sample nearest to all others (models without a temperature).
    `tokenizer`: `regex` (built in), `ids` (stored token ids, where all answers of an item have them, else
    regex), or a folder or file of a Hugging Face tokenizer. `scope`: the text whose log probabilities
    count. `k`: the share of the least likely tokens. `ngram_n`: tokens per n-gram.
    """

    preset: Preset = "robust"
    alpha: float | None = None
    xi: float | None = None
    tau: int = 2
    cut: Literal["cap", "greedy"] = "cap"
    centre: Literal["greedy", "medoid"] = "greedy"
    tokenizer: str = "ids"
    scope: Literal["target", "prompt+target"] = "target"
    k: float = 0.2
    ngram_n: int = 8
    min_samples: int = 20
    min_tokens: int = 20
    train_file: Path | None = None


class Spec(Struct):
    """A detector's row: what it needs to be gathered, and how it is built.

    `build` raises UsageError on options that cannot be honoured (no such file, alpha out of range). A
    detector without a `build` compares samples with each other and is computed by the analysis alone.
    """

    needs: frozenset[Need]
    build: Callable[[Options], Detector] | None
