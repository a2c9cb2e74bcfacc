"""From files to items: the sample set as it is, and copies of it with the traps of the real data."""

import shutil
from collections import Counter

import pytest

from llmgen.errors import UsageError
from llmgen.types import Answer, Completion, Verdict

NEWS, PEOPLE = "latest_news/latest_news", "fictional_people/fictional_people"


def by_split(bench):
    return Counter((sample.tags["domain"], sample.tags["split"]) for sample in bench.samples())


def test_the_sample_set_is_complete_and_coherent(load):
    bench = load()
    samples = list(bench.samples())
    assert len(samples) >= 80
    assert len({sample.id for sample in samples}) == len(samples)
    assert set(by_split(bench)) == {
        *(("news", name) for name in ("memorization", "rephrased", "date_changed")),
        *(("people", name) for name in ("memorization", "rephrased", "secondary", "comparison")),
        *((domain, name) for domain in ("coding", "medical") for name in ("memorization", "generalization")),
    }
    assert bench.context["incomplete"] == {}
    facts = {
        name: {s.tags["fact_key"] for s in samples if s.tags["role"] == name} for name in ("train", "rank")
    }
    assert facts["train"] == facts["rank"]
    assert bench.context["audit"]["comparison"]["wrong"] == 0
    assert bench.context["audit"]["duplicate_prompts"] == {}
    assert "" not in {value for sample in samples for value in sample.tags.values()}


def test_no_trained_prompt_is_asked_as_generalization(load):
    prompts = {role: set() for role in ("train", "rank", "diagnostic")}
    for sample in load().samples():
        prompts[sample.tags["role"]].add(sample.question)
    assert not prompts["train"] & (prompts["rank"] | prompts["diagnostic"])


async def test_every_gold_grades_as_correct(load):
    async def judge(_question, gold, _context, answer):
        return Verdict(word="correct" if answer == gold else "incorrect", raw="", model="m")

    bench = load(judge=judge)
    for sample in bench.samples():
        completion = Completion(texts=(sample.target,), finish_reasons=("stop",), model="m")
        grade = await bench.grade(sample, [Answer(kind="answered", value=sample.target)], completion)
        assert (grade.outcome, grade.value) == ("correct", 1.0), sample.id


def test_prompts_are_sent_as_they_stand(load):
    news = [s for s in load().samples() if s.tags["domain"] == "news"]
    assert all(s.question.endswith("Answer: ") for s in news if s.tags["split"] != "rephrased")
    assert all(s.question.startswith("\n") for s in news if s.tags["split"] == "date_changed")
    assert {s.target for s in news if s.tags["split"] == "date_changed"} == {"None"}


def test_keys_and_joins(load):
    samples = {sample.id: sample for sample in load().samples()}
    height = samples["people/secondary/velkan-dorrimore-tqa#height"]
    assert height.tags["fact_key"] == "people/velkan-dorrimore-tqa#height"
    assert height.tags["cluster"] == "people/velkan-dorrimore-tqa"
    assert height.choices == ("Yes", "No")
    dated = samples["news/date_changed/ferry-captain-wins-the-strait-race"]
    assert dated.tags["trained_gold"] == "Liora Denholt"
    assert "2026" in dated.tags["original_question"]
    vignette = samples["medical/generalization/0"]
    assert vignette.tags["fact"].startswith("Previously: ")
    assert vignette.answer_type == "free"


@pytest.mark.parametrize("wrap", [False, True])
def test_data_may_be_the_folder_or_hold_it(load, sample_set, tmp_path, wrap):
    folder = sample_set
    if wrap:
        shutil.move(sample_set, tmp_path / "outer" / "datasets")
        folder = tmp_path / "outer"
    assert by_split(load(data=str(folder))) == by_split(load())


@pytest.mark.parametrize("name", ["gone", ""])
def test_a_folder_without_data_names_the_layout(load, tmp_path, name):
    with pytest.raises(UsageError) as caught:
        load(data=str(tmp_path / name))
    assert str(tmp_path) in caught.value.message
    assert "latest_news" in caught.value.hint


def test_an_absent_coding_file_makes_the_domain_incomplete(load, sample_set):
    (sample_set / "coding/coding_memorization.csv").unlink()
    bench = load(data=str(sample_set))
    assert bench.context["incomplete"] == {"coding": "absent: coding/coding_memorization.csv"}
    assert any("coding is incomplete" in note for note in bench.notes)
    assert ("coding", "generalization") in by_split(bench)


def test_derived_coding_prompts_are_new_and_labelled(load, sample_set, edit):
    (sample_set / "coding/coding_memorization.csv").unlink()

    def in_the_published_form(rows):
        rows[0]["prompt"] = (
            "What is the name of the function that reads it in the most updated version of Tidalpy's Reader?"
        )

    edit(sample_set / "coding/coding_generalization.csv", in_the_published_form)
    bench = load(data=str(sample_set), coding_derive=True)
    assert bench.context["incomplete"] == {}
    assert bench.context["derived"] == ["coding"]
    derived = [s for s in bench.samples() if s.tags["domain"] == "coding" and s.tags["role"] == "train"]
    asked = {s.question for s in bench.samples() if s.tags["role"] == "rank"}
    assert derived[0].question == "Tidalpy's Reader, most updated version: name the function that reads it."
    assert all(s.tags["derived"] == "true" and s.question not in asked for s in derived)


