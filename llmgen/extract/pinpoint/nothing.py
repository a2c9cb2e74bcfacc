"""What speaks for no valid answer: names of features, each with a learned weight."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from llmgen.extract.pinpoint import cues
from llmgen.extract.pinpoint.scene import Layout, Scene

_COUNTS = (0, 1, 2, 3, 5, 9)
_N_VALUES, _N_PLACES, _N_STRONG, _LENGTHS, _N_AFFIRMED, _N_BEGINS = (
    tuple(f"{name}:{level}" for level in range(len(_COUNTS)))
    for name in ("n_values", "n_places", "n_strong_values", "length", "n_affirmed", "n_begin_lines")
)
_SHORT, _CLAUSE, _TAIL, _HEAD, _LINE, _UNITS = 40, 80, 160, 120, 60, 24
_END_MARKS = ".!?。！？\"'`}])*>$:|"  # noqa: RUF001  # Chinese punctuation
_DECISIVE = ("b:perhaps", "b:either", "b:reject", "a:deny", "a:vague", "a:plural", "b:if", "b:format")


def describe_nothing(scene: Scene, facts: Layout, described: Sequence[Sequence[str]]) -> list[str]:
    """The features of "no valid answer", beside the candidates' own."""
    places, strong = scene.places, facts.strong
    found = [
        "null",
        _N_VALUES[bisect_right(_COUNTS, len(facts.counts)) - 1],
        _N_PLACES[bisect_right(_COUNTS, len(places)) - 1],
        _N_STRONG[bisect_right(_COUNTS, len({places[i].value for i in strong})) - 1],
        _LENGTHS[bisect_right(_COUNTS, facts.length // _LINE) - 1],
        *scene.flags,
    ]
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
    begins = {
        place.value
        for place, names in zip(places, described, strict=True)
        if "begins_line" in names or "alone_in_line" in names
    }
    found.append(_N_BEGINS[bisect_right(_COUNTS, len(begins)) - 1])
    if places and facts.results and places[-1].value == facts.results[-1]:
        found.append("last_is_result")
    found += facts.restated
    if "said_in_whole" in facts.restated:
        found.append(f"{ending}&said_in_whole")
    return found + _decisive(scene, facts, described)


def _ending(scene: Scene, facts: Layout) -> str:
    """Whether the text ends like a sentence, on a candidate, or in the middle."""
    end = len(scene.low.rstrip())
    if scene.low[end - 1 : end] in _END_MARKS or facts.length < _SHORT:
        return "ends_well"
    last = scene.places[-1] if scene.places else None
    if last is not None and facts.results and last.value == facts.results[-1] and end - last.end < _UNITS:
        return "ends_result"
    if last is not None and last.end >= end - 6:
        return "ends_place" if end - facts.last_line > _SHORT else "ends_alone"
    return "ends_mid"


def _refusals(scene: Scene, facts: Layout) -> list[str]:
    """Refusals by place. If an element of the range sounds like one ("unknown"), hearing one means little."""
    words = facts.refusals
    if not words:
        return []
    mark = "~" if cues.has("\n".join(scene.texts), cues.REFUSALS) else ""
    stripped = scene.low.strip()
    found = [f"refused_head{mark}"] if cues.has(stripped[:_HEAD], words) else []
    if cues.has(stripped[-_TAIL:], words):
        starts = bool(scene.places) and facts.directs[0].kind == "start"
        said = "strong" if facts.strong else "start" if starts else "weak"
        return [*found, f"refused_tail{mark}", f"refused_tail{mark}&{said}"]
    return [*found, f"refused_middle{mark}"]


def _decisive(scene: Scene, facts: Layout, described: Sequence[Sequence[str]]) -> list[str]:
    """What stands around the candidate that decides: the last declared one, else the last."""
    affirmed = {
        place.value for place, names in zip(scene.places, described, strict=True) if "a:affirm" in names
    }
    found = [_N_AFFIRMED[bisect_right(_COUNTS, len(affirmed)) - 1]]
    if scene.places:
        at = facts.strong[-1] if facts.strong else len(scene.places) - 1
        names = described[at]
        if scene.places[at].form == "symbol":
            found.append("decisive:symbol")
        found.append(f"decisive_joined:{'joined_before' in names or 'joined_after' in names}")
        found.append(f"starts:{facts.directs[0].kind == 'start'}")
        found += [f"decisive:{name}" for name in _DECISIVE if name in names]
    return found
