"""Families of outputs that commit to nothing in the range. A family is `(item, pool) -> text`."""
# ruff: noqa: E501, PLR2004, RUF001  # Chinese punctuation; the numbers are shares of styles; seeded draws; one form is one cell

from __future__ import annotations

import json

from llmgen.extract.pinpoint.training.bank import Item
from llmgen.extract.pinpoint.training.phrases import Pool
from llmgen.extract.pinpoint.training.styles import Family
from llmgen.extract.pinpoint.training.words import ADJECTIVES, NOUNS
from llmgen.extract.pinpoint.training.writing import announce, fill, local, mention, reasoning


def refused(item: Item, pool: Pool) -> str:
    """A refusal."""
    name = "REFUSE_OTHER" if item.rng.random() < 0.1 else local(item, "REFUSE")
    return pool.pick(name)


def reasoned_refusal(item: Item, pool: Pool) -> str:
    """Reasoning, then the refusal; perhaps with a remark on some element in between."""
    about = (
        fill(item, pool.pick(local(item, "ABOUT")), item.gold)
        if item.kind != "math" and item.rng.random() < 0.4
        else ""
    )
    return f"{reasoning(item, pool)} {about} {pool.pick(local(item, 'REFUSE'))} {fill(item, pool.pick(local(item, 'FILLER'))) if item.rng.random() < 0.3 else ''}"


