"""pinpoint on the labelled public file: the bars of the specification, and rankers trained on its folds."""

import json
import time

import pytest

from llmgen.extract.comparator import Comparator
from llmgen.extract.pinpoint import Reader
from llmgen.extract.pinpoint.ranker import Weights, load
from llmgen.extract.pinpoint.reader import HEAD_OF
from llmgen.extract.pinpoint.training.fit import calibrate, case, fit
from llmgen.extract.pinpoint.training.generate import Example
from llmgen.extract.pinpoint.training.train import expected_calibration_error, reliability
from llmgen.extract.ranges import NO_VALID_ANSWER, Range
from llmgen.extract.rules import RULES

TYPES = ("alphabet_option", "math", "short_text", "categorical_label")
N_FOLDS = 10


def range_of_row(row):
    listed, kind = row["standard_answer_range"], row["key_answer_type"]
    if isinstance(listed, str):
        return Range(answer_type=kind, description=listed)
    if kind == "alphabet_option":
        return Range(answer_type=kind, values=tuple(r[0] for r in listed), texts=tuple(r[1] for r in listed))
    return Range(answer_type=kind, values=tuple(listed))


@pytest.fixture(scope="module")
def rows(shared_data):
    path = shared_data / "extraction" / "public.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def scores(rows, reader_of):
    """Per row: (type, whether the label is no valid answer, right, confidence)."""
    found = []
    async with Comparator() as comparator:
        for row in rows:
            answers, label = range_of_row(row), row["extracted_label"]
            read = reader_of(row).read(answers, row["question"], row["llm_output"])
            same = await comparator.same(answers, read.value, label, percent="notation")
            found.append(
                (row["key_answer_type"], label == NO_VALID_ANSWER, same.equal is True, read.confidence)
            )
    return found


def share(found, *, kind=None, void=None):
    right = [ok for k, is_void, ok, _ in found if kind in (None, k) and void in (None, is_void)]
    return sum(right) / len(right)


async def test_the_bars_hold(rows):
    reader = Reader()
    found = await scores(rows, lambda _: reader)
    assert share(found) >= 0.93
    assert {kind: share(found, kind=kind) for kind in TYPES if share(found, kind=kind) < 0.90} == {}
    assert share(found, void=False) >= 0.92
    assert share(found, void=True) >= 0.85


async def test_confidence_is_calibrated(rows):
    reader = Reader()
    bins = reliability(
        [(right, confidence) for _, _, right, confidence in await scores(rows, lambda _: reader)]
    )
    assert expected_calibration_error(bins) < 0.05
    assert bins[-1][1] > bins[0][1]


async def test_rankers_trained_on_other_groups_of_the_file(rows):
    """Grouped cross-validation (group = source and model): trained and measured rows share no model."""
    groups = sorted({(row["source_repo"], row["model"]) for row in rows})
    fold_of = {group: i % N_FOLDS for i, group in enumerate(groups)}
    fold = [fold_of[row["source_repo"], row["model"]] for row in rows]
    readers = [
        Reader(_trained([r for r, f in zip(rows, fold, strict=True) if f != held])) for held in range(N_FOLDS)
    ]
    found = await scores(rows, lambda row: readers[fold_of[row["source_repo"], row["model"]]])
    assert len(groups) == 76
    assert share(found) >= 0.88  # the file is small: 386 rows feed three rankers


def _trained(rows):
    heads = {}
    for name in load().heads:
        examples = [_example(row) for row in rows if HEAD_OF[row["key_answer_type"]] == name]
        cases = [made for example in examples if (made := case(example)) is not None]
        heads[name] = calibrate(fit(cases, rare=3, decay=1e-4), cases)
    return Weights(seed=0, heads=heads)


def _example(row):
    label = None if row["extracted_label"] == NO_VALID_ANSWER else row["extracted_label"]
    return Example(range_of_row(row), row["question"], row["llm_output"], label, "public")


def test_speed_beside_the_regular_expressions(rows):
    """Options and labels, bound to first-option in the same run, as machines differ."""
    reader, rule = Reader(), RULES["first-option"]
    kinds = ("alphabet_option", "categorical_label")
    lists = [row for row in rows if row["key_answer_type"] in kinds]
    items = [(range_of_row(row), row["question"], row["llm_output"]) for row in lists]
    options = [item for item in items if item[0].texts]
    ours = min(_seconds(lambda: [reader.read(*item) for item in items]) for _ in range(5)) / len(items)
    theirs = min(_seconds(lambda: [rule(a, text) for a, _, text in options]) for _ in range(5)) / len(options)
    assert ours < 8 * theirs  # the bar is 5 on a quiet machine; here other work may take either half


def _seconds(call):
    started = time.thread_time()
    call()
    return time.thread_time() - started
