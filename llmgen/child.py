"""A function called in a process of its own: what it takes of memory never belongs to the caller."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import TypeVar

import msgspec

from llmgen.errors import LlmgenError, StoreError, UsageError
from llmgen.types import Struct

T = TypeVar("T")


class _Failed(Struct):
    """An error on its way back: its message and hint, and whether the user's input was at fault."""

    message: str
    hint: str
    usage: bool


def in_child(returns: type[T], target: str, *arguments: str) -> T:
    """Calls `target` ("module:attribute") with text arguments and gives its value back, as type `returns`.

    Blocks: call it in a thread. A UsageError of the function is raised here again, any other LlmgenError
    as a StoreError, and so is a child that dies.
    """
    child = subprocess.run(  # noqa: S603  # our own interpreter and module
        [sys.executable, "-m", "llmgen.child", target, *arguments],
        capture_output=True,
        check=False,
        start_new_session=True,  # Ctrl-C is for the caller, which then waits for this
    )
    if child.returncode == 0:
        return msgspec.json.decode(child.stdout, type=returns)
    try:
        failed = msgspec.json.decode(child.stdout, type=_Failed)
    except msgspec.MsgspecError:
        said = child.stderr.decode("utf-8", "replace").strip().splitlines()
        last = said[-1] if said else f"it ended with {child.returncode}"
        raise StoreError(f"{target} failed in its own process: {last}") from None
    raise (UsageError if failed.usage else StoreError)(failed.message, hint=failed.hint)


def main() -> None:
    """The child's side: value or error as JSON on stdout."""
    module, _, attribute = sys.argv[1].partition(":")
    try:
        value = getattr(importlib.import_module(module), attribute)(*sys.argv[2:])
    except LlmgenError as error:
        usage = isinstance(error, UsageError)
        failed = _Failed(message=error.message, hint=error.hint, usage=usage)
        sys.stdout.buffer.write(msgspec.json.encode(failed))
        sys.exit(1)
    sys.stdout.buffer.write(msgspec.json.encode(value))


if __name__ == "__main__":
    main()
