"""Sentences of invented outputs: declarations, reasoning, steps of a calculation."""
# ruff: noqa: E501, PLR2004, RUF001  # one form is one cell; shares of styles; Chinese; seeded draws

from __future__ import annotations

from llmgen.extract.pinpoint.training.bank import Item
from llmgen.extract.pinpoint.training.phrases import Pool
from llmgen.extract.pinpoint.training.words import NOUNS

_NOUNS_OF_OPTIONS = (
    "Ending",
    "Statement",
    "Answer",
    "Sentence",
    "Claim",
    "Item",
    "Solution",
    "Hypothesis",
    "Alternative",
    "Response",
    "ending",
    "statement",
)
BOOLEANS = ("True", "true")


def suffix(item: Item) -> str:
    """The ending of a list's name for this kind of item and language."""
    if item.kind == "alphabet_option" and item.rng.random() < 0.35:
        return "_OPTION_ZH" if item.chinese else "_OPTION"
    if item.kind == "categorical_label" and item.rng.random() < 0.35:
        return "_LABEL_ZH" if item.chinese else "_LABEL"
    return "_ZH" if item.chinese else ""


def announce(item: Item, pool: Pool, i: int | None = None) -> str:
    """A sentence that declares element `i` (default: the answer)."""
    phrase = pool.pick("ANNOUNCE" + suffix(item))
    said = item.say(item.gold if i is None else i)
    return phrase.replace("{x}", said.rstrip(".") if phrase.endswith("{x}.") else said)


def local(item: Item, name: str) -> str:
    """The list `name` in the item's language."""
    return f"{name}_ZH" if item.chinese else name


def fill(item: Item, phrase: str, i: int = 0, j: int = 0) -> str:
    """A phrase with its topics, and elements `i` and `j` for {x} and {y}."""
    phrase = phrase.replace("{topic2}", item.topic()).replace("{topic}", item.topic())
    if "{x}" in phrase:
        phrase = phrase.replace("{x}", mention(item, i))
    return phrase.replace("{y}", mention(item, j)) if "{y}" in phrase else phrase


def mention(item: Item, i: int) -> str:
    """An element as the subject of a sentence of reasoning."""
    if item.kind == "math":
        return item.say(i)
    if item.kind == "alphabet_option":
        letter, text = item.values[i], item.texts[i]
        forms = (
            (f"选项{letter}", f"{letter}项", letter, text)
            if item.chinese
            else (
                f"Option {letter}",
                f"({letter})",
                f"option {letter}",
                text,
                f"({letter}) {text}",
                f"Choice {letter}",
                f"{item.rng.choice(_NOUNS_OF_OPTIONS)} {letter}",
                f"{item.rng.choice(_NOUNS_OF_OPTIONS)} {letter}",
                f"{letter}",
            )
        )
        return item.rng.choice(forms)
    return item.rng.choice((item.values[i], f'"{item.values[i]}"'))


def reasoning(item: Item, pool: Pool, count: int | None = None) -> str:
    """A few sentences; some name elements of the range, or calculate with other numbers."""
    rng = item.rng
    sentences = []
    if rng.random() < 0.5 and not item.chinese:
        sentences.append(fill(item, pool.pick("OPENING")))
    for _ in range(count if count is not None else rng.randrange(1, 7)):
        draw = rng.random()
        if item.values[0] in BOOLEANS and draw < 0.5:
            a, b, c = (rng.choice(item.values[:2]) for _ in range(3))
            sentences.append(
                rng.choice(
                    (
                        f"not ( {a} ) and {b} = {c}.",
                        f"Z = {a} or {b} = {c}.",
                        f"{a} and not {b} is {c}.",
                        f"We know that ( {a} ) = {b}.",
                    )
                )
            )
        elif item.kind == "math":
            sentences.append(step(item) if draw < 0.75 else fill(item, pool.pick(local(item, "FILLER"))))
        elif draw < 0.2:
            sentences.append(fill(item, pool.pick(local(item, "ABOUT")), rng.randrange(len(item.values))))
        elif draw < 0.32:
            sentences.append(fill(item, pool.pick(local(item, "REJECT")), rng.choice(item.others())))
        elif draw < 0.5 and item.kind == "alphabet_option" and not item.chinese:
            letter = rng.choice(item.values)
            sentences.append(
                fill(
                    item,
                    pool.pick("LETTERS").replace("{L}", letter).replace("{n}", str(rng.randrange(2, 60))),
                )
            )
        elif draw < 0.55:
            sentences.append(
                f"We get {rng.randrange(2, 99)} * {rng.randrange(2, 99)} = {rng.randrange(99, 999)} and $A = {rng.randrange(9)}$."
            )
        else:
            sentences.append(fill(item, pool.pick(local(item, "FILLER"))))
    return rng.choice((" ", " ", "\n", "\n\n")).join(sentences)


