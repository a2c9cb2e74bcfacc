"""More families of outputs that commit to an answer: manners of whole families of models, and contrasts."""
# ruff: noqa: E501, PLR2004, RUF001  # shares of styles; Chinese punctuation; seeded draws; one form is one cell

from __future__ import annotations

import json

from llmgen.extract.pinpoint.training.bank import Item
from llmgen.extract.pinpoint.training.phrases import Pool
from llmgen.extract.pinpoint.training.styles import Family, announced, bare, by_text, conclude, reasoned
from llmgen.extract.pinpoint.training.words import NAMES, NOUNS
from llmgen.extract.pinpoint.training.writing import announce, calculation, fill, local, mention, reasoning


def headed(item: Item, pool: Pool) -> str:
    """A word and a colon, then the answer: "Topic: x"; perhaps with a remark on another element."""
    rng = item.rng
    head, said = pool.pick(local(item, "HEAD")), item.say(item.gold)
    form = rng.choice(
        (
            "{h}: {x}",
            "**{h}:** {x}",
            "{h} - {x}",
            "[{h}] {x}",
            "[{h}]{x}<eoa>",
            "【{h}】{x}",
            "**{h}: {x}**",
            "{h}:\n{x}",
            "### {h}\n{x}",
            "{h}：{x}",
        )
    )
    text = form.replace("{h}", head).replace("{x}", said)
    if item.kind != "math" and rng.random() < 0.3:
        text += ". " + fill(
            item,
            pool.pick(local(item, rng.choice(("DESCRIBE", "REJECT", "ASIDE")))),
            rng.choice(item.others()),
        )
    return text if rng.random() < 0.6 else f"{reasoning(item, pool, rng.randrange(1, 4))}\n{text}"


def stated(item: Item, pool: Pool) -> str:
    """A plain statement about the matter, whose object or subject is the answer."""
    rng = item.rng
    if item.kind == "math":
        return conclude(item, pool)
    text = item.texts[item.gold]
    said = rng.choice(
        (
            text,
            text,
            text.lower() if rng.random() < 0.3 else text,
            f"**{text}**",
            f'"{text}"',
            item.say(item.gold).rstrip("."),
        )
    )
    phrase = fill(item, pool.pick(local(item, "STATE")).replace("{x}", said)).replace(
        "{name}", rng.choice(NAMES)
    )
    lead = rng.choice(("", "", reasoning(item, pool, 1) + " ", pool.pick(local(item, "ACCORDING")) + " "))
    return lead + phrase


def related(item: Item, pool: Pool) -> str:
    """The answer in one sentence with the element that the question asks about."""
    phrase = pool.pick("RELATE").replace("{y}", item.texts[item.about]).replace("{x}", item.texts[item.gold])
    phrase = fill(item, phrase)
    draw = item.rng.random()
    if draw < 0.5:
        return phrase
    return (
        f"{reasoning(item, pool, 1)} {phrase}"
        if draw < 0.75
        else f"{phrase} {fill(item, pool.pick('FILLER'))}"
    )


def contrasted(item: Item, pool: Pool) -> str:
    """The answer beside one that is turned down in the same sentence."""
    other = item.others()[0]
    phrase = pool.pick(local(item, "CONTRAST"))
    x, y = item.say(item.gold).rstrip("."), item.say(other).rstrip(".")
    if item.kind != "math" and item.rng.random() < 0.6:
        x, y = mention(item, item.gold), mention(item, other)
    phrase = fill(item, phrase.replace("{x}", x).replace("{y}", y))
    return phrase if item.rng.random() < 0.6 else f"{reasoning(item, pool, 1)} {phrase}"


def calculated(item: Item, pool: Pool) -> str:
    """A calculation from its first character on, then a sentence with the result, or none."""
    if item.kind != "math":
        return f"{calculation(item)}\n{announce(item, pool)}"
    text = calculation(item, item.values[item.gold])
    draw = item.rng.random()
    if draw < 0.25:
        return text
    end = conclude(item, pool) if draw < 0.75 else announce(item, pool)
    return f"{text}{item.rng.choice((chr(10), chr(10) * 2, ' '))}{end}"


def restated(item: Item, pool: Pool) -> str:
    """The answer and in brackets what else it is: a decimal, a rounded value, its text."""
    rng = item.rng
    value = item.values[item.gold]
    if item.kind != "math":
        return announced(item, pool)
    top, _, bottom = value.partition("/")
    if bottom and top.lstrip("-").isdigit():
        share = int(top) / int(bottom)
        again = rng.choice((f"{share:.3g}", f"about {share:.2f}", f"{100 * share:.4g}%", f"≈ {share:.3f}"))
    elif value.isdigit():
        again = rng.choice(
            (
                f"{int(value):,}",
                f"{value}.0",
                f"{value} {rng.choice(NOUNS)}s",
                f"{int(value) / 60:.1f} hours",
                f"{int(value) / 1000:.3g} thousand",
            )
        )
    else:
        again = rng.choice((f"about {rng.uniform(1, 90):.2f}", f"≈ {rng.uniform(1, 90):.1f}"))
    both = rng.choice(
        (
            "{v} (or {w})",
            "{v} ({w})",
            "{v}, or {w}",
            "{v}, that is {w}",
            "${v}$ ({w})",
            "{v} (i.e. {w})",
            "**{v}** ({w})",
        )
    )
    both = both.replace("{v}", value).replace("{w}", again)
    phrase = pool.pick("CONCLUDE_MATH" if rng.random() < 0.6 else "ANNOUNCE")
    phrase = phrase.replace("{x}", both).replace("{v}", both).replace("{name}", rng.choice(NAMES))
    return f"{calculation(item) if rng.random() < 0.5 else ''} {fill(item, phrase)}".strip()


