"""What a user may choose about KAF."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from llmgen.benchmarks.flags import SkipBad
from llmgen.types import Struct

Slice: TypeAlias = Literal["tags", "licence", "label_method", "dataset", "model", "source_repo"]


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """Scores extractors, not models: how many labelled outputs does each read as the label says?"""

    data: Annotated[
        tuple[str, ...], Meta(description="Labelled files, JSONL or a JSON array; else our own sample.")
    ] = ()
    worst: Annotated[
        Annotated[int, Meta(ge=0)], Meta(description="List N wrong readings of each extractor (default: 20).")
    ] = 20
    by: Annotated[tuple[Slice, ...], Meta(description="Also accuracy by these fields.")] = ()
    disagree: Annotated[
        tuple[str, ...], Meta(description="List the outputs that these two extractors read differently.")
    ] = ()
    skip_bad: SkipBad = False
    min_accuracy: Annotated[
        Annotated[float, Meta(ge=0, le=1)] | None,
        Meta(description="Exit code 1 when the first extractor's accuracy is below."),
    ] = None
    comparator: Annotated[
        Literal["ours", "xfinder"],
        Meta(
            description="When two answers are the same (default: ours; xfinder: the published string rules)."
        ),
    ] = "ours"
