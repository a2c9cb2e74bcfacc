"""Word problems with their solutions: chains of steps whose last result is the answer, in many manners."""
# ruff: noqa: E501, PLR2004, RUF001  # one form is one cell; shares of styles; signs of calculation and Chinese punctuation

from __future__ import annotations

import random
from dataclasses import dataclass

from llmgen.extract.pinpoint.training.bank import Item, math_item
from llmgen.extract.pinpoint.training.phrases import Pool
from llmgen.extract.pinpoint.training.styles import Family, announced, conclude
from llmgen.extract.pinpoint.training.words import NAMES, NOUNS, NOUNS_ZH
from llmgen.extract.pinpoint.training.writing import announce, fill
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


def _lines(item: Problem, upto: int | None = None) -> list[str]:
    """The steps as sentences or lines, in one manner."""
    rng, lines = item.rng, []
    manner = rng.randrange(8)
    units = rng.random() < 0.6
    for number, step in enumerate(item.steps[:upto], 1):
        line = step.written(rng, with_units=units)
        what = step.noun or "money"
        topic = rng.choice(NOUNS)
        if item.chinese:
            lines.append(rng.choice((f"第{number}步：{line}", f"所以{line}", line, f"一共{line}（个）")))
        elif manner == 0:
            lines.append(line)
        elif manner == 1:
            lines.append(
                f"{rng.choice(('Total', 'Number of ' + what, 'Amount of ' + what, 'Cost of the ' + topic, 'Remaining ' + what))} {rng.choice(('=', ':', 'is'))} {line}"
            )
        elif manner == 2:
            lines.append(
                f"Step {number}: {rng.choice(('Find', 'Calculate', 'Work out'))} the {topic}.\n{line}"
            )
        elif manner == 3:
            lines.append(
                rng.choice(
                    (
                        f"First, we find the {topic}: {line}.",
                        f"Then {item.name} has {line}.",
                        f"So there are {line}.",
                        f"{item.name} gets {step.a} {what} and {step.b} more, so {line}.",
                    )
                )
            )
        elif manner == 4:
            lines.append(rng.choice((f"\\[ {line} \\]".replace("$", "\\$"), f"$ {line.replace('$', '')} $")))
        elif manner == 5:
            lines.append(f"{number}. The {topic}: {line}")
        elif manner == 6:
            lines.append(
                f"{item.name} {rng.choice(('uses', 'sells', 'needs', 'buys'))} {step.a} {rng.choice(('of the', 'per', 'for each of the', 'times'))} {step.b}. {line}"
            )
        else:
            lines.append(
                f"{rng.choice(('Since', 'As', 'Because'))} there are {step.a} and {step.b}, {rng.choice(('we get', 'this is', 'it takes', 'there are'))} {step.result} {what}."
            )
    return lines


def _joined(item: Problem, lines: list[str]) -> str:
    return item.rng.choice(("\n", "\n", "\n\n", " ", "\n\n\n")).join(lines)


def _opening(item: Problem) -> str:
    """What stands before the steps: nothing, a plan, a restatement of what is given."""
    rng = item.rng
    given = [str(step.b) for step in item.steps]
    noun = item.steps[0].noun or "pieces"
    return rng.choice(
        (
            "",
            "",
            "",
            "Let's think step by step.\n",
            f"Given:\n{item.name} has {item.steps[0].a} {noun}\n\nPlan:\n{rng.choice(NOUNS).capitalize()} the {noun} from the total\n\n{rng.choice(('Calculation', 'Solution', 'Steps'))}:\n",
            f"Variables:\n{item.name}: {item.steps[0].a} {noun}\nOthers: {', '.join(given)}\n\n",
            f"{item.name} has {item.steps[0].a} {noun}, and {given[0]} for each.\n",
            f"Let x be the number of {noun}.\n",
        )
    )


def _ending(item: Problem) -> str:
    """The sentence that states the result, other numbers beside it."""
    rng, value = item.rng, item.values[0]
    number = f"{int(value):,}" if rng.random() < 0.6 else value
    noun = item.steps[-1].noun
    said = (
        f"{number} {noun}"
        if noun
        else rng.choice((f"${number}", f"{number} dollars", f"${number}.00", f"${number}"))
    )
    last = item.steps[-1].written(rng, with_units=True)
    days = item.days
    if item.chinese:
        return rng.choice(
            (
                f"答：{item.name}一共有{value}个。",
                f"所以{days}天后还剩{value}个。",
                f"答案是{value}",
                f"因此，总数为{value}个",
                f"\n{last}",
                f"答：{days}天共{value}元。",
            )
        )
    other = rng.choice(item.values[1:])
    forms = (
        f"Answer: {item.name} makes {said} in {days} weeks.", f"Answer: {item.name} has {said}", f"Answer:\nTotal = {last}", f"Answer:\n{rng.choice(('Remaining', 'Final'))} amount of {noun or 'money'} = {last}",
        f"Therefore, {item.name} has {said} after {days} days.", f"So in {days} weeks {item.name} needs {said}.", f"Therefore, the {rng.choice(NOUNS)} is:\n\n{last}", f"Thus {item.name} got {said} for the {other} {rng.choice(NOUNS)}s.",
        f"(answer) {last}", f"So {item.name} spent {said} on {days} {rng.choice(NOUNS)}s.", f"It takes {said} to have {other} of them.", f"Out of {other}, {said} are left.",
        f"In total, {item.name} will be able to get {last}", f"The total is {last}", f"= {said}", f"The {rng.choice(NOUNS)} of {other} is {said}.", f"<answer>{said}</answer>", f"<answer> {number} </answer>", f"#### {value}", f"The answer is {said}.",
        f"So, {last}", f"Final Answer: {said}", f"**{said}**", f"Hence {item.name} and {rng.choice(NAMES)} have {said} together in {days} days.", f"<answer> The total is {said}. </answer>",
    )  # fmt: skip
    return rng.choice(forms)


