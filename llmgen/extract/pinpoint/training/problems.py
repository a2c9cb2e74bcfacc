"""Word problems with the steps that solve them: a chain whose last result is the answer."""
# ruff: noqa: E501, PLR2004, RUF001  # one form is one cell; shares of styles; signs of calculation and Chinese punctuation

from __future__ import annotations

import random
from dataclasses import dataclass

from llmgen.extract.pinpoint.training.bank import Item, math_item
from llmgen.extract.pinpoint.training.words import NAMES, NOUNS, NOUNS_ZH
from llmgen.extract.ranges import MATH_RANGE, Range

SHARE = 0.4
"""Of all mathematical questions."""


@dataclass
class Step:
    """`a` and `b` under a sign, and the result; `noun` is what is counted, "" for money."""

    a: int
    sign: str
    b: int
    result: int
    noun: str

    def written(self, rng: random.Random, *, with_units: bool) -> str:
        """The step as a line of a solution: `3 * 4 = 12`."""
        signs = {"*": ("*", "×", "x", "\\times", "·"), "/": ("/", "÷"), "+": ("+",), "-": ("-", "−")}
        sign = rng.choice(signs[self.sign])
        money = "$" if not self.noun else ""
        unit = f" {self.noun}" if self.noun and with_units else ""
        left = f"{money}{self.a:,}{unit if rng.random() < 0.4 else ''} {sign} {money if self.sign in '+-' else ''}{self.b:,}"
        return f"{left} = {money}{self.result:,}{unit}".replace(
            " ", "" if rng.random() < 0.07 and not unit else " "
        )


@dataclass
class Problem(Item):
    """A question with the steps that solve it; `values` begin with the result, the others are on the way."""

    steps: tuple[Step, ...] = ()
    name: str = ""
    days: int = 0


def any_math_item(rng: random.Random) -> Item:
    """A question with a mathematical answer: a word problem or another one."""
    return problem(rng) if rng.random() < SHARE else math_item(rng)


def problem(rng: random.Random) -> Problem:
    """A question of two to four steps; its numbers stand in it as in a schoolbook."""
    chinese = rng.random() < 0.12
    name, noun = rng.choice(NAMES), rng.choice(NOUNS) + "s"
    money = rng.random() < 0.4
    total = rng.randrange(2, 60)
    steps: list[Step] = []
    given = [total]
    for _ in range(rng.choice((1, 2, 2, 3, 3, 4))):
        sign = rng.choice("*+-/*+")
        b = rng.randrange(2, 40 if sign != "*" else 12)
        if sign == "-" and b >= total:
            sign = "+"
        if sign == "/":
            divisors = [d for d in range(2, 13) if total % d == 0 and total > d]
            sign, b = ("/", rng.choice(divisors)) if divisors else ("+", b)
        result = {"*": total * b, "+": total + b, "-": total - b, "/": total // b}[sign]
        steps.append(Step(total, sign, b, result, "" if money else noun))
        given.append(b)
        total = result
    results = [step.result for step in steps]
    others = list(dict.fromkeys(str(one) for one in [*results, *given] if one != total)) or [str(total + 1)]
    if rng.random() < 0.15:
        given.append(total)  # what is asked may well be told
    days = rng.randrange(1, 9)
    asked = (
        rng.choice((f"{name}一共有多少{rng.choice(NOUNS_ZH)}？", f"{days}天后还剩多少？", "求总数。"))
        if chinese
        else rng.choice(
            (
                f"How much does {name} earn in {days} weeks?"
                if money
                else f"How many {noun} does {name} have after {days} days?",
                "What is the total cost?" if money else f"How many {noun} are there in total?",
                "How much money is left?" if money else f"What is the number of {noun} that are left?",
            )
        )
    )
    told = " ".join(_told(name, noun, number, rng, chinese=chinese) for number in given)
    values = (str(total), *others)
    answers = Range(answer_type="math", description=MATH_RANGE)
    return Problem(
        answers, f"{told} {asked}", values, values, 0, chinese, rng, -1, "", tuple(steps), name, days
    )


def _told(name: str, noun: str, number: int, rng: random.Random, *, chinese: bool) -> str:
    if chinese:
        return rng.choice(
            (f"{name}有{number}个{rng.choice(NOUNS_ZH)}。", f"每天用{number}个。", f"又买了{number}个。")
        )
    return rng.choice(
        (
            f"{name} has {number} {noun}.",
            f"Each of them costs ${number}.",
            f"{rng.choice(NAMES)} brings {number} more.",
            f"Every week {number} {noun} are added.",
            f"On {rng.choice(('Monday', 'Saturday', 'Friday'))} it takes {number} hours.",
        )
    )
