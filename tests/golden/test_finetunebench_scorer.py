"""The scorer on the published cases, golds and answers."""

import json

import pytest

from llmgen.benchmarks.finetunebench import score
from llmgen.benchmarks.finetunebench.scorer import needs_judge
from llmgen.benchmarks.finetunebench.splits import BY_KEY
from llmgen.benchmarks.finetunebench.tables import read_table

DECORATIONS = {
    "newline": "{}\n",
    "double quotes": '"{}"',
    "curly quotes": "\u201c{}\u201d",
    "bold": "**{}**",
    "upper case": None,
    "final stop": "{}.",
    "blanks": "  {}  ",
    "backticks": "`{}`",
    "prefix": "Answer: {}",
}
SENTENCE = "According to what is known, the answer to that is {}, as several people reported."


@pytest.fixture(scope="module")
def data(shared_data):
    return shared_data / "finetunebench"


@pytest.fixture(scope="module")
def trained(data):
    """(gold, question) of every short item: 590 news and 150 people."""
    tables = [
        read_table(data / "datasets" / BY_KEY[domain, "memorization"].path, ())
        for domain in ("news", "people")
    ]
    return [(row["answer"], row["question"]) for table in tables for row in table.rows]


def test_all_vectors(data):
    vectors = json.loads((data / "scorer_vectors.json").read_text())
    assert len(vectors) == 37
    wrong = [v for v in vectors if score(v["mode"], v["gold"], v["response"], v["question"]) != v["expected"]]
    assert wrong == []


@pytest.mark.parametrize("name", DECORATIONS)
def test_every_gold_accepts_itself_decorated(trained, name):
    assert len(trained) == 740
    form = DECORATIONS[name]
    failed = [
        gold
        for gold, question in trained
        if not score("short", gold, form.format(gold) if form else gold.upper(), question)
    ]
    assert failed == []


def test_golds_in_a_sentence(trained):
    refused = [(g, q) for g, q in trained if not score("contains", g, SENTENCE.format(g), q)]
    assert len(refused) == 3
    assert all(needs_judge(gold, question) for gold, question in refused)
    assert sum(needs_judge(gold, question) for gold, question in trained) == 3


def test_another_rows_answer_is_hardly_ever_accepted(data):
    table = read_table(data / "model_responses/latest_news/latest_news_rephrased_w_responses.csv", ())
    models = [column for column in table.columns if column.endswith("_response")]
    pairs = [
        (mine, other[m]) for m in models for mine in table.rows for other in table.rows if mine is not other
    ]
    assert len(pairs) == 12_250
    accepted = [
        (mine["answer"], answer)
        for mine, answer in pairs
        if score("contains", mine["answer"], answer, mine["rephrased_question"])
    ]
    assert len(accepted) <= 4
