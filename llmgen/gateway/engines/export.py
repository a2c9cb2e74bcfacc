"""From the pulled GGUF to what vLLM and transformers load: a folder of safetensors, made once."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from llmgen.errors import StoreError, UsageError
from llmgen.gateway.engines.weights import Located, models_dir

_CHILD = Path(__file__).with_name("export_child.py")
_DONE = "config.json"


async def exported(weights: Located, home: Path, python: str, say: Callable[[str], None]) -> Path:
    """The folder `models/<name>-bf16` with the weights in bfloat16, their tokenizer and chat template.

    Made by the interpreter `python`, which needs torch, transformers, accelerate and gguf (20 to 60 s on
    two cores for 135M parameters). Raises UsageError when one is missing, StoreError when it fails.
    """
    folder = models_dir(home) / f"{Path(weights.name).stem}-{weights.sha256[:8]}-bf16"
    if (folder / _DONE).is_file():
        return folder
    say(f"exporting {weights.name} to safetensors (once)")
    part = folder.with_name(f".{folder.name}-{os.getpid()}")
    try:
        await _run(python, weights.path, part)
        if not (folder / _DONE).is_file():  # another process may have been first
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
    except OSError as error:
        raise StoreError(f"cannot write {folder}: {error.strerror}", hint="choose another --home") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


async def _run(python: str, source: str, target: Path) -> None:
    child = await asyncio.create_subprocess_exec(
        python,
        str(_CHILD),
        source,
        str(target),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
    )
    try:
        _, said = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode == 0:
        return
    lines = said.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
    if "ModuleNotFoundError" in lines[-1]:
        raise UsageError(
            f"{python} cannot export weights: {lines[-1]}",
            hint=f"{python} -m pip install torch transformers accelerate gguf",
        )
    raise StoreError(f"exporting {source} failed: {lines[-1]}", hint="is the file whole, the disk full?")
