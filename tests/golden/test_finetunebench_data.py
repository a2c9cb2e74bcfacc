"""The real files: counts, traps, joins, the audit."""

import csv
import hashlib
import tomllib
from collections import Counter

import duckdb
import pytest

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.finetunebench import SPEC

ROWS = {
    ("news", "memorization"): (50, 590),
    ("news", "rephrased"): (50, 590),
    ("news", "date_changed"): (50, 586),
    ("people", "memorization"): (150, 150),
    ("people", "rephrased"): (150, 150),
    ("people", "secondary"): (150, 150),
    ("people", "comparison"): (25, 150),
    ("coding", "generalization"): (218, 218),
    ("medical", "memorization"): (125, 125),
    ("medical", "generalization"): (125, 125),
}


@pytest.fixture(scope="module")
def load(root, shared_data):
    def load(**options):
        options.setdefault("data", str(shared_data / "finetunebench"))
        return SPEC.load(SPEC.options(**options), Context(model="any", datasets=root / "datasets"))

    return load


@pytest.fixture(scope="module")
def everything(load):
    return load(subset="all")


@pytest.mark.parametrize(("subset", "column"), [("analysed", 0), ("all", 1)])
def test_counts(load, subset, column):
    samples = list(load(subset=subset).samples())
    found = Counter((sample.tags["domain"], sample.tags["split"]) for sample in samples)
    assert found == {key: counts[column] for key, counts in ROWS.items()}
    assert len({sample.id for sample in samples}) == len(samples)


def test_the_card_describes_these_files(root, shared_data, load):
    card = tomllib.loads((root / "datasets/finetunebench/card.toml").read_text())
    folder = shared_data / "finetunebench/datasets"
    assert card["sha256"] == {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.glob("*/*.csv")
    }
    assert not any("not the version" in note for note in load().notes)


def test_none_survives_every_reader(everything, shared_data):
    path = shared_data / "finetunebench/datasets/latest_news/latest_news_date_changed.csv"
    ours = [s.target for s in everything.samples() if s.tags["split"] == "date_changed"]
    assert set(ours) == {"None"}
    query = "select answer, prompt from read_csv(?, all_varchar=true)"
    cells = duckdb.connect().execute(query, [str(path)]).fetchall()
    assert len(cells) == 590
    assert {answer for answer, _ in cells} == {"None"}
    with path.open(newline="", encoding="utf-8") as file:
        assert [row["prompt"] for row in csv.DictReader(file)] == [prompt for _, prompt in cells]


def test_the_audit(everything):
    audit = everything.context["audit"]
    assert audit["comparison"] == {
        "n": 150,
        "wrong": 55,
        "wrong_by_kind": {"heavier": 0, "taller": 17, "older": 9, "alphabetical": 29},
        "self_rows": 7,
        "unchecked": 0,
    }
    assert audit["read_as_missing"] == {"latest_news_date_changed": 590}
    assert audit["unchanged_dates"] == 4
    assert audit["duplicate_prompts"]["latest_news_memorization"] == 2
    assert audit["duplicate_prompts"]["medical_memorization"] == 4


def test_conflicting_golds_are_listed(everything):
    golds = {
        (conflict["file"], tuple(conflict["golds"])) for conflict in everything.context["audit"]["conflicts"]
    }
    assert ("medical_memorization", ("≥75 years", "75 years")) in golds
    assert ("latest_news_memorization", ("Shawn M. Stines", "Shawn 'Mickey' Stines")) in golds


@pytest.mark.parametrize(
    ("subset", "gold", "yes", "no"),
    [
        ("analysed", "published", 8, 17),
        ("analysed", "recomputed", 10, 15),
        ("all", "published", 70, 80),
        ("all", "recomputed", 67, 83),
    ],
)
def test_comparison_golds(load, subset, gold, yes, no):
    samples = [s for s in load(subset=subset, gold=gold).samples() if s.tags["split"] == "comparison"]
    assert Counter(sample.target for sample in samples) == {"Yes": yes, "No": no}
    assert sum("self" in sample.tags for sample in samples) == (1 if subset == "analysed" else 7)


def test_splits_join(everything):
    samples = list(everything.samples())
    trained = {s.tags["fact_key"]: s for s in samples if s.tags["role"] == "train"}
    for sample in samples:
        domain, split = sample.tags["domain"], sample.tags["split"]
        if domain == "coding" or split == "comparison":
            continue
        fact = trained[sample.tags["fact_key"]]
        if split == "date_changed":
            assert sample.tags["trained_gold"] == fact.target
        elif domain in {"news", "people"} and split == "rephrased":
            assert sample.target == fact.target
            assert sample.tags["original_question"] == fact.tags["scorer_question"]
    assert all(s.tags["fact"] for s in samples if s.tags["domain"] == "medical")


def test_no_reworded_prompt_is_a_trained_one(everything):
    prompts = {"train": set(), "other": set()}
    for sample in everything.samples():
        if sample.tags["domain"] in {"news", "people"}:
            prompts["train" if sample.tags["role"] == "train" else "other"].add(sample.question)
    assert not prompts["train"] & prompts["other"]


def test_prompts_are_sent_as_they_stand(everything):
    news = [s for s in everything.samples() if s.tags["domain"] == "news"]
    assert all(s.question.endswith("Answer: ") for s in news if s.tags["split"] != "rephrased")
    assert all(s.question.startswith("\n") for s in news if s.tags["split"] == "date_changed")


def test_the_absent_coding_file(load):
    bench = load()
    assert "coding_memorization.csv" in bench.context["incomplete"]["coding"]
    derived = load(domains=("coding",), coding_derive=True)
    prompts = Counter(sample.question for sample in derived.samples())
    assert len(prompts) == 436
    assert sum("date_past" in s.tags for s in bench.samples()) == 50
