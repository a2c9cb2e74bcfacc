"""`llmgen rescore`: new grades for stored answers, without asking the model, beside the parent run."""

import hashlib

import pytest

from llmgen.gateway.emulator.faults import Fault


@pytest.fixture
def parent(llmgen, emulator):
    """A finished run with right, wrong, refused and failed answers; nobody has been asked since."""
    emulator.reply_text = "**19 years.**"
    kinds = {3: "content_filter", 5: "context_too_long"}
    emulator.plan = lambda seen: Fault(name=kinds[seen.index % 7]) if seen.index % 7 in kinds else None
    run_id = llmgen.eval("--domains", "news,medical", "--max-in-flight", "1").json["run_id"]
    emulator.plan = lambda _: None
    emulator.seen.clear()
    return run_id


def fingerprint(llmgen, run_id):
    """The parent's journal and rows, as they must stay."""
    journal = (llmgen.home / "journal" / f"{run_id}.jsonl").read_bytes()
    return hashlib.sha256(journal).hexdigest(), llmgen.sql(
        f"select * from scores where run_id = '{run_id}' order by sample_id"
    )


def test_new_grades_are_a_child_run_and_nobody_is_asked(llmgen, emulator, parent):
    before = fingerprint(llmgen, parent)
    done = llmgen("rescore", parent, "--set", "scorer=exact", "--json")
    assert done.code == 0
    child = done.json
    assert not emulator.seen
    assert fingerprint(llmgen, parent) == before
    assert child["run_id"] != parent
    assert (child["parent"]["run_id"], child["cost_usd"]) == (parent, 0.0)
    assert child["parent"]["mean"] > child["mean"] == 0.0
    flips = {flip["sample_id"]: (flip["from"], flip["to"]) for flip in child["flips"]}
    assert flips["news/memorization/tidal-clock-of-ostmere-rings-again"] == ("correct", "wrong")
    assert set(flips.values()) == {("correct", "wrong"), ("unparsed", "wrong")}
    assert len(flips) == child["n_flipped"]
    (row,) = llmgen.sql(f"select parent_run, state from runs where run_id = '{child['run_id']}'")
    assert row == {"parent_run": parent, "state": "failed_samples"}
    texts = "select sample_id, text, request_key from samples where run_id = '{}' order by 1"
    assert llmgen.sql(texts.format(child["run_id"])) == llmgen.sql(texts.format(parent))
    for name in ("refused", "error"):
        assert child["exclusions"][name] == child["parent"]["exclusions"][name] > 0


def test_the_same_again_makes_no_second_child(llmgen, parent):
    llmgen("eval", "--resume", parent)  # with a failed sample there would be something to mend
    first = llmgen("rescore", parent, "--set", "scorer=exact", "--json").json
    second = llmgen("rescore", parent, "--set", "scorer=exact", "--json").json
    assert second["run_id"] == first["run_id"]
    assert len(llmgen("runs", "list", "--json").json) == 2


def test_a_judge_grades_stored_answers(llmgen, emulator, parent):
    llmgen("eval", "--resume", parent)
    emulator.seen.clear()
    emulator.reply_text = "Incorrect"
    done = llmgen("rescore", parent, "--judge", "openai/judge", "--json")
    assert done.code == 0
    asked = [seen.body["model"] for seen in emulator.seen if seen.method == "POST"]
    assert set(asked) == {"judge"}
    assert done.json["metrics"]["files"]["medical_memorization"]["n_graded"] > 0
    assert done.json["parent"]["metrics"]["files"]["medical_memorization"]["n_graded"] == 0
    assert done.json["cost_usd"] is None  # nobody knows the judge's price


def test_a_judge_that_stops_leaves_nothing_behind(llmgen, emulator, parent):
    emulator.plan = lambda _: Fault(name="bad_key")
    done = llmgen("rescore", parent, "--judge", "openai/judge")
    assert (done.code, done.out) == (2, "")
    assert "openai/judge" in done.err
    assert "Traceback" not in done.err
    assert [run["run_id"] for run in llmgen("runs", "list", "--json").json] == [parent]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody",), "no run 'nobody'"),
        (("last", "--set", "scorer"), "not OPTION=VALUE"),
        (("last", "--set", "scorer=fuzzy"), "$.scorer"),
        (("last", "--set", "colour=red"), "unknown field `colour`"),
        (("last", "--extractor", "whol"), "did you mean whole?"),
    ],
)
def test_wrong_words(llmgen, words, said):
    assert llmgen.eval("--limit", "1").code == 0
    done = llmgen("rescore", *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1
    assert len(llmgen("runs", "list", "--json").json) == 1
