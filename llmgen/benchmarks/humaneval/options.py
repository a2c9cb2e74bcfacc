"""What a user may choose about code benchmarks."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from llmgen.execution import SandboxKind
from llmgen.types import Struct


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """Runs the functions that a model writes against their tests: pass@k."""

    data: Annotated[
        str | None,
        Meta(description="Problems, JSONL (.gz too) in the form of HumanEval or MBPP; else our own sample."),
    ] = None
    timeout: Annotated[
        Annotated[float, Meta(gt=0, le=600)],
        Meta(description="Seconds that a program may take with its tests (default: 10)."),
    ] = 10.0
    sandbox: Annotated[
        SandboxKind,
        Meta(description="bwrap (default), or none: limits only, NOT a security boundary."),
    ] = "bwrap"
    no_exec: Annotated[
        bool, Meta(description="Run nothing: keep the answers ungraded, for llmgen rescore.")
    ] = False
    skip_bad: Annotated[bool, Meta(description="Leave malformed rows out, and say how many.")] = False
