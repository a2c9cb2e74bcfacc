"""What speaks for a candidate: names of features, each with a learned weight."""

from __future__ import annotations

import re
from functools import lru_cache

from llmgen.extract.pinpoint import cues
from llmgen.extract.pinpoint.fields import Field
from llmgen.extract.pinpoint.scene import Layout, Place, Scene, layout
from llmgen.extract.pinpoint.sentences import describe_all
from llmgen.extract.pinpoint.sums import describe_number

_REACH = 72
_NEAR = 40
_GAP = 4
_STOPS = frozenset((".", ",", ";", ":", "!", "*", "\n"))  # behind a first word that answers
_JOINT, _LISTED = 16, 3
_QUOTES = ("*", '"', "'", "`", "_")
_OWN_START = 24
_SENTENCE_END = re.compile(r"[\n。;]|[.!?] ")
_QUARTERS = tuple(f"quarter:{i}" for i in range(4))
_SHARES = tuple(f"share:{i}" for i in range(5))
_JOINTS = frozenset(cues.JOINTS)
_MARKS = " .,:;()[]*\"'`#$\\{}=>-!。"


def describe(scene: Scene) -> tuple[list[list[str]], Layout]:
    """The features of every candidate, and the layout that they were read from."""
    facts = layout(scene)
    about = _asked_about(tuple(scene.texts), scene.asked) if scene.texts else frozenset()
    described = []
    for i, place in enumerate(scene.places):
        kind, colon = facts.directs[i]
        found = [*_formed(place.form, kind)]
        if colon and kind == "announced":
            found.append("announced_colon")
        _local(scene, facts, place, kind, found)
        if scene.fields:
            _declared(scene, facts.declared[i], place, found)
        _neighbours(scene, facts, i, found)
        _position(scene, facts, i, found)
        _among(place, facts, i, found)
        if about:
            found += _and_kind(
                "asked_about" if place.value in about else "not_asked_about", facts.directs[i].kind
            )
        described.append(found)
    _heads(scene, described)
    if scene.places and not scene.numeric:
        kinds = [direct.kind for direct in facts.directs]
        facts = facts._replace(restated=describe_all(scene, kinds, described, about))
    return described, facts


def _heads(scene: Scene, described: list[list[str]]) -> None:
    """Marks candidates that begin their lines when so many do that the range itself is listed."""
    at = [i for i, names in enumerate(described) if "begins_line" in names or "alone_in_line" in names]
    size = len({scene.places[i].value for i in at})
    if size >= _LISTED or size == len(scene.texts) > 1:
        for i in at:
            described[i].append("one_of_heads" if len(at) < len(described) else "only_heads")


@lru_cache(maxsize=4096)
def _asked_about(texts: tuple[str, ...], question: str) -> frozenset[int]:
    """The elements that a question names, its list of choices left out, when it does not name all of them."""
    stem = question.partition("answer choices")[0]
    named = frozenset([i for i, text in enumerate(texts) if len(text) > 1 and text in stem])
    return named if len(named) < len(texts) - 1 else frozenset()


def _among(place: Place, facts: Layout, i: int, found: list[str]) -> None:
    """Where a candidate stands among announcements, corrections and lists of the range."""
    if i in facts.echoes:
        found += _and_kind("echo", facts.directs[i].kind)
        if len(facts.echoes) == facts.n_places:
            found.append("echo_only")
    start, correction, marker, strong = place.start, facts.correction, facts.marker, facts.strong
    if correction >= 0:
        found.append("after_correction" if start > correction else "before_correction")
    if marker >= 0:
        found.append("after_marker" if start >= marker else "before_marker")
        if marker <= start <= marker + _NEAR:
            found.append("near_marker")
    if not strong:
        return
    if i not in strong:
        found.append("weak_beside_strong")
        return
    found += ("strong", "last_strong" if i == strong[-1] else "earlier_strong")
    if i == strong[-1] and start > correction >= 0:
        found.append("last_strong&after_correction")


@lru_cache(maxsize=1024)
def _formed(form: str, kind: str) -> tuple[str, str, str]:
    return f"form:{form}", f"direct:{kind}", f"form:{form}&direct:{kind}"


@lru_cache(maxsize=1024)
def _and_kind(name: str, kind: str) -> tuple[str, str]:
    """A feature, and its conjunction with how the candidate is announced."""
    return name, f"{name}&{kind}"


