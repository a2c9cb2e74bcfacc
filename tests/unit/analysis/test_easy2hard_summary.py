"""The summary of an Easy2Hard run: sets, arms, the grid with its holes, tables."""

import msgspec
import numpy as np
import pytest

from llmgen.analysis.easy2hard import summarise
from llmgen.summary import ScoredRow

BINS = 3


def row(name, rating, value, arm="none", **tags):
    measured = {"set": "gsm8k", "rating": str(rating), "arm": arm}
    return ScoredRow(
        sample_id=name if arm == "none" else f"{name}@{arm}.{tags['seed']}",
        tags=measured | tags,
        value=value,
        outcome="error" if value is None else "correct" if value else "wrong",
    )


def run(right, n=90, seeds=2):
    """Rows of all arms; `right(arm, rating, rng)` is the chance that an item is answered rightly."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(n):
        rating, name = number / n, f"q{number:03d}"
        level = "easy" if rating <= 0.3 else "hard" if rating >= 0.7 else "medium"
        place = {"level": level, "test_bin": str(1 + number * BINS // n)}
        rows.append(row(name, rating, float(rng.random() < right("none", rating)), **place))
        for seed in map(str, range(1, seeds + 1)):
            arms = [(arm, {}) for arm in ("easy", "medium", "hard") if level == "hard"]
            arms += [(f"bin{train}", {"train_bin": str(train)}) for train in range(1, BINS + 1)]
            rows += [
                row(
                    name,
                    rating,
                    float(rng.random() < right(arm, rating)),
                    arm,
                    seed=seed,
                    item=name,
                    role="diagnostic",
                    **place,
                    **more,
                )
                for arm, more in arms
            ]
    return rows


CONTEXT = {
    "bins": 4,
    "binning": "quantile",
    "sgr": True,
    "grid": BINS,
    "seeds": 2,
    "sets": {"gsm8k": {"tested": [30, 30, 30]}},
}
HELP = {"none": 0.0, "easy": 0.3, "medium": 0.45, "hard": 0.6, "bin1": 0.3, "bin2": 0.4, "bin3": 0.6}


@pytest.fixture(scope="module")
def found():
    return summarise(run(lambda arm, rating: HELP[arm] + 0.4 * (1 - rating)), None, CONTEXT)


def test_the_score_and_the_bins_are_of_items_without_examples(found):
    one = found.metrics["sets"]["gsm8k"]
    assert (one["n"], one["n_graded"]) == (90, 90)
    assert [band["n"] for band in one["bins"]] == [22, 23, 23, 22]
    assert one["accuracy"] < 0.3
    assert len(one["curve"]["at"]) == 50


def test_the_gap_and_its_arms(found):
    one = found.metrics["sets"]["gsm8k"]
    assert one["arms"]["hard"]["accuracy"] > one["arms"]["easy"]["accuracy"] > one["arms"]["none"]["accuracy"]
    assert (one["arms"]["easy"]["n"], one["arms"]["easy"]["answers"]) == (27, 54)
    assert 0.2 < one["gap"]["easy"]["sgr"] < one["gap"]["medium"]["sgr"] < 1.1
    assert one["gap"]["easy"]["low"] < one["gap"]["easy"]["sgr"] < one["gap"]["easy"]["high"]


def test_the_grid(found):
    grid = found.metrics["sets"]["gsm8k"]["grid"]
    cells = {(cell["train_bin"], cell["test_bin"]): cell for cell in grid["cells"]}
    assert set(cells) == {(a, b) for a in (None, 1, 2, 3) for b in (1, 2, 3)}
    assert all(cell["n"] == 30 and cell["missing"] == 0 for cell in cells.values())
    assert (cells[None, 1]["seeds"], cells[1, 1]["seeds"]) == (1, 2)
    assert cells[1, 3]["sgr"] == pytest.approx(
        (cells[1, 3]["accuracy"] - cells[None, 3]["accuracy"])
        / (cells[3, 3]["accuracy"] - cells[None, 3]["accuracy"])
    )
    assert cells[3, 3]["sgr"] is None
    assert [(one["gap"], one["cells"]) for one in grid["decay"]] == [(0, 3), (1, 4), (2, 2)]
    means = [cells[a, b]["accuracy"] for a, b in ((1, 3), (3, 1))]
    assert grid["decay"][2]["accuracy"] == pytest.approx(sum(means) / 2)
    assert {one["test_bin"]: one["train_bin"] for one in grid["best"]} == {1: 3, 2: 3, 3: 3}
    assert grid["holes"] == []


def test_a_partial_grid_names_its_holes():
    rows = [
        one
        for one in run(lambda *_: 0.5)
        if not (one.tags.get("train_bin") == "2" and one.tags["test_bin"] == "3")
        and not (one.tags.get("train_bin") == "1" and one.tags.get("seed") == "2")
    ]
    found = summarise(rows, None, CONTEXT)
    grid = found.metrics["sets"]["gsm8k"]["grid"]
    assert {(cell["train_bin"], cell["test_bin"]): cell["missing"] for cell in grid["holes"]} == {
        (1, 1): 30,
        (1, 2): 30,
        (1, 3): 30,
        (2, 3): 60,
    }
    assert any("1x1, 1x2, 1x3, 2x3" in line for line in found.warnings)
    cells = next(
        table for table in found.tables if table.title.startswith("Grid of gsm8k: accuracy by difficulty")
    )
    assert cells.rows[2][3] == "no answers"


def test_missing_grades_are_counted_and_never_wrong():
    rows = [
        msgspec.structs.replace(one, value=None, outcome="error")
        if one.sample_id in {"q080", "q081", "q082"}
        else one
        for one in run(lambda *_: 1.0)
    ]
    found = summarise(rows, None, CONTEXT)
    one = found.metrics["sets"]["gsm8k"]
    assert (one["n"], one["n_graded"], one["accuracy"]) == (90, 87, 1.0)
    assert [band["n_ungraded"] for band in one["bins"]] == [0, 0, 0, 3]
    assert any("3 of 90 items have no grade" in line for line in found.warnings)
    assert one["gap"]["easy"]["n_left_out"] == 3


def test_the_arms_of_a_set_without_examples_are_missing():
    rows = [one for one in run(lambda *_: 0.5) if one.tags["arm"] == "none"]
    found = summarise(rows, None, {**CONTEXT, "sets": {"gsm8k": {}}})
    one = found.metrics["sets"]["gsm8k"]
    assert "grid" not in one
    assert one["gap"]["easy"]["reason"] == "no answers with easy examples"


def test_items_kept_for_examples_are_in_the_score_only():
    rows = run(lambda *_: 0.5)
    kept = [
        msgspec.structs.replace(one, tags=one.tags | {"kept": "yes"})
        if one.tags["arm"] == "none" and one.sample_id > "q084"
        else one
        for one in rows
        if not (one.tags.get("item", "") > "q084")
    ]
    context = {**CONTEXT, "sets": {"gsm8k": {"tested": [30, 30, 25]}}}
    one = summarise(kept, None, context).metrics["sets"]["gsm8k"]
    assert one["n"] == 90
    assert one["arms"]["none"]["n"] == 22
    assert one["grid"]["holes"] == []


def test_a_base_gives_a_curve_of_the_difference():
    rows = [one for one in run(lambda *_: 1.0) if one.tags["arm"] == "none"]
    base = [msgspec.structs.replace(one, value=0.0) for one in rows[:60]]
    difference = summarise(rows, base, {}).metrics["sets"]["gsm8k"]["difference"]
    assert difference["value"] == pytest.approx([1.0] * 50)
    assert max(difference["at"]) < 60 / 90


def test_nothing_graded_has_tables_and_no_numbers():
    rows = [msgspec.structs.replace(one, value=None, outcome="unparsed") for one in run(lambda *_: 1.0)]
    found = summarise(rows, None, CONTEXT)
    one = found.metrics["sets"]["gsm8k"]
    assert (one["accuracy"], one["curve"], one["bins"], one["monotone"]) == (None, None, [], None)
    assert found.tables[0].rows[0][:4] == ("gsm8k", "90", "0", "-")
    assert summarise([], None, CONTEXT).metrics == {"sets": {}}


def test_the_summary_is_plain_json(found):
    assert msgspec.json.decode(msgspec.json.encode(found.metrics)) == found.metrics
