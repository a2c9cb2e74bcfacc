"""`llmgen rescore` with other extractors: no model is asked again, and how the order of runs changes."""

import json

import pytest


@pytest.fixture
def evaluated(llmgen, emulator):
    """`evaluated(model, reply)`: the id of a run whose answers are all `reply`."""

    def run(model, reply):
        emulator.served, emulator.reply_text = (model, "judge"), reply
        done = llmgen.eval("--domains", "people", "--allow-unpriced", model=f"openai/{model}")
        assert done.code == 0, done.err
        emulator.seen.clear()
        return done.json["run_id"]

    return run


def test_several_extractors_are_scored_apart_and_the_first_grades(llmgen, evaluated, asked):
    run_id = evaluated("one", "Yes")
    done = llmgen("rescore", run_id, "--extractor", "strict", "--extractor", "whole", "--json")
    assert done.code == 0, done.err
    assert asked() == []
    found = done.json
    assert found["is_new"] is True
    assert list(found["means"]) == ["strict", "whole"]
    assert found["means"]["whole"] == found["parent"]["mean"]
    assert found["means"]["strict"] is None  # nothing is announced
    assert found["n_graded"] == 0
    assert set(found["outcome_changes"]) <= {"wrong -> unparsed", "correct -> unparsed"}
    assert sum(found["outcome_changes"].values()) == found["n_flipped"] > 0
    rows = llmgen.sql(
        f"select extractor, kind, count(*) as n from answers where run_id = '{found['run_id']}' group by all"
    )
    assert {row["extractor"] for row in rows} == {"strict", "whole"}


def test_a_robust_reading_stands_beside_the_published_one(llmgen, evaluated):
    run_id = evaluated("one", "I would say that the answer is: **171**.")  # 171 is one gold
    done = llmgen("rescore", run_id, "--extractor", "pinpoint", "--json").json
    found = done["parent"]["metrics"]["by_extractor"]
    assert found["whole"]["files"]["fictional_people_memorization"]["accuracy"] == 0.0
    assert found["pinpoint"]["files"]["fictional_people_memorization"]["accuracy"] > 0.0
    assert found["pinpoint"]["all"]["n_differ"] > 0
    assert done["parent"]["mean"] == 0.0
    assert done["delta"] == done["mean"] == done["means"]["pinpoint"] > 0.0
    assert done["outcome_changes"]["wrong -> correct"] > 0
    said = llmgen("rescore", run_id, "--extractor", "pinpoint", "--extractor", "whole").out
    assert f"score   by pinpoint {done['mean']:.4f} (+{done['mean']:.4f}), whole 0.0000 (+0.0000)" in said
    assert "By extractor" in said


def test_the_same_again_is_a_note_and_no_new_run(llmgen, evaluated):
    run_id = evaluated("one", "Yes")
    first = llmgen("rescore", run_id, "--extractor", "flexible", "--json").json
    again = llmgen("rescore", run_id, "--extractor", "flexible", "--json").json
    assert (again["run_id"], again["is_new"], again["mean"]) == (first["run_id"], False, first["mean"])
    assert llmgen("rescore", run_id, "--json").json["run_id"] == run_id
    said = llmgen("rescore", run_id, "--extractor", "flexible")
    assert "holds these grades already" in said.out
    assert len(llmgen.sql("select run_id from runs")) == 2


def test_the_leaderboard_of_several_runs(llmgen, evaluated):
    yes, other = evaluated("one", "171"), evaluated("two", "Nobody knows.")  # 171 is one gold
    words = ("rescore", yes, other, "--extractor", "whole", "--extractor", "strict")
    board = llmgen(*words, "--json").json["leaderboard"]
    assert board["models"] == ["openai/one", "openai/two"]
    assert board["stored"]["ranks"] == [1, 2]
    whole = board["extractors"]["whole"]
    assert (whole["ranks"], whole["rank_changes"], whole["kendall_tau"]) == ([1, 2], [0, 0], 1.0)
    assert board["extractors"]["strict"]["ranks"] == [None, None]
    said = llmgen(*words)
    assert "Leaderboard by extractor" in said.out
    assert "whole 1.000" in said.out


def test_a_model_that_reads_is_asked_and_its_options_are_kept(llmgen, evaluated, emulator, asked):
    run_id = evaluated("one", "Yes")
    emulator.reply_text = json.dumps({"answer": "Yes"})
    words = ("--extractor", "judge", "--judge", "openai/judge")
    done = llmgen("rescore", run_id, *words, "--json")
    assert done.code == 0, done.err
    assert len(asked()) > 0
    assert all("You read what somebody answered" in prompt for prompt in asked())
    emulator.served, emulator.reply_text = ("mine",), "Yes"
    words = ("--extractor", "xfinder", "--xfinder-url", emulator.url("vllm"), "--xfinder-served-name", "mine")
    done = llmgen("rescore", run_id, *words, "--json")
    assert done.code == 0, done.err
    run = llmgen("runs", "show", done.json["run_id"], "--json").json
    assert run["settings"]["plan"]["extractor_options"]["xfinder_served_name"] == "mine"


def test_xfinder_grades_short_answers_and_is_asked_about_nothing_else(llmgen, emulator):
    emulator.served, emulator.reply_text = ("mine",), "171"
    words = ("--extractor", "xfinder", "--xfinder-url", emulator.url("vllm"), "--xfinder-served-name", "mine")
    done = llmgen.eval("--domains", "people,coding", *words, model="vllm/mine")
    assert done.code == 0, done.err
    prompts = [seen.body for seen in emulator.seen if seen.method == "POST" and "prompt" in seen.body]
    short = llmgen.sql("select count(*) as n from samples where answer_type <> 'code'")[0]["n"]
    assert len(prompts) == short
    files = done.json["metrics"]["files"]
    assert files["fictional_people_memorization"]["n_correct"] > 0
    assert files["coding_memorization"]["n_graded"] == files["coding_memorization"]["n"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("last", "last"), "named twice"),
        (("last", "--extractor", "strickt"), "did you mean strict"),
        (("last", "--extractor", "xfinder"), "has no model"),
        ((), "Missing argument"),
    ],
)
def test_what_a_user_can_mend(llmgen, evaluated, words, said):
    evaluated("one", "Yes")
    done = llmgen("rescore", *words, "--json")
    assert (done.code, done.out) == (2, "")
    assert said in done.err
