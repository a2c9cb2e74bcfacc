"""The text rules of the FineTuneBench scorer, rule by rule."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmgen.text import fold, is_abstention, read, without_dates, without_reasoning, yes_or_no
from llmgen.text.numbers import fold_numbers, plain


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  Blue\n", "blue"),
        ("\u201cBlue\u201d", "blue"),
        ("\u2018Blue\u2019.", "blue"),
        ("7\u20130", "7-0"),
        ("\u22125", "-5"),
        ("a\u00a0b", "a b"),
        ("\ufeffbl\u200bue", "blue"),
        ("**Blue** __is__ `it` *now*", "blue is it now"),
        ("a \t\n b", "a b"),
        ("Answer: 5", "5"),
        ("FINAL ANSWER:  5", "5"),
        ("A: 5", "5"),
        ("Answer: Answer: 5", "answer: 5"),
        ("A-10", "a-10"),
        ("Answer 5", "answer 5"),
        ("Straße", "strasse"),
        ("'\"blue\"'", "blue"),
        ("blue?!;:,.", "blue"),
        ("1,234.50", "1,234.50"),
        ("\uff11\uff12", "12"),
        ("", ""),
        ("...", ""),
    ],
)
def test_fold(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("5 a.m.", "5 am"),
        ("5 P.M", "5 pm"),
        ("5am", "5 am"),
        ("7-0", "7 - 0"),
        ("the 18th", "18"),
        ("10,000", "10000"),
        ("1,234,567.80", "1234567.8"),
        ("September 7, 2024", "september 7 2024"),
        ("seven", "7"),
        ("twenty-one", "21"),
        ("twenty one", "21"),
        ("two hundred and five", "205"),
        ("one hundred thousand", "100000"),
        ("7 million", "7000000"),
        ("8.075 million", "8075000"),
        ("a trillion", "1000000000000"),
        ("3 million 200 thousand", "3200000"),
        ("2024 two", "2024 2"),
        ("five and six", "5 and 6"),
        ("20 ft", "20 foot"),
        ("20ft", "20 foot"),
        ("6 lbs", "6 pound"),
        ("84.3%", "84.3 percent"),
        ("84.3 pct", "84.3 percent"),
        ("103°F", "103 degree"),
        ("103 degrees Fahrenheit", "103 degree"),
        ("103°", "103 degree"),
        ("31°C", "31 celsius"),
        ("31 degrees Celsius", "31 celsius"),
        ("24,000 sq ft", "24000 square foot"),
        ("$50 million", "50000000 dollar"),
        ("$50,000,000", "50000000 dollar"),
        ("50 USD", "50 dollar"),
        ("€5", "5 euro"),
        ("2.12 m", "2.12 metre"),
        ("M Smith", "m smith"),
        ("32 years old", "32 year"),
        ("Péter the Great", "peter great"),
        ("J.D. Vance", "jd vance"),
        ("assault-style rifle", "assault-style rifle"),
        ("and/or", "and/or"),
        ("Jr., yes!", "jr yes"),
        ("≥75 years", "≥ 75 year"),
        (".5", "0.5"),
    ],
)
def test_tokens(text, tokens):
    assert " ".join(read(text).tokens) == tokens


@pytest.mark.parametrize(
    ("text", "number", "units", "hedged"),
    [
        ("more than 7 million pounds", "7000000", {"pound"}, True),
        ("as many as 20 people", "20", {"people"}, True),
        ("up to 5%", "5", {"percent"}, True),
        ("24,000 square feet", "24000", {"square", "foot"}, False),
        ("seven", "7", set(), False),
        ("USD 5", "5", {"dollar"}, False),
        ("662556 individuals", None, set(), False),
        ("7-0", None, set(), False),
        ("feet", None, set(), False),
        ("about time", None, set(), False),
    ],
)
def test_quantity(text, number, units, hedged):
    reading = read(text)
    assert (reading.number, set(reading.units), reading.hedged) == (number, units, hedged)


@pytest.mark.parametrize(
    "hedge",
    [
        "more than",
        "over",
        "at least",
        "about",
        "around",
        "approximately",
        "roughly",
        "nearly",
        "almost",
        "some",
        "up to",
        "estimated",
        "as many as",
        "as high as",
        "as much as",
        "just over",
        "just under",
        "greater than",
    ],
)
def test_every_hedge_is_dropped_before_a_number_only(hedge):
    assert read(f"{hedge} 20 feet").core == ("20", "foot")
    assert not read(f"{hedge} Spain").hedged


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("on september 30, 2024, a total of 17", "on , a total of 17"),
        ("on sept. 5th there were 12", "on there were 12"),
        ("by 30 september 2024", "by"),
        ("the 4th of may, 2026", "the"),
        ("2024-09-30: 17", ": 17"),
        ("in 2024, 30 people", "in , 30 people"),
        ("won 3-1 september 5", "won 3-1"),
        ("30 may have died", "30 may have died"),
        ("$2000 and 2,024 and 20245", "$2000 and 2,024 and 20245"),
        ("september 12-16, 2024", ""),
        ("may 300 people", "may 300 people"),
    ],
)
def test_dates_are_taken_out(text, left):
    assert " ".join(without_dates(text).split()) == left


@pytest.mark.parametrize(
    "text",
    [
        *(
            "None",
            "none.",
            "**None** \n",
            "N/A",
            "null",
            "Unknown",
            "Unanswerable",
            "Not known",
            "not available",
        ),
        *("Not applicable.", "No answer", "no information", "No data", "No information available"),
        *(
            "I don't know.",
            "I don\u2019t know who won",
            "I do not know",
            "Cannot answer",
            "cannot determine it",
        ),
        *(
            "Can't determine that",
            "I cannot say",
            "We cannot tell you",
            "I can't help",
            '"None"',
            "Answer: None",
        ),
    ],
)
def test_abstentions(text):
    assert is_abstention(text)


@pytest.mark.parametrize(
    "text", ["None of them", "", "Rafael Nadal", "an unknown man", "no", "It cannot be", "Nonesuch", "data"]
)
def test_no_abstentions(text):
    assert not is_abstention(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *(("Yes", "yes"), ("No.\n", "no"), ("yes, he is", "yes"), ("No \u2014 never", "no"), ("TRUE", "yes")),
        *(("Correct.", "yes"), ("false", "no"), ("Incorrect", "no"), ("Yes and no.", None), ("red", None)),
        *(
            ("It is true", None),
            ("Not", None),
            ("yesterday", None),
            ("None", None),
            ("", None),
            ("no, yes", None),
        ),
    ],
)
def test_yes_or_no(text, said):
    assert yes_or_no(text) == said


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("  as it was\n", "  as it was\n"),
        ("<think>hm</think>\nBlue", "Blue"),
        ("hm</think>Blue", "Blue"),
        ("Blue<think>and then", "Blue"),
        ("<think>a</think>x<think>b</think>y", "xy"),
    ],
)
def test_reasoning_is_taken_out(text, left):
    assert without_reasoning(text) == left


@given(st.integers(0, 999_999_999_999))
def test_digits_with_commas_are_the_same_number(number):
    assert read(f"{number:,}").tokens == (str(number),)


@given(st.text(max_size=200))
def test_folding_settles_and_reading_never_fails(text):
    assert fold(text) == fold(text).strip()
    assert read(text).folded == fold(text)


@given(st.from_regex(r"-?[0-9]{1,60}(\.[0-9]{1,9})?", fullmatch=True))
def test_plain_keeps_the_value(number):
    assert Decimal(plain(number)) == Decimal(number)
    assert fold_numbers([number]) == [plain(number)]
