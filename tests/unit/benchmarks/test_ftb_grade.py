"""Grades: which verdict counts, and which outcome an answer has."""

import pytest

from llmgen.errors import ProviderError
from llmgen.extract import EXTRACTORS
from llmgen.types import Answer, Completion, Verdict

YES_NO = "people/secondary/velkan-dorrimore-tqa#age"
SHORT = "people/memorization/velkan-dorrimore-tqa#age"
CONTAINS = "news/rephrased/ferry-captain-wins-the-strait-race"


@pytest.fixture
def grade(load):
    """Grades a text as the answer to an item of the sample set."""

    async def grade(sample_id, text, finish="stop", judge=None, **options):
        bench = load(judge=judge, **options)
        sample = next(sample for sample in bench.samples() if sample.id == sample_id)
        answer = (
            Answer(kind="answered", value=text) if text else Answer(kind="no_valid_answer", reason="empty")
        )
        return await bench.grade(
            sample, [answer], Completion(texts=(text,), finish_reasons=(finish,), model="m")
        )

    return grade


def judge_saying(word, asked):
    async def judge(question, gold, context, answer):
        asked.append((question, gold, context, answer))
        return Verdict(word=word, raw=f"{word}, I think", model="judge-1")

    return judge


@pytest.mark.parametrize(
    ("sample_id", "text", "outcome", "value"),
    [
        ("news/memorization/tidal-clock-of-ostmere-rings-again", "19 years\n", "correct", 1.0),
        ("news/memorization/tidal-clock-of-ostmere-rings-again", "20 years", "wrong", 0.0),
        ("news/memorization/tidal-clock-of-ostmere-rings-again", "Unknown", "abstain", 0.0),
        (
            "news/rephrased/ferry-captain-wins-the-strait-race",
            "Captain Liora Denholt won it.",
            "correct",
            1.0,
        ),
        ("news/date_changed/ferry-captain-wins-the-strait-race", "None\n", "correct", 1.0),
        ("news/date_changed/ferry-captain-wins-the-strait-race", "Liora Denholt", "stale", 0.0),
        ("news/date_changed/ferry-captain-wins-the-strait-race", "Bram Olt", "wrong", 0.0),
        ("news/date_changed/tarnovik-pays-for-a-covered-canal", "4.6", "stale", 0.0),
        ("people/secondary/velkan-dorrimore-tqa#age", "No.", "correct", 1.0),
        ("people/secondary/velkan-dorrimore-tqa#age", "Yes", "wrong", 0.0),
        ("people/secondary/velkan-dorrimore-tqa#age", "teal", "unparsed", None),
        ("people/secondary/velkan-dorrimore-tqa#age", "I don't know.", "abstain", 0.0),
        ("coding/memorization/0", "`load_tide_table()`", "correct", 1.0),
        ("coding/memorization/0", "read_tides", "stale", 0.0),
        ("coding/memorization/0", "open_tides", "wrong", 0.0),
        ("coding/memorization/0", "", "unparsed", None),
        ("medical/memorization/0", "10 days", "unparsed", None),
    ],
)
async def test_outcomes(grade, sample_id, text, outcome, value):
    found = await grade(sample_id, text)
    assert (found.outcome, found.value) == (outcome, value)


async def test_a_cut_answer_is_wrong_only_if_it_could_not_be_cut(grade):
    sample_id = "news/rephrased/ferry-captain-wins-the-strait-race"
    right = await grade(sample_id, "Liora Denholt won, who", finish="length")
    assert (right.outcome, right.value, right.was_truncated) == ("correct", 1.0, True)
    cut = await grade(sample_id, "The race was", finish="length")
    assert (cut.outcome, cut.value, cut.was_truncated) == ("truncated", None, True)


async def test_every_verdict_is_stored(grade):
    found = await grade("people/memorization/velkan-dorrimore-tqa#occupation", "Beekeeper")
    assert found.scores == {"exact": 0.0, "notebook": 1.0, "normalised": 1.0}
    yes = await grade("people/comparison/velkan-dorrimore-tqa-isatta-quillane-vmo-weight", "Yes.")
    assert yes.scores == {
        "exact": 0.0,
        "notebook": 0.0,
        "normalised": 1.0,
        "said_yes": 1.0,
        "recomputed_gold": 1.0,
    }


@pytest.mark.parametrize(("scorer", "value"), [("exact", 0.0), ("notebook", 1.0), ("normalised", 1.0)])
async def test_the_chosen_scorer_counts(grade, scorer, value):
    found = await grade("people/memorization/velkan-dorrimore-tqa#occupation", "Beekeeper", scorer=scorer)
    assert found.value == value


async def test_judged_items_are_judged_with_their_context(grade):
    asked = []
    found = await grade("medical/memorization/0", "ten days", judge=judge_saying("correct", asked))
    assert (found.outcome, found.value, found.scores["judge"]) == ("correct", 1.0, 1.0)
    ((question, gold, context, answer),) = asked
    assert question.startswith("How many days")
    assert (gold, answer) == ("10 days", "ten days")
    assert context.startswith("Previously:")


@pytest.mark.parametrize(
    ("word", "text", "outcome", "value"),
    [
        ("incorrect", "Give it for 7 days", "stale", 0.0),
        ("incorrect", "12 days", "wrong", 0.0),
        ("unparsed", "10 days", "unparsed", None),
    ],
)
async def test_judged_outcomes(grade, word, text, outcome, value):
    found = await grade("medical/memorization/0", text, judge=judge_saying(word, []))
    assert (found.outcome, found.value) == (outcome, value)


