"""A text with its candidates, and what is found once for all of it: cues, lines, echoes of the range."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from llmgen.extract.pinpoint import cues
from llmgen.extract.pinpoint.fields import Field

_SENTENCE_MARKS = (". ", "! ", "? ", "\n", "。", ";")
_CODE = re.compile(r"```[^\n]*\n.*?(?:```|\Z)", re.DOTALL)
_OPENING = 24
_PAIR = 2
_EQUALS = frozenset("=≈")


class Place(NamedTuple):
    """A candidate's place in a text. `value` is any key that equal candidates share; `own` see `Scene`."""

    value: object
    start: int
    end: int
    form: str


class Scene(NamedTuple):
    """A text with its candidates, ready to be described.

    `numeric`: the candidates are mathematical values. `own_texts`: option texts by value, to see whether a
    letter stands with its own text; `texts`: what the elements are called. `asked`: the question;
    `given`: the mathematical values in it.
    """

    text: str
    low: str
    places: Sequence[Place]
    fields: Sequence[Field]
    flags: Sequence[str]
    asked: str = ""
    given: frozenset[object] = frozenset()
    own_texts: Sequence[str] = ()
    texts: Sequence[str] = ()
    numeric: bool = False


class Layout(NamedTuple):
    """What is found once for a whole text: lines, cues and announcements."""

    last_line: int
    first_line_end: int
    length: int
    correction: int
    marker: int
    before: list[tuple[str, list[str]]]
    after: list[tuple[str, list[str]]]
    directs: list[cues.Direct]
    declared: list[Field | None]
    strong: list[int]
    refusals: list[str]
    echoes: set[int]
    n_places: int
    counts: dict[object, int]
    same_to_end: int
    openings: tuple[str, ...]
    sentence_marks: list[str]
    code: list[tuple[int, int]]
    results: tuple[object, ...]
    restated: tuple[str, ...] = ()


def layout(scene: Scene) -> Layout:
    """The facts about a scene's text that its candidates share."""
    low, places, fields = scene.low, scene.places, scene.fields
    flat = cues.flatten(low)
    words = cues.WORDS.present(low, flat)
    directs = [cues.direct(low, flat, place.start) for place in places]
    declared = [_in_field(fields, place) if fields else None for place in places]
    first_end = low.find("\n", len(low) - len(low.lstrip()))
    values = [place.value for place in places]
    counts: dict[object, int] = {}
    same_to_end = 0
    for i, value in enumerate(values):
        counts[value] = counts.get(value, 0) + 1
        if value != values[-1]:
            same_to_end = i + 1
    size = len(scene.texts)
    echoes = _echoes(places, size if size == _PAIR else _PAIR + 1) if len(counts) > 1 else set()
    return Layout(
        last_line=low.rstrip().rfind("\n") + 1,
        first_line_end=len(low) if first_end < 0 else first_end,
        length=max(len(low.strip()), 1),
        # a cue that the question has as well ("the request for correction") is the matter itself
        correction=cues.last_of(
            low, [word for word in words.get("correction", ()) if word not in scene.asked]
        ),
        marker=cues.last_of(low, words.get("marker", ())),
        before=[(name, words[name]) for name in cues.BEFORE_NAMES if name in words],
        after=[(name, words[name]) for name in cues.AFTER_NAMES if name in words],
        directs=directs,
        declared=declared,
        strong=[i for i, one in enumerate(directs) if one.kind == "announced" or declared[i] is not None],
        refusals=words.get("refusal", []),
        echoes={i for i in echoes if directs[i].kind != "announced"} if echoes else echoes,
        n_places=len(places),
        counts=counts,
        same_to_end=same_to_end,
        openings=tuple([text[:_OPENING] or "\0" for text in scene.own_texts]),
        code=[match.span() for match in _CODE.finditer(low)] if "```" in low else [],
        results=_results(scene) if scene.numeric else (),
        sentence_marks=[mark for mark in _SENTENCE_MARKS if mark in low],
    )


def _results(scene: Scene) -> tuple[object, ...]:
    """The values that stand behind an equals sign, in order."""
    low = scene.low
    return tuple(
        [
            place.value
            for place in scene.places
            if low[place.start - 5 if place.start > 5 else 0 : place.start].rstrip(" $*\\(")[-1:] in _EQUALS  # noqa: PLR2004  # blanks and marks between
            or "=" in low[place.start : place.end]
        ]
    )


def _in_field(fields: Sequence[Field], place: Place) -> Field | None:
    for field in fields:
        if field.start <= place.start and place.end <= field.end + 1:
            return field
    return None


def _echoes(places: Sequence[Place], shortest: int) -> set[int]:
    """Candidates that list the range itself: at least `shortest` values one after another, in order."""
    found: set[int] = set()
    run: list[int] = []
    for i, place in enumerate(places):
        follows = run and isinstance(place.value, int) and place.value == places[run[-1]].value + 1  # type: ignore[operator]
        near = run and place.start - places[run[-1]].end < 200  # noqa: PLR2004  # an option's text lies between
        if follows and near:
            run.append(i)
            continue
        if run and place.value == places[run[-1]].value and near:
            continue
        if len(run) >= shortest:
            found.update(run)
        run = [i] if place.value == 0 else []
    if len(run) >= shortest:
        found.update(run)
    return found
