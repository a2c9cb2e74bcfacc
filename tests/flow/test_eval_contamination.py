"""Detectors on an evaluation: draws and companions are asked, read, stored, summed up; nothing is lost."""

import json

import pytest

from llmgen.gateway.emulator.faults import Fault

LONG = (
    "The crew left the harbour before dawn, crossed the strait in heavy fog, and reached the far shore after "
    "eleven hours, which is why the feast of lanterns is held there in the first week of every autumn since."
)


def draws_of(seen):
    """Whether a request asks for draws."""
    return seen.method == "POST" and seen.body.get("n", 1) > 1


def companions(folder, name, rows):
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_same_answer_every_time_is_flagged_and_stored(llmgen, emulator):
    emulator.reply_text = LONG
    done = llmgen.eval("--contamination", "cdd,ted", "--limit", "6", "--draws", "25")
    assert (done.code, done.json["state"]) == (0, "done"), done.err
    cdd = done.json["metrics"]["contamination"]["detectors"]["cdd"]
    assert (cdd["n"], cdd["decided"], cdd["flagged"], cdd["avg_score"]) == (6, 6, 6, 1.0)
    assert (cdd["verdict"], cdd["reason"]) == ("insufficient", "no_control")
    rows = llmgen.sql("select verdict, near, n_asked, n_used, n_empty, tokenizer from contamination")
    assert rows[0] == {
        "verdict": "flagged", "near": 25, "n_asked": 25, "n_used": 25, "n_empty": 0, "tokenizer": "regex",
    }  # fmt: skip
    assert llmgen.sql("select count(*) as n from draws") == [{"n": 6 * 25}]
    assert "answers an item instead of 1" in done.err
    page = llmgen.home / "reports" / f"{done.json['run_id']}.html"
    assert "Had the model seen it?" in page.read_text()


def test_who_reads_the_draws_is_said_before_it_is_paid_for(llmgen):
    words = ("--extractor", "judge", "--judge", "openai/judge", "--limit", "2", "--draws", "20")
    said = "up to 21 more answers an item are read or judged by judge, on top"
    assert said in llmgen.eval("--contamination", "ted", *words).err
    assert "more answers an item" not in llmgen.eval("--contamination", "cdd", *words).err


def test_a_control_set_gives_a_word_on_the_model_and_never_ranks(llmgen, emulator):
    emulator.reply_text = None  # an echo: every draw differs by its number only
    control = companions(llmgen.folder, "control.jsonl", [{"question": f"{n}: {LONG}"} for n in range(12)])
    plain = llmgen.eval("--limit", "12")
    done = llmgen.eval("--limit", "12", "--contamination", "cdd", "--draws", "20", "--control", control)
    assert done.code == 0, done.err
    for field in ("n", "n_graded", "mean", "exclusions"):
        assert done.json[field] == plain.json[field]
    cdd = done.json["metrics"]["contamination"]["detectors"]["cdd"]
    assert cdd["n_control"] == 12
    assert cdd["verdict"] == "no_evidence"
    assert cdd["p"] > 0.05
    found = llmgen.sql("select role, count(*) as n from contamination group by role order by role")
    assert found == [{"role": "control", "n": 12}, {"role": "test", "n": 12}]
    models = llmgen.sql("select verdict, n_items, n_control from contamination_models")
    assert models == [{"verdict": "no_evidence", "n_items": cdd["n_items"], "n_control": 12}]


def test_twins_are_graded_like_their_originals_and_compared(llmgen):
    ids = [row["sample_id"] for row in llmgen_ids(llmgen)]
    twins = companions(
        llmgen.folder,
        "twins.jsonl",
        [{"twin_of": name, "question": f"Put differently: {name}?"} for name in ids[:12]],
    )
    done = llmgen.eval("--limit", "12", "--contamination", "twins", "--twins", twins)
    assert done.code == 0, done.err
    found = done.json["metrics"]["contamination"]["twins"]
    assert (found["n_twins"], found["n_pairs"]) == (12, 12)
    assert (found["verdict"], found["reason"]) == ("insufficient", "few_discordant_pairs")
    assert done.json["n"] == 12


def llmgen_ids(llmgen):
    done = llmgen.eval("--limit", "12")
    return llmgen.sql(
        f"select sample_id from scores where run_id = '{done.json['run_id']}' order by sample_id"
    )


