"""The extractor: from an output to a value in the range with its confidence, or to none with the reason."""

from __future__ import annotations

import re
from typing import NamedTuple

from llmgen.extract.embedded import embedded
from llmgen.extract.pinpoint import formulas, mentions, numerals
from llmgen.extract.pinpoint.clean import clean, lower
from llmgen.extract.pinpoint.features import describe
from llmgen.extract.pinpoint.fields import Field, fields
from llmgen.extract.pinpoint.names import AMBIGUOUS, SEVERAL, Names, names_of
from llmgen.extract.pinpoint.nothing import describe_nothing
from llmgen.extract.pinpoint.ranker import Head, Weights, load, probabilities
from llmgen.extract.pinpoint.scene import Place, Scene
from llmgen.extract.pinpoint.segment import asked, segment, without_echo
from llmgen.extract.pinpoint.stated import stated_text
from llmgen.extract.ranges import Range, range_of
from llmgen.types import Answer, Extract, Sample

HEAD_OF = {
    "alphabet_option": "options",
    "categorical_label": "labels",
    "short_text": "labels",
    "math": "math",
}
_FENCE = re.compile(r"```[^\n]*\n(.*?)(?:```|\Z)", re.DOTALL)
_MOST_PLACES, _FIRST = 20, 6


class Reading(NamedTuple):
    """What was read: `value` None with the `reason`, else a value; `confidence` in 0..1."""

    value: str | None
    confidence: float
    reason: str = ""


class Reader:
    """Reads outputs with one set of weights."""

    def __init__(self, weights: Weights | None = None) -> None:
        self.weights = weights or load()

    def read(self, answers: Range, question: str, text: str) -> Reading:
        """The answer that `text` gives to `question`. Never raises for what the text holds."""
        if answers.answer_type in ("free", "code"):
            return _free(answers, text)
        scene, values, originals = prepare(answers, question, text)
        if scene is None:
            return Reading(None, 1.0, "empty")
        if not answers.values and answers.answer_type != "math":
            said = stated_text(scene.text, scene.fields)
            return Reading(said, 0.9) if said else Reading(None, 0.9, "no_candidate")
        head = self.weights.heads[HEAD_OF[answers.answer_type]]
        return _choose(head, scene, values, originals)


def prepare(answers: Range, question: str, text: str) -> tuple[Scene | None, tuple[str, ...], list[str]]:
    """The scene of a text (None: empty), the range's values and, for math, every candidate as written."""
    repeated = asked(question)
    names = names_of(answers, question)
    cleaned = clean(text)
    part = segment(*without_echo(cleaned, lower(cleaned), repeated, names.texts), repeated, names.texts)
    body, low = part.text, part.low
    if not body.strip():
        return None, answers.values, []
    declared, hollow = fields(body)
    flags = [f"is:{name}" for name in ("thought", "open_thought", "cut", "looped") if getattr(part, name)]
    if hollow:
        flags.append("field_hollow")
    if answers.answer_type == "math":
        found = numerals.find(body, declared)
        places = [Place(numerals.key(one.value), one.start, one.end, one.form) for one in found]
        given = numerals.given(repeated.low)
        scene = Scene(body, low, places, declared, flags, repeated.low, given, numeric=True)
        return scene, (), [one.value for one in found]
    hits = _places(names, answers, body, low, declared) if answers.values else []
    if len(hits) > _MOST_PLACES:
        hits = hits[:_FIRST] + hits[_FIRST - _MOST_PLACES :]
    if declared and answers.values and not any(_inside(hit.start, declared[-1]) for hit in hits):
        flags.append("field_out_of_range")
    own_texts = names.texts if answers.texts else ()
    scene = Scene(body, low, hits, declared, flags, repeated.low, own_texts=own_texts, texts=names.texts)
    return scene, answers.values, []


def _places(names: Names, answers: Range, body: str, low: str, declared: list[Field]) -> list[Place]:
    """Where the text names elements: by letter, number or text, or by their value."""
    hits = mentions.find(names, body, low, declared)
    by_value = formulas.find(answers.texts or answers.values, body, low, declared, hits)
    return sorted([*hits, *by_value], key=lambda hit: hit.start) if by_value else hits


def _inside(at: int, field: Field) -> bool:
    return field.start <= at < field.end


def _choose(head: Head, scene: Scene, values: tuple[str, ...], originals: list[str]) -> Reading:
    described, facts = describe(scene)
    null = describe_nothing(scene, facts, described)
    shares = probabilities(head, described, null)
    totals: dict[object, float] = {}
    for place, share in zip(scene.places, shares, strict=False):  # the last share is that of no answer
        totals[place.value] = totals.get(place.value, 0.0) + share
    winner, sure = None, -1.0
    for value, total in totals.items():
        if total > sure:
            winner, sure = value, total
    if winner is None:
        return Reading(None, shares[-1], "no_candidate")
    if sure < shares[-1] or sure < head.threshold:
        reason = _reason(scene, null) if sure < shares[-1] else "unsure"
        return Reading(None, max(shares[-1], 1.0 - sure), reason)
    if winner in (AMBIGUOUS, SEVERAL):
        return Reading(None, sure, "ambiguous_text" if winner == AMBIGUOUS else "several")
    if originals:
        own = [i for i, place in enumerate(scene.places) if place.value == winner]
        return Reading(originals[max(own, key=shares.__getitem__)], sure)
    return Reading(values[winner] if isinstance(winner, int) else None, sure)


def _reason(scene: Scene, null: list[str]) -> str:
    for name, reason in (
        ("field_out_of_range", "out_of_range"),
        ("refused_tail", "refusal_or_hedge"),
        ("ends_mid", "cut_off"),
        ("all_echo", "echo"),
        ("marker_dangling", "out_of_range"),
    ):
        if name in null:
            return reason
    return "uncommitted" if scene.places else "no_candidate"


def _free(answers: Range, text: str) -> Reading:
    """Free text after cleaning; of code the last fenced block, else the whole."""
    if answers.answer_type == "code":
        blocks = _FENCE.findall(text)
        value = blocks[-1] if blocks else text
        value = value.strip("\n")
    else:
        value = clean(text).strip()
    return Reading(value, 1.0) if value.strip() else Reading(None, 1.0, "empty")


def build() -> Extract:
    """The extractor `pinpoint`. Loads the packaged weights once."""
    reader = Reader()
    method = f"pinpoint@{reader.weights.digest}"

    def pinpoint(sample: Sample, text: str) -> Answer:
        read = reader.read(range_of(sample), sample.question, text)
        return Answer(
            kind="no_valid_answer" if read.value is None else "answered",
            value=read.value,
            extractor="pinpoint",
            method=method,
            confidence=round(read.confidence, 6),
            reason=read.reason,
        )

    return embedded(pinpoint)
