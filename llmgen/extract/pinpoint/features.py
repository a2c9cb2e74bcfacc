"""What speaks for a candidate: names of features, each with a learned weight."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from llmgen.extract.pinpoint import cues
from llmgen.extract.pinpoint.fields import Field

_REACH = 72
_NEAR = 40
_JOINT = 16
_OWN_START = 24
_OPERATORS = frozenset("+*/^×÷−")  # noqa: RUF001  # signs of calculation
_SENTENCE_END = re.compile(r"[.!?] |[\n。;！？]")  # noqa: RUF001  # Chinese punctuation
_PAIR = 2
_JOINTS = frozenset(cues.JOINTS)
_MARKS = " .,:;()[]*\"'`#$\\{}=>-!。"


class Place(NamedTuple):
    """A candidate's place in a text. `value` is any key that equal candidates share; `own` see `Scene`."""

    value: object
    start: int
    end: int
    form: str


class Scene(NamedTuple):
    """A text with its candidates, ready to be described.

    `numeric`: the candidates are mathematical values. `out_of_range`: a declared answer that names nothing
    in the range. `own_texts`: option texts by value, to see whether a letter stands with its own text.
    """

    text: str
    low: str
    places: Sequence[Place]
    fields: Sequence[Field]
    flags: Sequence[str]
    numeric: bool = False
    asked: str = ""
    own_texts: Sequence[str] = ()
    size: int = 0
    refusing: bool = False


class Layout(NamedTuple):
    """What is found once for a whole text: lines, ends of sentences, cues and announcements."""

    last_line: int
    first_line_end: int
    length: int
    correction: int
    marker: int
    cuts: list[int]
    before: list[tuple[str, list[str]]]
    after: list[tuple[str, list[str]]]
    directs: list[cues.Direct]
    declared: list[Field | None]
    strong: list[int]
    refusals: list[str]
    echoes: set[int]
    counts: Counter[object]


def layout(scene: Scene) -> Layout:
    """The facts about a scene's text that its candidates share."""
    low, places = scene.low, scene.places
    flat = cues.flatten(low)
    words = cues.WORDS.present(low, flat)
    directs = [cues.direct(low, flat, place.start) for place in places]
    declared = [_in_field(scene.fields, place) for place in places]
    first_end = low.find("\n", len(low) - len(low.lstrip()))
    strong = [i for i, direct in enumerate(directs) if direct.kind == "announced" or declared[i] is not None]
    return Layout(
        last_line=low.rstrip().rfind("\n") + 1,
        first_line_end=len(low) if first_end < 0 else first_end,
        length=max(len(low.strip()), 1),
        correction=cues.last_of(low, words.get("correction", ())),
        marker=cues.last_of(low, words.get("marker", ())),
        refusals=words.get("refusal", []),
        cuts=[match.start() for match in _SENTENCE_END.finditer(low)] if places else [],
        before=[(name, here) for name, here in words.items() if name[:2] == "b:"],
        after=[(name, here) for name, here in words.items() if name[:2] == "a:"],
        directs=directs,
        declared=declared,
        strong=strong,
        echoes={
            i
            for i in _echoes(places, scene.size if scene.size == _PAIR else _PAIR + 1)
            if directs[i].kind != "announced"
        },
        counts=Counter(place.value for place in places),
    )


def describe(scene: Scene) -> tuple[list[list[str]], Layout]:
    """The features of every candidate, and the layout that they were read from."""
    facts = layout(scene)
    described = []
    for i in range(len(scene.places)):
        found = _local(scene, facts, i)
        _neighbours(scene, i, found)
        _position(scene.places, facts, i, found)
        _among(scene.places[i], facts, i, found)
        described.append(found)
    return described, facts


def _in_field(fields: Sequence[Field], place: Place) -> Field | None:
    for field in fields:
        if field.start <= place.start and place.end <= field.end + 1:
            return field
    return None


def _among(place: Place, facts: Layout, i: int, found: list[str]) -> None:
    """Where a candidate stands among announcements, corrections and lists of the range."""
    if i in facts.echoes:
        found += ("echo", f"echo&{facts.directs[i].kind}")
    if facts.correction >= 0:
        found.append("after_correction" if place.start > facts.correction else "before_correction")
    if facts.marker >= 0:
        found.append("after_marker" if place.start >= facts.marker else "before_marker")
        if facts.marker <= place.start <= facts.marker + _NEAR:
            found.append("near_marker")
    if not facts.strong:
        return
    if i not in facts.strong:
        found.append("weak_beside_strong")
        return
    found += ("strong", "last_strong" if i == facts.strong[-1] else "earlier_strong")
    if i == facts.strong[-1] and place.start > facts.correction >= 0:
        found.append("last_strong&after_correction")


