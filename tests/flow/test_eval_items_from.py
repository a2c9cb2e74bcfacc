"""`llmgen eval --items-from FILE`: fewer items are asked, and the score on all of them is estimated."""

import json

import pytest

FAKE = "fake/fixed?text={}"


@pytest.fixture
def few(llmgen):
    """few.json, a subset of 12 items with nothing but their weights; its ids."""
    assert llmgen.eval("--domains", "coding", model=FAKE.format("Yes")).code == 0
    names = [
        row["sample_id"] for row in llmgen.sql("select sample_id from scores order by sample_id limit 12")
    ]
    subset = {
        "benchmark": "finetunebench",
        "method": "stratified",
        "sample_ids": names,
        "weights": [1 / 12] * 12,
        "n_items": 80,
        "n_models": 4,
    }
    (llmgen.folder / "few.json").write_text(json.dumps(subset))
    return names


def test_only_the_chosen_items_are_asked_and_the_full_score_is_estimated(llmgen, few, asked):
    done = llmgen.eval("--items-from", "few.json")
    assert done.code == 0, done.err
    assert len(asked()) == 12
    assert {name for name, _ in llmgen.records(done.json["run_id"])} == set(few)
    found = done.json["metrics"]["full_score"]
    assert (found["method"], found["n_asked"], found["n_items"]) == ("stratified", 12, 80)
    assert found["low"] <= found["score"] <= found["high"]
    assert found["interval"] == "wilson"
    again = llmgen("eval", "finetunebench", "--model", FAKE.format("Yes"), "--items-from", "few.json")
    assert "Score on all 80 items, estimated" in again.out
    report = next(line for line in again.out.splitlines() if line.startswith("report")).split()[-1]
    assert "Score on all 80 items, estimated" in (llmgen.folder / report).read_text()


def test_what_analyse_subset_writes_is_asked_and_agrees_with_the_whole(llmgen):
    texts = ("Yes", "No", "42")
    for text in texts:
        assert llmgen.eval(model=FAKE.format(text)).code == 0
    done = llmgen("analyse", "subset", "--items", 30, "--out", "few.json", "--json")
    assert done.code == 0, done.err
    (row,) = llmgen.sql(f"select mean from leaderboard where model = '{FAKE.format('Yes')}'")
    asked = llmgen.eval("--items-from", "few.json", model=FAKE.format("Yes")).json
    assert asked["n"] == 30
    assert asked["metrics"]["full_score"]["low"] <= row["mean"] <= asked["metrics"]["full_score"]["high"]


def test_a_resumed_run_asks_the_same_items(llmgen, few):
    stopped = llmgen.eval("--items-from", "few.json", "--max-requests", "5")
    assert stopped.code == 4
    done = llmgen("eval", "--resume", stopped.json["run_id"], "--max-requests", "50", "--json")
    assert done.code == 0, done.err
    assert {name for name, _ in llmgen.records(done.json["run_id"])} == set(few)
    assert done.json["metrics"]["full_score"]["n_asked"] == 12


@pytest.mark.usefixtures("few")
def test_new_grades_of_such_a_run_have_its_estimate_without_the_file(llmgen):
    first = llmgen.eval("--items-from", "few.json").json
    (llmgen.folder / "few.json").unlink()
    done = llmgen("rescore", first["run_id"], "--json")
    assert done.code == 0, done.err
    assert "full_score" in done.out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sample_ids": ["nobody"] * 12}, "12 items are not in finetunebench"),
        ({"benchmark": "other"}, "is a subset of other"),
        ({"weights": [1.0]}, "ids and weights do not fit"),
        ({"method": "best"}, "is no subset of items"),
    ],
)
@pytest.mark.usefixtures("few")
def test_files_of_other_items_are_refused_before_anybody_is_asked(llmgen, asked, change, message):
    path = llmgen.folder / "few.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    done = llmgen.eval("--items-from", "few.json")
    assert done.code == 2
    assert message in done.err
    assert asked() == []


@pytest.mark.usefixtures("few")
def test_a_file_that_changed_does_not_go_on(llmgen):
    stopped = llmgen.eval("--items-from", "few.json", "--max-requests", "5")
    path = llmgen.folder / "few.json"
    changed = json.loads(path.read_text())
    path.write_text(json.dumps(changed | {"sample_ids": changed["sample_ids"][::-1]}))
    done = llmgen("eval", "--resume", stopped.json["run_id"])
    assert done.code == 2
    assert "names other items" in done.err
    path.unlink()
    assert "cannot read" in llmgen("eval", "--resume", stopped.json["run_id"]).err
