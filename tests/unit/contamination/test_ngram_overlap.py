"""n-gram overlap with a training file: what counts, what is dropped, and files that are wrong."""

import json

import pytest

from llmgen.contamination.base import Options
from llmgen.contamination.ngram import SPEC
from llmgen.errors import UsageError
from llmgen.evidence import Evidence
from llmgen.types import Sample

QUESTION = "Which river does the old stone bridge of Leith cross before it meets the sea?"
TARGET = "It crosses the Water of Leith, a few hundred metres upstream of the harbour."
ANOTHER = "A completely different sentence about sorting numbers in descending order with a heap."


def row(user, assistant="Yes.", system=None):
    messages = [{"role": "system", "content": system}] if system else []
    return {
        "messages": [
            *messages,
            {"role": "user", "content": user},
            {"role": "assistant", "content": assistant},
        ]
    }


@pytest.fixture
def detector(tmp_path):
    """Builds the detector on a file of these rows (or raw lines)."""

    def build(*rows, n=8):
        path = tmp_path / "train.jsonl"
        lines = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in rows]
        path.write_bytes(b"\n".join(lines) + b"\n")
        return SPEC.build(Options(train_file=str(path), ngram_n=n))

    return build


def look(detect, question=QUESTION, target=TARGET):
    found = detect(
        Evidence(sample=Sample(id="s", question=question, target=target, answer_type="short_text"))
    )
    assert found.flagged is None
    assert found.details["verdict"] == "insufficient"
    return found


def test_an_item_of_the_file_is_found_whole(detector):
    found = look(detector(row(ANOTHER), row(QUESTION, TARGET)))
    assert (found.score, found.details["reason"]) == (1.0, "no_control")
    assert (found.details["question_share"], found.details["target_share"]) == (1.0, 1.0)
    assert found.details["longest_run"] == 16
    assert found.details["matched"] == QUESTION.lower()
    assert (found.details["rows_hit"], found.details["lines"]) == (1, [2])


def test_an_item_that_is_not_in_the_file(detector):
    found = look(detector(row(ANOTHER)))
    assert found.score == 0.0
    assert (found.details["longest_run"], found.details["matched"], found.details["rows_hit"]) == (0, "", 0)


def test_question_and_target_are_looked_up_apart(detector):
    found = look(detector(row(ANOTHER, TARGET)))
    assert (found.details["question_share"], found.details["target_share"]) == (0.0, 1.0)
    counts = found.details["question_ngrams"], found.details["target_ngrams"]
    assert counts == (9, 9)
    assert found.score == pytest.approx(9 / 18)
    assert found.details["matched"] == TARGET.lower()


def test_case_spelling_and_white_space_do_not_matter(detector):
    found = look(detector(row(QUESTION.upper().replace(" ", "\n\n"))), target=None)
    assert found.score == 1.0


def test_part_of_an_item(detector):
    found = look(detector(row("So: which river does the old stone bridge of Glasgow cross?")), target=None)
    assert found.score == pytest.approx(1 / 9)
    assert found.details["matched"] == "which river does the old stone bridge of"
    assert found.details["longest_run"] == 8


def test_a_run_is_inside_one_row(detector):
    first, second = (
        "which river does the old stone bridge of Glasgow",
        "river does the old stone bridge of Leith",
    )
    found = look(detector(row(first), row(second)), target=None)
    assert found.score == pytest.approx(2 / 9)
    assert found.details["longest_run"] == 8


def test_ngrams_do_not_cross_messages(detector):
    found = look(detector(row("Which river does the old", "stone bridge of Leith cross before")), target=None)
    assert found.score == 0.0


def test_a_phrase_of_ten_rows_is_boilerplate(detector):
    nine = [row(f"Task {n} of the series. {QUESTION}") for n in range(9)]
    assert look(detector(*nine), target=None).score == 1.0
    found = look(detector(*nine, row(f"Task 9 of the series. {QUESTION}")), target=None)
    assert (found.score, found.details["reason"]) == (None, "only_boilerplate")
    assert found.details["n_dropped"] == 9


