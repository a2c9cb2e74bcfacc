"""The whole training: invented outputs, a fit measured on held-out families, a last fit on all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import msgspec

from llmgen.extract.maths import climb
from llmgen.extract.pinpoint.ranker import Head, Weights
from llmgen.extract.pinpoint.reader import Reader, Reading
from llmgen.extract.pinpoint.training.fit import Case, calibrate, case, fit
from llmgen.extract.pinpoint.training.generate import MAKERS, Example, examples

N_TRAIN, N_HELD_OUT = 48_000, 12_000


Bins: TypeAlias = tuple[tuple[int, float, float], ...]


class Check(NamedTuple):
    """How one head reads families and phrases that its weights never saw: shares of 0..1."""

    head: str
    n_train: int
    n_held_out: int
    accuracy: float
    answered: float
    no_valid_answer: float
    ece: float
    bins: Bins
    families: dict[str, tuple[int, int]]


def train(seed: int, report: Callable[[Check], None], *, size: int = N_TRAIN) -> Weights:
    """Weights by a seed: the same seed gives the same bytes. `report` gets every head's held-out figures.

    The figures belong to a fit without the held-out families; the weights returned are fitted on all of
    them, under the scale that the held-out ones calibrated.
    """
    heads = {}
    for name in MAKERS:
        seen = list(examples(name, size, seed, heldout=False))
        unseen = list(examples(name, size * N_HELD_OUT // N_TRAIN, seed, heldout=True))
        cases, held_out = _cases(seen), _cases(unseen)
        first = calibrate(fit(cases), held_out)
        report(_check(name, len(seen), first, unseen))
        heads[name] = Head(weights=fit(cases + held_out), scale=first.scale)
    return Weights(seed=seed, heads=heads)


def encode(weights: Weights) -> bytes:
    """The bytes of the weights file."""
    return msgspec.json.format(msgspec.json.encode(weights, order="sorted"), indent=1) + b"\n"


def _cases(found: Sequence[Example]) -> list[Case]:
    return [made for example in found if (made := case(example)) is not None]


def is_right(example: Example, value: str | None) -> bool:
    """Whether a reading equals the label; mathematical ones by the cheap ladder."""
    if value is None or example.label is None:
        return value is example.label
    if example.answers.answer_type == "math":
        return climb(value, example.label, percent="notation").equal is True
    return value == example.label


def _read(head: Head, unseen: Sequence[Example]) -> list[tuple[Example, Reading]]:
    reader = Reader(Weights(seed=0, heads=dict.fromkeys(MAKERS, head)))
    return [(example, reader.read(example.answers, example.question, example.text)) for example in unseen]


def _check(name: str, n_train: int, head: Head, unseen: Sequence[Example]) -> Check:
    read = _read(head, unseen)
    verdicts = [(is_right(example, reading.value), reading.confidence) for example, reading in read]
    rights: dict[str, list[bool]] = {}
    for (example, _), (right, _) in zip(read, verdicts, strict=True):
        rights.setdefault(example.family, []).append(right)
    answered = [
        right for (example, _), (right, _) in zip(read, verdicts, strict=True) if example.label is not None
    ]
    void = [right for (example, _), (right, _) in zip(read, verdicts, strict=True) if example.label is None]
    bins = reliability(verdicts)
    return Check(
        head=name,
        n_train=n_train,
        n_held_out=len(unseen),
        accuracy=_mean([right for right, _ in verdicts]),
        answered=_mean(answered),
        no_valid_answer=_mean(void),
        ece=expected_calibration_error(bins),
        bins=bins,
        families={family: (sum(right), len(right)) for family, right in sorted(rights.items())},
    )


def reliability(
    verdicts: Sequence[tuple[bool, float]], n_bins: int = 10
) -> tuple[tuple[int, float, float], ...]:
    """Bins of equal count by confidence, each (count, accuracy, mean confidence)."""
    ordered = sorted(verdicts, key=lambda verdict: verdict[1])
    edges = [len(ordered) * i // n_bins for i in range(n_bins + 1)]
    parts = [ordered[a:b] for a, b in pairwise(edges) if b > a]
    return tuple((len(part), _mean([r for r, _ in part]), _mean([c for _, c in part])) for part in parts)


def expected_calibration_error(bins: Sequence[tuple[int, float, float]]) -> float:
    """ECE: the sum over bins of n_b / n * |accuracy - mean confidence|."""
    total = sum(count for count, _, _ in bins)
    return sum(count * abs(accuracy - confidence) for count, accuracy, confidence in bins) / max(total, 1)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
