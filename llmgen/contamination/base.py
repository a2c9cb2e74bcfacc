"""What a contamination detector has to offer, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from llmgen.evidence import Detector
from llmgen.types import Struct

Need: TypeAlias = Literal["draws", "grades", "logprobs", "train_file", "twins"]
Preset: TypeAlias = Literal["robust", "published", "published-real-world"]
Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]


class Options(Struct, forbid_unknown_fields=True):
    """How detectors judge, and what is gathered for them. None keeps the preset's own value."""

    preset: Annotated[
        Preset, Meta(description="CDD's settings: robust (default), or the published ones with their faults.")
    ] = "robust"
    alpha: Annotated[
        Share | None, Meta(description="CDD: a draw is near within this share of the longest answer.")
    ] = None
    xi: Annotated[
        Share | None, Meta(description="CDD: an item is flagged above this share of near draws.")
    ] = None
    tau: Annotated[
        int, Meta(ge=0, description="TED drops draws within this many tokens of the greedy one.")
    ] = 2
    cut: Annotated[
        Literal["cap", "greedy"] | None,
        Meta(description="TED compares the first 100 tokens (cap), or as many as the greedy answer has."),
    ] = None
    centre: Annotated[
        Literal["greedy", "medoid"],
        Meta(description="CDD measures from the greedy answer, or from the draw nearest to all others."),
    ] = "greedy"
    tokenizer: Annotated[
        str,
        Meta(description="ids (stored token ids where all answers have them, else regex), regex, or a file."),
    ] = "ids"
    scope: Annotated[
        Literal["target", "prompt+target"],
        Meta(description="The text whose log probabilities count."),
    ] = "target"
    min_k: Annotated[float, Meta(gt=0, le=1, description="Min-K%: the share of the least likely tokens.")] = (
        0.2
    )
    ngram_n: Annotated[int, Meta(ge=1, description="ngram: tokens in an n-gram.")] = 8
    min_samples: Annotated[
        int, Meta(ge=1, description="CDD says nothing about an item with fewer draws.")
    ] = 20
    min_tokens: Annotated[int, Meta(ge=0, description="CDD says nothing about a shorter greedy answer.")] = 20
    draws: Annotated[int, Meta(ge=1, description="Draws per item for cdd and ted.")] = 50
    draw_temperature: Annotated[float, Meta(gt=0, description="Temperature of the draws.")] = 0.8
    control: Annotated[
        str | None,
        Meta(description="JSONL of items that no model can have seen, asked beside the others."),
    ] = None
    twins: Annotated[
        str | None, Meta(description="JSONL of perturbed copies of items (twin_of), asked beside them.")
    ] = None
    train_file: Annotated[
        str | None, Meta(description="ngram: the fine-tuning file (JSONL) that is searched for the items.")
    ] = None


class Spec(Struct):
    """A detector's row: what it needs to be gathered, and how it is built.

    `build` raises UsageError on options that cannot be honoured (no such file, alpha out of range). A
    detector without a `build` compares samples with each other and is computed by the analysis alone.
    """

    needs: frozenset[Need]
    build: Callable[[Options], Detector] | None