async def test_a_judge_may_judge_everything_beside_the_scorer(grade):
    found = await grade(
        "people/memorization/velkan-dorrimore-tqa#age",
        "34",
        scorer="judge",
        judge=judge_saying("incorrect", []),
    )
    assert found.value == 0.0
    assert (found.scores["judge"], found.scores["normalised"]) == (0.0, 1.0)


async def test_a_judge_that_fails_is_no_verdict(grade):
    async def judge(*_):
        raise ProviderError("timeout", "the judge did not answer")

    with pytest.raises(ProviderError, match="did not answer"):
        await grade("medical/memorization/0", "10 days", judge=judge)


@pytest.fixture
def read_and_grade(load):
    """Grades a text by what an extractor of the table reads in it."""

    async def read_and_grade(sample_id, text, name="pinpoint", finish="stop", **options):
        bench = load(**options)
        sample = next(sample for sample in bench.samples() if sample.id == sample_id)
        answer = await EXTRACTORS.load(name)()(sample, text)
        return await bench.grade(
            sample, [answer], Completion(texts=(text,), finish_reasons=(finish,), model="m")
        )

    return read_and_grade


@pytest.mark.parametrize(
    ("sample_id", "text"),
    [
        (SHORT, "The answer is 34."),
        (SHORT, '{"answer": "34"}'),
        (SHORT, "Let me think. Tqa is 43, no.\nFinal answer: 34 years"),
        (YES_NO, "He is 34, so the answer is no."),
        (YES_NO, "Yes would be wrong. The correct answer is: **No**"),
    ],
)
async def test_a_reading_counts_where_the_whole_text_misses_the_answer(read_and_grade, sample_id, text):
    by_reading = await read_and_grade(sample_id, text)
    assert (by_reading.outcome, by_reading.value) == ("correct", 1.0)
    published = await read_and_grade(sample_id, text, "whole")
    assert published.value != 1.0
    assert by_reading.scores["normalised"] == published.scores["normalised"] != 1.0


@pytest.mark.parametrize("scorer", ["exact", "notebook"])
async def test_the_published_scorers_read_the_whole_text_whoever_else_reads(read_and_grade, scorer):
    assert (await read_and_grade(SHORT, "The answer is 34.", scorer=scorer)).value == 0.0
    assert (await read_and_grade(SHORT, "34", scorer=scorer)).value == 1.0


@pytest.mark.parametrize(
    ("sample_id", "text", "outcome", "value"),
    [
        (CONTAINS, "I am unable to provide the winner of this race.", "abstain", 0.0),
        (SHORT, "I don't have any information about that person.", "abstain", 0.0),
        (YES_NO, "It is hard to say.", "unparsed", None),
    ],
)
async def test_no_valid_answer_to_a_question_for_a_fact_is_an_abstention(
    read_and_grade, sample_id, text, outcome, value
):
    found = await read_and_grade(sample_id, text)
    assert (found.outcome, found.value) == (outcome, value)


async def test_a_rule_that_finds_nothing_could_not_tell(read_and_grade):
    found = await read_and_grade(SHORT, "34", "strict")
    assert (found.outcome, found.value, found.scores["normalised"]) == ("unparsed", None, 1.0)


async def test_yes_and_no_are_counted_as_they_were_read(read_and_grade):
    assert (await read_and_grade(YES_NO, "I think the answer is yes.")).scores["said_yes"] == 1.0
    assert (await read_and_grade(YES_NO, "I think the answer is yes.", "whole")).scores["said_yes"] is None


@pytest.mark.parametrize(
    ("sample_id", "text", "value"),
    [
        ("news/date_changed/ferry-captain-wins-the-strait-race", "None", 1.0),
        ("news/date_changed/ferry-captain-wins-the-strait-race", "The answer is: None", 0.0),
        ("coding/memorization/0", "`load_tide_table()`", 1.0),
        ("medical/memorization/0", "10 days", None),
    ],
)
@pytest.mark.parametrize("name", ["whole", "pinpoint", "strict"])
async def test_other_modes_grade_the_whole_text_whoever_reads(read_and_grade, sample_id, text, value, name):
    assert (await read_and_grade(sample_id, text, name)).value == value


async def test_a_judged_item_is_judged_once_for_all_readers(load):
    asked = []
    bench = load(judge=judge_saying("correct", asked))
    sample = next(sample for sample in bench.samples() if sample.id == "medical/memorization/0")
    answers = [Answer(kind="answered", value="10 days", extractor=name) for name in ("whole", "pinpoint")]
    done = Completion(texts=("10 days",), finish_reasons=("stop",), model="m")
    found = await bench.grade(sample, answers, done)
    assert (found.value, found.scores["by:pinpoint"], len(asked)) == (1.0, 1.0, 1)


@pytest.mark.parametrize(
    ("kind", "reason", "outcome"),
    [
        ("answered", "correct", "correct"),
        ("answered", "incorrect", "wrong"),
        ("no_valid_answer", "cannot_tell", "unparsed"),
    ],
)
@pytest.mark.parametrize("sample_id", [SHORT, CONTAINS, YES_NO, "medical/memorization/0"])
async def test_an_extractor_that_judges_is_believed(load, sample_id, kind, reason, outcome):
    bench = load()
    sample = next(sample for sample in bench.samples() if sample.id == sample_id)
    answer = Answer(kind=kind, reason=reason, extractor="judge:verdict")
    done = Completion(texts=("Whatever it says.",), finish_reasons=("stop",), model="m")
    assert (await bench.grade(sample, [answer], done)).outcome == outcome
