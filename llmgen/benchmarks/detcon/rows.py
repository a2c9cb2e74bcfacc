"""A labelled row as other programs write it, checked, and as the evidence that detectors read."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import msgspec

from llmgen.benchmarks.rowfiles import Malformed
from llmgen.evidence import Evidence, GivenText
from llmgen.text import without_surrogates
from llmgen.types import AnswerType, Draw, Sample, Struct

Name: TypeAlias = str | int
Text: TypeAlias = str | None
Ids: TypeAlias = tuple[Annotated[int, msgspec.Meta(ge=0)], ...]
_GREEDY = ("greedy", "greedy_sample", "gready_sample")


class Row(Struct):
    """One row: fields that have several names upstream.

    `finish` holds the greedy answer's reason first, then the samples'. `ref_logprobs` are those of prompt
    and solution without the first token, `ref_solution_start` the number of the solution's first token.
    """

    prompt: str
    samples: tuple[Text, ...]
    label: Literal[0, 1, "0", "1"] | bool
    id: Name | None = None
    DETCON_id: Name | None = None
    model: str = ""
    model_name: str = ""
    humaneval_task_id: Name | None = None
    task_id: Name | None = None
    occurrences: Annotated[int, msgspec.Meta(ge=0)] | None = None
    dose: Annotated[int, msgspec.Meta(ge=0)] | None = None
    answer_type: AnswerType = "code"
    canonical_solution: Text = None
    standard_solution: Text = None
    greedy: Text = None
    greedy_sample: Text = None
    gready_sample: Text = None
    greedy_token_ids: Ids | None = None
    sample_token_ids: tuple[Ids | None, ...] | None = None
    finish: tuple[Text, ...] | None = None
    ref_solution_start: Annotated[int, msgspec.Meta(ge=1)] | None = None
    ref_logprobs: tuple[float, ...] | None = None
    ref_mu: tuple[float, ...] | None = None
    ref_sigma: tuple[float, ...] | None = None


class Item(NamedTuple):
    """A sample with its label in the tags, and the recorded evidence."""

    sample: Sample
    evidence: Evidence


def as_item(row: Any, place: str) -> Item:
    """The item in a decoded row at `place` (`file:line`), which is its id when it has none of its own.

    Raises Malformed: a field missing or of the wrong type, lists that do not fit each other, a label that
    contradicts the dose.
    """
    if isinstance(row, dict) and not any(name in row for name in _GREEDY):
        raise Malformed(f"no greedy answer: one of {', '.join(_GREEDY)} (null when there is none)")
    try:
        checked = msgspec.convert(row, Row)
    except msgspec.ValidationError as error:
        raise Malformed(str(error)) from error
    _check(checked)
    sample = _sample(checked, place)
    return Item(sample, _evidence(checked, sample))


def _check(row: Row) -> None:
    """Raises Malformed for what no single field shows."""
    n = len(row.samples)
    for name, found, right in (
        ("sample_token_ids", row.sample_token_ids, n),
        ("finish", row.finish, n + 1),
        ("ref_mu", row.ref_mu, len(row.ref_logprobs or ())),
        ("ref_sigma", row.ref_sigma, len(row.ref_logprobs or ())),
    ):
        if found is not None and len(found) != right:
            raise Malformed(f"{name} has {len(found)} entries, not {right}")
    if (row.ref_logprobs is None) != (row.ref_solution_start is None):
        raise Malformed("ref_logprobs and ref_solution_start go together")
    if row.ref_logprobs is not None and (row.ref_solution_start or 0) > len(row.ref_logprobs):
        raise Malformed(f"ref_solution_start {row.ref_solution_start} is behind the last token")
    dose = _dose(row)
    if dose is not None and bool(dose) != bool(int(row.label)):
        raise Malformed(f"label {int(row.label)} contradicts the dose {dose}")


def _sample(row: Row, place: str) -> Sample:
    dose = _dose(row)
    name = row.id if row.id is not None else row.DETCON_id
    task = row.humaneval_task_id if row.humaneval_task_id is not None else row.task_id
    tags = {
        "label": str(int(row.label)),
        "dose": "" if dose is None else str(dose),
        "model": row.model or row.model_name,
        "task": "" if task is None else str(task),
    }
    solution = row.canonical_solution if row.canonical_solution is not None else row.standard_solution
    return Sample(
        id=str(name) if name is not None else place,
        question=without_surrogates(row.prompt),
        answer_type=row.answer_type,
        target=solution,
        tags={key: value for key, value in tags.items() if value},
    )


def _evidence(row: Row, sample: Sample) -> Evidence:
    greedy = next((text for name in _GREEDY if (text := getattr(row, name)) is not None), None)
    finish = row.finish or (None,) * (len(row.samples) + 1)
    ids = row.sample_token_ids or (None,) * len(row.samples)
    given = None
    if row.ref_logprobs is not None and row.ref_solution_start is not None:
        given = GivenText(
            logprobs=row.ref_logprobs, target_start=row.ref_solution_start, mu=row.ref_mu, sigma=row.ref_sigma
        )
    return Evidence(
        sample=sample,
        greedy=_draw(greedy, finish[0], row.greedy_token_ids),
        draws=tuple(
            _draw(text, end, tokens) for text, end, tokens in zip(row.samples, finish[1:], ids, strict=True)
        ),
        n_asked=len(row.samples),
        given=given,
        no_given="" if given else "no_prompt_logprobs",
    )


def _draw(text: Text, finish: Text, ids: Ids | None) -> Draw:
    if text is None:
        return Draw(reason="not_returned", finish=finish)
    return Draw(text=text, finish=finish, token_ids=ids)


def _dose(row: Row) -> int | None:
    return row.occurrences if row.occurrences is not None else row.dose
