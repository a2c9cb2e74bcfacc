"""Processes of our own: who they are, whether they answer, what they last said, how they end."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from llmgen.errors import StoreError
from llmgen.types import Struct

POLL_S = 0.5
KILLED_S = 5.0
LOG_LINES = 20
_LOOKS, _LOOK_S = 50, 0.001
_PROC = Path("/proc")
# A proxy from the environment has no business between two processes of one machine.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Identity(Struct):
    """One process beyond doubt: its pid may be given to another, its start and command line are its own.

    `started` is the system's own word for the start time, only ever compared for equality.
    """

    pid: int
    started: str
    command: str


def identity(pid: int) -> Identity | None:
    """Who runs as `pid` now; None when nobody does (a zombie is nobody)."""
    if not _PROC.is_dir():
        return _identity_by_ps(pid)
    # there is no command line for an instant while a program is being started, and while a process ends
    for _ in range(_LOOKS):
        try:
            # the name in parentheses may hold spaces; state is field 3, start time field 22
            fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
            command = (_PROC / str(pid) / "cmdline").read_bytes()
        except OSError:
            return None
        if fields[0] in "ZX":
            return None
        if command:
            text = command.decode("utf-8", "replace").replace("\0", " ").strip()
            return Identity(pid=pid, started=fields[19], command=text)
        time.sleep(_LOOK_S)
    return None


def group(leader: int) -> tuple[Identity, ...]:
    """Every process of the group that `leader` leads, itself included."""
    found = []
    for pid in _pids():
        with suppress(OSError):
            if os.getpgid(pid) == leader and (who := identity(pid)):
                found.append(who)
    return tuple(found)


def alive(who: Identity) -> bool:
    """Whether exactly this process still runs."""
    return identity(who.pid) == who


async def stop(leader: Identity, members: Iterable[Identity] = (), *, patience_s: float = 30.0) -> bool:
    """Ends `leader`'s process group: SIGTERM, `patience_s` seconds, SIGKILL.

    When the leader is gone (or its pid is another process by now), only those of `members` are killed
    that still are who they were. False when something survived.
    """
    ours = tuple(members)
    if alive(leader):
        ours = (*ours, *group(leader.pid))
        _signal_group(leader.pid, signal.SIGTERM)
        await _gone(ours, patience_s)
        _signal_group(leader.pid, signal.SIGKILL)  # whoever joined the group meanwhile, too
    for who in ours:
        if alive(who):
            with suppress(ProcessLookupError):
                os.kill(who.pid, signal.SIGKILL)
    return await _gone(ours, KILLED_S)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


async def get(url: str, *, key: str = "", timeout_s: float = 5.0) -> tuple[int, bytes]:
    """(status, body) of one GET to this machine; (0, b"") when nobody answers in time."""
    return await asyncio.to_thread(_get, url, key, timeout_s)


def tail(log: Path, lines: int = LOG_LINES) -> str:
    """The last lines of a log, "" when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 64 * 1024))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def servers_dir(home: Path) -> Path:
    """The folder of logs and records of our servers, made when it is missing. Raises StoreError."""
    folder = home / "servers"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot create {folder}: {error.strerror}", hint="choose another --home") from error
    return folder


def _pids() -> list[int]:
    if _PROC.is_dir():
        return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    listed = subprocess.run(["ps", "-axo", "pid="], capture_output=True, text=True, check=False)  # noqa: S607  # ps of the system
    return [int(word) for word in listed.stdout.split()]


def _identity_by_ps(pid: int) -> Identity | None:
    """The same on systems without /proc."""
    asked = ["ps", "-o", "stat=,lstart=,command=", "-p", str(pid)]
    words = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()  # noqa: S603  # a pid
    if not words or words[0].startswith("Z"):
        return None
    return Identity(pid=pid, started=" ".join(words[1:6]), command=" ".join(words[6:]))


def _signal_group(leader: int, signum: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signum)


async def _gone(processes: Iterable[Identity], within_s: float) -> bool:
    """Waits until none of `processes` is alive; False when time ran out."""
    left = [who for who in processes if alive(who)]
    deadline = asyncio.get_running_loop().time() + within_s
    while left and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(POLL_S / 10)
        left = [who for who in left if alive(who)]
    return not left


def _get(url: str, key: str, timeout_s: float) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  # http to loopback, made by us
    try:
        with _direct.open(request, timeout=timeout_s) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
