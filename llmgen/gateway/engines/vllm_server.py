"""Managed vLLM: started on loopback with a key of its own, watched until it is healthy, stopped as a group.

A server outlives the command that started it; `records` remembers it. vLLM lives in an interpreter of
its own, since it pins torch.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from llmgen.errors import FatalProvider, LlmgenError, StoreError, UsageError
from llmgen.gateway.engines import process, records
from llmgen.gateway.engines.records import ServerRecord
from llmgen.gateway.engines.vllm_command import Launch
from llmgen.redact import redact

READY_S = 600.0
STOP_S = 30.0
_OK = 200


class _Model(msgspec.Struct, frozen=True):
    id: str


class _Models(msgspec.Struct, frozen=True):
    data: list[_Model]


async def start(launch: Launch, home: Path) -> ServerRecord:
    """Spawns the server in a process group of its own and records it; it is not ready yet.

    Raises StoreError when the home is not writable, UsageError when the interpreter does not run.
    """
    folder = process.servers_dir(home)
    server = f"vllm-{launch.port}"
    log = folder / f"{server}.log"
    key = secrets.token_urlsafe(24)
    redact.learn(key)
    environ = {
        **os.environ,
        **launch.environ,
        "VLLM_API_KEY": key,
        "VLLM_CACHE_ROOT": str(folder / "vllm-cache"),
    }
    leader = await asyncio.to_thread(_spawn, launch.command, environ, log)
    if leader is None:
        raise _died(log)
    record = ServerRecord(
        id=server,
        model=launch.model,
        identities=launch.identities,
        base_url=f"http://127.0.0.1:{launch.port}/v1",
        key=key,
        leader=leader,
        command=launch.command,
        log=str(log),
        started_at=time.time(),
        version=launch.version,
    )
    try:
        records.save(record, home)
    except LlmgenError:
        await process.stop(leader, patience_s=0)
        raise
    return record


async def wait_ready(record: ServerRecord, home: Path, *, within_s: float = READY_S) -> ServerRecord:
    """Returns when /health answers and /v1/models lists the model and every adapter.

    Raises FatalProvider with the last 20 lines of the log when it dies, is too slow or serves something
    else; the server is stopped then.
    """
    try:
        async with asyncio.timeout(within_s):
            await _healthy(record)
            await _check_models(record)
    except TimeoutError:
        await stop(record, home)
        raise _failed(f"was not ready within {within_s:g} s", Path(record.log)) from None
    except BaseException:
        await asyncio.shield(stop(record, home))
        raise
    leader = record.leader_now or record.leader
    ready = msgspec.structs.replace(record, leader=leader, members=process.group(leader.pid))
    records.save(ready, home)
    return ready


async def is_healthy(record: ServerRecord) -> bool:
    """Whether /health answers 200."""
    status, _ = await process.get(record.base_url.removesuffix("/v1") + "/health")
    return status == _OK


async def stop(record: ServerRecord, home: Path, *, patience_s: float | None = None) -> None:
    """Ends the server (SIGTERM to its group, patience, SIGKILL) and forgets it.

    A server that is gone already is only forgotten; a process that has its pid by now is left alone.
    Raises StoreError when something of it cannot be ended.
    """
    patience_s = STOP_S if patience_s is None else patience_s
    ended = await process.stop(record.leader_now or record.leader, record.members, patience_s=patience_s)
    with suppress(ChildProcessError):  # ours only when this process started it: a zombie is left then
        os.waitpid(record.leader.pid, os.WNOHANG)  # noqa: ASYNC222  # it does not wait
    if not ended:
        raise StoreError(f"{record.id} (pid {record.leader.pid}) does not end", hint="stop it by hand")
    records.remove(record, home)


def _spawn(command: tuple[str, ...], environ: dict[str, str], log: Path) -> process.Identity | None:
    try:
        with log.open("wb") as file:
            child = subprocess.Popen(  # noqa: S603  # the command is ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=environ,
                start_new_session=True,
            )
    except FileNotFoundError as error:
        raise UsageError(f"no such interpreter: {command[0]}", hint="--python PATH") from error
    except OSError as error:
        raise StoreError(
            f"cannot start vLLM ({log}): {error.strerror}", hint="choose another --home"
        ) from error
    who = process.identity(child.pid)
    child.returncode = 0  # it outlives this object on purpose
    return who


async def _healthy(record: ServerRecord) -> None:
    while not await is_healthy(record):
        if not record.is_alive:
            raise _died(Path(record.log))
        await asyncio.sleep(process.POLL_S)


async def _check_models(record: ServerRecord) -> None:
    status, body = await process.get(record.base_url + "/models", key=record.key)
    try:
        listed = (
            {model.id for model in msgspec.json.decode(body, type=_Models).data} if status == _OK else set()
        )
    except msgspec.MsgspecError:
        listed = set()
    if missing := set(record.identities) - listed:
        raise _failed(f"does not serve {', '.join(sorted(missing))}", Path(record.log))


def _died(log: Path) -> FatalProvider:
    return _failed("died while starting", log)


def _failed(what: str, log: Path) -> FatalProvider:
    return FatalProvider(
        f"the vLLM server {what}; its last words:\n{redact(process.tail(log))}", hint=f"log: {log}"
    )
