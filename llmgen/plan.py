"""What a user asks for in one evaluation, as plain JSON: stored with the run, read back on resume."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from llmgen.errors import StoreError
from llmgen.types import Run, Sampling, Struct

CacheMode = Literal["rw", "r", "w", "off", "only"]
RECORDED = "recorded"
"""The model of a plan whose benchmark brings the answers along and asks nobody."""


class Overrides(Struct):
    """Sampling parameters that the user set; None keeps the benchmark's own."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None

    def apply(self, protocol: Sampling) -> Sampling:
        """The benchmark's sampling with the user's values in their place."""
        chosen = {key: value for key, value in msgspec.structs.asdict(self).items() if value is not None}
        return msgspec.structs.replace(protocol, **chosen)


class Plan(Struct, forbid_unknown_fields=True):
    """One evaluation: benchmark and its own options, model, and how to ask.

    `model` and `base` are names as typed (`row/model`, or bare `gpt-*` and the like); `base` is the untuned
    model to compare with. `base_urls` override the row's URL; several are balanced. `record` is a file that
    receives every exchange, redacted; `recording` one that `replay/NAME` answers from. With `vote` a sample
    counts once, by the answer that most repeats give. `extractor_options`
    are the options of extractors that ask a model, `contamination` those of the `detectors`. `items_from` is
    a file that names the samples to ask, `items_hash` the hash of their ids.
    """

    benchmark: str
    model: str
    options: dict[str, Any] = {}
    base: str | None = None
    judge: str | None = None
    extractors: tuple[str, ...] = ()
    extractor_options: dict[str, Any] = {}
    detectors: tuple[str, ...] = ()
    contamination: dict[str, Any] = {}
    sampling: Overrides = Overrides()
    limit: int | None = None
    items_from: str | None = None
    items_hash: str | None = None
    repeats: int = 1
    vote: bool = False
    cache: CacheMode = "rw"
    base_urls: tuple[str, ...] = ()
    record: str | None = None
    recording: str | None = None
    drop_unsupported: bool = False


def stored_plan(run: Run) -> Plan:
    """The plan that `run` was started with. Raises StoreError when this llmgen cannot read it."""
    try:
        return msgspec.convert(run.settings.get("plan"), Plan)
    except msgspec.ValidationError as error:
        raise StoreError(
            f"the settings of run {run.id} cannot be read: {error}",
            hint=f"it was written by llmgen {run.code_version or 'of another version'}",
        ) from error


def plain(plan: Plan) -> dict[str, Any]:
    """All fields of `plan` as JSON has them, defaults too."""
    fields = {name: getattr(plan, name) for name in plan.__struct_fields__}
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(fields))
    return decoded


def differences(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> list[str]:
    """The fields in which two plans (as plain JSON) differ, as `name: old -> new`."""
    lines: list[str] = []
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            lines += differences(before, after, f"{prefix}{key}.")
        elif before != after:
            lines.append(f"{prefix}{key}: {before!r} -> {after!r}")
    return lines
