"""Recorded answers by dose of exposure, in either form, joined to the problems that they answer.

Published form: a folder with `Occurrence_K.jsonl` (`task_id, completion`, several a task) and
`Occurrence_K_gready.jsonl` (sic; one a task) for each dose K. Ours: rows as DetCon has them, with a dose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from llmgen.benchmarks.detcon.rows import Item
from llmgen.benchmarks.detcon.rows import as_item as as_detcon_item
from llmgen.benchmarks.humaneval.rows import as_sample
from llmgen.benchmarks.rowfiles import Loaded, Malformed, load_rows
from llmgen.errors import UsageError
from llmgen.evidence import Evidence
from llmgen.types import Draw, Sample, Struct

_FILE = re.compile(r"Occurrence_(\d+)(_gready|_greedy)?\.jsonl(?:\.gz)?")


class Recorded(NamedTuple):
    """Items in order, the sha256 of every file that was read, and what was left out."""

    items: tuple[Item, ...]
    hashes: tuple[str, ...]
    bad: tuple[str, ...]


class _Answer(Struct):
    task_id: str | int
    completion: str | None


class _Placed(NamedTuple):
    place: str
    task: str
    completion: str | None


def read_items(data: Path, problems: Path, *, skip_bad: bool) -> Recorded:
    """All items of `data`, each with its task's test in the tags.

    Raises UsageError for files that cannot be read, malformed rows, and tasks that no problem is of.
    """
    tasks = load_rows([problems], as_sample, lambda sample: sample.id, skip_bad=skip_bad)
    by_id = {sample.id: sample for sample in tasks.items}
    read = _of_folder if data.is_dir() else _of_file
    found = read(data, by_id, skip_bad=skip_bad)
    return Recorded(found.items, (*found.hashes, *tasks.hashes), (*found.bad, *tasks.bad))


def _of_file(data: Path, problems: Mapping[str, Sample], *, skip_bad: bool) -> Loaded[Item]:
    """Rows of the form that DetCon reads. Their prompts were sent without a newline at their end."""

    def as_item(row: Any, place: str) -> Item:
        item = as_detcon_item(row, place)
        if "dose" not in item.sample.tags:
            raise Malformed("no dose: one of occurrences, dose")
        return item

    loaded = load_rows([data], as_item, lambda item: item.sample.id, skip_bad=skip_bad)
    _check_known((item.sample.tags.get("task", item.sample.id) for item in loaded.items), problems, data)
    items = []
    for sample, evidence in loaded.items:
        task = sample.tags.get("task", sample.id)
        joined = _joined(sample, problems[task], task, sample.question.rstrip("\n"))
        items.append(Item(joined, msgspec.structs.replace(evidence, sample=joined)))
    return Loaded(tuple(items), loaded.hashes, loaded.bad)


def _of_folder(data: Path, problems: Mapping[str, Sample], *, skip_bad: bool) -> Loaded[Item]:
    """The published form: a prompt is followed by its completion as it is."""
    doses: dict[int, dict[bool, Path]] = {}
    for path in sorted(data.iterdir()):
        if name := _FILE.fullmatch(path.name):
            doses.setdefault(int(name[1]), {})[bool(name[2])] = path
    if not doses:
        raise UsageError(f"{data} holds no Occurrence_K.jsonl", hint="name the folder that holds them")
    items: list[Item] = []
    hashes: list[str] = []
    bad: list[str] = []
    for dose, files in sorted(doses.items()):
        for is_greedy, ending in ((False, ""), (True, "_gready")):
            if is_greedy not in files:
                raise UsageError(f"{data} lacks Occurrence_{dose}{ending}.jsonl")
        draws, greedy = (
            load_rows([files[kind]], _as_answer, lambda one: one.place, skip_bad=skip_bad)
            for kind in (False, True)
        )
        _check_known((one.task for one in (*draws.items, *greedy.items)), problems, data)
        items += _of_dose(dose, draws.items, greedy.items, problems)
        hashes += draws.hashes + greedy.hashes
        bad += draws.bad + greedy.bad
    return Loaded(tuple(items), tuple(hashes), tuple(bad))


def _of_dose(
    dose: int, draws: Sequence[_Placed], greedy: Sequence[_Placed], problems: Mapping[str, Sample]
) -> list[Item]:
    first = {one.task: one.completion for one in reversed(greedy)}
    drawn: dict[str, list[Draw]] = {}
    for one in draws:
        drawn.setdefault(one.task, []).append(_draw(one.completion))
    items = []
    for task, answers in drawn.items():
        problem = problems[task]
        plain = msgspec.structs.replace(problem, id=f"{dose}/{task}", tags={"dose": str(dose)})
        sample = _joined(plain, problem, task, problem.question)
        evidence = Evidence(
            sample=sample, greedy=_draw(first.get(task)), draws=tuple(answers), n_asked=len(answers)
        )
        items.append(Item(sample, evidence))
    return items


def _as_answer(row: Any, place: str) -> _Placed:
    try:
        answer = msgspec.convert(row, _Answer)
    except msgspec.ValidationError as error:
        raise Malformed(str(error)) from error
    return _Placed(place, str(answer.task_id), answer.completion)


def _joined(sample: Sample, problem: Sample, task: str, prompt: str) -> Sample:
    """`sample` with what running its answers needs; items of one task depend on each other."""
    tags = {
        **sample.tags,
        "task": task,
        "cluster": task,
        "prompt": prompt,
        "test": problem.tags["test"],
        "entry_point": problem.tags["entry_point"],
    }
    return msgspec.structs.replace(sample, answer_type="code", tags=tags)


def _draw(text: str | None) -> Draw:
    return Draw(reason="not_returned") if text is None else Draw(text=text)


def _check_known(tasks: Any, problems: Mapping[str, Sample], data: Path) -> None:
    unknown = list(dict.fromkeys(task for task in tasks if task not in problems))
    if unknown:
        raise UsageError(
            f"{data}: {len(unknown)} tasks are not among the problems: {', '.join(unknown[:5])}",
            hint=f"--problems has {next(iter(problems))!r} and others like it",
        )
