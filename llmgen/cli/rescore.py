"""`llmgen rescore RUN...`: new grades for stored answers, and what they change."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from llmgen.cli.main import run_async, settings_of
from llmgen.cli.options import struct_options, struct_values
from llmgen.errors import UsageError
from llmgen.extract.options import Options as ExtractorOptions

SHOWN = 20


def _rescore(  # noqa: PLR0913  # one parameter a flag; click passes them by name
    *,
    runs: tuple[str, ...],
    extractors: tuple[str, ...],
    changes: tuple[str, ...],
    judge: str | None,
    show_flips: int,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Grade the stored answers of each RUN again, as a child run. The model is not asked.

    RUN is an id, the beginning of one, or `last`. With several runs also shows how their order changes
    under each extractor. Example: llmgen rescore last --set scorer=notebook
    """
    from llmgen.rescore import Change, rescore_all

    change = Change(
        extractors=extractors,
        extractor_options=struct_values(ExtractorOptions, chosen),
        options=dict(_pair(text) for text in changes),
        judge=judge,
    )
    done = run_async(rescore_all(settings_of(click.get_current_context()), runs, change))
    board = _leaderboard(done) if len(done) > 1 else None
    if as_json:
        told = [_as_json(one, show_flips) for one in done]
        plain = told[0] if board is None else {"runs": told, "leaderboard": board}
        click.echo(json.dumps(plain, ensure_ascii=False))
        return
    for one in done:
        _show(one, show_flips)
    if board is not None:
        _show_board(board)


rescore = click.Command(
    "rescore",
    params=[
        click.Argument(["runs"], metavar="RUN...", nargs=-1, required=True),
        click.Option(
            ["--extractor", "extractors"], multiple=True, help="Answer extractor; the first one grades."
        ),
        click.Option(
            ["--set", "changes"],
            multiple=True,
            metavar="OPTION=VALUE",
            help="Another value of a benchmark option.",
        ),
        click.Option(["--judge"], help="Model that judges answers where the benchmark needs one."),
        click.Option(
            ["--show-flips"],
            type=click.IntRange(0),
            default=SHOWN,
            show_default=True,
            metavar="N",
            help="Show N verdicts that flipped.",
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="One JSON object on stdout, nothing else."),
        *struct_options(ExtractorOptions),
    ],
    callback=_rescore,
    help=_rescore.__doc__,
)


def _as_json(done: Any, shown: int) -> dict[str, Any]:
    from llmgen.cli.show import as_plain

    flips = [
        {"sample_id": f.sample_id, "repeat": f.repeat, "from": f.before, "to": f.after} for f in done.flips
    ]
    return {
        **as_plain(done.result),
        "parent": as_plain(done.parent),
        "is_new": done.is_new,
        "delta": _delta(done.result.score.mean, done.parent.score.mean),
        "means": done.means,
        "n_flipped": len(flips),
        "outcome_changes": _changes(done),
        "flips": flips[:shown],
    }


def _delta(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before


def _score_by(done: Any) -> str:
    """The score under each extractor, and by how much it differs from the one that is stored."""
    before = done.parent.score.mean
    told = []
    for name, mean in done.means.items():
        delta = _delta(mean, before)
        change = "" if delta is None else f" ({delta:+.4f})"
        told.append(f"{name} {'-' if mean is None else format(mean, '.4f')}{change}")
    return ", ".join(told)


def _changes(done: Any) -> dict[str, int]:
    """`before -> after` -> count, the most frequent first."""
    counts = Counter(f"{flip.before} -> {flip.after}" for flip in done.flips)
    return dict(counts.most_common())


def _show(done: Any, shown: int) -> None:
    from llmgen.cli.show import print_result, score_line

    print_result(done.result)
    if not done.is_new:
        click.echo(f"note: {done.result.run.id} holds these grades already; nothing was graded again")
    click.echo(f"parent  {done.parent.run.id}: {score_line(done.parent)}; {len(done.flips)} verdicts flipped")
    click.echo(f"score   by {_score_by(done)}")
    for change, count in _changes(done).items():
        click.echo(f"  {count:6} {change}")
    for flip in done.flips[:shown]:
        click.echo(f"  {flip.sample_id} [{flip.repeat}]: {flip.before} -> {flip.after}")


def _leaderboard(done: Sequence[Any]) -> dict[str, Any]:
    """Means and ranks of the runs, as stored and under each extractor, with Kendall's tau to as stored."""
    from llmgen.analysis.standings import kendall_tau, ranks

    before = [one.parent.score.mean for one in done]
    stored = ranks(before)
    board: dict[str, Any] = {
        "models": [one.parent.run.model for one in done],
        "runs": [one.parent.run.id for one in done],
        "stored": {"means": before, "ranks": stored},
        "extractors": {},
    }
    for name in done[0].means:
        means = [one.means.get(name) for one in done]
        now = ranks(means)
        board["extractors"][name] = {
            "means": means,
            "ranks": now,
            "rank_changes": [
                None if new is None or old is None else old - new
                for new, old in zip(now, stored, strict=True)
            ],
            "kendall_tau": kendall_tau(before, means),
        }
    return board


def _show_board(board: dict[str, Any]) -> None:
    from llmgen.cli.tables import print_table
    from llmgen.summary import Table

    under = board["extractors"]
    rows = [
        (
            model,
            _place(board["stored"], index),
            *(f"{_place(one, index)}{_moved(one['rank_changes'][index])}" for one in under.values()),
        )
        for index, model in enumerate(board["models"])
    ]
    taus = ", ".join(
        f"{name} {'-' if one['kendall_tau'] is None else format(one['kendall_tau'], '.3f')}"
        for name, one in under.items()
    )
    print_table(
        Table(
            title="Leaderboard by extractor",
            columns=("model", "as stored", *under),
            rows=tuple(rows),
            note=f"rank and mean; in brackets the places gained. Kendall's tau to as stored: {taus}",
        )
    )


def _place(ranked: dict[str, Any], index: int) -> str:
    mean, rank = ranked["means"][index], ranked["ranks"][index]
    return "-" if mean is None else f"{rank}. {mean:.4f}"


def _moved(change: int | None) -> str:
    return f" ({change:+d})" if change else ""


def _pair(change: str) -> tuple[str, str]:
    name, equals, value = change.partition("=")
    if not equals or not name:
        raise UsageError(f"--set {change}: not OPTION=VALUE", hint="for example --set scorer=notebook")
    return name.replace("-", "_"), value
