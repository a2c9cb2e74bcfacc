"""The comparator: stress pairs, the range, and expressions that hang."""

import asyncio
import time

import pytest

from llmgen.extract.comparator import Comparator, compare
from llmgen.extract.maths import canonical
from llmgen.extract.ranges import NO_VALID_ANSWER, Range

MATH = Range(answer_type="math")
# ruff: noqa: RUF001, E501  # full-width digits on purpose; one pair is one cell
EQUAL = [
    ("1/2", "0.5"), (r"\frac{1}{2}", "0.5"), ("50%", "0.5"), ("1,000", "1000"), (r"\frac12", "1/2"),
    (r"2\sqrt{3}", r"\sqrt{12}"), ("(1,2)", "( 1 , 2 )"), ("x=5", "5"), ("1e3", "1000"), ("5 dollars", "5"),
    ("3.0", "3"), ("3.50", "3.5"), (r"2\cdot3", "6"), ("x^2", "x^{2}"), ("x^2+2x+1", "(x+1)^2"),
    ("{1,2}", "{2,1}"), ("[2,5)", "[2, 5)"), (r"-\frac{1}{3}", r"\frac{-1}{3}"), (r"\text{east}", "east"),
    ("9", "9.00"), ("$18", "18"), ("18 eggs", "18"), ("1 000", "1000"), (r"\frac{\sqrt{3}}{3}", r"1/\sqrt{3}"),
    (r"\infty", "infinity"), ("2, -1", "-1, 2"), ("7:30", "7:30"), ("１２", "12"), ("十二", "12"),
    ("1.5万", "15000"), ("1{,}000", "1000"), ("½", "0.5"), ("3 1/2", "3.5"), ("-0", "0"), ("{1,1,2}", "{1,2}"),
    ("100 cents", "1 dollar"), ("9007199254740993", "9,007,199,254,740,993"), (r"\boxed{7}", "7"),
    (r"3 \times 10^{8}", "300000000"), ("三百二十元", "320"), ("1.2亿", "120000000"), (r"90^\circ", "90"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix} 1 & 2.0 \\ 3 & 4 \end{pmatrix}"),
    (r"(-\infty,2]\cup[5,\infty)", r"[5,\infty) \cup (-\infty, 2]"), ("1, 2 and 3", "{3,2,1}"),
]  # fmt: skip
DIFFERENT = [
    ("50%", "50"), ("1,2", "12"), (r"2\cdot3", "23"), ("10 cents", "10 dollars"), ("0.333", "1/3"),
    ("22_6", "22"), ("12", "12%"), (r"\pi", "3.14159"), ("no solution", "none"), ("(1,2)", "(2,1)"),
    ("[2,5)", "[2,5]"), ("x>2", r"x\ge2"), ("1/0", "0"), ("9007199254740993", "9007199254740992"),
    (r"\begin{pmatrix}1&2\end{pmatrix}", r"\begin{pmatrix}1\\2\end{pmatrix}"), ("18 eggs", "18 apples"),
    ("I cannot answer 3 because the text says nothing about the number of boats that sailed that day", "3"),
]  # fmt: skip
OPTIONS = Range(answer_type="alphabet_option", values=("A", "B", "C"), texts=("Paris", "1", "Rome"))


@pytest.mark.parametrize("verdict", [True, False])
async def test_stress_pairs_hold_in_both_directions(verdict):
    wrong = []
    async with Comparator() as comparator:
        for pair in EQUAL if verdict else DIFFERENT:
            for a, b in (pair, pair[::-1]):
                same = await comparator.same(MATH, a, b)
                if same.equal is not verdict:
                    wrong.append((a, b, same))
    assert wrong == []


async def test_an_expression_that_hangs_is_killed_in_time_and_the_next_pair_is_served():
    async with Comparator(timeout_s=0.5) as comparator:
        await comparator.warm()
        started = time.perf_counter()
        hung = await comparator.same(MATH, "5^{5^{5^{5}}}", "1")
        took = time.perf_counter() - started
        assert (hung.equal, hung.how) == (None, "timeout")
        assert took < 0.5 + 0.2
    async with Comparator(timeout_s=5) as comparator:
        first = comparator.same(MATH, "5^{5^{5^{5}}}", "1")
        hung, after = await asyncio.gather(first, comparator.same(MATH, "x+1", "1+x"))
        assert hung.equal is None
        assert after.equal is True


async def test_a_cancelled_comparison_leaves_no_answer_behind():
    async with Comparator(timeout_s=5) as comparator:
        await comparator.warm()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await comparator.same(MATH, "5^{5^{5^{5}}}", "1")
        assert (await comparator.same(MATH, "x+1", "1+x")).equal is True
        assert (await comparator.same(MATH, "x+1", "2+x")).equal is False


@pytest.mark.parametrize(
    ("question", "percent", "equal"),
    [
        ("What percent of 5 is 3?", "auto", True),
        ("How many?", "auto", False),
        ("", "notation", True),
        ("%", "value", False),
    ],
)
def test_a_percentage_is_its_number_only_where_one_is_asked_for(question, percent, equal):
    assert compare(MATH, "60%", "60", question=question, percent=percent).equal is equal


@pytest.mark.parametrize("answer_type", ["alphabet_option", "math", "short_text"])
def test_no_valid_answer_equals_only_itself(answer_type):
    answers = Range(answer_type=answer_type)
    assert compare(answers, None, NO_VALID_ANSWER).equal is True
    assert compare(answers, None, "None").equal is False


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [("A", "Paris", True), ("(B)", "1.0", True), ("C. Rome", "A", False), ("Rom", "C", False)],
)
def test_an_option_is_its_letter_and_its_text(a, b, equal):
    assert compare(OPTIONS, a, b).equal is equal


def test_a_described_range_ignores_commas_quotes_and_case():
    answers = Range(answer_type="short_text", description="the words in order")
    assert compare(answers, 'ape, "bee"  Cat.', "ape bee cat").equal is True
    assert compare(answers, "bee ape cat", "ape bee cat").equal is False


def test_canonical_merges_spellings_of_one_number():
    assert {canonical(text) for text in ("1,000", "1000.0", "$1000", "1000 eggs")} == {"1000"}
    assert canonical("50%") != canonical("50")


def test_the_cheap_ladder_is_fast():
    pairs = [pair for pair in EQUAL + DIFFERENT if compare(MATH, *pair).equal is not None]
    started = time.thread_time()
    for _ in range(100):
        for a, b in pairs:
            compare(MATH, a, b)
    assert (
        len(pairs) * 100 / (time.thread_time() - started) > 25_000
    )  # half of the bar: the machine is shared
