"""What users get wrong: one clear line that says how to mend it, exit code 2, nothing sent, nothing lost."""

import os
import shutil

import pytest

EVAL = ("eval", "finetunebench")


def refused(done, *said):
    """Whether the call ended with one line on stderr that says all of that."""
    assert (done.code, done.out) == (2, ""), done
    assert "Traceback" not in done.err
    for words in said:
        assert words in done.err, done.err
    return done


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("evl",), ("unknown command 'evl'", "did you mean eval")),
        (
            ("eval", "finetunbench", "--model", "fake/echo"),
            ("unknown benchmark", "did you mean finetunebench?"),
        ),
        ((*EVAL, "--modle", "fake/echo"), ("No such option '--modle'", "--model")),
        ((*EVAL,), ("--model is missing", "for example --model local/smollm2-135m")),
        ((*EVAL, "--model", "opnai/gpt-4o"), ("unknown provider 'opnai'", "did you mean openai?")),
        ((*EVAL, "--model", "fake/ecko"), ("unknown fake model 'ecko'", "did you mean echo?")),
        ((*EVAL, "--model", "local/smollm-135m"), ("unknown local model", "did you mean smollm2-135m?")),
        ((*EVAL, "--model", "gtp-4o"), ("'gtp-4o' does not say who serves it", "openai/gtp-4o")),
        ((*EVAL, "--model", "openai/"), ("names no model",)),
        ((*EVAL, "--model", "openai/gpt-4o-min"), ("does not serve 'gpt-4o-min'", "gpt-4o-mini")),
        ((*EVAL, "--model", "fake/echo", "--limit", "0"), ("'--limit'", "x>=1")),
        ((*EVAL, "--model", "fake/echo", "--temperature", "-1"), ("'--temperature'",)),
        ((*EVAL, "--model", "fake/echo", "--cache", "rx"), ("'--cache'", "'rw', 'r', 'w', 'off', 'only'")),
        ((*EVAL, "--model", "fake/echo", "--domains", "news,peple"), ("peple: choose from news, people",)),
        ((*EVAL, "--model", "fake/echo", "--shift-year", "12"), ("1900", "shift_year")),
        (
            (*EVAL, "--model", "fake/echo", "--extractor", "whol"),
            ("unknown extractor", "did you mean whole?"),
        ),
        ((*EVAL, "--model", "fake/echo", "--judge", "fake/ecko"), ("did you mean echo?",)),
        ((*EVAL, "--model", "fake/echo", "--base", "nobody"), ("'nobody' does not say who serves it",)),
        (
            (*EVAL, "--model", "fake/echo", "--data", "nowhere"),
            ("nowhere: no such folder", "expected layout"),
        ),
        ((*EVAL, "--model", "fake/echo", "--replay", "nowhere"), ("nowhere: no such folder",)),
        ((*EVAL, "--model", "fake/echo", "--check", "x.json"), ("--check compares a replay",)),
        ((*EVAL, "--model", "replay/x"), ("--recording FILE",)),
        ((*EVAL, "--model", "replay/x", "--recording", "none.jsonl"), ("none.jsonl",)),
        ((*EVAL, "--model", "openai-compatible/x"), ("has no base URL", "--base-url")),
        ((*EVAL, "--model", "vllm/x", "--base-url", "host:8000"), ("host:8000", "http(s)://host")),
        (("rescore", "nobody", "--set", "scorer=exact"), ("no run 'nobody'",)),
        (("completion", "tcsh"), ("'bash', 'zsh', 'fish'",)),
    ],
)
def test_wrong_words(llmgen, asked, words, said):
    refused(llmgen(*words), *said)
    assert not asked()
    assert not list(llmgen.home.glob("journal/*.jsonl"))


def test_a_missing_key_names_its_variable(llmgen, emulator):
    del llmgen.env["OPENAI_API_KEY"]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OPENAI_API_KEY", raising=False)
        refused(llmgen.eval(), "OPENAI_API_KEY is not set")
    assert not emulator.seen


def test_a_wrong_key_is_said_before_the_first_question(llmgen, emulator, asked):
    emulator.key = "another-key"
    done = refused(llmgen.eval(), "Incorrect API key", "check OPENAI_API_KEY")
    assert done.err.count("\n") == 1
    assert not asked()
    assert not list(llmgen.home.glob("journal/*.jsonl"))


def test_settings_that_are_wrong(llmgen):
    good = llmgen.config.read_text()
    for text, said in (
        ("[limits]\nrpn = 5\n", "rpn"),
        ("[limits]\nrpm = -5\n", "$.limits.rpm"),
        ("limits = ", "not valid TOML"),
        ("[routes.r]\nmembers = []\n", "$.routes"),
    ):
        llmgen.config.write_text(good + text)
        refused(llmgen.eval(), "llmgen.toml", said)
    refused(llmgen("--config", "none.toml", *EVAL, "--model", "fake/echo"), "none.toml")


@pytest.fixture
def data(llmgen, root):
    """A copy of the sample set, to be spoilt."""
    folder = llmgen.folder / "data"
    shutil.copytree(root / "datasets" / "finetunebench" / "sample", folder)
    return folder


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("id,prompt,answer", "id,prompt,reply"), ("no column 'answer'",)),
        (("tidal-clock-of-ostmere-rings-again", ""), ("row 1, column 'id'",)),
        (("19 years,", ","), ("row 1, column 'answer'",)),
        ((",True\n", ",maybe\n"), ("row 1, column 'used_in_analysis': 'maybe' is neither",)),
        (("19 years,Tidal", "19 years,more,Tidal"), ("row 1, column 'used_in_analysis': 1 cells too many",)),
    ],
    ids=["column", "empty id", "empty answer", "bad value", "too many cells"],
)
def test_a_malformed_table_names_file_row_and_column(llmgen, asked, data, change, said):
    file = data / "latest_news" / "latest_news_memorization.csv"
    text = file.read_text()
    assert change[0] in text
    file.write_text(text.replace(*change, 1))
    done = refused(llmgen.eval("--data", "data"), "latest_news_memorization.csv", *said)
    assert done.err.count("\n") == 1
    assert not asked()


def test_a_table_that_is_no_text(llmgen, data):
    file = data / "coding" / "coding_generalization.csv"
    file.write_bytes(b"\xff\xfe\x00" + os.urandom(200))
    refused(llmgen.eval("--data", "data"), "coding_generalization.csv")


def test_a_table_that_cannot_be_read(llmgen, data):
    file = data / "coding" / "coding_generalization.csv"
    file.unlink()
    file.mkdir()
    refused(llmgen.eval("--data", "data"), "coding_generalization.csv")


def test_a_folder_without_tables(llmgen):
    (llmgen.folder / "empty").mkdir()
    refused(llmgen.eval("--data", "empty"), "empty", "expected layout")


def test_a_recording_that_is_torn_or_no_recording(llmgen):
    assert llmgen.eval("--limit", "4", "--record", "r.jsonl").code == 0
    file = llmgen.folder / "r.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    words = ("--limit", "4", "--recording", "r.jsonl", "--cache", "off")
    torn = llmgen.eval(*words, model="replay/gpt-4o-mini")
    assert (torn.code, torn.json["exclusions"]["error"]) == (3, 1)
    file.write_bytes(b"{}\n" + whole)
    done = llmgen.eval(*words, model="replay/gpt-4o-mini")
    refused(done, "r.jsonl:1: not a recorded answer")
    file.write_bytes(whole)
    done = llmgen.eval(*words, model="replay/gpt-4o")
    refused(done, "recorded models: gpt-4o-mini")
