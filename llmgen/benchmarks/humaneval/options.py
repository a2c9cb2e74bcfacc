"""What a user may choose about code benchmarks."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from llmgen.benchmarks.flags import Sandbox, Seconds, SkipBad
from llmgen.types import Struct


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """Runs the functions that a model writes against their tests: pass@k."""

    data: Annotated[
        str | None,
        Meta(description="Problems, JSONL (.gz too) in the form of HumanEval or MBPP; else our own sample."),
    ] = None
    timeout: Annotated[
        Seconds,
        Meta(description="Seconds that a program may take with its tests (default: 10)."),
    ] = 10.0
    sandbox: Sandbox = "bwrap"
    no_exec: Annotated[
        bool, Meta(description="Run nothing: keep the answers ungraded, for llmgen rescore.")
    ] = False
    skip_bad: SkipBad = False
