"""What we remember of servers that outlive the command that started them: one file each, in `servers/`.

A record holds the server's key, which opens nothing but that server on this machine: the file is
readable by its owner only.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from llmgen.errors import StoreError, UsageError
from llmgen.gateway.engines.process import Identity, identity, servers_dir
from llmgen.registry import unknown_name
from llmgen.types import Struct


class ServerRecord(Struct):
    """One managed vLLM server. `identities` maps every model name it serves to its identity in request keys.

    `leader` is its first process, `members` are all of its process group once it is ready, none before:
    workers that survive a killed leader are found by it. `started_at` is UTC seconds.
    """

    id: str
    model: str
    identities: dict[str, str]
    base_url: str
    key: str
    leader: Identity
    command: tuple[str, ...]
    log: str
    started_at: float
    version: str
    members: tuple[Identity, ...] = ()

    @property
    def leader_now(self) -> Identity | None:
        """The first process as it runs now; None when it is gone, or its pid is another process by now.

        Until it is ready its command line may change (an interpreter that is a script runs another one)
        or be empty (while it does), but the arguments stay.
        """
        now = identity(self.leader.pid)
        if now is None or now.started != self.leader.started:
            return None
        if self.members:
            return now if now.command == self.leader.command else None
        return now if not now.command or " ".join(self.command[1:]) in now.command else None

    @property
    def is_alive(self) -> bool:
        """Whether its first process still runs."""
        return self.leader_now is not None


def save(record: ServerRecord, home: Path) -> None:
    """Writes the record, whole or not at all. Raises StoreError."""
    path = _path(record.id, home)
    part = path.with_suffix(".part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(record))
        part.replace(path)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}", hint="free some space") from error


def load_all(home: Path) -> list[ServerRecord]:
    """All records, oldest first. Raises StoreError naming a file that cannot be read."""
    records = [_read(path) for path in (home / "servers").glob("*.json")]
    return sorted((record for record in records if record), key=lambda record: record.started_at)


def load(server: str, home: Path) -> ServerRecord:
    """The record of that id. Raises UsageError with close matches."""
    records = {record.id: record for record in load_all(home)}
    if not records:
        raise UsageError(f"no managed vLLM server {server!r}: none was started", hint="llmgen vllm up MODEL")
    if server not in records:
        raise unknown_name("managed vLLM server", server, records)
    return records[server]


def remove(record: ServerRecord, home: Path) -> None:
    """Forgets the server; its log stays."""
    _path(record.id, home).unlink(missing_ok=True)


def serving(model: str, home: Path) -> ServerRecord | None:
    """The newest running server that serves `model`."""
    return next((r for r in reversed(load_all(home)) if model in r.identities and r.is_alive), None)


def _path(server: str, home: Path) -> Path:
    return servers_dir(home) / f"{server}.json"


def _read(path: Path) -> ServerRecord | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=ServerRecord)
    except FileNotFoundError:  # it was stopped between the listing and now
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise StoreError(
            f"cannot read {path}: {error}", hint="stop that server by hand, then delete the file"
        ) from error
