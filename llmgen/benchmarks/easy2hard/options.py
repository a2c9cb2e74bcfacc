"""What a user may choose about Easy2Hard."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from llmgen.benchmarks.flags import Sandbox, Seconds, SkipBad
from llmgen.types import Struct

SetName: TypeAlias = Literal["amc", "codeforces", "lichess", "gsm8k", "arc", "winogrande"]


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """Accuracy against the difficulty of items; do examples of easy items help with hard ones?"""

    set: Annotated[
        tuple[SetName, ...], Meta(description="Only these sets (default: all that are there).")
    ] = ()
    data: Annotated[
        str | None,
        Meta(description="Folder or file with rows, Parquet or JSONL (.gz too); else our own sample."),
    ] = None
    bins: Annotated[
        Annotated[int, Meta(ge=1, le=100)], Meta(description="Bins of difficulty (default: 10).")
    ] = 10
    binning: Annotated[
        Literal["quantile", "width"],
        Meta(description="Bins of as many items each (default), or as wide each."),
    ] = "quantile"
    rating_noise: Annotated[
        bool, Meta(description="Let the bands hold the uncertainty of the ratings, too.")
    ] = False
    sgr: Annotated[
        bool,
        Meta(description="Also ask the hard items with easy, medium and hard examples: gap recovered."),
    ] = False
    grid: Annotated[
        Annotated[int, Meta(ge=2, le=20)] | None,
        Meta(description="Also ask each of N bins of items with examples from each of N bins."),
    ] = None
    k_shot: Annotated[
        Annotated[int, Meta(ge=1, le=100)] | None,
        Meta(description="Examples in a prompt (default: 10 for arc, 8 for gsm8k, else 5)."),
    ] = None
    seeds: Annotated[
        Annotated[int, Meta(ge=1, le=100)],
        Meta(description="Draws of examples for --sgr and --grid (default: 5)."),
    ] = 5
    timeout: Annotated[
        Seconds,
        Meta(description="Seconds that a program may take for all its tests (default: 30)."),
    ] = 30.0
    sandbox: Sandbox = "bwrap"
    no_exec: Annotated[bool, Meta(description="Run nothing: keep programs ungraded, for llmgen rescore.")] = (
        False
    )
    skip_bad: SkipBad = False
