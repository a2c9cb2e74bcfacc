"""What a calculation says of its numbers: the signs that touch them, results, what was given, units."""

from __future__ import annotations

from llmgen.extract.pinpoint.scene import Layout, Place, Scene

_NEAR, _BACK, _AHEAD, _ASKED, _UNIT = 40, 14, 24, 160, 3
_OPERATORS = frozenset("+*/^×÷−")  # noqa: RUF001  # signs of calculation
_RESTATING = ("(", "(or ", " or ", "i.e. ", "or $", "≈ ", "即", "也就是")
_RELATING = frozenset((
    "in", "per", "for", "of", "after", "at", "by", "than", "from", "every", "each", "with", "on", "over",
    "to", "and",
))  # fmt: skip


def describe_number(scene: Scene, facts: Layout, i: int, found: list[str]) -> None:
    """Adds the features of the mathematical candidate `i`."""
    low, place = scene.low, scene.places[i]
    _operators(low, place, found)
    value, start, end, _ = place
    kind, is_result = facts.directs[i].kind, value in facts.results
    if is_result:
        found += ("result", f"result&{kind}")
        if value == facts.results[-1]:
            found += ("last_result", f"last_result&{kind}")
    if value in scene.given:
        found.append("given&result" if is_result else "given")
    before = low[start - _BACK if start > _BACK else 0 : start].rstrip(" $*\\(").rpartition(" ")[2]
    if before in _RELATING:
        found.append(f"prep:{before}")
    unit = low[end : end + _AHEAD].lstrip(" *$\\)").partition(" ")[0].strip(".,;:!?*")
    if len(unit) >= _UNIT and unit.isalpha() and unit in scene.asked[-_ASKED:]:
        found.append("unit_asked")


def _operators(low: str, place: Place, found: list[str]) -> None:
    """Whether a number takes part in a calculation, and which signs touch it."""
    before = low[max(0, place.start - 4) : place.start].replace("**", "").strip(" $")[-1:]
    after = low[place.end : place.end + 4].replace("**", "").strip()[:1]
    if before in _OPERATORS:
        found.append("operand_after")
    elif before in ("=", "≈"):
        found += ("right_side", "right_side&ends_line") if "ends_line" in found else ("right_side",)
    if low[place.start - 1 : place.start] == "$":
        found.append("money")
    if after in _OPERATORS:
        found += ("operand_before", "starts_calculation") if place.start < _NEAR else ("operand_before",)
    elif after == "=":
        found.append("left_side")
    elif after.isalpha():
        found.append("unit")
    if low[max(0, place.start - 6) : place.start].endswith(_RESTATING):
        found.append("restated")
