"""Majority vote: of several draws for one sample, what most of them answer (`--vote`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from llmgen.summary import ScoredRow
from llmgen.types import Answer

_BY = "by:"


def voted(rows: Iterable[ScoredRow]) -> list[ScoredRow]:
    """One row a sample, of the first repeat that gives the answer which most repeats give.

    The first extractor's readings vote; `scores["by:X"]` is the outcome of a vote of X's own. Equal are
    values that differ in case and blanks at most; no valid answer is an answer like others. A tie is none:
    `unparsed`, without a grade. A repeat that failed, or whose extractor did, has no vote; where nobody has
    one, the first repeat's row stands for the sample.
    """
    samples: dict[str, list[ScoredRow]] = {}
    for row in rows:
        samples.setdefault(row.sample_id, []).append(row)
    return [_decided(sorted(repeats, key=lambda row: row.repeat)) for repeats in samples.values()]


def _decided(repeats: Sequence[ScoredRow]) -> ScoredRow:
    names = list(dict.fromkeys(answer.extractor for row in repeats for answer in row.answers))
    if not names:
        return repeats[0]
    winner = _winner(repeats, names[0])
    own = {
        f"{_BY}{name}": chosen.scores.get(f"{_BY}{name}") if (chosen := _winner(repeats, name)) else None
        for name in names
        if any(f"{_BY}{name}" in row.scores for row in repeats)
    }
    if winner is None:
        return msgspec.structs.replace(
            repeats[0],
            outcome="unparsed",
            value=None,
            reason=f"a tie of {len(repeats)} answers",
            was_truncated=False,
            scores=own,
        )
    return msgspec.structs.replace(winner, repeat=repeats[0].repeat, scores=winner.scores | own)


def _winner(repeats: Sequence[ScoredRow], extractor: str) -> ScoredRow | None:
    """The row that speaks for the most frequent answer, None on a tie."""
    ballots = [(row, _ballot(row.answers, extractor)) for row in repeats]
    counted = Counter(ballot for _, ballot in ballots if ballot is not None).most_common(2)
    if not counted:
        return repeats[0]
    if len(counted) > 1 and counted[0][1] == counted[1][1]:
        return None
    return next(row for row, ballot in ballots if ballot == counted[0][0])


def _ballot(answers: Sequence[Answer], extractor: str) -> tuple[str, str] | None:
    """What a repeat's reading votes for; a judge that names no value votes for its verdict."""
    answer = next((answer for answer in answers if answer.extractor == extractor), None)
    if answer is None or answer.kind == "error":
        return None
    if answer.kind == "no_valid_answer":
        return answer.kind, ""
    said = answer.reason if answer.value is None else answer.value
    return answer.kind, " ".join(said.split()).casefold()
