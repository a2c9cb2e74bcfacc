"""pinpoint where the question says how to read the output: numbered lists, formulas, what is asked about, what is given."""
# ruff: noqa: E501, RUF001  # one case is one line; Chinese words

import pytest

from llmgen.extract.pinpoint import Reader
from llmgen.extract.ranges import MATH_RANGE, Range

KIN = Range(
    answer_type="short_text", values=("Ada is Bert's aunt.", "Ada is Bert's niece.", "Ada is Bert's cousin.")
)
KIN_Q = "Who is Ada to Bert?\n1. Ada is Bert's aunt.\n2. Ada is Bert's niece.\n3. Ada is Bert's cousin."
RADIUS = Range(
    answer_type="alphabet_option",
    values=("A", "B", "C", "D"),
    texts=(r"$4 \mathrm{~cm}$", r"$2 \sqrt{5} \mathrm{~cm}$", r"$\frac{3 \sqrt{2}}{2}$", "3"),
)
RUNNERS = Range(answer_type="short_text", values=("Mila Ortega", "Jon Varga", "Petra Lund"))
HEIGHT = Range(answer_type="short_text", values=("Ostrava Tower", "Linz Tower", "the same height"))
AGES = Range(answer_type="short_text", values=("18岁", "19岁", "20岁"))
ANIMALS = Range(answer_type="short_text", values=("Rabbits", "Frogs", "Wolves"))
SMALL = Range(answer_type="alphabet_option", values=("a", "b", "c"), texts=("睡眠", "運動", "食事"))
MATH = Range(answer_type="math", description=MATH_RANGE)


@pytest.fixture(scope="module")
def reader():
    return Reader()


@pytest.mark.parametrize(
    ("answers", "question", "text", "value"),
    [
        (KIN, KIN_Q, "<ANSWER>2</ANSWER>\n\nExplanation:\nBert's sister is Ada's mother.", "Ada is Bert's niece."),
        (KIN, KIN_Q, "**Answer: 3</ANSWER>", "Ada is Bert's cousin."),
        (KIN, KIN_Q, "1", "Ada is Bert's aunt."),
        (KIN, KIN_Q, "Bert has 3 cousins and 2 aunts.", None),
        (KIN, "Who is Ada to Bert?", "<ANSWER>2</ANSWER>", None),
        (RADIUS, "What is the radius?", r"So $r^2 = 20$. The answer is: \boxed{2\sqrt{5}}", "B"),
        (RADIUS, "What is the radius?", r"The radius is $\boxed{\frac{3\sqrt{2}}{2}}$.", "C"),
        (RADIUS, "What is the radius?", r"The sides of triangle $A B C$ give $\boxed{\frac{5\sqrt{3}}{4}}$.", None),
        (RUNNERS, "Who came right after Jon Varga?", "Petra Lund came right after Jon Varga.", "Petra Lund"),
        (HEIGHT, "Is the Ostrava Tower or the Linz Tower higher?", "The Linz Tower is higher than the Ostrava Tower. The reason is that the Linz Tower stands on a hill, while the Ostrava Tower stands in the plain.", "Linz Tower"),
        (RUNNERS, "Who ran before Petra Lund?", "Answer: Jon Varga ran before Petra Lund.\n\nQuestion: Who ran", "Jon Varga"),
        (RUNNERS, "Who won?", "Mila Ortega:\n\nJon Varga:\n\nPetra Lund:", None),
        (AGES, "最低饮酒年龄是多少岁？", "法定饮酒年龄为 20 岁。", "20岁"),
        (ANIMALS, "Which animal eats the flies?", "The animal that eats the flies is the Frog.", "Frogs"),
        (SMALL, "正しいのはどれか。", "b", "b"),
    ],
)  # fmt: skip
def test_the_question_says_what_names_an_element(reader, answers, question, text, value):
    assert reader.read(answers, question, text).value == value


EGGS = "Noor sells 12 eggs on Monday and 3 times as many on Friday. Each egg costs $2. How many dollars does she earn in 1 week?"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Friday: 12 x 3 = 36 eggs\nTotal eggs = 12 + 36 = 48\n\nAnswer: Noor makes $96 in 1 week.", "96"),
        (
            "Plan:\nAdd the eggs, then multiply.\n\nAnswer:\nTotal amount of money made = $24 + $72 = $96",
            "96",
        ),
        ("12 + 36 = 48 eggs.\nIn total, Noor will be able to earn 48 * 2 = 96 dollars", "96"),
        ("The total is $96. 12 eggs x $2 = $24. 36 eggs x $2 = $72. $24 + $72 = $96.", "96"),
        ("48 * 2 = 96\nUser: What is 5 + 5?\nAssistant: 5 + 5 = 10", "96"),
        ("12 x 3 = 36 eggs\nNext, we add the eggs of Monday and", None),
        ('48 * 2 = 96\n\n>> FINAL ANSWER:\n"""\nNoor earns 96 dollars.\n"""', "96"),
    ],
)
def test_results_are_told_from_what_is_given(reader, text, value):
    assert reader.read(MATH, EGGS, text).value == value


def test_lines_that_come_again_and_again_are_read_once(reader):
    listed = "(A) Lyon\n(B) Metz\n(C) Nice\n" * 9 + "(A) Ly"
    cities = Range(answer_type="alphabet_option", values=("A", "B", "C"), texts=("Lyon", "Metz", "Nice"))
    assert reader.read(cities, "Which city is meant?", listed).value is None
    said = "So the answer is (B).\nIt is known for its cathedral.\n" * 9
    assert reader.read(cities, "Which city is meant?", said).value == "B"


HOURS = Range(answer_type="alphabet_option", values=("A", "B", "C"), texts=("3 hours", "5 hours", "7 hours"))
HOURS_Q = "Two barges leave a lock together. How many hours pass before the barges are 15 miles apart?"
RESINS = Range(
    answer_type="alphabet_option",
    values=("A", "B", "C"),
    texts=("将树脂A与填料B加入混合机中混合", "将填料B与抗氧剂C加热后混合", "将树脂A单独加热成型"),
)


def test_a_question_that_is_restated_on_the_way_is_no_new_one(reader):
    text = "#1. Two barges leave a lock.\n#2. How many hours pass before the barges are 15 miles apart?\n\n#3. 15 / 3 = 5. Among all the answer choices, the best option is B) 5 hours."
    assert reader.read(HOURS, HOURS_Q, text).value == "B"
    text = "The best option is B) 5 hours.\n2. How tall is the oldest lighthouse of Norway?\nThe best option is C) 7 hours."
    assert reader.read(HOURS, HOURS_Q, text).value == "B"


def test_letters_inside_an_elements_own_text_are_no_options(reader):
    assert (
        reader.read(RESINS, "下列说法哪个是正确的？", "答案: 正确的是B.将填料B与抗氧剂C加热后混合。").value
        == "B"
    )
