"""Families of outputs that commit to an answer. A family is `(item, pool) -> text`."""
# ruff: noqa: E501, PLR2004, RUF001  # Chinese punctuation; the numbers are shares of styles; seeded draws; one form is one cell

from __future__ import annotations

import json
from collections.abc import Callable

from llmgen.extract.pinpoint.training.bank import Item
from llmgen.extract.pinpoint.training.phrases import Pool
from llmgen.extract.pinpoint.training.words import NAMES
from llmgen.extract.pinpoint.training.writing import announce, fill, local, mention, reasoning

# Pairs of which one denies the other.
OPPOSITES = (
    {"true", "false"},
    {"correct", "incorrect"},
    {"valid", "invalid"},
    {"plausible", "implausible"},
    {"positive", "negative"},
)
Family = Callable[[Item, Pool], str]


def bare(item: Item, pool: Pool) -> str:
    """The answer alone; for math also the calculation alone."""
    if item.kind == "math" and item.rng.random() < 0.25:
        a, b, value = item.rng.randrange(2, 99), item.rng.randrange(2, 99), item.values[item.gold]
        return item.rng.choice(
            (
                f"{a} + {b} = {value}.",
                f"{a}.5 * {b} = {value}",
                f"{a} + {a} + {b} = {value}.",
                f"${a} \\times {b} = {value}$",
                f"{a} - {b} = {value} {item.topic()}",
                f"x = {value}",
            )
        )
    del pool
    return (
        item.rng.choice(("", " ", "\n"))
        + item.say(item.gold, lone=True)
        + item.rng.choice(("", ".", "\n", " ", "</s>", "<eoa>"))
    )


def announced(item: Item, pool: Pool) -> str:
    """One declaration."""
    return announce(item, pool) + item.rng.choice(("", "", "\n", "</s>", "<|im_end|>"))


def reasoned(item: Item, pool: Pool) -> str:
    """Reasoning, then the declaration."""
    return f"{reasoning(item, pool)}{item.rng.choice((' ', chr(10), chr(10) * 2))}{announce(item, pool)}"


