"""What speaks for no valid answer: names of features, each with a learned weight."""

from __future__ import annotations

from collections.abc import Sequence

from llmgen.extract.pinpoint import cues
from llmgen.extract.pinpoint.features import Layout, Scene

_COUNTS = (0, 1, 2, 3, 5, 9)
_SHORT, _CLAUSE, _TAIL, _HEAD, _LINE = 40, 80, 160, 120, 60
_END_MARKS = ".!?。！？\"'`}])*>$:|"  # noqa: RUF001  # Chinese punctuation
_DECISIVE = ("b:perhaps", "b:either", "b:reject", "a:deny", "a:vague", "b:if", "b:format")


def describe_nothing(scene: Scene, facts: Layout, described: Sequence[Sequence[str]]) -> list[str]:
    """The features of "no valid answer", beside the candidates' own."""
    places, strong = scene.places, facts.strong
    found = [
        "null",
        f"n_values:{_bucket(len(facts.counts))}",
        f"n_places:{_bucket(len(places))}",
        *scene.flags,
    ]
    found.append(f"n_strong_values:{_bucket(len({places[i].value for i in strong}))}")
    found.append(f"length:{_bucket(facts.length // _LINE)}")
    starts = bool(places) and facts.directs[0].kind == "start"
    ending = _ending(scene, facts)
    found += (ending, f"{ending}&{'strong' if strong else 'start' if starts else 'weak'}")
    found += _refusals(scene, facts)
    if facts.marker < 0:
        found.append("no_marker")
    else:
        reached = any(facts.marker <= place.start <= facts.marker + _CLAUSE for place in places)
        found.append("marker_reached" if reached else "marker_dangling")
    if not places or places[-1].start < facts.last_line:
        found.append("none_in_last_line")
    if not scene.fields and all(direct.kind == "none" for direct in facts.directs):
        found.append("no_cue")
    if places and len(facts.echoes) == len(places):
        found.append("all_echo")
    if places and all("in_question" in names for names in described):
        found.append("all_in_question")
    return found + _decisive(scene, facts, described)


def _ending(scene: Scene, facts: Layout) -> str:
    """Whether the text ends like a sentence, on a candidate, or in the middle."""
    end = len(scene.low.rstrip())
    if scene.low[end - 1 : end] in _END_MARKS or facts.length < _SHORT:
        return "ends_well"
    if scene.places and scene.places[-1].end >= end - 6:
        return "ends_place" if end - facts.last_line > _SHORT else "ends_alone"
    return "ends_mid"


def _refusals(scene: Scene, facts: Layout) -> list[str]:
    """Refusals by place. If an element of the range sounds like one ("unknown"), hearing one means little."""
    words, mark = facts.refusals, "~" if scene.refusing else ""
    if not words:
        return []
    stripped = scene.low.strip()
    found = [f"refused_head{mark}"] if cues.has(stripped[:_HEAD], words) else []
    if cues.has(stripped[-_TAIL:], words):
        return [*found, f"refused_tail{mark}", f"refused_tail{mark}&{'strong' if facts.strong else 'weak'}"]
    return [*found, f"refused_middle{mark}"]


def _decisive(scene: Scene, facts: Layout, described: Sequence[Sequence[str]]) -> list[str]:
    """What stands around the candidate that decides: the last declared one, else the last."""
    affirmed = {
        place.value for place, names in zip(scene.places, described, strict=True) if "a:affirm" in names
    }
    found = [f"n_affirmed:{_bucket(len(affirmed))}"]
    if scene.places:
        at = facts.strong[-1] if facts.strong else len(scene.places) - 1
        names = described[at]
        if scene.places[at].form == "symbol":
            found.append("decisive:symbol")
        found.append(f"decisive_joined:{'joined_before' in names or 'joined_after' in names}")
        found.append(f"starts:{facts.directs[0].kind == 'start'}")
        found += [f"decisive:{name}" for name in _DECISIVE if name in names]
    return found


def _bucket(count: int) -> int:
    level = 0
    while level < len(_COUNTS) - 1 and count >= _COUNTS[level + 1]:
        level += 1
    return level
