"""pinpoint on outputs of many styles: what it reads, and where it must abstain."""
# ruff: noqa: E501, RUF001  # one case is one line; Chinese punctuation and full-width letters on purpose

import pytest

from llmgen.extract.maths import climb
from llmgen.extract.pinpoint import Reader
from llmgen.extract.ranges import Range

CAPITALS = Range(
    answer_type="alphabet_option",
    values=("A", "B", "C", "D"),
    texts=("Canberra", "Sydney", "Melbourne", "Perth"),
)
CAPITAL_Q = (
    "What is the capital of Australia? Answer Choices: (A) Canberra (B) Sydney (C) Melbourne (D) Perth"
)
LAW = Range(
    answer_type="alphabet_option",
    values=("A", "B", "C", "D"),
    texts=("合同自成立时生效", "合同自登记时生效", "合同无效", "合同可撤销"),
)
LAW_Q = "请从A,B,C,D中选出一个正确的答案，并写在[正确答案]和<eoa>之间。例如[正确答案]A<eoa>。\n关于合同的效力，下列说法正确的是"
TEN = Range(
    answer_type="alphabet_option", values=tuple("ABCDEFGHIJ"), texts=tuple(f"{n}.5 m/s" for n in range(1, 11))
)
UNKNOWN = Range(
    answer_type="alphabet_option",
    values=("A", "B", "C"),
    texts=("The old man", "The young man", "Not enough information"),
)
YES_NO = Range(answer_type="categorical_label", values=("yes", "no"))
TRUTH = Range(answer_type="categorical_label", values=("True", "False"))
NLI = Range(answer_type="categorical_label", values=("entailment", "neutral", "contradiction"))
MOOD = Range(answer_type="categorical_label", values=("positive", "negative", "neutral"))
KIND = Range(answer_type="categorical_label", values=("EducationalInstitution", "Company", "NaturalPlace"))
CASES = Range(
    answer_type="categorical_label",
    values=("婚姻家庭", "劳动纠纷", "交通事故", "债权债务", "刑事辩护", "合同纠纷", "房产纠纷", "侵权"),
)
COUNT = Range(answer_type="short_text", values=("no", "zero", "one", "two", "three", "four", "five"))
DAYS = Range(answer_type="short_text", values=("Friday", "Saturday", "Sunday"))
MATH = Range(
    answer_type="math",
    description="a(n) number / set / vector / matrix / interval / expression / function / equation / inequality",
)