def explained(item: Item, pool: Pool) -> str:
    """The answer first, then why, perhaps with words on the others, perhaps cut off."""
    rng = item.rng
    start = announce(item, pool) if rng.random() < 0.6 else item.say(item.gold, lone=True)
    leads = (
        "\n\n",
        "\n",
        " ",
        "\n\nExplanation: ",
        "\nReason: ",
        " because ",
        "\n\n**Explanation:** ",
        ". ",
        "REMARK",
    )
    lead = rng.choice(leads)
    if lead == "REMARK":
        return start.rstrip(".") + fill(item, pool.pick(local(item, "REMARK")))
    why = reasoning(item, pool)
    if item.kind != "math" and rng.random() < 0.4:
        why += " " + fill(item, pool.pick(local(item, "REJECT")), rng.choice(item.others()))
    if rng.random() < 0.35:
        why = why[: rng.randrange(len(why) // 2, len(why))]
    return start + lead + (why if lead != " " else why[:1].upper() + why[1:])


def analysed(item: Item, pool: Pool) -> str:
    """Every element in turn with a verdict, then the declaration (or only the verdicts)."""
    rng = item.rng
    lines = []
    for i in range(len(item.values)):
        name = (
            f"({item.values[i]}) {item.texts[i]}"
            if item.kind == "alphabet_option" and rng.random() < 0.5
            else mention(item, i)
        )
        verdict = pool.pick(
            local(item, "AFFIRM" if i == item.gold else rng.choice(("REJECT", "REJECT", "ABOUT")))
        ).replace("{x}", name)
        lines.append(fill(item, verdict))
    text = rng.choice(("\n", "\n\n", "\n- ", " ")).join(lines)
    return text if rng.random() < 0.25 else f"{text}\n\n{announce(item, pool)}"


def as_json(item: Item, pool: Pool) -> str:
    """A JSON object, fenced or not, sometimes invalid, with the reasoning before or after the answer."""
    rng = item.rng
    key = rng.choice(
        (
            "answer",
            "answer",
            "answer",
            "final_answer",
            "Answer",
            "choice",
            "prediction",
            "label" if item.kind == "categorical_label" else "answer",
        )
    )
    if item.chinese and rng.random() < 0.4:
        key = "答案"
    value = item.say(item.gold).replace('"', "")
    why = reasoning(item, pool)
    if rng.random() < 0.3:
        why += " " + announce(item, pool, None if rng.random() < 0.6 else rng.choice(item.others())).replace(
            '"', "'"
        )
    fields: list[tuple[str, object]] = [
        (rng.choice(("reasoning", "explanation", "thought")), why),
        (key, value),
    ]
    if rng.random() < 0.2:
        fields.reverse()
    if rng.random() < 0.2:
        fields = [(key, value)]
    text = json.dumps(dict(fields), ensure_ascii=False, indent=rng.choice((None, 2, 4)))
    if rng.random() < 0.3:
        text = text.replace("\\n", "\n").replace("\\\\", "\\")
    if rng.random() < 0.1:
        text = text.removesuffix("}") + ",}"
    if item.kind == "math" and item.values[item.gold].isdigit() and rng.random() < 0.3:
        text = text.replace(f'"{value}"', item.values[item.gold])
    return rng.choice(("", "", "Here is my answer:\n")) + (
        f"```json\n{text}\n```" if rng.random() < 0.5 else text
    )


def boxed(item: Item, pool: Pool) -> str:
    """Reasoning, then a box."""
    inner = item.values[item.gold]
    if item.kind != "math" and item.rng.random() < 0.5:
        inner = item.rng.choice(
            (f"\\text{{{inner}}}", f"\\text{{({inner})}}", f"{item.texts[item.gold]}", f"({inner})")
        )
    end = (
        item.rng.choice(
            (
                "$\\boxed{%s}$",
                "\\boxed{%s}",
                "\\[\n\\boxed{%s}\n\\]",
                "The final answer is $\\boxed{%s}$.",
                "\\( \\boxed{%s} \\)",
                "Therefore $x = \\boxed{%s}$.",
            )
        )
        % inner
    )
    return f"{reasoning(item, pool)}\n{end}"


def corrected(item: Item, pool: Pool) -> str:
    """A declaration, taken back, then another."""
    wrong = announce(item, pool, item.others()[0])
    middle = pool.pick(local(item, "CORRECT_SELF"))
    more = reasoning(item, pool, item.rng.randrange(3))
    return f"{reasoning(item, pool)} {wrong} {middle} {more} {announce(item, pool)}"


def run_on(item: Item, pool: Pool) -> str:
    """An answer, then an invented next question with an answer of its own."""
    rng = item.rng
    first = rng.choice((bare, announced, reasoned))(item, pool).rstrip()
    marker = rng.choice(
        (
            "Question:",
            "Q:",
            "Problem:",
            "问题：",
            "Human:",
            "### Question",
            "## Question:",
            "Question 2:",
            "User:",
            "Q2:",
            "Next question:",
            "Problem 2:",
            "Exercise:",
        )
    )
    marker = marker + ":" if marker == "### Question" else marker
    asked = fill(item, pool.pick(local(item, "FILLER")))
    if "\n" in item.question and rng.random() < 0.5:
        marker = item.question.split("\n")[1].split(":" if ":" in item.question else "：")[0] + ":"
    return f"{first}\n\n{marker} {asked}\n{rng.choice(('Answer:', 'A:', 'Assistant:'))} {reasoning(item, pool, 1)} {announce(item, pool, item.others()[0])}"


def thought(item: Item, pool: Pool) -> str:
    """Reasoning in its marks, with drafts of an answer, then the answer."""
    rng = item.rng
    inside = f"{reasoning(item, pool)}\n{announce(item, pool, rng.choice(item.others()))}\n{pool.pick(local(item, 'CORRECT_SELF'))} {reasoning(item, pool)}"
    opening = "" if rng.random() < 0.2 else "<think>\n"
    return f"{opening}{inside}\n</think>\n\n{rng.choice((bare, announced, reasoned, boxed))(item, pool)}"


def echoed(item: Item, pool: Pool) -> str:
    """The options or the request for a format repeated, then the answer."""
    rng = item.rng
    if item.kind == "alphabet_option" or "(A) " in item.question:
        mark = rng.choice(("(%s) %s", "%s. %s", "%s) %s", "%s: %s"))
        names = (
            item.values if item.kind == "alphabet_option" else [chr(65 + i) for i in range(len(item.values))]
        )
        listed = rng.choice(("\n", " ")).join(mark % pair for pair in zip(names, item.texts, strict=True))
    else:
        listed = f"Options: {', '.join(item.values)}"
    between = reasoning(item, pool, rng.randrange(3))
    return f"{rng.choice(('', item.question + chr(10), item.question[:60] + chr(10), 'The options are: '))}{listed}\n\n{between}\n{announce(item, pool)}"


def repeated(item: Item, pool: Pool) -> str:
    """One answer over and over."""
    piece = item.rng.choice((bare, announced))(item, pool).strip()
    return (piece + item.rng.choice(("\n", " ", "\n\n"))) * item.rng.randrange(2, 9)


def coded(item: Item, pool: Pool) -> str:
    """The answer in a code block, a table or an assignment."""
    value = item.values[item.gold]
    forms = (
        f"```\n{value}\n```", f"| Question | Answer |\n|---|---|\n| 1 | {value} |", f"answer = '{value}'", f"```python\nx = {item.rng.randrange(9)}\nprint(x)\n```\n{announce(item, pool)}",
        f'```python\nanswer = "{value}"\n```', f"#### {value}", f"{reasoning(item, pool)}\n#### {value}", f"final_answer: {value}", f"<answer>{value}</answer>", f"<result>{value}</result>\n{announce(item, pool)}",
    )  # fmt: skip
    return item.rng.choice(forms)


def embedded(item: Item, pool: Pool) -> str:
    """A conclusion that is no announcement: the answer stands in a sentence about the matter."""
    return f"{reasoning(item, pool, item.rng.randrange(5))}{item.rng.choice((' ', chr(10)))}{conclude(item, pool)}"


def conclude(item: Item, pool: Pool) -> str:
    """One conclusion without an announcement."""
    phrase = pool.pick(local(item, "CONCLUDE_MATH" if item.kind == "math" else "CONCLUDE"))
    phrase = phrase.replace("{v}", item.values[item.gold]).replace("{name}", item.rng.choice(NAMES))
    if item.kind == "math":
        phrase = phrase.replace("{x}", item.say(item.gold))
    return fill(item, phrase.replace("{x}", item.say(item.gold).rstrip(".")))


def worked(item: Item, pool: Pool) -> str:
    """Numbered steps, then a conclusion; for options a plain one."""
    steps = [reasoning(item, pool, 1) for _ in range(item.rng.randrange(2, 6))]
    text = "\n".join(f"{i}. {one}" for i, one in enumerate(steps, 1))
    return f"{text}\n\n{item.rng.choice((conclude, conclude, announce))(item, pool)}"


def concluded_then_more(item: Item, pool: Pool) -> str:
    """A conclusion and a sentence after it that changes nothing."""
    return f"{embedded(item, pool)} {fill(item, pool.pick(local(item, 'FILLER')))}"


def other_language(item: Item, pool: Pool) -> str:
    """A declaration in one of eight other languages."""
    return pool.pick("ANNOUNCE_OTHER").replace("{x}", item.say(item.gold))


def last_line(item: Item, pool: Pool) -> str:
    """Reasoning, then the answer alone in the last line."""
    if item.kind == "alphabet_option" and item.rng.random() < 0.3:
        letter, text = item.values[item.gold], item.texts[item.gold]
        return f"{reasoning(item, pool)} ({letter}) {text}"
    return f"{reasoning(item, pool)}{item.rng.choice((chr(10), chr(10) * 2))}{item.say(item.gold, lone=True)}"


def later_conclusion(item: Item, pool: Pool) -> str:
    """A declared answer, then prose that concludes otherwise: the later one counts."""
    wrong = json.dumps(
        {"reasoning": reasoning(item, pool, 1), "answer": item.values[item.others()[0]]}, ensure_ascii=False
    )
    return f"```json\n{wrong}\n```\n\n{pool.pick('CORRECT_SELF')} {reasoning(item, pool, 1)} {announce(item, pool)}"


def by_text(item: Item, pool: Pool) -> str:
    """The answer by its words only, in a sentence."""
    text, rng = item.texts[item.gold], item.rng
    forms = (
        f"{text}",
        f"It is {text}.",
        f"The answer is {text}.",
        f"{text} is what the {item.topic()} needs.",
        f"I would say {text}, since the {item.topic()} needs it.",
        f"This is {text.lower()}.",
        f"Therefore, {text}.",
    )
    if {value.lower() for value in item.values} in OPPOSITES:
        other = item.texts[1 - item.gold].lower()
        denied = rng.choice(
            (
                f"The {item.topic()} is not {other}.",
                f"It is not {other}.",
                f"This isn't {other}.",
                f"It's not {other} at all.",
                f"That is certainly not {other}.",
                f"I don't think it is not {text.lower()}."
                if rng.random() < 0.1
                else f"This is not {other}, I think.",
            )
        )
        return denied if rng.random() < 0.5 else rng.choice(forms)
    return rng.choice(("", reasoning(item, pool, 1) + "\n")) + rng.choice(forms)


COMMITTED: dict[str, Family] = {
    "bare": bare, "announced": announced, "reasoned": reasoned, "explained": explained, "analysed": analysed, "as_json": as_json, "boxed": boxed,
    "corrected": corrected, "run_on": run_on, "thought": thought, "echoed": echoed, "repeated": repeated, "coded": coded, "embedded": embedded, "worked": worked, "concluded_then_more": concluded_then_more,
    "other_language": other_language, "last_line": last_line, "later_conclusion": later_conclusion, "by_text": by_text,
}  # fmt: skip
SHARES = {"bare": 5, "announced": 5, "reasoned": 10, "explained": 6, "analysed": 4, "as_json": 6, "boxed": 4, "corrected": 3, "run_on": 4, "thought": 2,
          "echoed": 3, "repeated": 2, "coded": 2, "embedded": 6, "worked": 4, "concluded_then_more": 3, "other_language": 2, "last_line": 3, "later_conclusion": 1, "by_text": 5}  # fmt: skip
HELD_OUT = ("worked", "coded", "echoed", "last_line")
