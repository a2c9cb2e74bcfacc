"""What works on this machine, and how to mend what does not: one finding per subject.

Nothing is changed, and nothing outside this machine is asked.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from llmgen.config import Settings, secret
from llmgen.errors import LlmgenError, UsageError
from llmgen.gateway.engines import embedded, records, weights
from llmgen.gateway.engines.vllm_command import interpreter, vllm_version
from llmgen.gateway.providers.table import ROWS, row_of
from llmgen.sandbox.limits import Limits
from llmgen.sandbox.probe import probe
from llmgen.store.db import database_path, open_read
from llmgen.store.fold import behind
from llmgen.store.migrations import current_version
from llmgen.store.reading import journalled_runs
from llmgen.types import Struct

ROOM_MB = 1000  # less than that, and a pull or a large run may not end well
LEAST_MB = 50


class Finding(Struct):
    """One line: how it is, what it is about, what was found, and the fix when there is something to mend.

    `fail` = llmgen cannot work like this; `warn` = something that one may not need is missing.
    """

    status: Literal["ok", "warn", "fail"]
    subject: str
    found: str
    fix: str = ""


async def examine(settings: Settings) -> list[Finding]:
    """Everything, in the order of a first visit. Never raises: what goes wrong is a finding."""
    home = settings.home_path
    return [
        _python(),
        _home(home),
        await asyncio.to_thread(_database, home),
        await asyncio.to_thread(_journals, home),
        await asyncio.to_thread(_cache, home),
        await _embedded(home),
        _transformers(),
        await _vllm(),
        await asyncio.to_thread(_sandbox),
        *_servers(home),
        await _gpu(),
        *_keys(settings),
    ]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Finding(status="ok", subject="python", found=version)
    return Finding(status="fail", subject="python", found=version, fix="use Python 3.11, 3.12 or 3.13")


def _home(home: Path) -> Finding:
    """Whether files can be written where the home is or would be, and how many."""
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest) as probe:
            probe.write(b"\0" * 4096)
        free = shutil.disk_usage(nearest).free // 1_000_000
    except OSError as error:
        why = error.strerror or str(error)
        return Finding(status="fail", subject="home", found=f"{home}: {why}", fix="choose another --home")
    found = f"{home}, {free} MB free"
    if free >= ROOM_MB:
        return Finding(status="ok", subject="home", found=found)
    return Finding(
        status="fail" if free < LEAST_MB else "warn",
        subject="home",
        found=found,
        fix="free some space or choose another --home",
    )


def _database(home: Path) -> Finding:
    path = database_path(home)
    if not path.exists():
        return Finding(status="ok", subject="database", found="none yet (the first run creates it)")
    try:
        with open_read(home) as reader:
            version = current_version(reader.con, path)
    except LlmgenError as error:
        return Finding(status="fail", subject="database", found=error.message, fix=error.hint)
    return Finding(status="ok", subject="database", found=f"schema version {version}")


def _journals(home: Path) -> Finding:
    count = len(journalled_runs(home))
    found = f"{count} runs"
    try:
        if behind(home):
            found += ", some not in the database yet"
            return Finding(status="warn", subject="journals", found=found, fix="llmgen fold")
    except (LlmgenError, OSError) as error:
        return Finding(status="warn", subject="journals", found=f"{found}; {error}", fix="see database")
    return Finding(status="ok", subject="journals", found=found)


def _cache(home: Path) -> Finding:
    path = home / "cache.sqlite"
    if not path.exists():
        return Finding(status="ok", subject="cache", found="none yet")
    try:
        con = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5.0)
        try:
            said = con.execute("PRAGMA quick_check(1)").fetchone()[0]
            count = con.execute("SELECT count(*) FROM completions").fetchone()[0]
        finally:
            con.close()
    except sqlite3.Error as error:
        said, count = str(error), 0
    if said == "ok":
        return Finding(status="ok", subject="cache", found=f"{count} completions")
    fix = "the next run moves it aside, or delete it"
    return Finding(status="warn", subject="cache", found=f"{path}: {said}", fix=fix)


async def _embedded(home: Path) -> Finding:
    """llama.cpp and the weights of the default model."""
    try:
        version = embedded.engine_version()
        name = next(iter(weights.KNOWN))
        located = await weights.locate(name, home)
    except LlmgenError as error:
        return Finding(status="warn", subject="local/...", found=error.message, fix=error.hint)
    return Finding(status="ok", subject="local/...", found=f"xllamacpp {version}, {name} ({located.quant})")


def _transformers() -> Finding:
    missing = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
    if missing:
        return Finding(
            status="warn",
            subject="transformers/...",
            found=f"{', '.join(missing)} not installed",
            fix="pip install 'llmgen[transformers]'",
        )
    found = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torch", "transformers"))
    return Finding(status="ok", subject="transformers/...", found=found)


async def _vllm() -> Finding:
    try:
        version = await vllm_version(interpreter(None))
    except LlmgenError as error:
        return Finding(status="warn", subject="llmgen vllm", found=error.message, fix=error.hint)
    return Finding(status="ok", subject="llmgen vllm", found=f"vLLM {version}")


def _sandbox() -> Finding:
    """Whether model-written code can be run where it does no harm."""
    try:
        setup = probe("bwrap", Limits())
    except UsageError as error:
        return Finding(status="warn", subject="sandbox", found=error.message, fix="see docs/sandbox.md")
    found = f"bubblewrap works; programs run in Python {setup.interpreter.version}"
    return Finding(status="ok", subject="sandbox", found=found)


def _servers(home: Path) -> Iterator[Finding]:
    """Managed servers that died leave a record, and may leave workers."""
    try:
        for record in records.load_all(home):
            if record.is_alive:
                yield Finding(status="ok", subject=record.id, found=f"serves {', '.join(record.identities)}")
            else:
                yield Finding(
                    status="warn", subject=record.id, found="died", fix=f"llmgen vllm down {record.id}"
                )
    except LlmgenError as error:
        yield Finding(status="warn", subject="servers", found=error.message, fix=error.hint)


async def _gpu() -> Finding:
    nothing = Finding(status="ok", subject="gpu", found="none: local models run on the CPU")
    command = shutil.which("nvidia-smi")
    if command is None:
        return nothing
    child = await asyncio.create_subprocess_exec(
        command,
        "--query-gpu=name,memory.total",
        "--format=csv,noheader",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    said, _ = await child.communicate()
    gpus = said.decode("utf-8", "replace").splitlines()
    if child.returncode or not gpus:
        return nothing
    return Finding(status="ok", subject="gpu", found="; ".join(gpus))


def _keys(settings: Settings) -> Iterator[Finding]:
    """Which vendors' keys are in the environment: names, never values."""
    for name in dict.fromkeys((*ROWS, *settings.providers)):
        try:
            row = row_of(name, settings)
        except LlmgenError as error:
            yield Finding(status="fail", subject=name, found=error.message, fix=error.hint)
            continue
        if row.key_env is None or row.local:
            continue
        if secret(row.key_env):
            yield Finding(status="ok", subject=name, found=f"{row.key_env} is set")
        else:
            fix = f"export {row.key_env}=... to ask {name}/..."
            yield Finding(status="warn", subject=name, found=f"{row.key_env} is not set", fix=fix)
