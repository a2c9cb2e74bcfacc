"""`llmgen eval kaf` as users call it: no model, every extractor's numbers, gates, bad files, resume."""

import json

import pytest

from llmgen.extract import EXTRACTORS
from llmgen.extract.ranges import NO_VALID_ANSWER

MATH = "a(n) number / set / vector / matrix / interval / expression / function / equation / inequality"


def option(number, output, label, **more):
    return {
        "id": f"o{number}",
        "model_name": "m",
        "dataset": "d",
        "key_answer_type": "alphabet_option",
        "question": "The same question. Answer Choices: (A) red (B) blue",
        "llm_output": output,
        "standard_answer_range": "[['A', 'red'], ['B', 'blue']]",
        "correct_answer": "B",
        "extracted_label": label,
        **more,
    }


ROWS = [
    option(1, "The answer is (B).", "B"),
    option(2, "So it is (A).", "A"),
    option(3, "", NO_VALID_ANSWER),
    option(4, "I cannot say. " * 400, NO_VALID_ANSWER),
    option(5, "a\0b \u202e \ud800 (B)", "B"),
    {**option(6, "It is 7 or (7).", "7"), "key_answer_type": "math", "standard_answer_range": MATH},
]


@pytest.fixture
def file(llmgen):
    def write(rows, name="rows.jsonl"):
        path = llmgen.folder / name
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return path

    return write


def test_the_json_of_an_evaluation(llmgen, file, asked):
    done = llmgen(
        "eval", "kaf", "--data", file(ROWS), "--extractor", "flexible", "--extractor", "strict", "--json"
    )
    assert done.code == 0, done.err
    found = done.json
    assert (found["benchmark"], found["model"], found["n"], found["mean"]) == ("kaf", "recorded", 6, 1.0)
    flexible, strict = (found["metrics"]["extractors"][name] for name in ("flexible", "strict"))
    assert (flexible["n"], flexible["accuracy"], flexible["errors"]) == (6, 1.0, 0)
    assert (strict["n"], strict["accuracy"]) == (6, 0.5)  # both empty ones and the announced one
    assert strict["by_type"]["alphabet_option"]["n"] == 5
    assert strict["answered"]["n"] == 4
    assert strict["no_valid_answer"]["accuracy"] == 1.0
    assert strict["judgement_accuracy"] == pytest.approx(5 / 6)
    assert flexible["outputs_per_s"] > 0
    assert asked() == []


def test_the_report_shows_what_confidences_mean(llmgen, file):
    done = llmgen("eval", "kaf", "--data", file(ROWS), "--extractor", "pinpoint", "--json")
    assert done.code == 0, done.err
    bins = done.json["metrics"]["extractors"]["pinpoint"]["calibration"]["reliability"]
    assert all(one["wilson95"][0] <= one["accuracy"] <= one["wilson95"][1] for one in bins)
    (page,) = llmgen.folder.rglob(f"{done.json['run_id']}*.html")
    html = page.read_text(encoding="utf-8")
    assert 'aria-label="Reliability of pinpoint: ' in html
    assert f"{len(ROWS)} readings in {len(bins)} bins of 1 each" in html


def test_equal_questions_keep_their_own_outputs(llmgen, file):
    for _ in range(2):  # the second time with whatever the first one left in the cache
        done = llmgen("eval", "kaf", "--data", file(ROWS[:2]), "--extractor", "flexible", "--json")
        assert done.json["metrics"]["extractors"]["flexible"]["accuracy"] == 1.0
    rows = llmgen.sql("select distinct sample_id, value, kind from answers order by sample_id")
    assert rows == [
        {"sample_id": "o1", "value": "B", "kind": "answered"},
        {"sample_id": "o2", "value": "A", "kind": "answered"},
    ]


def test_kinds_reach_sql(llmgen, file):
    llmgen("eval", "kaf", "--data", file(ROWS), "--extractor", "strict", "--json")
    rows = llmgen.sql("select kind, count(*) as n from answers group by all order by all")
    assert rows == [{"kind": "answered", "n": 1}, {"kind": "no_valid_answer", "n": 5}]


def test_tables_for_people(llmgen, file):
    words = ("--worst", 2, "--by", "dataset,model", "--disagree", "flexible,strict")
    done = llmgen(
        "eval", "kaf", "--data", file(ROWS), "--extractor", "flexible", "--extractor", "strict", *words
    )
    assert done.code == 0
    for title in (
        "Extraction accuracy",
        "By type",
        "By field",
        "Agreement",
        "Wrong readings of strict",
        "Speed",
    ):
        assert title in done.out
    assert "Read differently" in done.out


def test_several_files_and_the_packaged_sample(llmgen, file):
    one, other = file(ROWS[:2], "one.jsonl"), file(ROWS[2:], "other.jsonl")
    done = llmgen("eval", "kaf", "--data", one, "--data", other, "--extractor", "strict", "--json")
    assert done.json["n"] == 6
    done = llmgen("eval", "kaf", "--extractor", "strict", "--json")
    assert done.json["n"] > 40


@pytest.mark.parametrize(("least", "code"), [("0.5", 0), ("0.51", 1)])
def test_the_gate(llmgen, file, least, code):
    done = llmgen(
        "eval", "kaf", "--data", file(ROWS), "--extractor", "strict", "--min-accuracy", least, "--json"
    )
    assert done.code == code


