"""Flags that several benchmarks have: of those that run code, and of those that read a user's rows."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

from llmgen.execution import SandboxKind

Seconds: TypeAlias = Annotated[float, Meta(gt=0, le=600)]
Sandbox: TypeAlias = Annotated[
    SandboxKind, Meta(description="bwrap (default), or none: limits only, NOT a security boundary.")
]
SkipBad: TypeAlias = Annotated[bool, Meta(description="Leave malformed rows out, and say how many.")]
