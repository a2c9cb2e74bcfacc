"""n-gram overlap: how much of an item is in one's own fine-tuning file.

It answers "was this item in MY file", never "has the vendor's model seen it". Question and target are looked
up apart; the score is the share of their n-grams, together, that the file holds. What overlaps is shown,
because an overlap may be a common phrase.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llmgen.contamination.answers import insufficient
from llmgen.contamination.base import Options, Spec
from llmgen.contamination.train_file import BOILERPLATE_ROWS, TrainFile, ngrams, words_of
from llmgen.errors import UsageError
from llmgen.evidence import Detector, Evidence
from llmgen.types import Contamination, Struct

_SHOWN_LINES = 5
_SHOWN_CHARACTERS = 300


class Overlap(Struct):
    """What one text shares with the file.

    `n_ngrams` counts the n-grams that are no boilerplate, of which `n_found` are in the file. `run` is the
    longest common run in tokens and `matched` its text; `rows` counts, by row, the n-grams in common. A
    text shorter than n is either contained (`share` 1) or says nothing (`share` None).
    """

    is_short: bool
    share: float | None
    n_ngrams: int = 0
    n_found: int = 0
    n_dropped: int = 0
    run: int = 0
    matched: str = ""
    rows: dict[int, int] = {}


def build(options: Options) -> Detector:
    """Reads the training file. Raises UsageError when there is none or it cannot be read."""
    if options.train_file is None:
        raise UsageError("ngram needs a training file", hint="--train-file FILE, one JSON object a line")
    train = TrainFile(Path(options.train_file).expanduser(), options.ngram_n)
    return lambda evidence: detect(evidence, train)


def detect(evidence: Evidence, train: TrainFile) -> Contamination:
    """The share of the item's n-grams in the file; `flagged` is None, a control set has to judge it.

    Reasons: `no_control` (a score, and nothing to compare it with), `too_short` (nothing long enough, and
    the question is not contained as a whole), `only_boilerplate`.
    """
    question, target = overlap(evidence.sample.question, train), overlap(evidence.sample.target or "", train)
    long = [text for text in (question, target) if not text.is_short]
    total = sum(text.n_ngrams for text in long)
    # a short target alone ("Paris") is in every file
    score = sum(text.n_found for text in long) / total if total else question.share
    reason = "no_control" if score is not None else "only_boilerplate" if long else "too_short"
    return Contamination(
        detector="ngram",
        score=score,
        details=insufficient(reason, ngram_n=train.n, **_details(question, target, train)),
    )


def overlap(text: str, train: TrainFile) -> Overlap:
    """What `text` shares with the file."""
    found = words_of(text)
    words = [word[0] for word in found]
    if len(words) < train.n:
        rows = train.rows_containing(words) if words else ()
        if not rows or len(rows) >= BOILERPLATE_ROWS:
            return Overlap(is_short=True, share=None)
        return Overlap(
            is_short=True, share=1.0, run=len(words), matched=_shown(found), rows=dict.fromkeys(rows, 1)
        )
    rows_by_ngram = [train.rows_with(ngram) for ngram in ngrams(words, train.n)]
    known = [rows for rows in rows_by_ngram if rows is not None]
    n_found = sum(bool(rows) for rows in known)
    start, run = longest_run(rows_by_ngram)
    return Overlap(
        is_short=False,
        share=n_found / len(known) if known else None,
        n_ngrams=len(known),
        n_found=n_found,
        n_dropped=len(rows_by_ngram) - len(known),
        run=run + train.n - 1 if run else 0,
        matched=_shown(found[start : start + run + train.n - 1]) if run else "",
        rows=Counter(row for rows in known for row in rows),
    )


def longest_run(rows_by_ngram: Sequence[Sequence[int] | None]) -> tuple[int, int]:
    """Start and length of the longest run of n-grams that one row holds; (0, 0) when there is none."""
    start, longest = 0, 0
    runs: dict[int, int] = {}
    for at, rows in enumerate(rows_by_ngram):
        runs = {row: runs.get(row, 0) + 1 for row in rows or ()}
        run = max(runs.values(), default=0)
        if run > longest:
            start, longest = at - run + 1, run
    return start, longest


def _details(question: Overlap, target: Overlap, train: TrainFile) -> dict[str, Any]:
    rows = Counter(question.rows) + Counter(target.rows)
    lines = [line for row, _ in rows.most_common() for line in train.lines[row]]
    longest = max(question, target, key=lambda text: text.run)
    return {
        "question_share": question.share,
        "question_ngrams": question.n_ngrams,
        "target_share": target.share,
        "target_ngrams": target.n_ngrams,
        "n_dropped": question.n_dropped + target.n_dropped,
        "longest_run": longest.run,
        "matched": longest.matched,
        "rows_hit": len(lines),
        "lines": lines[:_SHOWN_LINES],
    }


def _shown(words: Sequence[re.Match[str]]) -> str:
    text = words[0].string[words[0].start() : words[-1].end()]
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


SPEC = Spec(needs=frozenset({"train_file"}), build=build)
