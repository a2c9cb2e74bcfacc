"""More families of outputs that commit to nothing: several answers, words outside the range, programs, loops."""
# ruff: noqa: E501, PLR2004, RUF001  # shares of styles; Chinese punctuation; one form is one cell

from __future__ import annotations

from llmgen.extract.pinpoint.training.bank import Item
from llmgen.extract.pinpoint.training.phrases import Pool
from llmgen.extract.pinpoint.training.styles import Family
from llmgen.extract.pinpoint.training.void import echo, refused
from llmgen.extract.pinpoint.training.writing import announce, calculation, fill, local, mention, reasoning


def several_said(item: Item, pool: Pool) -> str:
    """A sentence that affirms two elements."""
    x, y = (
        item.say(i).rstrip(".") if item.rng.random() < 0.5 else mention(item, i)
        for i in (item.gold, item.others()[0])
    )
    phrase = fill(item, pool.pick(local(item, "SEVERAL")).replace("{x}", x).replace("{y}", y))
    return phrase if item.rng.random() < 0.6 else f"{reasoning(item, pool, 1)} {phrase}"


def mixed(item: Item, pool: Pool) -> str:
    """A verdict between the elements, which are named."""
    return fill(item, pool.pick(local(item, "MIXED")), item.gold, item.others()[0])


def foreign(item: Item, pool: Pool) -> str:
    """A declared word that is no element, perhaps beside elements that are named for another reason."""
    rng = item.rng
    said = pool.pick("FOREIGN")
    if any(said in text.lower() or text.lower() in said for text in item.texts):
        said = "something quite different"
    head = (
        "ANNOUNCE_LABEL" if item.kind == "categorical_label" and not item.chinese else local(item, "ANNOUNCE")
    )
    phrase = pool.pick(head) if rng.random() < 0.6 else f"{pool.pick(local(item, 'HEAD'))}: {{x}}"
    phrase = phrase.replace("{x}", rng.choice((said, f"**{said}**", f'"{said}"', said.capitalize())))
    if rng.random() < 0.5:
        phrase = (
            fill(
                item,
                pool.pick(local(item, rng.choice(("DESCRIBE", "ABOUT", "REJECT")))),
                rng.choice(item.others()),
            )
            + " "
            + phrase
        )
    return phrase


def described(item: Item, pool: Pool) -> str:
    """Every element described, no verdict on any."""
    rng = item.rng
    order = list(range(len(item.values)))
    rng.shuffle(order)
    lines = [
        fill(item, pool.pick(local(item, "DESCRIBE")), i)
        for i in order[: max(2, len(order) - rng.randrange(2))]
    ]
    return rng.choice((" ", "\n", "\n- ")).join(lines)


def defined(item: Item, pool: Pool) -> str:
    """Every element at the head of a line, with a definition behind it or with nothing."""
    rng = item.rng
    mark = rng.choice((": ", " - ", ", ", ":", " – ", " means "))
    empty, judged = rng.random() < 0.25, rng.random() < 0.3
    lines = []
    for i, value in enumerate(item.values[:8]):
        said = fill(item, pool.pick(local(item, "FILLER")))
        if judged:
            said = fill(item, pool.pick(local(item, "AFFIRM")).replace("{x}", mention(item, i)))
        name = value if item.kind != "alphabet_option" or rng.random() < 0.3 else f"{value}. {item.texts[i]}"
        lines.append(f"{name}{mark}{'' if empty else said}".rstrip())
    return rng.choice(("\n", "\n", "\n\n", "")).join(lines)


