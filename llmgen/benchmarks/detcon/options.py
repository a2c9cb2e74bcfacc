"""What a user may choose about DetCon."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from llmgen.benchmarks.flags import SkipBad
from llmgen.types import Struct


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """Scores contamination detectors, not models: who tells items that were trained on from clean ones?"""

    data: Annotated[
        tuple[str, ...],
        Meta(description="Files of labelled answers, JSONL or a JSON array; else the packaged set."),
    ] = ()
    skip_bad: SkipBad = False
