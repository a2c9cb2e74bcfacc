"""What a user may choose about ComiEval."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from llmgen.benchmarks.flags import Sandbox, Seconds, SkipBad
from llmgen.types import Struct


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """Scores a correction, not a model: how much of contamination's gain does TED remove?"""

    data: Annotated[
        str | None,
        Meta(description="Folder with Occurrence_K.jsonl files, or a file of DetCon rows; else our own set."),
    ] = None
    problems: Annotated[
        str | None,
        Meta(description="The tests of its tasks: JSONL (.gz too) in the form of HumanEval."),
    ] = None
    timeout: Annotated[
        Seconds,
        Meta(description="Seconds that a program may take with its tests (default: 10)."),
    ] = 10.0
    sandbox: Sandbox = "bwrap"
    no_exec: Annotated[bool, Meta(description="Run nothing: say what TED removes, without any score.")] = (
        False
    )
    skip_bad: SkipBad = False
