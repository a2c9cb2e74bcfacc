"""The flags of `llmgen eval` that every benchmark has, by what they mean for a run that is resumed."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import click

from llmgen.cli.options import split_commas
from llmgen.plan import CacheMode

RETRY = click.Choice(["refused", "truncated", "unparsed"])

# what is asked: stored with the run, and the same again when it is resumed
PLAN: list[Callable[[], click.Option]] = [
    lambda: click.Option(
        ["--model"], help="Model to ask: row/name; bare gpt-*, o*, ft:*, gemini-* work too."
    ),
    lambda: click.Option(
        ["--base"], help="Untuned model (or a finished run id) to compare with, item by item."
    ),
    lambda: click.Option(["--judge"], help="Model that judges answers where the benchmark needs one."),
    lambda: click.Option(
        ["--extractor", "extractors"], multiple=True, help="Answer extractor; the first grades."
    ),
    lambda: click.Option(
        ["--contamination", "--detector", "detectors"],
        multiple=True,
        callback=split_commas,
        help="Contamination detectors: cdd, ted, ... (comma-separated, or repeated).",
    ),
    lambda: click.Option(
        ["--base-url", "base_urls"], multiple=True, help="Server URL; several are balanced."
    ),
    lambda: click.Option(["--limit"], type=click.IntRange(1), help="Ask only the first N samples."),
    lambda: click.Option(
        ["--items-from"],
        type=click.Path(dir_okay=False, resolve_path=True),
        help="Ask only the items that `llmgen analyse subset --out FILE` chose.",
    ),
    lambda: click.Option(
        ["--repeats"], type=click.IntRange(1), default=1, show_default=True, help="Draws per sample."
    ),
    lambda: click.Option(
        ["--vote"], is_flag=True, help="Grade what most repeats of a sample answer; a tie is no answer."
    ),
    lambda: click.Option(["--temperature"], type=click.FloatRange(0), help="Overrides the benchmark's own."),
    lambda: click.Option(["--top-p"], type=click.FloatRange(0, 1), help="Overrides the benchmark's own."),
    lambda: click.Option(["--max-tokens"], type=click.IntRange(1), help="Longest answer, in tokens."),
    lambda: click.Option(["--seed"], type=int, help="Sampling seed, where the vendor takes one."),
    lambda: click.Option(
        ["--drop-unsupported"], is_flag=True, help="Leave out parameters the vendor refuses, and say so."
    ),
    lambda: click.Option(
        ["--cache"],
        type=click.Choice(get_args(CacheMode)),
        default="rw",
        show_default=True,
        help="Response cache: read and write, read, write, off, or answer from it only.",
    ),
    lambda: click.Option(
        ["--record"],
        type=click.Path(dir_okay=False, resolve_path=True),
        help="Write every exchange to FILE, redacted.",
    ),
    lambda: click.Option(
        ["--recording"],
        type=click.Path(dir_okay=False, resolve_path=True),
        help="Answer from such a FILE (--model replay/NAME).",
    ),
]

# flags that say nothing where no model is asked
ASKING = frozenset(
    {
        *("model", "base", "base_urls", "repeats", "vote", "temperature", "top_p", "max_tokens", "seed"),
        *("drop_unsupported", "record", "recording"),
    }
)

# how fast, and how much: of one call; a run that is resumed may get other values
LIMITS: list[Callable[[], click.Option]] = [
    lambda: click.Option(["--max-in-flight"], type=click.IntRange(1), help="Most requests at once."),
    lambda: click.Option(["--rpm"], type=click.FloatRange(0, min_open=True), help="Requests per minute."),
    lambda: click.Option(["--tpm"], type=click.FloatRange(0, min_open=True), help="Tokens per minute."),
    lambda: click.Option(
        ["--max-usd"], type=click.FloatRange(0, min_open=True), help="Stop the run before it costs more."
    ),
    lambda: click.Option(
        ["--max-total-tokens"], type=click.IntRange(1), help="Stop before using more tokens."
    ),
    lambda: click.Option(
        ["--max-requests"], type=click.IntRange(1), help="Stop before sending more requests."
    ),
    lambda: click.Option(
        ["--allow-unpriced"], is_flag=True, help="Allow --max-usd with a model of unknown price."
    ),
]

CALL: list[Callable[[], click.Option]] = [
    lambda: click.Option(
        ["--resume"],
        is_flag=False,
        flag_value="last",
        help="Go on with RUN (default: the last unfinished one).",
    ),
    lambda: click.Option(
        ["--retry"], multiple=True, type=RETRY, help="On resume also ask again the answers with this outcome."
    ),
    lambda: click.Option(
        ["--json", "as_json"], is_flag=True, help="One JSON summary on stdout, nothing else."
    ),
]

NEW: list[Callable[[], click.Option]] = [
    lambda: click.Option(["--run-id"], help="Name of the run (default: date and six hex digits)."),
    lambda: click.Option(["--dry-run"], is_flag=True, help="Show prompts and estimate, send nothing."),
]