def tabled(item: Item, pool: Pool) -> str:
    """Every element in a table or a marked list with its verdict, then the answer or not."""
    rng = item.rng
    if item.kind == "math":
        return calculated(item, pool)
    yes, no = rng.choice(
        (("✅", "❌"), ("yes", "no"), ("correct", "wrong"), ("✔", "✘"), ("true", "false"), ("符合", "不符合"))
    )
    marks = [yes if i == item.gold else no for i in range(len(item.values))]
    if {yes, no} & {value.lower() for value in item.values}:
        marks = ["+" if mark == yes else "-" for mark in marks]
    if rng.random() < 0.5:
        rows = [f"| {item.values[i]} | {item.texts[i]} | {mark} |" for i, mark in enumerate(marks)]
        text = "\n".join(["| Option | Text | Fits |", "|---|---|---|", *rows])
    else:
        text = "\n".join(
            f"- **{mention(item, i)}**: {fill(item, pool.pick(local(item, 'FILLER')))} {mark}"
            for i, mark in enumerate(marks)
        )
    return f"{text}\n\n{announce(item, pool)}" if rng.random() < 0.8 else text


def polite(item: Item, pool: Pool) -> str:
    """An answer between the phrases of an assistant."""
    rng = item.rng
    core = rng.choice((bare, announced, reasoned, stated, by_text if item.kind != "math" else calculated))(
        item, pool
    )
    start = pool.pick(local(item, "GREETING")) if rng.random() < 0.6 else ""
    end = pool.pick(local(item, "TAIL")) if rng.random() < 0.7 or not start else ""
    gap = rng.choice(("\n\n", " "))
    return gap.join(part for part in (start, core.strip(), end) if part)


def keyed(item: Item, pool: Pool) -> str:
    """JSON whose key is not one of the usual ones, beside other fields."""
    rng = item.rng
    fields: dict[str, object] = {pool.pick("KEY"): item.say(item.gold).replace('"', "")}
    if rng.random() < 0.5:
        fields = {rng.choice(("reason", "analysis", "thought", "notes")): reasoning(item, pool, 1)} | fields
    if rng.random() < 0.4:
        fields["confidence"] = round(rng.random(), 2) if rng.random() < 0.7 else "high"
    text = json.dumps(fields, ensure_ascii=False, indent=rng.choice((None, 2)))
    return f"```json\n{text}\n```" if rng.random() < 0.4 else text


def programmed(item: Item, pool: Pool) -> str:
    """A program, then what it prints."""
    rng = item.rng
    a, b = rng.randrange(2, 90), rng.randrange(2, 90)
    code = rng.choice(
        (
            f"a = {a}\nb = {b}\nprint(a * b)",
            f"def solve():\n    return {a} + {b}",
            f"total = {a} * {b} - {rng.randrange(99)}\nprint(total)",
            f"for i in range({a}):\n    print(i)",
        )
    )
    says = rng.choice(
        (
            "Running this prints {x}.",
            "Output:\n{x}",
            "The code prints {x}",
            "This returns {x}.",
            "```output\n{x}\n```",
            "```\n{x}\n```",
            "Output: {x}",
        )
    )
    said = item.values[item.gold] if "```" in says else item.say(item.gold).rstrip(".")
    end = says.replace("{x}", said) if rng.random() < 0.7 else announce(item, pool)
    return f"```python\n{code}\n```\n{end}"


def run_on_material(item: Item, pool: Pool) -> str:
    """An answer, then material for another question with its own answer, or a story that goes on; often cut."""
    rng = item.rng
    first = rng.choice((bare, bare, announced, by_text if item.kind != "math" else announced))(
        item, pool
    ).strip()
    more = " ".join(fill(item, pool.pick(local(item, "FILLER"))) for _ in range(rng.randrange(1, 4)))
    marker = rng.choice(
        (
            "Context:",
            "Passage:",
            "Article:",
            "Review:",
            "Sentence:",
            "Premise:",
            "### Question 2\n",
            "## Problem 3\n",
            "Example 2:",
            "Text:",
            "Story:",
            "Statement:",
            "",
            "",
        )
    )
    other = announce(item, pool, item.others()[0])
    asked = rng.choice(
        (
            "",
            f" Question: {fill(item, pool.pick(local(item, 'FILLER')))}\nAnswer:",
            "\nAnswer:",
            "\nLabel:",
            "\nSentiment:",
        )
    )
    text = f"{first}\n\n{marker} {more}{f'{asked} {other}' if marker else ''}".rstrip()
    return (
        text[: rng.randrange(len(text) * 4 // 5, len(text))].rstrip()
        if rng.random() < 0.5 and len(first) < len(text) * 3 // 5
        else text
    )


MANNERS: dict[str, Family] = {
    "headed": headed, "stated": stated, "related": related, "contrasted": contrasted, "calculated": calculated, "restated": restated, "tabled": tabled, "polite": polite, "keyed": keyed,
    "programmed": programmed, "run_on_material": run_on_material,
}  # fmt: skip
SHARES = {
    "headed": 5,
    "stated": 7,
    "related": 4,
    "contrasted": 4,
    "calculated": 3,
    "restated": 2,
    "tabled": 2,
    "polite": 4,
    "keyed": 3,
    "programmed": 1,
    "run_on_material": 4,
}
MATH_SHARES = SHARES | {
    "calculated": 12,
    "restated": 4,
    "contrasted": 1,
    "stated": 4,
    "related": 0,
    "tabled": 0,
}