def step(item: Item) -> str:
    """One step of a calculation with numbers that are not the answer."""
    rng = item.rng
    other = item.values[rng.choice(item.others())]
    a, b = rng.randrange(2, 90), rng.randrange(2, 90)
    forms = (
        f"First, {a} + {b} = {a + b}.", f"There are {a} {item.topic()} in total, so {a} * {b} = {a * b}.", f"This means ${a} \\times {b} = {a * b}$.", f"We have \\({a}x + {b} = {other}\\).",
        f"The cost is ${a} per piece, which gives ${other}.", f"So the total so far is {other}.", f"Subtracting {b} leaves {other}.", f"Let $x = {other}$.", f"{a}/{b} of them is {other}.",
        f"\\[ y = \\frac{{{a}}}{{{b}}} + {other} \\]", f"Step {rng.randrange(1, 6)}: multiply {a} by {b}.", f"In {rng.randrange(1900, 2030)} there were {other} of them.", f"= {a} - {b}\n= {other}", f"每天{a}个，共{other}个。" if item.chinese else f"Each of the {a} costs {other}.",
    )  # fmt: skip
    return rng.choice(forms)


def calculation(item: Item, result: str = "") -> str:
    """Lines of a calculation that begin with a number; with `result`, a whole number, the last one ends with it."""
    rng = item.rng
    times, minus = rng.choice((("*", "-"), ("×", "−"), ("x", "-"), ("\\times", "-"), ("·", "-")))
    noun, lines = rng.choice(NOUNS), []
    for _ in range(rng.randrange(1, 4)):
        a, b = rng.randrange(2, 60), rng.randrange(2, 60)
        forms = (
            f"{a} {noun}s {times} {b} = {a * b} {noun}s", f"{a} {times} {b} = {a * b}", f"{a} + {b} = {a + b}", f"${a} + ${b} = ${a + b}",
            f"{a}个，每个{b}元，共{a}×{b}={a * b}元" if item.chinese else f"{a} {noun}s at ${b} each cost ${a * b}", f"{a + b} {minus} {a} = {b}",
            f"The total is {a} {times} {b} = {a * b} {noun}s", f"First we have {a} + {b} = {a + b}",
        )  # fmt: skip
        lines.append(rng.choice(forms))
    if result.isdigit():
        b = rng.randrange(2, 60)
        lines.append(
            rng.choice(
                (
                    f"{int(result) + b} {minus} {b} = {result}",
                    f"{int(result) + b}{minus}{b}={result} {noun}s",
                    f"{b} + {int(result) - b} = {result}",
                    f"so {int(result) + b} {minus} {b} = {result} {noun}s",
                )
            )
        )
    elif result:
        lines.append(
            rng.choice((f"this is {result}", f"= {result}", f"so x = {result}", f"the value is {result}"))
        )
    dollars = times == "\\times"
    lines = [f"${line}$" if dollars and "$" not in line and "个" not in line else line for line in lines]
    return rng.choice((".\n", "\n", ". ", "\n\n")).join(lines) + rng.choice((".", "", "."))