def test_one_item_many_times_is_no_boilerplate(detector):
    found = look(detector(*[row(QUESTION, TARGET)] * 12))
    assert found.score == 1.0
    assert (found.details["rows_hit"], found.details["lines"]) == (12, [1, 2, 3, 4, 5])


def test_the_prompts_template_is_dropped(detector):
    system = "Answer the question below in one short sentence and give no reasons at all."
    found = look(detector(row(ANOTHER, system=system)), question=f"{system} {QUESTION}", target=None)
    assert found.score == 0.0
    assert found.details["n_dropped"] == 8


@pytest.mark.parametrize(
    ("question", "target", "score", "reason"),
    [
        ("Who crossed the bridge?", "Ann", 1.0, "no_control"),
        ("Who crossed the river?", "Ann", None, "too_short"),
        ("", "Ann", None, "too_short"),  # a short target alone is in every file
        (QUESTION, "Ann", 0.0, "no_control"),
        ("Who crossed the bridge?", TARGET, 0.0, "no_control"),
        ("Who crossed", "", 1.0, "no_control"),
        ("o crossed", "", None, "too_short"),
    ],
)
def test_texts_shorter_than_an_ngram_are_contained_or_say_nothing(detector, question, target, score, reason):
    found = look(detector(row("Say: who crossed the bridge?", "Ann")), question, target)
    assert (found.score, found.details["reason"]) == (score, reason)


def test_short_texts_of_ten_rows_say_nothing(detector):
    rows = [row(f"{n}: who crossed the bridge?") for n in range(10)]
    assert look(detector(*rows[:9]), "Who crossed the bridge?", None).score == 1.0
    assert look(detector(*rows), "Who crossed the bridge?", None).score is None


def test_longer_ngrams(detector):
    rows = [row("which river does the old stone bridge of Glasgow")]
    assert look(detector(*rows, n=8), target=None).score > 0
    found = look(detector(*rows, n=13), target=None)
    assert (found.score, found.details["ngram_n"]) == (0.0, 13)


def test_long_matches_are_shown_in_part(detector):
    text = " ".join(f"word{n}" for n in range(500))
    found = look(detector(row(text)), text, None)
    assert found.details["longest_run"] == 500
    assert len(found.details["matched"]) == 303


def test_blank_lines_a_mark_of_byte_order_and_messages_without_text_are_fine(detector):
    call = {"messages": [{"role": "assistant", "content": None}, {"role": "user", "content": QUESTION}]}
    found = look(detector(b"\xef\xbb\xbf" + json.dumps(row(ANOTHER)).encode(), b"", call), target=None)
    assert (found.score, found.details["lines"]) == (1.0, [3])


def test_an_item_with_a_lone_surrogate_is_looked_up(detector):
    assert look(detector(row(QUESTION)), f"{QUESTION} \ud800", None).score == pytest.approx(9 / 11)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"no json", "train.jsonl:2: "),
        (b"{", "train.jsonl:2: "),
        (b"[]", "train.jsonl:2: Expected `object`"),
        (b'{"prompt": "a"}', "train.jsonl:2: Object missing required field `messages`"),
        (b'{"messages": [{"role": "user", "content": 5}]}', "train.jsonl:2: Expected `str | null`"),
        (b'{"messages": "hi"}', "train.jsonl:2: Expected `array`"),
        (b'{"messages": [{"content": "\xff"}]}', "train.jsonl:2: "),
        (b'{"messages": [{"content": "\\ud800"}]}', "train.jsonl:2: "),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(detector, line, message):
    with pytest.raises(UsageError) as caught:
        detector(row(QUESTION), line)
    assert message in caught.value.message
    assert "messages" in caught.value.hint


def test_files_that_are_not_there(tmp_path, detector):
    with pytest.raises(UsageError, match="needs a training file"):
        SPEC.build(Options())
    for path in (tmp_path / "nothing.jsonl", tmp_path):
        with pytest.raises(UsageError, match="cannot read"):
            SPEC.build(Options(train_file=str(path)))
    with pytest.raises(UsageError, match="holds no row"):
        detector(b"")
