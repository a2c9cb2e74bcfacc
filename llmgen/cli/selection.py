"""Flags that say which stored answers an analysis reads, and how they become right and wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from llmgen.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path, dir_okay=False)
_WHICH = (
    click.option("--benchmark", "benchmarks", multiple=True, help="Of this benchmark; may be repeated."),
    click.option("--model", "models", multiple=True, help="Of this model; may be repeated."),
    click.option("--run", "runs", multiple=True, help="Of this run; may be repeated."),
    click.option("--since", type=click.DateTime(), help="Of runs that started then or later (UTC)."),
    click.option("--until", type=click.DateTime(), help="Of runs that started before (UTC)."),
)
_HOW = (
    click.option(
        "--repeat",
        type=click.Choice(["first", "mean", "majority"]),
        help="What stands for several answers of a model to an item (default: majority, a tie is none).",
    ),
    click.option("--threshold", type=click.FloatRange(0, 1), help="Grades from there on are right."),
)
_NAMES = ("benchmarks", "models", "runs", "since", "until")


def which_answers(command: F) -> F:
    """Adds the flags that choose stored answers."""
    return _with(command, _WHICH)


def right_and_wrong(command: F) -> F:
    """Adds the flags that settle repeats and fractions."""
    return _with(command, _HOW)


def selection(home: Path, given: dict[str, Any]) -> Any:
    """The `Selection` that the flags name; a run by its id, the beginning of it, or `last`."""
    from llmgen.store import queries
    from llmgen.store.responses import Selection

    chosen = {name: given[name] for name in _NAMES}
    return Selection(**{**chosen, "runs": tuple(queries.run(home, name).id for name in given["runs"])})


def reading(given: dict[str, Any]) -> Any:
    """The `Reading` that the flags name."""
    from llmgen.store.cells import Reading

    return Reading(repeat=given["repeat"] or "majority", threshold=given["threshold"])


def refuse_selection(given: dict[str, Any]) -> None:
    """Raises UsageError when flags that choose stored answers go with a file."""
    typed = [f"--{name.removesuffix('s')}" for name in _NAMES if given[name]]
    if typed:
        raise UsageError(
            f"{', '.join(typed)} choose stored answers, --matrix is a file", hint="leave one out"
        )


def _with(command: F, flags: Sequence[Callable[[F], F]]) -> F:
    for flag in reversed(flags):
        command = flag(command)
    return command