def listed(item: Item, pool: Pool) -> str:
    """Some of the elements listed, each with words of its own or without, no verdict; perhaps cut."""
    rng = item.rng
    order = sorted(rng.sample(range(len(item.values)), rng.randrange(2, min(len(item.values), 5) + 1)))
    mark = rng.choice(("{a}: {b}", "({a}) {b}", "{a}. {b}", "{a}、{b}", "**{a}** {b}", "{b}", "- {b}"))
    lines = [
        mark.replace("{a}", item.values[i] if item.kind == "alphabet_option" else chr(65 + i)).replace(
            "{b}", item.texts[i]
        )
        for i in order
    ]
    if rng.random() < 0.5:
        lines = [
            f"{line}{rng.choice((chr(10), ' - ', '. '))}{fill(item, pool.pick(local(item, 'FILLER')))}"
            for line in lines
        ]
    text = rng.choice(("\n", "\n\n")).join(lines)
    lead = reasoning(item, pool, 2) + "\n" if rng.random() < 0.4 else ""
    return lead + (text if rng.random() < 0.7 else text[: len(text) - rng.randrange(1, len(text) // 4 + 2)])


def echoed_politely(item: Item, pool: Pool) -> str:
    """The elements or the question listed again between the phrases of an assistant."""
    start, end = pool.pick(local(item, "GREETING")), pool.pick(local(item, "TAIL"))
    lead = item.rng.choice(("", f"The question is about {item.topic()}. ")) if not item.chinese else ""
    said = item.question if item.rng.random() < 0.3 else echo(item, pool)
    return f"{start} {lead}\n{said}\n\n{end}"


def program_only(item: Item, pool: Pool) -> str:
    """A program and nothing that it prints."""
    rng = item.rng
    a, b, c = (rng.randrange(2, 300) for _ in range(3))
    code = rng.choice(
        (
            f"def solve():\n    return {a} * {b} - {c}",
            f"x = {a}\ny = {b}\nprint(x + y * {c})",
            f"n = {a}\nfor i in range({b}):\n    n += {c}\nprint(n)",
            f"import math\nprint(math.comb({a}, {b}))",
            f"items = [{a}, {b}, {c}]\nprint(sum(items))",
        )
    )
    lead = rng.choice(
        (
            "",
            "",
            pool.pick(local(item, "GREETING")) + "\n",
            "Here is the code:\n",
            "We can compute this with a program.\n",
        )
    )
    return f"{lead}```python\n{code}\n```" + rng.choice(
        ("", "", "\nRun this to get the result.", "\n" + pool.pick(local(item, "TAIL")))
    )


def cut_calculation(item: Item, pool: Pool) -> str:
    """A calculation that breaks off in the words of its next step."""
    rng = item.rng
    more = rng.choice(
        (
            "Then we need to",
            "Next, we have to find the number of",
            "Now, in order to get the",
            "So, the next step is to",
            "After that the",
            "接下来需要",
            "然后再计算",
        )
    )
    open_thought = "<think>\n" if rng.random() < 0.3 else ""
    asked = fill(item, pool.pick(local(item, "OPENING" if not item.chinese else "FILLER")))
    return f"{open_thought}{asked}\n{calculation(item)}\n{more}"


def plan_only(item: Item, pool: Pool) -> str:
    """What one would have to do, without a result."""
    return item.rng.choice(
        (
            f"To find the answer, first look at the {item.topic()}, then compare it with the {item.topic()}.",
            f"We would have to add the {item.topic()} and the {item.topic()} and then divide by the {item.topic()}.",
            f"Use the rule for the {item.topic()} on each part separately.",
            "首先计算总数，再减去用掉的部分，就可以得到",
            f"Think about which {item.topic()} the question asks for. {fill(item, pool.pick('FILLER'))}",
            f"Let x be the number of {item.topic()}s. Then set up an equation and solve it.",
        )
    )


def looped(item: Item, pool: Pool) -> str:
    """A sentence without an answer, over and over, cut somewhere."""
    sentence = fill(item, pool.pick(local(item, "FILLER"))) + " "
    text = sentence * item.rng.randrange(3, 8)
    return text[: len(text) - item.rng.randrange(2, len(sentence))].rstrip(" .。")


def logic_cut(item: Item, pool: Pool) -> str:
    """Truth values on the way, then the end of the text; for other ranges a choice announced without its value."""
    rng = item.rng
    if {value.lower() for value in item.values[:2]} != {"true", "false"}:
        return f"{reasoning(item, pool, 2)} {rng.choice(('So it must be', 'Hence the right one of them would be', 'and therefore I would choose'))}"
    a, b, c = (rng.choice(item.values[:2]) for _ in range(3))
    return f"( {a} and {b} ) is {c}. not {a} is {b}. {c} {rng.choice(('or', 'and'))} {b} {rng.choice(('is', 'gives', '=', 'and'))}"


def apologetic(item: Item, pool: Pool) -> str:
    """A refusal between the phrases of an assistant."""
    return f"{pool.pick(local(item, 'GREETING'))} {refused(item, pool)} {pool.pick(local(item, 'TAIL'))}"


def taken_back(item: Item, pool: Pool) -> str:
    """A declaration that is taken back, and no other one."""
    return (
        f"{announce(item, pool)} {pool.pick(local(item, 'CORRECT_SELF'))} {pool.pick(local(item, 'REFUSE'))}"
    )


VOID_MANNERS: dict[str, Family] = {
    "several_said": several_said, "mixed": mixed, "foreign": foreign, "described": described, "defined": defined, "listed": listed, "echoed_politely": echoed_politely, "program_only": program_only, "cut_calculation": cut_calculation,
    "plan_only": plan_only, "looped": looped, "logic_cut": logic_cut, "apologetic": apologetic, "taken_back": taken_back,
}  # fmt: skip
SHARES = {
    "several_said": 4,
    "mixed": 5,
    "foreign": 4,
    "described": 5,
    "defined": 4,
    "echoed_politely": 2,
    "program_only": 1,
    "cut_calculation": 1,
    "plan_only": 2,
    "looped": 1,
    "logic_cut": 1,
    "apologetic": 1,
    "taken_back": 2,
}
MATH_SHARES = {
    "program_only": 2,
    "cut_calculation": 3,
    "plan_only": 3,
    "looped": 1,
    "apologetic": 1,
    "taken_back": 1,
}
REFUSING = frozenset(("refused", "reasoned_refusal", "rejected_all", "apologetic", "taken_back", "wavering"))
"""Families whose words may be an element of a range that has "unknown" or "none of the above" in it."""
