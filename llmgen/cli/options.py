"""A benchmark's option Struct as command-line flags: one flag a field, with the field's description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click
import msgspec

from llmgen.types import Struct


def struct_options(options: type[Struct]) -> list[click.Option]:
    """The flags of `options`; a tuple field takes several (repeated or with commas), a bool is a switch."""
    hints = get_type_hints(options, include_extras=True)
    return [_flag(field, hints[field.name]) for field in msgspec.structs.fields(options)]


def struct_values(options: type[Struct], values: Mapping[str, Any]) -> dict[str, Any]:
    """The chosen values of `options`' own fields, as plain JSON, those that were not given left out."""
    names = {field.name for field in msgspec.structs.fields(options)}
    return {key: value for key, value in values.items() if key in names and value not in (None, ())}


def _flag(field: msgspec.structs.FieldInfo, hint: Any) -> click.Option:
    text, kind = _unwrap(hint)
    name = f"--{field.name.replace('_', '-')}"
    if kind is bool:
        return click.Option([name, field.name], is_flag=True, default=None, help=text)
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        text = f"{text} (comma-separated, or repeated)"
        return click.Option([name, field.name], multiple=True, callback=_split(inner), help=text)
    return click.Option([name, field.name], type=_click_type(kind), default=None, help=text)


def _unwrap(hint: Any) -> tuple[str, Any]:
    """The description and the bare type under Annotated and `| None`."""
    text = ""
    while True:
        metadata = getattr(hint, "__metadata__", ())
        if metadata:
            text = next((m.description for m in metadata if getattr(m, "description", None)), text)
            hint = hint.__origin__
            continue
        arguments = [arg for arg in get_args(hint) if arg is not NoneType]
        if NoneType in get_args(hint) and len(arguments) == 1:
            hint = arguments[0]
            continue
        return text, hint


def _click_type(kind: Any) -> click.ParamType[Any] | type:
    if get_origin(kind) is Literal:
        return click.Choice([str(choice) for choice in get_args(kind)])
    return kind if kind in (int, float) else str


def _split(inner: Any) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], tuple[str, ...]]:
    allowed = get_args(inner) if get_origin(inner) is Literal else None

    def parse(_: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
        parts = tuple(part.strip() for value in values for part in value.split(",") if part.strip())
        unknown = [part for part in parts if allowed and part not in allowed]
        if unknown:
            raise click.BadParameter(
                f"{', '.join(unknown)}: choose from {', '.join(allowed or ())}", param=parameter
            )
        return parts

    return parse


split_commas = _split(str)
"""The callback of a flag that may be repeated, or hold several values with commas."""