def solved(item: Item, pool: Pool) -> str:
    """All steps, then a sentence with the result, or none: the last step's result is the answer."""
    if not isinstance(item, Problem):
        return announced(item, pool)
    rng = item.rng
    text = _opening(item) + _joined(item, _lines(item))
    draw = rng.random()
    if draw < 0.22:
        return text + rng.choice(("", "", "", ".", "\n"))
    end = _ending(item) if draw < 0.85 else rng.choice((conclude, announce))(item, pool)
    return f"{text}{rng.choice((chr(10), chr(10) * 2, ' '))}{end}"


def told_first(item: Item, pool: Pool) -> str:
    """The result first, then the steps to it, perhaps cut off on the way."""
    if not isinstance(item, Problem):
        return announced(item, pool)
    rng, value = item.rng, item.values[0]
    noun = item.steps[-1].noun
    said = f"{value} {noun}" if noun else f"${value}"
    start = rng.choice(
        (
            value, f"{said}.", f"The total is {said}.", f"{item.name} has {said}.", f"The answer is {said}.", f"**{said}**", f"<answer>{value}</answer>", f"Answer: {said}",
            f"{item.name} will need {said}.", f"It is {said}.", f"<answer> The total cost is {said}.", announce(item, pool),
        )
    )  # fmt: skip
    lead = rng.choice(
        (
            "\n\n",
            "\n",
            " ",
            "\n\nExplanation:\n",
            "\nHere is how: ",
            "\n\n**Explanation:** ",
            " Reason: ",
            "\nSolution:\n",
        )
    )
    text = _joined(item, _lines(item))
    if rng.random() < 0.3:
        text = text[: rng.randrange(len(text) // 2, len(text))]
    return start + lead + text


def chatted_on(item: Item, pool: Pool) -> str:
    """The result, then an invented talk with another question and its solution."""
    if not isinstance(item, Problem):
        return announced(item, pool)
    rng = item.rng
    other = problem(rng)
    marker = rng.choice(
        (
            "User:",
            "Human:",
            "Question:",
            "Q:",
            "### Human:",
            "USER:",
            "Problem:",
            "\n\nQuestion 2:",
            "<|user|>\n",
            "### Instruction:\n",
        )
    )
    reply = rng.choice(("Assistant:", "Answer:", "A:", "AI:", "### Response:\n", "Solution:"))
    return f"{rng.choice((solved, told_first, solved))(item, pool)}\n{marker} {other.question}\n{reply} {solved(other, pool)}"


def broken_off(item: Item, pool: Pool) -> str:
    """Some of the steps, cut before the result."""
    if not isinstance(item, Problem):
        return fill(item, pool.pick("FILLER"))
    rng = item.rng
    done = rng.randrange(len(item.steps))
    text = _opening(item) + _joined(item, _lines(item, done))
    step = item.steps[done]
    written = step.written(rng, with_units=True)
    line = rng.choice(
        (
            f"Next, we {rng.choice(('find', 'calculate', 'add', 'subtract'))} the {rng.choice(NOUNS)} of {step.a}",
            f"Then {item.name} has {step.a}",
            f"So we multiply {step.a} by",
            written.partition("=")[0] + "=",
            written.partition("=")[0],
            f"Now we need to know how many {rng.choice(NOUNS)}s {item.name}",
            f"Therefore, the {rng.choice(NOUNS)} is",
            f"The total {rng.choice(NOUNS)} for {item.days} days is {step.a} {step.sign}",
            f"接下来计算{step.a}" if item.chinese else f"After {item.days} days, {item.name} will have used",
        )
    )
    return f"{text}\n{line}".strip()


def looped_steps(item: Item, pool: Pool) -> str:
    """A step over and over, cut somewhere; no sentence says what it is for."""
    if not isinstance(item, Problem):
        return fill(item, pool.pick("FILLER"))
    rng = item.rng
    lines = [step.written(rng, with_units=True) for step in item.steps[:2]]
    text = rng.choice(("\n", ". ", ". ")).join(lines * rng.randrange(3, 7))
    return text[: len(text) - rng.randrange(1, len(lines[-1]))]


def counted_each(item: Item, pool: Pool) -> str:
    """Several results and none for the question: "Anna has 3, Boris has 5 and Chen has 7"."""
    rng = item.rng
    noun = rng.choice(NOUNS)
    parts = [f"{name} has {rng.randrange(2, 300)} {noun}s" for name in rng.sample(NAMES, rng.randrange(2, 4))]
    said = f"{', '.join(parts[:-1])} and {parts[-1]}"
    del pool
    return rng.choice(
        (
            f"<answer> {said} </answer>",
            f"<answer>{said}</answer>",
            f"Answer: {said}.",
            f"So {said}.",
            f"Therefore, {said}. <answer> {said}. </answer>",
        )
    )


FAMILIES: dict[str, Family] = {"solved": solved, "told_first": told_first, "chatted_on": chatted_on}
SHARES = {"solved": 14, "told_first": 6, "chatted_on": 4}
VOID: dict[str, Family] = {
    "broken_off": broken_off,
    "looped_steps": looped_steps,
    "counted_each": counted_each,
}
VOID_SHARES = {"broken_off": 9, "looped_steps": 3, "counted_each": 2}