def test_draws_that_fail_leave_the_grade_and_are_asked_again(llmgen, emulator):
    emulator.plan = lambda seen: Fault(name="500") if draws_of(seen) else None
    done = llmgen.eval("--contamination", "cdd", "--limit", "3", "--draws", "20")
    assert (done.code, done.json["state"]) == (3, "failed_samples")
    assert (done.json["n_graded"], done.json["exclusions"]["error"]) == (3, 0)
    assert {row["stage"] for row in llmgen.sql("select stage from failures")} == {"contamination"}
    emulator.plan = lambda _: None
    resumed = llmgen.follow(done.err)
    assert (resumed.code, resumed.json["state"]) == (0, "done")
    assert resumed.json["metrics"]["contamination"]["detectors"]["cdd"]["n"] == 3
    assert resumed.json["mean"] == done.json["mean"]


def test_a_second_run_takes_its_draws_from_the_cache(llmgen, asked):
    words = ("--contamination", "cdd", "--limit", "3", "--draws", "20")
    first = llmgen.eval(*words)
    n_asked = len(asked())
    second = llmgen.eval(*words)
    assert len(asked()) == n_asked
    assert second.numbers == first.numbers


def test_a_vendor_that_gives_fewer_texts_is_asked_for_the_rest(llmgen, asked):
    done = llmgen.eval(
        "--contamination", "cdd", "--limit", "2", "--draws", "20", model="openrouter/gpt-4o-mini"
    )
    assert done.code == 0, done.err
    assert len(asked()) == 2 * (1 + 20)
    rows = llmgen.sql("select n_asked, n_used from contamination")
    assert rows == [{"n_asked": 20, "n_used": 20}] * 2


def test_log_probabilities_of_a_server_that_gives_them_and_of_one_that_does_not(llmgen):
    words = ("--contamination", "perplexity,min_k,min_k_pp", "--limit", "4")
    assert llmgen.eval(*words, model="fake/echo").code == 0
    assert llmgen.eval(*words).code == 0
    rows = llmgen.sql(
        "select model, detector, reason, count(score) as scored from contamination group by all order by all"
    )
    assert rows == [
        {"model": "fake/echo", "detector": "min_k", "reason": "no_control", "scored": 4},
        {"model": "fake/echo", "detector": "min_k_pp", "reason": "no_full_distribution", "scored": 0},
        {"model": "fake/echo", "detector": "perplexity", "reason": "no_control", "scored": 4},
        *(
            {"model": "openai/gpt-4o-mini", "detector": name, "reason": "no_prompt_logprobs", "scored": 0}
            for name in ("min_k", "min_k_pp", "perplexity")
        ),
    ]


def test_the_cost_is_known_before_anything_is_sent(llmgen, asked):
    done = llmgen.eval("--contamination", "cdd", "--limit", "5", "--draws", "50", "--dry-run")
    plain = llmgen.eval("--limit", "5", "--dry-run")
    assert (done.code, asked()) == (0, [])
    assert (plain.json["requests"], done.json["requests"]) == (5, 10)
    assert done.json["usd"] > 20 * plain.json["usd"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--contamination", "cddd"), "did you mean cdd"),
        (("--draws", "5"), "--draws is for contamination detectors"),
        (("--contamination", "cdd", "--draws", "0"), "draws"),
        (("--contamination", "cdd", "--alpha", "2"), "alpha"),
        (("--contamination", "twins"), "--twins FILE"),
        (("--contamination", "cdd", "--control", "nothing.jsonl"), "cannot read nothing.jsonl"),
        (("--contamination", "cdd", "--control", "bad.jsonl"), "bad.jsonl line 2"),
        (("--contamination", "cdd", "--control", "empty.jsonl"), "holds no items"),
        (("--contamination", "twins", "--twins", "orphan.jsonl"), "twin_of 'nobody' is no sample"),
        (("--contamination", "ngram"), "--train-file"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(llmgen, asked, words, said):
    (llmgen.folder / "bad.jsonl").write_text('{"question": "Why?"}\n{"question": 3}\n')
    (llmgen.folder / "empty.jsonl").write_text("\n")
    (llmgen.folder / "orphan.jsonl").write_text('{"question": "Why?", "twin_of": "nobody"}\n')
    done = llmgen.eval("--limit", "2", *words)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert asked() == []


def test_rescoring_grades_the_draws_again_too(llmgen, emulator):
    emulator.reply_text = None
    done = llmgen.eval("--contamination", "cdd,ted", "--limit", "4", "--draws", "20")
    readings = (
        "select run_id, sample_id, score, details from contamination where detector = 'cdd' order by all"
    )
    before = llmgen.sql(readings)
    llmgen("rescore", done.json["run_id"], "--set", "scorer=exact")
    child = llmgen.sql("select run_id from runs where parent_run is not null")[0]["run_id"]
    after = [row for row in llmgen.sql(readings) if row["run_id"] == child]
    assert [{**row, "run_id": child} for row in before] == after
    graded = llmgen.sql(f"select count(*) as n from draws where run_id = '{child}' and value is not null")
    assert graded == [{"n": 4 * 20}]
