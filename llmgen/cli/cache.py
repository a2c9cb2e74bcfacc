"""`llmgen cache stats|prune`: what the response cache holds, and how to make it smaller."""

from __future__ import annotations

import json
import re
import time

import click

from llmgen.cli.main import settings_of
from llmgen.errors import UsageError

_SECONDS = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


@click.group()
def cache() -> None:
    """Statistics and pruning of the response cache."""


@cache.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.pass_context
def stats(ctx: click.Context, /, *, as_json: bool) -> None:
    """Show what the cache holds, by model."""
    import msgspec

    from llmgen.store.cache import Cache

    with Cache(settings_of(ctx).home_path) as opened:
        found = opened.stats()
    if as_json:
        click.echo(json.dumps({f: msgspec.to_builtins(getattr(found, f)) for f in found.__struct_fields__}))
        return
    from llmgen.cli.tables import print_table
    from llmgen.reports.formats import dollars
    from llmgen.summary import Table

    rows = tuple(
        (
            share.model,
            share.endpoint,
            f"{share.entries:,}",
            f"{share.bytes / 1e6:.1f}",
            "unknown" if share.cost_usd is None else dollars(share.cost_usd),
        )
        for share in found.models
    )
    age = (
        ""
        if found.oldest_at is None
        else f", the oldest {(time.time() - found.oldest_at) / 86400:.0f} days old"
    )
    note = f"{found.entries:,} answers{age}; {found.file_bytes / 1e6:.1f} MB in {found.path}"
    print_table(Table(title="", columns=("model", "endpoint", "answers", "MB", "paid"), rows=rows, note=note))


@cache.command()
@click.option("--older-than", metavar="AGE", help="Only answers older than AGE: 30d, 12h, 2w.")
@click.option("--model", help="Only answers of this model, named as its endpoint names it.")
@click.pass_context
def prune(ctx: click.Context, /, *, older_than: str | None, model: str | None) -> None:
    """Remove answers from the cache; they are paid for again when they are asked again."""
    from llmgen.store.cache import Cache

    if older_than is None and model is None:
        raise UsageError("say what to remove", hint="--older-than 30d, --model NAME, or both")
    with Cache(settings_of(ctx).home_path) as opened:
        removed = opened.prune(None if older_than is None else _seconds(older_than), model)
    click.echo(f"removed {removed:,} answers", err=True)


def _seconds(age: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", age.strip())
    if match is None:
        raise UsageError(f"{age!r} is no age", hint="a number and m, h, d or w: 30d")
    return float(match[1]) * _SECONDS[match[2]]
