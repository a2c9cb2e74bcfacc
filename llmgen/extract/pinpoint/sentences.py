"""The sentence of a candidate: which it is, what else it names, how much of the question it says again."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from llmgen.extract.pinpoint.scene import Scene

_END = re.compile(r"[.!?](?=\s)|[\n。;]")
_WORD = re.compile(r"[^\W\d_]{4,}")
_COMMON = frozenset((
    "that", "this", "these", "those", "with", "from", "have", "been", "were", "what", "which", "where",
    "when", "does", "will", "would", "there", "their", "they", "into", "than", "then", "them", "your",
    "answer", "question", "following",
))  # fmt: skip
_CHINESE = re.compile(r"[\u4e00-\u9fff]{2,}")
_ASKED = 400
_MOST = 4
_OVERLAPS = tuple(f"overlap:{level}" for level in range(_MOST + 1))


class Sentences(NamedTuple):
    """For every candidate: its sentence, that sentence's words from the question, and the values in it."""

    of_place: list[int]
    overlap: list[int]
    values: dict[int, set[object]]
    best: int
    first: int
    last: int
    about: frozenset[int]


@lru_cache(maxsize=4096)
def _asked_words(question: str, texts: tuple[str, ...]) -> frozenset[str]:
    """The words of a question, those of its choices left out."""
    stem = question.partition("answer choices")[0][-_ASKED:]
    return frozenset(_words(stem)) - _COMMON.union(_words("\n".join(texts)))


def _words(text: str) -> list[str]:
    """Words of four letters or more; of Chinese every two characters."""
    if text.isascii():
        return _WORD.findall(text)
    found = [word for word in _WORD.findall(text) if word[0] < "\u2e80"]
    for run in _CHINESE.findall(text):
        found += [run[i : i + 2] for i in range(len(run) - 1)]
    return found


def sentences(scene: Scene, about: frozenset[int]) -> Sentences:
    """Splits a scene's text at its sentences' ends and looks at those that hold candidates."""
    low = scene.low
    ends = [match.end() for match in _END.finditer(low)]
    asked = _asked_words(scene.asked, tuple(scene.texts))
    of_place = [bisect_left(ends, place.start + 1) for place in scene.places]
    values: dict[int, set[object]] = {}
    for place, number in zip(scene.places, of_place, strict=True):
        values.setdefault(number, set()).add(place.value)
    shared: dict[int, int] = {}
    for number in values:
        start = ends[number - 1] if number else 0
        end = ends[number] if number < len(ends) else len(low)
        shared[number] = len(asked.intersection(_words(low[start:end]))) if asked else 0
    first = bisect_left(ends, len(low) - len(low.lstrip()) + 1)
    last = bisect_left(ends, len(low.rstrip()))
    overlap = [shared[number] for number in of_place]
    return Sentences(of_place, overlap, values, max(overlap, default=0), first, last, about)


def describe_sentence(found: list[str], facts: Sentences, i: int, kind: str, value: object) -> None:
    """Adds the features of candidate `i`, announced as `kind`, to `found`."""
    number, overlap = facts.of_place[i], facts.overlap[i]
    found.append(_OVERLAPS[min(overlap, _MOST)])
    if overlap and overlap == facts.best:
        found += ("best_overlap", f"best_overlap&{kind}")
    alone = len(facts.values[number]) == 1
    if number == facts.first and facts.last > facts.first:
        found += ("first_sentence", f"first_sentence&{kind}", f"first_sentence&overlap:{min(overlap, 2)}")
    if facts.about:
        # "Who did Jeff give it to?" - "Jeff gave it to Fred": the one that the question does not name is new
        new = facts.values[number] - facts.about
        if len(new) == 1:
            found += (
                name := "only_new" if value in new else "beside_new",
                f"{name}&overlap:{min(overlap, 2)}",
            )
    if alone:
        found += ("alone_in_sentence", f"alone_in_sentence&overlap:{min(overlap, 2)}")


def describe_all(
    scene: Scene, kinds: Sequence[str], described: Sequence[list[str]], about: frozenset[int]
) -> tuple[str, ...]:
    """Adds the features of every candidate, and returns those of no answer.

    `about`: the elements that the question names when it does not name all.
    """
    facts = sentences(scene, about)
    for i, (found, kind) in enumerate(zip(described, kinds, strict=True)):
        describe_sentence(found, facts, i, kind, scene.places[i].value)
    whole = any(
        number < facts.last and overlap > 1
        for number, overlap in zip(facts.of_place, facts.overlap, strict=True)
    )
    new = any("only_new&overlap:2" in found for found in described)
    said = {"said_in_whole": whole, "new_is_said": new}
    return (f"best_overlap:{min(facts.best, _MOST)}", *(name for name, holds in said.items() if holds))