def cut_off(item: Item, pool: Pool) -> str:
    """Reasoning that ends in the middle of a sentence, before any declaration."""
    text = reasoning(item, pool, item.rng.randrange(3, 10))
    if item.kind == "math":
        text += " " + fill(item, pool.pick(local(item, "FILLER")))
    if item.kind == "alphabet_option" and item.rng.random() < 0.15:
        letter = item.rng.choice(item.values)
        phrase = pool.pick("LETTERS").replace("{L}", "\0").replace("{n}", str(item.rng.randrange(2, 60)))
        if "\0" in phrase:
            return f"{text} {fill(item, phrase[: phrase.index(chr(0))])}{letter}"
    text = text.rstrip(" .。\n")
    return text[: item.rng.randrange(len(text) * 2 // 3, len(text) - 2)].rstrip(" .。\n0123456789)}]$%")


def cut_analysis(item: Item, pool: Pool) -> str:
    """The elements in turn, without a verdict that affirms one, cut before the end."""
    lines = [
        fill(
            item,
            pool.pick(local(item, item.rng.choice(("ABOUT", "REJECT")))).replace(
                "{x}",
                f"({item.values[i]}) {item.texts[i]}" if item.kind == "alphabet_option" else item.values[i],
            ),
        )
        for i in range(len(item.values) - 1)
    ]
    text = "\n".join(lines)
    return text[: max(20, len(text) - item.rng.randrange(2, 12))]


def cut_before_answer(item: Item, pool: Pool) -> str:
    """The announcement is there, the answer is not."""
    phrase = announce(item, pool, item.gold)
    said = item.rng.choice(
        (
            "Therefore, the correct answer is",
            "The answer is",
            "So the answer is (",
            "Final answer:",
            "The correct option is",
            "\\boxed{",
            "**Answer:**",
            "Therefore,",
        )
    )
    if item.chinese:
        said = item.rng.choice(("因此，正确答案是", "答案：", "综上所述，", "所以选"))
    del phrase
    text = fill(item, pool.pick(local(item, "FILLER"))) if item.kind == "math" else reasoning(item, pool)
    return f"{text} {said}"


def several(item: Item, pool: Pool) -> str:
    """Two answers at once."""
    a, b = sorted((item.gold, item.others()[0]))
    x, y = (item.say(i).rstrip(".") for i in (a, b))
    if item.kind == "alphabet_option" and item.rng.random() < 0.5:
        x, y = item.values[a], item.values[b]
    joint = (
        item.rng.choice((" and ", " or ", ", ", "、", "和", "或"))
        if item.chinese
        else item.rng.choice((" and ", " or ", ", ", " & ", " and ", "/"))
    )
    pair = f"{x}{joint}{y}"
    if item.kind == "alphabet_option" and item.rng.random() < 0.2:
        pair = f"{item.values[a]}{item.values[b]}"
    draw = item.rng.random()
    if draw < 0.3:
        return pair
    text = pool.pick("ANNOUNCE_ZH" if item.chinese else "ANNOUNCE").replace("{x}", pair)
    return text if draw < 0.6 else f"{reasoning(item, pool)} {text}"


def out_of_range(item: Item, pool: Pool) -> str:
    """A declaration of something that is not in the range."""
    rng = item.rng
    foreign = [
        f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}{rng.choice(NOUNS)}",
        "none of the above",
        "mixed",
        "None",
        "unknown",
        "无",
        "other",
    ]
    if item.kind == "alphabet_option":
        foreign += [
            chr(65 + len(item.values) + rng.randrange(1, 6)),
            f"({chr(65 + len(item.values) + rng.randrange(1, 6))})",
            f"{rng.uniform(1000, 9000):.1f}",
            f"{rng.randrange(1000, 9999)} m",
        ]
    said = rng.choice(foreign)
    if any(said.lower() in text.lower() or text.lower() in said.lower() for text in item.texts):
        said = "something else"
    if rng.random() < 0.25:
        return json.dumps({"reasoning": reasoning(item, pool, 2), "answer": said}, ensure_ascii=False)
    text = pool.pick("ANNOUNCE_ZH" if item.chinese else "ANNOUNCE").replace("{x}", said)
    return text if rng.random() < 0.4 else f"{reasoning(item, pool)} {text}"


def echo(item: Item, pool: Pool) -> str:
    """The options, the labels or the request repeated, and nothing else."""
    rng = item.rng
    mark = rng.choice(("(%s) %s", "%s. %s", "%s) %s", "%s: %s"))
    names = item.values if item.kind == "alphabet_option" else [chr(65 + i) for i in range(len(item.values))]
    listed = rng.choice(("\n", " ", ", ")).join(mark % pair for pair in zip(names, item.texts, strict=True))
    if item.kind != "alphabet_option":
        listed = ", ".join(item.values)
    if "\n" in item.question and rng.random() < 0.5:
        request = item.question[: rng.choice((item.question.index("\n"), len(item.question)))]
        return rng.choice(("", "\n", "Sure. ")) + request * rng.choice((1, 1, 2))
    lead = rng.choice(
        (
            "",
            item.question.split("Answer Choices")[0] + "\n",
            "Answer Choices: ",
            "Please choose one of the following options: ",
            "The possible answers are: ",
            "请从以下选项中选择：" if item.chinese else "Choose from: ",
        )
    )
    tail = rng.choice(
        (
            "",
            "",
            "\nPlease give your answer as a single letter.",
            "\nAnswer with the option only.",
            "\nYour answer:",
            "\n" + pool.pick(local(item, "REFUSE")),
        )
    )
    return f"{lead}{listed}{tail}"


def nothing(item: Item, pool: Pool) -> str:
    """No answer at all: blanks, tails, rambling about something else."""
    draw = item.rng.random()
    if draw < 0.25:
        return item.rng.choice(
            (
                "",
                " ",
                "\n\n",
                ".",
                "</s>",
                "<|im_end|>",
                "...",
                "```\n```",
                "{}",
                "Sure!",
                "Answer:",
                "好的。",
            )
        )
    lines = [fill(item, pool.pick(local(item, "FILLER"))) for _ in range(item.rng.randrange(1, 7))]
    if item.kind == "alphabet_option" and not item.chinese:
        for _ in range(item.rng.randrange(4)):
            letter, number = item.rng.choice(item.values), str(item.rng.randrange(2, 60))
            lettered = fill(item, pool.pick("LETTERS").replace("{L}", letter).replace("{n}", number))
            lines.insert(item.rng.randrange(len(lines) + 1), lettered)
    return item.rng.choice((" ", "\n")).join(lines)


def wavering(item: Item, pool: Pool) -> str:
    """Two answers weighed without an end."""
    a, b = item.gold, item.others()[0]
    text = fill(item, pool.pick(local(item, "WAVER")), a, b)
    more = "" if item.rng.random() < 0.5 else " " + pool.pick(local(item, "REFUSE"))
    return f"{reasoning(item, pool, item.rng.randrange(4)) if item.kind != 'math' else ''} {text}{more}"


def void_json(item: Item, pool: Pool) -> str:
    """A JSON answer that is empty, null, a placeholder or cut off before its value."""
    rng = item.rng
    why = reasoning(item, pool, 3) if item.kind != "math" else fill(item, pool.pick(local(item, "FILLER")))
    text = json.dumps(
        {"reasoning": why, "answer": rng.choice(("", "___", None, "N/A", "unknown"))}, ensure_ascii=False
    )
    if rng.random() < 0.3:
        text = text[: text.rindex('"answer"')].rstrip(", ")[: -rng.randrange(2, 12)]
    return f"```json\n{text}\n```" if rng.random() < 0.4 else text


def unfinished_thought(item: Item, pool: Pool) -> str:
    """Reasoning that never closes its mark."""
    return f"<think>\n{cut_off(item, pool)}"


def rejected_all(item: Item, pool: Pool) -> str:
    """Every element rejected, then a refusal."""
    lines = [
        fill(item, pool.pick(local(item, "REJECT")).replace("{x}", mention(item, i)))
        for i in range(len(item.values))
    ]
    return "\n".join(lines) + "\n\n" + pool.pick(local(item, "REFUSE"))


VOID: dict[str, Family] = {
    "refused": refused, "reasoned_refusal": reasoned_refusal, "cut_off": cut_off, "cut_analysis": cut_analysis, "cut_before_answer": cut_before_answer, "several": several,
    "out_of_range": out_of_range, "echo": echo, "nothing": nothing, "wavering": wavering, "void_json": void_json, "unfinished_thought": unfinished_thought, "rejected_all": rejected_all,
}  # fmt: skip
SHARES = {
    "refused": 4,
    "reasoned_refusal": 6,
    "cut_off": 7,
    "cut_analysis": 2,
    "cut_before_answer": 3,
    "several": 4,
    "out_of_range": 5,
    "echo": 4,
    "nothing": 4,
    "wavering": 3,
    "void_json": 2,
    "unfinished_thought": 1,
    "rejected_all": 2,
}
MATH_FAMILIES = ("refused", "cut_before_answer", "nothing", "void_json", "cut_off", "reasoned_refusal")
HELD_OUT = ("wavering", "cut_analysis", "unfinished_thought", "rejected_all")
