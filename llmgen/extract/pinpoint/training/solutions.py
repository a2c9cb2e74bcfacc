"""Solutions of word problems in many manners: complete, answer first, followed by a talk, cut off, in a loop."""
# ruff: noqa: E501, PLR2004, RUF001  # one form is one cell; shares of styles; Chinese punctuation

from __future__ import annotations

from llmgen.extract.pinpoint.training.bank import Item
from llmgen.extract.pinpoint.training.phrases import Pool
from llmgen.extract.pinpoint.training.problems import Problem, problem
from llmgen.extract.pinpoint.training.styles import Family, announced, conclude
from llmgen.extract.pinpoint.training.words import NAMES, NOUNS
from llmgen.extract.pinpoint.training.writing import announce, fill


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
        f"<answer> {item.name} has {said} in the end. </answer>", f'FINAL ANSWER:\n"""\n{item.name} needs {said}.\n"""',
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
