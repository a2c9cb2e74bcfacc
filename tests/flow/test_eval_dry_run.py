"""`--dry-run` with extractors and judges that ask a model: none is opened, what they would ask is shown."""

import pytest


@pytest.fixture
def dry(llmgen, emulator):
    """`dry(words)`: the JSON of a dry run; nobody was asked and nothing was started for it."""

    def dry(benchmark, *words):
        done = llmgen("eval", benchmark, *words, "--dry-run", "--json")
        assert done.code == 0, done.err
        assert emulator.n_requests == 0
        assert list(llmgen.home.rglob("*.jsonl")) == []
        return done.json

    return dry


def test_an_in_process_xfinder_is_not_loaded_and_its_prompts_are_shown(dry, llmgen):
    words = ("--extractor", "xfinder", "--xfinder-weights", "/no/such/folder")
    (xfinder,) = dry("kaf", *words)["readers"]
    assert xfinder["endpoint"] == "transformers:/no/such/folder"
    assert 40 < xfinder["requests"] < 60  # all outputs of the sample but the empty one
    first = xfinder["prompts"][0]["messages"][0]["content"]
    assert first.startswith("<|System|>:")
    assert len(xfinder["prompts"]) == 20
    assert xfinder["tokens"] > 256 * xfinder["requests"]  # the longest replies are in it
    text = llmgen("eval", "kaf", *words, "--dry-run").out
    assert "[user] <|System|>:You are a help assistant" in text
    assert f"{xfinder['requests']} requests to transformers:/no/such/folder" in text


def test_a_server_need_not_be_up(dry):
    words = ("--xfinder-url", "http://127.0.0.1:9/v1", "--xfinder-served-name", "x")
    (xfinder,) = dry("kaf", "--extractor", "xfinder", *words)["readers"]
    assert xfinder["endpoint"] == "vllm:http://127.0.0.1:9/v1"


def test_an_answer_to_come_is_counted_at_its_longest(dry):
    words = ("--model", "openai/gpt-4o-mini", "--judge", "openai/gpt-4o", "--extractor", "judge")
    few = dry("finetunebench", *words, "--max-tokens", "10")
    many = dry("finetunebench", *words, "--max-tokens", "1000")
    judge, reader = many["readers"]
    assert judge["requests"] == 16  # the medical items, which come last
    assert reader["requests"] == many["requests"] - 32  # free text and code are taken whole
    assert "(the answer)" in reader["prompts"][0]["messages"][0]["content"]
    for long, short in zip(many["readers"], few["readers"], strict=True):
        assert long["requests"] == short["requests"]
        assert long["tokens"] - short["tokens"] > 900 * long["requests"]
        assert long["usd"] > short["usd"] > 0


def test_a_reader_of_draws_is_counted_for_each_of_them(dry):
    words = (
        "--model",
        "openai/gpt-4o-mini",
        "--judge",
        "openai/gpt-4o",
        "--extractor",
        "judge",
        "--limit",
        "8",
    )
    once = dry("finetunebench", *words)["readers"][0]
    drawn = dry("finetunebench", *words, "--contamination", "ted", "--draws", "20")["readers"][0]
    assert once["requests"] == 8
    assert drawn["requests"] == 8 * (1 + 20 + 1)  # the graded answer, the draws, the greedy one beside them
    assert drawn["tokens"] == pytest.approx(22 * once["tokens"])
    assert drawn["usd"] == pytest.approx(22 * once["usd"])


def test_a_local_model_is_not_started(dry):
    found = dry("finetunebench", "--model", "transformers/nothing", "--repeats", "3", "--limit", "700")
    assert found["requests"] % 3 == 0
    assert found["readers"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--extractor", "xfinder"), "has no model"),
        (("--extractor", "xfindr"), "did you mean xfinder"),
        (("--extractor", "judge"), "name one with --judge"),
    ],
)
def test_what_a_user_can_mend_is_said_all_the_same(llmgen, words, said):
    done = llmgen("eval", "kaf", *words, "--dry-run")
    assert (done.code, done.out) == (2, "")
    assert said in done.err
