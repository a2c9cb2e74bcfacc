"""The views on what extractors read."""

import pytest

from llmgen.store import queries
from llmgen.store.db import open_read
from llmgen.types import Answer, Grade, Sample


def answer(extractor, value, **changes):
    if value == "error":
        return Answer(kind="error", extractor=extractor, method=f"{extractor}@1", reason="timeout")
    kind = "no_valid_answer" if value is None else "answered"
    return Answer(kind=kind, value=value, extractor=extractor, method=f"{extractor}@1", **changes)


@pytest.fixture
def ask(stored, make_run, make_record):
    """`ask(kind, pairs, query)`: the rows of `query` over answers that two extractors, a and b, have read."""

    def asked(kind, pairs, query):
        records = []
        for number, (a, b) in enumerate(pairs):
            grades = {"by:a": float(a == "A"), "by:b": float(b == "A")}
            records.append(
                make_record(
                    f"s{number}",
                    sample=Sample(id=f"s{number}", question="q", answer_type=kind, target="A"),
                    answers=(answer("a", a, confidence=0.5, elapsed_us=7, raw="it is A"), answer("b", b)),
                    grade=Grade(outcome="correct", value=1.0, scores=grades),
                )
            )
        home = stored(make_run(), records)
        with open_read(home) as reader:
            return reader.con.execute(query).fetchall()

    return asked


def test_answers_say_what_read_them_and_how(ask):
    rows = ask(
        "alphabet_option",
        [("A", None), ("A", "error")],
        'SELECT extractor, "value", CAST(kind AS VARCHAR), version, confidence, reason, raw, elapsed_us'
        " FROM answers ORDER BY sample_id, extractor",
    )
    assert rows == [
        ("a", "A", "answered", "1", 0.5, "", "it is A", 7),
        ("b", None, "no_valid_answer", "1", None, "", "", None),
        ("a", "A", "answered", "1", 0.5, "", "it is A", 7),
        ("b", None, "error", "1", None, "timeout", "", None),
    ]


COLUMNS = "extractor_a, extractor_b, n, n_error, agree, kappa, verdict_agree"
AGREEMENT = f"SELECT {COLUMNS} FROM extractor_agreement"


def test_agreement_over_the_values_of_options(ask):
    # 20 A/A, 5 A/B, 10 B/A, 15 B/B: Cohen's textbook table, kappa 0.4
    pairs = [("A", "A")] * 20 + [("A", "B")] * 5 + [("B", "A")] * 10 + [("B", "B")] * 15 + [("A", "error")]
    ((a, b, n, n_error, agree, kappa, verdict_agree),) = ask("alphabet_option", pairs, AGREEMENT)
    assert (a, b, n, n_error) == ("a", "b", 50, 1)
    assert (agree, kappa, verdict_agree) == pytest.approx((0.7, 0.4, 0.7))


def test_agreement_over_answered_or_not_elsewhere(ask):
    ((*_, agree, kappa, _),) = ask("math", [("1", "2"), (None, None), ("3", "3"), (None, "4")], AGREEMENT)
    assert (agree, kappa) == pytest.approx((0.5, 0.5))


def test_chance_that_explains_everything_leaves_no_kappa(ask):
    ((*_, agree, kappa, _),) = ask("math", [("1", "1"), ("2", "3")], AGREEMENT)
    assert (agree, kappa) == (0.5, None)


def test_scored_rows_carry_every_reading(stored, make_run, make_record):
    answers = (answer("a", "A", confidence=0.5, raw="x", elapsed_us=3), answer("b", "error"))
    home = stored(make_run(), [make_record("s", answers=answers), make_record("t", outcome="failed")])
    rows = {row.sample_id: row for row in queries.scored_rows(home, make_run().id)}
    assert (rows["s"].answers, rows["s"].answer_type) == (answers, "free")
    assert rows["t"].answers == ()