OPTION_CASES = [
    ("B", "B"), ("b", "B"), ("(C)", "C"), (" A.\n", "A"), ("D. Perth", "D"), ("Canberra", "A"), ("The answer is (A).", "A"),
    ("The answer is A", "A"), ("The correct answer is:\n\n(A) Canberra", "A"), ("**Answer: A**", "A"), (r"$\boxed{A}$", "A"),
    (r"So it is $\boxed{\text{A}}$.", "A"), ("Ａ", "A"), ('{"reasoning": "Sydney is larger.", "answer": "A"}', "A"),
    ('```json\n{"reasoning": "It is not Sydney (B)", "answer": "A",}\n```', "A"), ('{"answer": "Canberra"', "A"),
    ("<answer>C</answer>", "C"), ("[[D]]", "D"), ("Final Answer: The final answer is B. I hope it is correct.", "B"),
    ("Sydney is the largest city, but it is not the capital. Melbourne was the seat of government until 1927. The capital is Canberra. So the answer is (A).", "A"),
    ("(A) Canberra\n(B) Sydney\n(C) Melbourne\n(D) Perth\n\nThe right choice is C.", "C"),
    ("The answer is (B). Wait, that is the largest city. The correct answer is (A).", "A"),
    ("The answer is B. Actually, no: the capital is Canberra, so the answer is A.", "A"),
    ("The answer is (A).\n\nQuestion: What is the capital of France? Answer Choices: (A) Lyon (B) Paris\nAnswer: The answer is (B).", "A"),
    ("A\n\nExplanation: Canberra is the capital; Sydney (B) is only the largest city, and option C was the capital once.", "A"),
    ("<think>Maybe B? The answer is B. No, wait, Canberra.</think>\n\nA", "A"),
    ("Option A is correct because Canberra is the seat of government. Option B is incorrect.", "A"),
    ("A: Incorrect? No, it is right.\nTherefore the answer is option (A).", "A"), ("La respuesta correcta es B.", "B"), ("答えはCです。", "C"),
    ("I would choose option D.", "D"), ("Choice (B) is the best answer.", "B"), ("The answer is (B)Sydney", "B"), ("ANSWER: C", "C"),
    ("The answer is C.</s><s>", "C"), ("B B B B", "B"),
    ("", None), ("   \n", None), ("I'm sorry, but I cannot answer this question.", None), ("The answer is E.", None), ("The answer is none of the above.", None),
    ("B and C", None), ("The answer could be A or B.", None), ("Both (A) and (C) are correct.", None), ("The correct answer is", None),
    ("Let's think step by step. A capital is the seat of government. I think we should look at the history of", None),
    ("(A) Canberra (B) Sydney (C) Melbourne (D) Perth", None), ("It is impossible to determine the answer from the given text.", None),
    ('{"reasoning": "I do not know.", "answer": ""}', None), ("A capital city is where the government sits.", None), ("The answer is Brisbane.", None),
]  # fmt: skip
CHINESE_CASES = [
    ("[正确答案]B<eoa>", "B"), ("正确答案：C", "C"), ("答案是D。", "D"), ("故选A。", "A"), ("选A", "A"), ("因此，正确答案是 B。", "B"), ("根据法律规定，合同自成立时生效，故A项正确。", "A"),
    ("A项错误，B项错误，D项错误，因此本题选C。", "C"), ("【答案】D", "D"), ("答案为B。更正：正确答案是C。", "C"), ("B. 合同自登记时生效", "B"), ("合同无效", "C"), ("综上所述，应选择D选项。", "D"),
    ("抱歉，我无法回答这个问题。", None), ("[正确答案]AC<eoa>", None), ("以上选项都不正确。", None), (LAW_Q, None), ("请您提供更多信息。", None),
]  # fmt: skip
LABEL_CASES = [
    (YES_NO, "Yes.", "yes"), (YES_NO, "No, it does not follow.", "no"), (YES_NO, "So the answer is no.", "no"), (YES_NO, "The sentence is plausible. So the answer is yes.", "yes"),
    (YES_NO, "It depends on the context, and I cannot say.", None), (TRUTH, "not ( True ) and ( True ) = False and True = False. So the answer is False.", "False"), (TRUTH, "The statement is not true.", "False"),
    (TRUTH, "true", "True"), (TRUTH, '{"answer": "False"}', "False"), (NLI, "The premise says nothing about it, so the relationship is neutral.", "neutral"), (NLI, "**Contradiction**", "contradiction"),
    (NLI, "It is not entailment, since the premise denies it. The answer is contradiction.", "contradiction"), (MOOD, "The sentiment of this review is Positive.", "positive"), (MOOD, "Sentiment: negative", "negative"),
    (MOOD, "While the start sounds positive, the reviewer ends up disappointed. I would classify it as negative.", "negative"), (MOOD, "The review is mixed.", None),
    (KIND, "This is an Educational Institution.", "EducationalInstitution"), (KIND, "Category: NaturalPlace", "NaturalPlace"), (KIND, "company", "Company"),
    (CASES, "[类别]劳动纠纷<eoa>", "劳动纠纷"), (CASES, "您好，根据您的描述，该咨询属于交通事故。建议您尽快报警。", "交通事故"), (CASES, "婚姻家庭、债权债务", None),
    (CASES, "类别包括：婚姻家庭、劳动纠纷、交通事故、债权债务、刑事辩护、合同纠纷、房产纠纷、侵权。", None), (CASES, "请问您能提供更多的信息吗？", None),
    (COUNT, '{"reasoning": "Most dogs have four legs.", "answer": "four"}', "four"), (COUNT, "A bird has 2 wings.\n\nAnswer: 2", "two"), (DAYS, "(B) Saturday.", "Saturday"), (DAYS, "The answer is Sunday", "Sunday"),
    (DAYS, "Monday", None),
]  # fmt: skip
MATH_CASES = [
    ("42", "42"), ("The answer is 42.", "42"), ("#### 1,234", "1234"), (r"Thus the total is $\boxed{\frac{3}{4}}$.", "3/4"), ("So she pays $18 in total.", "18"), ("Each has 3, so 3 * 4 = 12. The answer is 12 apples.", "12"),
    ('{"reasoning": "5 + 6 = 11", "answer": "11"}', "11"), (r"\[ x = 5 \]", "5"), ("Therefore, the area is 12.5 square meters.", "12.5"), ("答案是1.5万元。", "15000"), ("所以一共有三百二十个。", "320"),
    ("She had 10 and gave 4 away. 10 - 4 = 6.\n\nQ: Tom has 3 pens. How many?\nA: The answer is 3.", "6"), ("The answer is 7. Wait, I made a mistake: 4 + 4 is 8. The answer is 8.", "8"),
    (r"The solution set is $(-\infty, 2]$.", r"(-\infty,2]"), (r"We get $f(x) = x^2 + 1$, hence the answer is $x^2+1$.", "x^2+1"), ("The probability is 3/8.", "3/8"), ("The final answer is -17.", "-17"), ("x = 2.50", "2.5"),
    ("First 20 * 3 = 60. Then 60 / 2 = 30.\nAnswer: 30 miles", "30"), (r"\boxed{}", None), ("", None), ("I cannot solve this problem without the figure.", None), ("The answer is", None), ("To solve this, we first need the length of", None),
]  # fmt: skip
GOLD_ELSEWHERE = [(UNKNOWN, "The text does not say. The answer is (C) Not enough information.", "C"), (UNKNOWN, "Not enough information", "C"), (UNKNOWN, "B", "B"),
                  (TEN, "The force F acts on the body, and A is the area. I get v = 3.5 m/s, so the answer is (C).", "C"), (TEN, "The answer is I.", "I"), (TEN, "I think that we have to look at the forces first. The body is pulled down by gravity and held by the force F", None)]  # fmt: skip


@pytest.fixture(scope="module")
def reader():
    return Reader()


@pytest.mark.parametrize(("text", "value"), OPTION_CASES)
def test_options(reader, text, value):
    assert reader.read(CAPITALS, CAPITAL_Q, text).value == value


@pytest.mark.parametrize(("text", "value"), CHINESE_CASES)
def test_chinese_options(reader, text, value):
    assert reader.read(LAW, LAW_Q, text).value == value


@pytest.mark.parametrize(("answers", "text", "value"), LABEL_CASES + GOLD_ELSEWHERE)
def test_labels_and_texts(reader, answers, text, value):
    assert reader.read(answers, "Which one?", text).value == value


@pytest.mark.parametrize(("text", "value"), MATH_CASES)
def test_math(reader, text, value):
    read = reader.read(MATH, "How many?", text)
    assert (read.value is None) == (value is None), read
    assert value is None or climb(read.value, value, percent="notation").equal is True, read
