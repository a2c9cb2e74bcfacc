"""The argument lists that start a program: no shell, no environment, every path absolute.

    choom  setpriv  bwrap  prlimit  python3 -I -S -B /prog.py

The program comes as a file descriptor, so neither permissions of files nor the length of an argument matter.
Its descriptors are three: stdin from the null device, stdout and stderr.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from llmgen.sandbox.limits import Limits
from llmgen.types import Struct

NOBODY = 65534
USR = Path("/usr")


class Tools(Struct):
    """Where the programs are that start a sandbox, and whether root starts it."""

    choom: str
    setpriv: str
    prlimit: str
    as_root: bool
    bwrap: str = ""


class Interpreter(Struct):
    """A Python to run programs with; `prefix` is its folder when it lies outside /usr."""

    executable: str
    version: str
    prefix: str | None = None


def jail(tools: Tools, prefix: str | None, hidden: Sequence[Path], limits: Limits) -> list[str]:
    """The start of a command that runs in namespaces of its own; options of bwrap may follow.

    Of the host's files only /usr and `prefix` are there, read-only, with an empty folder in the place of
    every one of `hidden` that lies inside. `--disable-userns`: the program cannot unshare again. Only the
    scratch folder can be written, and its size is bounded: the other file systems are memory, too.
    """
    bound = [USR, *([Path(prefix)] if prefix else [])]
    return [
        *_adjusted(tools),
        *(tools.bwrap, "--unshare-all", "--unshare-user", "--disable-userns"),
        *("--uid", str(NOBODY), "--gid", str(NOBODY), "--cap-drop", "ALL"),
        *("--new-session", "--die-with-parent", "--hostname", "sb"),
        *("--clearenv", "--setenv", "PATH", "/usr/bin"),
        *("--ro-bind", str(USR), str(USR)),
        *("--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--symlink", "usr/bin", "/bin"),
        *("--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"),
        *("--size", str(limits.scratch), "--tmpfs", "/tmp", "--chdir", "/tmp"),  # noqa: S108  # the sandbox's own
        *(("--ro-bind", prefix, prefix) if prefix else ()),
        *(word for path in inside(hidden, bound) for word in ("--size", "4096", "--tmpfs", str(path))),
    ]


def jailed(start: Sequence[str], code: int, status: int, inner: Sequence[str]) -> list[str]:
    """The whole command: `start` of `jail`, the descriptors of the code and of bwrap's word on the ending."""
    data = ("--ro-bind-data", str(code), "/prog.py", "--remount-ro", "/", "--json-status-fd", str(status))
    return [*start, *data, "--", *inner]


def limited(tools: Tools, limits: Limits, command: Sequence[str]) -> list[str]:
    """`command` under resource limits, which it cannot raise again."""
    return [
        tools.prlimit,
        f"--as={limits.memory}",
        f"--cpu={limits.cpu_s}",
        f"--fsize={limits.file}",
        f"--nofile={limits.open_files}",
        f"--nproc={limits.processes}",
        "--core=0",
        "--",
        *command,
    ]


def unjailed(tools: Tools, limits: Limits, command: Sequence[str]) -> list[str]:
    """`command` under resource limits, as nobody when root starts it, no more; it dies with its parent."""
    return [*_adjusted(tools, "--pdeathsig", "KILL"), *limited(tools, limits, command)]


def python(interpreter: Interpreter, file: str) -> list[str]:
    """The interpreter on `file`: no environment, no site packages, no byte code."""
    return [interpreter.executable, "-I", "-S", "-B", file]


def inside(paths: Sequence[Path], folders: Sequence[Path]) -> list[Path]:
    """Those of `paths` that lie below one of `folders`, outer ones first, each once."""
    return sorted({path for path in paths if any(folder in path.parents for folder in folders)})


def _adjusted(tools: Tools, *options: str) -> list[str]:
    """Out of memory, the kernel ends these processes before all others; as root they run as nobody.

    As root the limit on processes would not bind at all.
    """
    first = [tools.choom, "-n", "1000", "--"]
    ids = ("--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups") if tools.as_root else ()
    return [*first, tools.setpriv, *ids, "--no-new-privs", *options, "--"]