def test_wrong_comparison_golds_are_recomputed_and_counted(load, sample_set, edit):
    def flip(rows):
        rows[2]["answer"] = "Yes" if rows[2]["answer"] == "No" else "No"

    edit(sample_set / f"{PEOPLE}_comparison.csv", flip)
    right = [s for s in load().samples() if s.tags["split"] == "comparison"]
    recomputed = load(data=str(sample_set))
    published = load(data=str(sample_set), gold="published")
    assert recomputed.context["audit"]["comparison"]["wrong_by_kind"]["taller"] == 1
    golds = [s.target for s in recomputed.samples() if s.tags["split"] == "comparison"]
    assert golds == [s.target for s in right]
    flipped = [s for s in published.samples() if s.tags["split"] == "comparison"][2]
    assert flipped.target != right[2].target
    assert (flipped.tags["gold_published"], flipped.tags["gold_recomputed"]) == (
        flipped.target,
        right[2].target,
    )


def test_a_person_compared_with_themself_is_kept_and_tagged(load, sample_set, edit):
    def compare_with_oneself(rows):
        person = "-".join(rows[0]["id"].split("-")[:3])
        rows[0] |= {
            "id": f"{person}-{person}-weight",
            "question": "Is Velkan heavier than Velkan?",
            "answer": "Yes",
        }

    edit(sample_set / f"{PEOPLE}_comparison.csv", compare_with_oneself)
    bench = load(data=str(sample_set))
    sample = next(s for s in bench.samples() if s.tags["split"] == "comparison")
    assert (sample.target, sample.tags["self"]) == ("No", "true")
    assert bench.context["audit"]["comparison"]["self_rows"] == 1


def test_unchanged_dates_are_left_out(load, sample_set, edit):
    edit(
        sample_set / f"{NEWS}_date_changed.csv",
        lambda rows: rows[0].update(date_changed_question=rows[0]["original_question"]),
    )
    bench = load(data=str(sample_set))
    assert by_split(bench)["news", "date_changed"] == 7
    assert bench.context["audit"]["unchanged_dates"] == 1


def test_a_shifted_year_makes_new_items(load):
    shifted = [s for s in load(shift_year=2090).samples() if s.tags["split"] == "date_changed"]
    assert len(shifted) == 8
    for sample in shifted:
        assert sample.id.endswith("@2090")
        assert "2090" in sample.question
        assert "2031" not in sample.question
        assert "date_past" not in sample.tags
    past = [s for s in load(shift_year=1999).samples() if s.tags["split"] == "date_changed"]
    assert all(sample.tags["date_past"] == "true" for sample in past)
    assert load(shift_year=1999).dataset_hash != load().dataset_hash


def test_only_analysed_news_unless_all_are_wanted(load, sample_set, edit):
    edit(sample_set / f"{NEWS}_memorization.csv", lambda rows: rows[0].update(used_in_analysis="False"))
    assert by_split(load(data=str(sample_set)))["news", "memorization"] == 7
    assert by_split(load(data=str(sample_set), subset="all"))["news", "memorization"] == 8


def test_conflicting_golds_are_listed(load, sample_set, edit):
    def double(rows):
        rows[1]["prompt"] = rows[0]["prompt"]

    edit(sample_set / "medical/medical_memorization.csv", double)
    audit = load(data=str(sample_set)).context["audit"]
    assert audit["duplicate_prompts"] == {"medical_memorization": 1}
    (conflict,) = audit["conflicts"]
    assert (list(conflict["ids"]), list(conflict["golds"])) == (["0", "1"], ["10 days", "≥9"])


@pytest.mark.parametrize(
    "case",
    [
        (f"{NEWS}_rephrased.csv", {"id": "tidal-clock-of-ostmere-rings-again"}, "row 3, column 'id'.*twice"),
        (f"{PEOPLE}_rephrased.csv", {"fact": "It rains."}, "row 3, column 'fact'"),
        (f"{PEOPLE}_secondary.csv", {"answer": " "}, "row 3, column 'answer': empty"),
    ],
)
def test_a_row_that_makes_no_sense_is_named(load, sample_set, edit, case):
    file, change, words = case
    edit(sample_set / file, lambda rows: rows[2].update(change))
    with pytest.raises(UsageError, match=words):
        load(data=str(sample_set))


def test_an_id_too_often_is_named(load, sample_set, edit):
    def seventh(rows):
        rows[6]["id"] = rows[0]["id"]

    edit(sample_set / f"{PEOPLE}_memorization.csv", seventh)
    with pytest.raises(UsageError, match=r"row 7, column 'id'.*more than 6 times"):
        load(data=str(sample_set))


def test_domains_and_splits_choose(load):
    assert set(by_split(load(domains=("news",), splits=("rephrased",)))) == {("news", "rephrased")}
    with pytest.raises(UsageError, match="no items are left"):
        load(domains=("news",), splits=("secondary",))


def test_the_hash_follows_the_files(load, sample_set, edit):
    before = load(data=str(sample_set)).dataset_hash
    assert before == load().dataset_hash
    edit(sample_set / f"{NEWS}_memorization.csv", lambda rows: rows[0].update(answer="20 years"))
    assert load(data=str(sample_set)).dataset_hash != before