def _local(scene: Scene, facts: Layout, place: Place, kind: str, found: list[str]) -> None:
    """The words of the sentence around a candidate."""
    low = scene.low
    _, start, end, _ = place
    if facts.before:
        begin = start - _REACH if start > _REACH else 0
        for mark in facts.sentence_marks:
            at = low.rfind(mark, begin, start + 1) + 1
            begin = max(begin, at)
        sentence = low[begin:start]
        for name, words in facts.before:
            for word in words:
                if word in sentence:
                    found += _and_kind(name, kind)
                    break
    if facts.after:
        _predicates(low, end, facts, kind, found)
    # Words taken from the question, the example of its format for instance; a bare letter is none.
    if start > _GAP:
        chinese = low[start - 1] > "\u2e80" or low[start - 4] > "\u2e80"
        reach = _OWN_START // 2 if chinese else _OWN_START
        window = low[start - reach if start > reach else 0 : end + _GAP]
        if len(window) >= reach and window.strip() in scene.asked:
            found += _and_kind("in_question", kind)


def _declared(scene: Scene, field: Field | None, place: Place, found: list[str]) -> None:
    """The declared answer that a candidate stands in."""
    if field is None:
        found.append("outside_field")
        return
    fills = len(scene.low[field.start : field.end].strip(" \"'.()*\n")) <= place.end - place.start + 1
    rank = "last" if field is scene.fields[-1] else "earlier"
    found += (f"field:{field.form}", f"fills:{fills}", f"field:{field.form}&{rank}")


def _predicates(low: str, end: int, facts: Layout, kind: str, found: list[str]) -> None:
    """What the sentence says about a candidate behind it."""
    right = low[end : end + _REACH].lstrip(".):*\"'` ]}$")
    # Behind a comma begins a remark on the matter, no predicate: "No, it does not follow".
    if right[:1] == ",":
        return
    cut = _SENTENCE_END.search(right)
    clause = right[: cut.start()] if cut else right
    said = [name for name, words in facts.after if cues.has(clause, words)]
    for name in said:
        if not (name == "a:affirm" and "a:deny" in said):
            found += _and_kind(name, kind)


def _neighbours(scene: Scene, facts: Layout, i: int, found: list[str]) -> None:
    """What touches a candidate: operators, the line's ends, a joint to another candidate, another's text."""
    low, places = scene.low, scene.places
    place = places[i]
    value, start, end, _ = place
    begins = not low[start - _REACH if start > _REACH else 0 : start].rpartition("\n")[2].strip(_MARKS)
    ends = not low[end : end + _REACH].partition("\n")[0].strip(_MARKS)
    if low[start - 1 : start] in _QUOTES and low[end : end + 1] in _QUOTES and start:
        found.append("emphasised")
    if facts.code and any(first <= start < last for first, last in facts.code):
        found.append("in_code")
    if begins or ends:
        found.append("alone_in_line" if begins and ends else "begins_line" if begins else "ends_line")
    if scene.numeric:
        describe_number(scene, facts, i, found)
    if i and places[i - 1].value != value and _joined(low, places[i - 1].end, start):
        found.append("joined_before")
    if i + 1 < len(places) and places[i + 1].value != value and _joined(low, end, places[i + 1].start):
        found.append("joined_after")
    if facts.openings:
        follows = low[end : end + _NEAR].lstrip(" ).:*-\"'是]、,}\n")
        if follows.startswith(facts.openings) and any(
            other != value and follows.startswith(text) for other, text in enumerate(facts.openings)
        ):
            found.append("other_text")


def _joined(low: str, end: int, start: int) -> bool:
    if start - end >= _JOINT:
        return False
    between = low[end:start].strip(" ()*\"'.[]{}$\\")
    return between in _JOINTS or (between[:1] > "\u2e80" and between[1:] in _JOINTS)


def _position(scene: Scene, facts: Layout, i: int, found: list[str]) -> None:
    """Where in the text a candidate stands, and how much of all candidates it is."""
    places = scene.places
    value, start, end, _ = places[i]
    count, kind = len(places), facts.directs[i].kind
    found.append(_QUARTERS[min(3, 4 * start // facts.length)])
    if i == 0:
        found += _and_kind("first", kind)
    if i == count - 1:
        found += _and_kind("last", kind)
    elif i >= facts.same_to_end:
        found.append("last_value")
    if start >= facts.last_line:
        found += _and_kind("in_last_line", kind)
    if start < facts.first_line_end:
        found.append("in_first_line")
    if end - start >= facts.length - 6:
        found.append("whole")
    if kind == "start" and scene.low[end : end + 1] in _STOPS:
        found.append("answers_first")
    same = facts.counts[value]
    found.append(_SHARES[4 * same // count])
    if same == count:
        found += _and_kind("only_value", kind)
