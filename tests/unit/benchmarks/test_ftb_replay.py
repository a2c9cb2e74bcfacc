"""Recorded answers: whose they are, and what no answer is."""

import json

import pytest

from llmgen.errors import UsageError

PEOPLE = {"memorization": "original", "rephrased": "rephrased", "comparison": "comparison"}


@pytest.fixture
def recordings(sample_set, tmp_path, edit):
    """Response files made of the sample set: m1 repeats the gold, m2's rephrased column holds verdicts."""
    folder = tmp_path / "model_responses" / "fictional_people"
    folder.mkdir(parents=True)
    for split, name in PEOPLE.items():
        path = folder / f"fictional_people_{name}_w_responses.csv"
        path.write_bytes((sample_set / f"fictional_people/fictional_people_{split}.csv").read_bytes())

        def record(rows, split=split):
            for number, row in enumerate(rows):
                row["m1_response"] = row["answer"] + "\n"
                verdict = "Correct" if number % 4 == 0 else "Incorrect\n"
                row["m2_response"] = verdict if split == "rephrased" else "Yes"

        edit(path, record)
    return tmp_path


def test_recorded_answers_are_kept_raw(load, recordings):
    bench = load(replay=str(recordings), model="m1")
    samples = list(bench.samples())
    assert {sample.tags["file"] for sample in samples} == {
        f"fictional_people_{name}_w_responses" for name in PEOPLE.values()
    }
    assert bench.recorded == {sample.id: sample.tags["gold_published"] + "\n" for sample in samples}
    assert bench.context["gold"] == "published"


def test_a_provider_before_the_name_does_not_matter(load, recordings):
    assert load(replay=str(recordings), model="openai/m1").recorded


def test_a_column_of_verdicts_is_unusable(load, recordings):
    bench = load(replay=str(recordings / "model_responses"), model="m2")
    assert {sample.tags["split"] for sample in bench.samples()} == {"memorization", "comparison"}
    (column,) = bench.context["unusable"].values()
    assert (column["n"], column["verdict_correct"], column["verdict_accuracy"]) == (24, 6, 0.25)
    assert "m2_response" in column["reason"]


def test_a_recorded_failure_has_no_answer(load, recordings, edit):
    path = recordings / "model_responses/fictional_people/fictional_people_original_w_responses.csv"
    edit(path, lambda rows: rows[0].update(m1_response="<error>"))
    bench = load(replay=str(recordings), model="m1")
    missing = [sample.id for sample in bench.samples() if sample.id not in bench.recorded]
    assert missing == ["people/memorization/velkan-dorrimore-tqa#weight"]


def test_an_unknown_model_hears_who_was_recorded(load, recordings):
    with pytest.raises(UsageError, match="m3") as caught:
        load(replay=str(recordings), model="m3")
    assert caught.value.hint == "recorded: m1, m2"


def test_a_folder_without_recordings_names_the_layout(load, tmp_path):
    with pytest.raises(UsageError) as caught:
        load(replay=str(tmp_path), model="m1")
    assert "_w_responses.csv" in caught.value.hint


def test_rows_that_the_data_lack_are_counted(load, recordings, sample_set, edit):
    options = {"replay": str(recordings), "model": "m1", "data": str(sample_set)}
    assert load(**options).context["differs_from_data"] == 0
    edit(
        sample_set / "fictional_people/fictional_people_comparison.csv",
        lambda rows: rows[0].update(answer="Perhaps"),
    )
    assert load(**options).context["differs_from_data"] == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot read"),
        ("{", "reference.json"),
        ('{"a.csv": 3}', "Expected `object`"),
        (json.dumps({"a.csv": {"m2": {"n": 1}}}), "no numbers of 'm1'"),
    ],
)
def test_a_bad_reference_is_named(load, recordings, tmp_path, text, words):
    path = tmp_path / "reference.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=words):
        load(replay=str(recordings), model="m1", check=str(path))


def test_a_check_needs_a_replay(load, tmp_path):
    with pytest.raises(UsageError, match="--check compares a replay"):
        load(check=str(tmp_path))