def _local(scene: Scene, facts: Layout, i: int) -> list[str]:
    """Form, announcement and the words of the sentence around a candidate."""
    low, place = scene.low, scene.places[i]
    start, end = place.start, place.end
    form, (kind, colon) = place.form, facts.directs[i]
    found = [f"form:{form}", f"direct:{kind}", f"form:{form}&direct:{kind}"]
    if colon and kind == "announced":
        found.append("announced_colon")
    at = bisect_left(facts.cuts, start)
    sentence = low[max(facts.cuts[at - 1] + 1 if at else 0, start - _REACH) : start]
    for name, words in facts.before:
        if cues.has(sentence, words):
            found += (name, f"{name}&{kind}")
    right = low[end : end + _REACH].lstrip(".):*\"'` ]}$")
    cut = _SENTENCE_END.search(right)
    clause = right[: cut.start()] if cut else right
    # Behind a comma begins a remark on the matter, no predicate: "No, it does not follow".
    said = [] if clause[:1] == "," else [name for name, words in facts.after if cues.has(clause, words)]
    for name in said:
        if not (name == "a:affirm" and "a:deny" in said):
            found += (name, f"{name}&{kind}")
    if _repeats_question(scene, start, end):
        found += ("in_question", f"in_question&{kind}")
    field = facts.declared[i]
    if field is not None:
        fills = len(low[field.start : field.end].strip(" \"'.()*\n")) <= end - start + 1
        rank = "last" if field is scene.fields[-1] else "earlier"
        found += (f"field:{field.form}", f"fills:{fills}", f"field:{field.form}&{rank}")
    elif scene.fields:
        found.append("outside_field")
    return found


def _repeats_question(scene: Scene, start: int, end: int) -> bool:
    """Whether a place stands in words taken from the question, the example of its format for instance."""
    chinese = (
        scene.low[max(0, start - 1) : start] > "\u2e80" or scene.low[max(0, start - 4) : start] > "\u2e80"
    )
    reach = _OWN_START // 2 if chinese else _OWN_START
    window = scene.low[max(0, start - reach) : end + 4]
    return len(window) >= reach and start > 4 and window.strip() in scene.asked  # noqa: PLR2004  # not a bare letter


def _neighbours(scene: Scene, i: int, found: list[str]) -> None:
    """What touches a candidate: operators, the line's ends, a joint to another candidate, another's text."""
    low, place, places = scene.low, scene.places[i], scene.places
    line_start = low.rfind("\n", 0, place.start) + 1
    line_end = low.find("\n", place.end)
    begins = not low[max(line_start, place.start - _REACH) : place.start].strip(_MARKS)
    rest = low[place.end : min(place.end + _REACH, line_end if line_end >= 0 else len(low))]
    ends = not rest.strip(_MARKS)
    if begins or ends:
        found.append("alone_in_line" if begins and ends else "begins_line" if begins else "ends_line")
    if scene.numeric:
        _operators(low, place, found)
    for j in (i - 1, i + 1):
        if 0 <= j < len(places) and places[j].value != place.value:
            first, second = (places[j], place) if j < i else (place, places[j])
            gap = low[first.end : min(second.start, first.end + _JOINT)]
            if len(gap) < _JOINT and gap.strip(" ()*\"'.[]{}$\\") in _JOINTS:
                found.append("joined_before" if j < i else "joined_after")
    if scene.own_texts and isinstance(place.value, int) and 0 <= place.value < len(scene.own_texts):
        follows = low[place.end : place.end + _NEAR].lstrip(" ).:*-\"'是]、,}\n")
        for value, text in enumerate(scene.own_texts):
            if text and value != place.value and follows.startswith(text[:_OWN_START]):
                found.append("other_text")
                break


def _operators(low: str, place: Place, found: list[str]) -> None:
    """Whether a number takes part in a calculation, and which signs touch it."""
    before = low[max(0, place.start - 2) : place.start].strip()[-1:]
    after = low[place.end : place.end + 2].strip()[:1]
    if before in _OPERATORS:
        found.append("operand_after")
    elif before in ("=", "≈"):
        found += ("right_side", "right_side&ends_line") if "ends_line" in found else ("right_side",)
    elif before == "$":
        found.append("money")
    if after in _OPERATORS:
        found.append("operand_before")
    elif after == "=":
        found.append("left_side")
    elif after.isalpha():
        found.append("unit")


def _position(places: Sequence[Place], facts: Layout, i: int, found: list[str]) -> None:
    """Where in the text a candidate stands, and how much of all candidates it is."""
    place = places[i]
    found.append(f"quarter:{min(3, 4 * place.start // facts.length)}")
    if i == 0:
        found.append("first")
    kind = facts.directs[i].kind
    if i == len(places) - 1:
        found += ("last", f"last&{kind}")
    elif all(other.value == place.value for other in places[i + 1 :]):
        found.append("last_value")
    if place.start >= facts.last_line:
        found += ("in_last_line", f"in_last_line&{kind}")
    if place.start < facts.first_line_end:
        found.append("in_first_line")
    if place.end - place.start >= facts.length - 6:
        found.append("whole")
    same = facts.counts[place.value]
    found.append(f"share:{4 * same // len(places)}")
    if same == len(places):
        found.append("only_value")


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
