"""The command that asks the same again, from the plan stored with a run."""

from __future__ import annotations

import shlex
from typing import Any

from llmgen.plan import RECORDED
from llmgen.types import Run

_FLAGS = {"extractors": "extractor", "base_urls": "base-url"}
_POSITIONAL = frozenset({"benchmark", "model"})
_NESTED = ("options", "sampling", "extractor_options")


def command_of(run: Run) -> str:
    """`llmgen eval BENCHMARK --model M` with every setting that was not the default."""
    plan: dict[str, Any] = run.settings.get("plan", {})
    model = str(plan.get("model", run.model))
    words = ["llmgen", "eval", run.benchmark]
    words += [] if model == RECORDED else ["--model", model]
    settings = {key: value for nested in _NESTED for key, value in plan.get(nested, {}).items()}
    settings |= {key: value for key, value in plan.items() if key not in {*_POSITIONAL, *_NESTED}}
    for name, value in settings.items():
        words += _flag(_FLAGS.get(name, name.replace("_", "-")), value)
    return shlex.join(words)


def _flag(name: str, value: Any) -> list[str]:
    if value is None or value is False:
        return []
    if value is True:
        return [f"--{name}"]
    values = value if isinstance(value, list | tuple) else [value]
    return [word for one in values for word in (f"--{name}", str(one))]
