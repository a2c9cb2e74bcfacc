"""Finds and loads a model for this process: a folder, a known local model, or a name on the hub."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llmgen.errors import UsageError
from llmgen.gateway.engines.export import exported
from llmgen.gateway.engines.weights import KNOWN, locate, sha256_of_dir
from llmgen.types import Struct


class Source(Struct):
    """What transformers loads: a folder, or a name on the hub, whose `sha256` is None."""

    place: str
    sha256: str | None = None


def need_torch() -> None:
    """Raises UsageError with the install line when torch or transformers is missing."""
    for module in ("torch", "transformers"):
        if importlib.util.find_spec(module) is None:
            raise UsageError(f"{module} is not installed", hint="pip install 'llmgen[transformers]'")


async def find_source(model: str, home: Path, say: Callable[[str], None]) -> Source:
    """Where `model` lies. A known local model is turned into safetensors first, once (20 to 60 s).

    Raises UsageError when its weights were not pulled, StoreError when they are damaged.
    """
    folder = _folder(model)
    if model in KNOWN:
        folder = await exported(await locate(model, home), home, sys.executable, say)
    if folder is None:
        return Source(place=model)
    return Source(place=str(folder), sha256=await sha256_of_dir(folder))


def load(place: str, dtype: str = "auto") -> Any:
    """A `TorchModel`. Blocks for seconds. Raises UsageError when there is no model at `place`."""
    # torch's idle threads spin, and starve whoever shares the cores: 2 to 10 times slower on a busy machine
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read once, when torch is loaded
    from transformers.utils import logging  # noqa: PLC0415  # heavy

    from llmgen.gateway.engines.torch_model import TorchModel  # noqa: PLC0415  # loads torch

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers leaves it untyped
    try:
        return TorchModel(place, dtype)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UsageError(
            f"cannot load {place!r} with transformers: {reason}",
            hint="give a folder with config.json and safetensors, or a name on the Hugging Face hub",
        ) from error


def _folder(model: str) -> Path | None:
    folder = Path(model).expanduser()
    return folder if folder.is_dir() else None
