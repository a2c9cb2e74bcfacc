"""`--vote`: of several draws for a sample, what most of them answer is graded."""

import pytest

PEOPLE = ("--domains", "people", "--splits", "memorization", "--limit", "1", "--max-in-flight", "1")


@pytest.fixture
def drawn(llmgen, emulator):
    """`drawn(replies)`: the summary of a run with one sample to which the emulator gives these replies."""

    def run(*replies, words=("--vote",)):
        gold = llmgen("eval", "finetunebench", "--model", "fake/echo", *PEOPLE, "--json").json["run_id"]
        right = llmgen.sql(f"select target from samples where run_id = '{gold}'")[0]["target"]

        left = iter(reply.replace("GOLD", right) for reply in replies)

        def plan(_):
            emulator.reply_text = next(left)

        emulator.plan = plan
        done = llmgen.eval(*PEOPLE, "--repeats", len(replies), "--temperature", "1", *words)
        assert done.code == 0, done.err
        return done.json

    return run


@pytest.mark.parametrize(
    ("replies", "mean", "by_vote"),
    [
        (("GOLD", "The answer is: GOLD", "never"), 2 / 3, 1.0),
        (("never", "GOLD", "The answer is: never"), 1 / 3, 0.0),
    ],
)
def test_the_majority_is_graded_and_every_draw_is_kept(llmgen, drawn, replies, mean, by_vote):
    words = ("--extractor", "pinpoint", "--extractor", "whole")
    assert drawn(*replies, words=words)["mean"] == pytest.approx(mean)
    found = drawn(*replies, words=(*words, "--vote", "--cache", "off"))
    assert found["mean"] == by_vote
    assert any("most of its 3 repeats" in line for line in found["warnings"])
    rows = llmgen.sql(f"select count(*) as n from scores where run_id = '{found['run_id']}'")
    assert rows == [{"n": 3}]
    whole = found["metrics"]["by_extractor"]["whole"]["all"]
    assert (whole["n"], whole["n_graded"]) == (1, 0)  # three different texts
    again = llmgen("rescore", found["run_id"], "--extractor", "pinpoint", "--json").json
    assert again["mean"] == again["means"]["pinpoint"] == by_vote


def test_a_tie_is_no_answer(drawn):
    found = drawn("GOLD", "never", words=("--vote", "--extractor", "pinpoint"))
    assert (found["n"], found["n_graded"], found["mean"]) == (1, 0, None)


def test_one_draw_is_no_vote(llmgen):
    done = llmgen.eval("--vote")
    assert (done.code, done.out) == (2, "")
    assert "add --repeats" in done.err
