"""The public scorer: every rule of the specification's section 5, and what must not pass."""

import time

import pytest

from llmgen.benchmarks.finetunebench import score
from llmgen.benchmarks.finetunebench.scorer import needs_judge
from llmgen.errors import UsageError

MILLIONS = "What is the value of the contract, in millions of dollars?"
ACCEPTED = [
    *(("short", gold, gold, "") for gold in ("A", "7-0", "5 a.m.", "A-10", "Ángel Correa", "$27.72", "None")),
    ("short", "18th", "18", ""),
    ("short", "2.12 meters", "2.12 m", ""),
    ("short", "185", "6'1\" (185 cm)", ""),
    ("short", "20 feet", "20 feet (6.1 meters)", ""),
    ("short", "20 feet", "(20 feet)", ""),
    ("short", "at least 19", "more than 19", ""),
    ("short", "more than $1 billion", "over 1,000,000,000 dollars", ""),
    ("short", "$9.8 billion", "9.8", "How much debt, in billions of dollars?"),
    ("short", "$8.075 million", "$8.075", MILLIONS),
    ("short", "50", "$50 million", MILLIONS),
    ("short", "103 degrees", "103 degrees Fahrenheit", ""),
    ("short", "32", "32 years old", ""),
    ("short", "30%", "30 per cent", ""),
    (
        "short",
        "Philadelphia Eagles and Green Bay Packers",
        "The Philadelphia Eagles and the Green Bay Packers",
        "",
    ),
    ("contains", "about 10,000 people", "10,000", ""),
    ("contains", "more than 7 million pounds", "It was 7 million pounds of meat.", ""),
    ("contains", "85 yards", "He ran 85 total yards.", ""),
    ("contains", "$2.7 billion", "They gave 2.7 billion in U.S. dollars.", ""),
    ("contains", "30", "On September 30, 2024, 30 people died.", ""),
    ("contains", "four", "The toll was 4.", ""),
    ("contains", "1998", "It was founded in 1998.", ""),
    ("contains", "Spain", "He left Spain, Spain of all places.", "Who left Spain?"),
    ("contains", "Spain", "It was Peru, not France. Later he went to Spain.", ""),
    ("yesno", "Yes", "True", ""),
    ("yesno", "No", "Incorrect.", ""),
    ("abstain", "None", "Not available.", ""),
    ("identifier", "apply_transform", "sklearn.kernel.apply_transform(X, y)", ""),
    ("identifier", "apply_transform", "the function apply_transform", ""),
    ("identifier", "make_prediction", "The make_prediction method.", ""),
    ("identifier", "train", "'train'", ""),
    ("identifier", "train", "The `train` method of `OneVsRest`.", "What fits OneVsRest?"),
    ("identifier", "train", "```python\nmodel.train(X)\n```", ""),
    ("identifier", "TreeGrower.expand()", "expand", ""),
    ("identifier", "The function `get_it` gets it.", "get_it", ""),
    ("identifier", "_divide_node", "self._divide_node(x)", ""),
]
REJECTED = [
    ("short", "blue", "", ""),
    ("short", "20 feet", "20 yards", ""),
    ("short", "24,000 square feet", "24,000 feet", ""),
    ("short", "31 degrees Celsius", "31 degrees", ""),
    ("short", "at least 19", "19", ""),
    ("short", "5 a.m.", "5 p.m.", ""),
    ("short", "7-0", "7", ""),
    ("short", "$9.8 billion", "9.8", ""),
    ("short", "$9.8 billion", "9.8", MILLIONS),
    ("short", "40 hours", "40", ""),
    ("short", "Spain", "It was Spain.", ""),
    ("contains", "Spain", "Who left Spain?", "Who left Spain?"),
    ("contains", "Spain", "It was Spain.", "Who left Spain?"),
    *(
        ("contains", "Spain", f"It {word} Spain.", "")
        for word in ("isn't", "wasn't", "was never", "is not in")
    ),
    *(
        ("contains", "Spain", f"Peru {word} Spain.", "")
        for word in ("rather than", "instead of", "nor", "and no")
    ),
    ("contains", "Spain", "I don't know, perhaps Spain.", ""),
    ("contains", "Spain", "Spaniards won.", ""),
    ("contains", "85 yards", "He ran 85 of the many long yards.", ""),
    ("contains", "30", "On 30 September 2024 there were 17.", ""),
    ("contains", "A", "It is a mystery.", ""),
    ("yesno", "Yes", "No", ""),
    ("yesno", "maybe", "maybe", ""),
    ("abstain", "None", "None of them", ""),
    ("identifier", "train", "Train", ""),
    ("identifier", "train", "It is `fit` or `train`.", ""),
    ("identifier", "train", "It is called train.", ""),
    ("identifier", "apply_transform", "apply_transform or fit_transform", ""),
    ("identifier", "a_b", "", ""),
]


@pytest.mark.parametrize(("mode", "gold", "response", "question"), ACCEPTED)
def test_accepts(mode, gold, response, question):
    assert score(mode, gold, response, question) is True


@pytest.mark.parametrize(("mode", "gold", "response", "question"), REJECTED)
def test_rejects(mode, gold, response, question):
    assert score(mode, gold, response, question) is False


@pytest.mark.parametrize(("mode", "words"), [("judge", "needs a judge model"), ("shrot", "is unknown")])
def test_a_mode_without_a_rule_is_named(mode, words):
    with pytest.raises(UsageError, match=words):
        score(mode, "a", "a", "")


def test_a_gold_in_its_own_question_needs_a_judge():
    assert needs_judge("six", "How many touchdowns on the first six possessions?")
    assert not needs_judge("30", "How many on September 30, 2024?")


@pytest.mark.parametrize("piece", ["(a", "1,", "a.", "<think>", "`", "not 7 ", "- ", "a_b "])
@pytest.mark.parametrize("mode", ["short", "contains", "identifier"])
def test_long_answers_take_linear_time(mode, piece):
    def seconds(length):
        text = piece * (length // len(piece))
        start = time.process_time()
        score(mode, "7 feet", text, "how many?")
        return time.process_time() - start

    seconds(1_000)
    assert seconds(80_000) < 10 * max(seconds(20_000), 0.005)
