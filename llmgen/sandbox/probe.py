"""Whether programs can be run here, found out before anything is asked; one line says what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from llmgen.errors import UsageError
from llmgen.execution import SandboxKind
from llmgen.sandbox.command import USR, Interpreter, Tools, jail, limited, unjailed
from llmgen.sandbox.limits import Limits
from llmgen.types import Struct

PROBE_S = 30.0
_VERSION = "import sys; print(sys.version.split()[0])"


class Setup(Struct):
    """What was found to work: how programs are started, and with which Python."""

    kind: SandboxKind
    tools: Tools
    interpreter: Interpreter


def probe(kind: SandboxKind, limits: Limits, hidden: Sequence[Path] = ()) -> Setup:
    """Looks for the tools and runs each of them once, all the way to a Python.

    Takes llmgen's own Python if the sandbox can reach it (as root it often lies in a folder that nobody
    may enter), else that of /usr. Raises UsageError.
    """
    tools = _tools(kind)
    if kind == "bwrap":
        _check_namespaces(tools, hidden, limits)
    said = "none is installed"
    for interpreter in _interpreters(hidden):
        command = [interpreter.executable, "-I", "-S", "-B", "-c", _VERSION]
        if kind == "bwrap":
            start = jail(tools, interpreter.prefix, hidden, limits)
            command = [*start, "--", *limited(tools, limits, command)]
        else:
            command = unjailed(tools, limits, command)
        status, answer = _ask(command)
        if status == 0:
            version = answer.strip()
            return Setup(
                kind=kind,
                tools=tools,
                interpreter=Interpreter(
                    executable=interpreter.executable, version=version, prefix=interpreter.prefix
                ),
            )
        said = _first_line(answer)
    raise UsageError(
        f"no Python was found that model-written code can be run with ({said}). "
        "Install python3 in /usr (Debian/Ubuntu: apt install python3) or use --no-exec."
    )


def _tools(kind: SandboxKind) -> Tools:
    """Where the tools are. Raises UsageError naming the one that is missing."""
    bwrap = _which("bwrap", "bubblewrap (`bwrap`)", "bubblewrap") if kind == "bwrap" else ""
    choom, setpriv, prlimit = (
        _which(name, f"`{name}` of util-linux", "util-linux") for name in ("choom", "setpriv", "prlimit")
    )
    return Tools(choom=choom, setpriv=setpriv, prlimit=prlimit, bwrap=bwrap, as_root=os.geteuid() == 0)


def _which(name: str, what: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise UsageError(
            f"running model-written code needs {what}, which was not found. "
            f"Install it (Debian/Ubuntu: apt install {package}) or use --no-exec."
        )
    return os.path.realpath(found)


def _check_namespaces(tools: Tools, hidden: Sequence[Path], limits: Limits) -> None:
    status, said = _ask([*jail(tools, None, hidden, limits), "--", "/usr/bin/true"])
    if status != 0:
        raise UsageError(
            "bubblewrap is installed but cannot create namespaces here "
            f"(its message: {_first_line(said)}). Allow user namespaces, or use --no-exec."
        )


def _interpreters(hidden: Sequence[Path]) -> Iterator[Interpreter]:
    """Pythons to try: llmgen's own without its environment, then that of /usr."""
    prefix = Path(sys.base_prefix).resolve()
    own = prefix / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    is_apart = prefix != USR and USR not in prefix.parents
    if os.access(own, os.X_OK) and prefix not in hidden and prefix != Path("/"):
        yield Interpreter(executable=str(own), version="", prefix=str(prefix) if is_apart else None)
    if os.access(USR / "bin/python3", os.X_OK):
        yield Interpreter(executable=str((USR / "bin/python3").resolve()), version="")


def _ask(command: Sequence[str]) -> tuple[int, str]:
    """Exit status and output of a command in an empty environment."""
    try:
        done = subprocess.run(  # noqa: S603  # our own list of arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={},
            cwd="/",
            timeout=PROBE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return -1, str(error)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def _first_line(text: str) -> str:
    return next((line.strip()[:200] for line in text.splitlines() if line.strip()), "nothing")