def test_malformed_rows_are_listed_by_line(llmgen, file):
    path = file([ROWS[0], option(7, "x", "Z"), ROWS[1], {"id": "o8"}])
    done = llmgen("eval", "kaf", "--data", path, "--extractor", "strict", "--json")
    assert (done.code, done.out) == (2, "")
    assert "rows.jsonl:2: extracted_label 'Z' is outside its range" in done.err
    assert "rows.jsonl:4: " in done.err
    done = llmgen("eval", "kaf", "--data", path, "--extractor", "strict", "--skip-bad", "--json")
    assert (done.code, done.json["n"]) == (0, 2)
    assert "2 malformed rows were left out" in done.json["warnings"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--extractor", "flexibel"), "did you mean"),
        (("--extractor", "xfinder"), "has no model"),
        (("--extractor", "judge"), "--judge"),
        (("--data", "absent.jsonl"), "cannot read absent.jsonl"),
        (("--model", "openai/gpt-4o"), "No such option"),
        (("--disagree", "a"), "two extractors"),
        (("--extractor", "xfinder", "--xfinder-url", "http://127.0.0.1:1/v1"), "start the server"),
    ],
)
def test_what_a_user_can_mend_is_one_line(llmgen, words, said):
    done = llmgen("eval", "kaf", *words, "--json")
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_judge_reads_and_its_failures_are_read_again_on_resume(llmgen, file, emulator, asked):
    emulator.reply_text = "B"  # not the JSON that was asked for
    words = ("--extractor", "flexible", "--extractor", "judge", "--judge", "openai/judge", "--allow-unpriced")
    done = llmgen("eval", "kaf", "--data", file(ROWS[:2]), *words, "--cache", "off", "--json")
    assert done.code == 3
    assert done.json["metrics"]["extractors"]["judge"]["errors"] == 2
    assert done.json["metrics"]["extractors"]["flexible"]["accuracy"] == 1.0
    emulator.reply_text = json.dumps({"answer": "B"})
    done = llmgen("eval", "--resume", done.json["run_id"], "--json")
    assert done.code == 0
    judge = done.json["metrics"]["extractors"]["judge"]
    assert (judge["n"], judge["errors"], judge["accuracy"]) == (2, 0, 0.5)
    (pair,) = done.json["metrics"]["agreement"]
    assert (pair["n"], pair["agree"]) == (2, 0.5)
    assert len(asked()) == 4


def test_xfinder_over_http_asks_the_completions_api(llmgen, file, emulator):
    emulator.served, emulator.reply_text = ("xFinder-qwen1505",), "B<|im_end|>"
    words = ("--extractor", "xfinder", "--xfinder-url", emulator.url("vllm"))
    done = llmgen("eval", "kaf", "--data", file(ROWS[:5]), *words, "--json")
    assert done.code == 0, done.err
    found = done.json["metrics"]["extractors"]["xfinder"]
    assert (found["n"], found["errors"]) == (5, 0)
    posts = [seen for seen in emulator.seen if seen.method == "POST"]
    assert {seen.path.rpartition("/v1")[2] for seen in posts} == {"/completions"}
    assert len(posts) == 4  # nothing is asked about the empty output
    assert all(seen.body["prompt"].endswith("\n<|Bot|>:") for seen in posts)
    longest = max(posts, key=lambda seen: len(seen.body["prompt"]))
    assert longest.body["prompt"] == posts[0].body["prompt"]


def test_the_public_file_gives_the_published_baselines(llmgen, shared_data):
    data = shared_data / "extraction" / "public.jsonl"
    words = ("--extractor", "strict", "--extractor", "flexible", "--extractor", "first-option:bbh")
    found = llmgen("eval", "kaf", "--data", data, *words, "--json").json["metrics"]["extractors"]
    right = {
        name: {kind: round(group["accuracy"] * group["n"]) for kind, group in one["by_type"].items()}
        for name, one in found.items()
    }
    flexible = {"alphabet_option": 75, "short_text": 76, "categorical_label": 65, "math": 111}
    assert all(abs(right["flexible"][kind] - count) <= 1 for kind, count in flexible.items())
    assert abs(right["strict"]["alphabet_option"] - 79) <= 1
    assert abs(right["first-option:bbh"]["alphabet_option"] - 86) <= 1
    assert found["flexible"]["by"]["label_method"]["hand"]["n"] == 230


HOSTILE = [
    option(1, "x " * 500_000 + "The answer is (B).", "B"),
    option(2, "\u202e\u2067 B \u2069 \u05d0\u05d1\u05d2", "B"),
    option(3, "\0\0(B)\0", "B"),
    option(4, "\ud800\udc00\ud800", NO_VALID_ANSWER),
    option(5, "(" * 20_000, NO_VALID_ANSWER),
    option(6, "the same", NO_VALID_ANSWER, standard_answer_range=[["A", "the same"], ["B", "the same"]]),
    option(7, "(AD)", "AD", standard_answer_range=[[name, f"text {name}"] for name in ("A", "AD")]),
    option(
        8,
        "Option 29.",
        "L29",
        standard_answer_range=[[f"L{n}", f"Option {n}" if n % 2 else ""] for n in range(30)],
    ),
    {
        **option(9, "\\frac{" * 3_000 + "9" * 5_000, NO_VALID_ANSWER),
        "key_answer_type": "math",
        "standard_answer_range": MATH,
    },
]


def test_hostile_outputs_crash_no_extractor(llmgen, file):
    names = [name for name in EXTRACTORS.names() if not name.startswith(("judge", "xfinder"))]
    words = [word for name in names for word in ("--extractor", name)]
    done = llmgen("eval", "kaf", "--data", file(HOSTILE), *words, "--json")
    assert done.code == 0, done.err
    found = done.json["metrics"]["extractors"]
    assert {name: one["errors"] for name, one in found.items()} == dict.fromkeys(names, 0)
    assert llmgen.sql("select * from failures") == []
