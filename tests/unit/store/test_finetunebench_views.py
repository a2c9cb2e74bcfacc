"""FineTuneBench's views: items as they were asked, scores by domain, split and the base model's knowledge."""

import pytest

from llmgen.analysis.intervals import wilson
from llmgen.store.db import open_read
from llmgen.store.fold import fold
from llmgen.store.journal import Journal


def asked(make_record, run_id, split, fact, outcome, **tags):
    role = {"memorization": "train", "rephrased": "rank"}.get(split, "diagnostic")
    named = {"domain": "people", "split": split, "role": role, "fact_key": f"people/{fact}", **tags}
    return make_record(f"people/{split}/{fact}", run_id, outcome=outcome, tags=named)


@pytest.fixture
def home(stored, make_run, make_record):
    """A tuned run with its base run: the base knows f1, does not know f2 and f3, failed on f4."""
    base = {"f1": "correct", "f2": "wrong", "f3": "abstain", "f4": "failed"}
    tuned = {"f1": "correct", "f2": "correct", "f3": "stale", "f4": "unparsed"}
    folder = stored(
        make_run("base", benchmark="finetunebench", model="m"),
        [asked(make_record, "base", "memorization", fact, outcome) for fact, outcome in base.items()],
    )
    run = make_run("tuned", benchmark="finetunebench", model="ft:m", base_run="base")
    with Journal.create(folder, run) as journal:
        for fact, outcome in tuned.items():
            journal.append(asked(make_record, "tuned", "memorization", fact, outcome))
            journal.append(asked(make_record, "tuned", "rephrased", fact, "wrong"))
    fold(folder)
    return folder


def scores(home, where):
    with open_read(home) as reader:
        found = reader.con.execute(
            "SELECT stratum, n_items, n_graded, n_correct, accuracy, lo, hi, stale, abstain, unparsed, errors"
            f" FROM finetunebench_scores WHERE {where} ORDER BY stratum"
        ).fetchall()
    return {row[0]: row[1:] for row in found}


def test_the_strata_part_a_split_by_what_the_base_model_knew(home):
    found = scores(home, "run_id = 'tuned' AND split = 'memorization' AND base_run_id = 'base'")
    assert found["all"] == (4, 3, 2.0, pytest.approx(2 / 3), *map(pytest.approx, wilson(2, 3)), 1, 0, 1, 0)
    assert found["known"][:4] == (1, 1, 1.0, 1.0)
    assert found["unknown"][:4] == (2, 2, 1.0, 0.5)
    assert found["ungraded"] == (1, 0, 0.0, None, None, None, 0, 0, 1, 0)


def test_a_reworded_question_belongs_to_its_fact(home):
    found = scores(home, "run_id = 'tuned' AND split = 'rephrased'")
    assert {stratum: row[0] for stratum, row in found.items()} == {
        "all": 4, "known": 1, "unknown": 2, "ungraded": 1
    }  # fmt: skip


def test_a_run_without_a_base_has_no_strata(home):
    found = scores(home, "run_id = 'base'")
    assert list(found) == ["all"]
    assert found["all"][-1] == 1  # the failed one


def test_items_are_listed_once_per_prompt(home, make_run, make_record):
    tags = {"source_id": "f1", "attr": "age", "scorer_question": "How old?", "analysed": "true"}
    with Journal.create(home, make_run("again", benchmark="finetunebench")) as journal:
        journal.append(asked(make_record, "again", "memorization", "f1", "correct", prompt_sha="new", **tags))
    fold(home)
    with open_read(home) as reader:
        found = reader.con.execute(
            "SELECT prompt_sha, source_id, attr, question, gold, analysed FROM ftb_items"
            " WHERE item_key = 'people/memorization/f1' ORDER BY prompt_sha NULLS FIRST"
        ).fetchall()
        total = reader.con.execute("SELECT count(*) FROM ftb_items").fetchall()
    assert found == [(None, None, None, None, "x", False), ("new", "f1", "age", "How old?", "x", True)]
    assert total == [(9,)]
