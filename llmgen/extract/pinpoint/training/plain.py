"""Families of outputs that say the matter in their own words and go on about the rest of the range."""
# ruff: noqa: E501, PLR2004  # shares of styles; one form is one cell

from __future__ import annotations

from llmgen.extract.pinpoint.training.bank import Item
from llmgen.extract.pinpoint.training.manners import related, stated
from llmgen.extract.pinpoint.training.phrases import Pool
from llmgen.extract.pinpoint.training.styles import Family
from llmgen.extract.pinpoint.training.words import ADJECTIVES
from llmgen.extract.pinpoint.training.writing import fill, local, reasoning


def stated_first(item: Item, pool: Pool) -> str:
    """A statement about the matter, then sentences that name its own element and the others again."""
    rng = item.rng
    first = (related if item.about >= 0 and rng.random() < 0.5 else stated)(item, pool)
    text = f"{first.rstrip('.。')}{'。' if item.chinese else '. '}{_explained(item, pool)}"
    return text if rng.random() < 0.8 else text[: rng.randrange(len(text) * 2 // 3, len(text))]


def _explained(item: Item, pool: Pool) -> str:
    """Sentences that name the answer and others again."""
    rng = item.rng
    sentences = []
    for _ in range(rng.randrange(1, 4)):
        phrase = pool.pick(local(item, "EXPLAIN")).replace("{adj}", rng.choice(ADJECTIVES))
        phrase = phrase.replace("{x}", item.texts[item.gold])
        for mark in ("{y}", "{z}"):
            phrase = phrase.replace(mark, item.texts[rng.choice(item.others())])
        sentences.append(fill(item, phrase))
    return " ".join(sentences)


def restating(item: Item, pool: Pool) -> str:
    """The question's own words with the answer in them, then more; perhaps reasoning before."""
    if not item.stated:
        return stated_first(item, pool)
    rng = item.rng
    text = item.texts[item.gold]
    first = item.stated.replace(
        "{x}", rng.choice((text, text, text, f"**{text}**", text.lower(), f"the {text}"))
    )
    draw = rng.random()
    if draw < 0.3:
        return first if rng.random() < 0.7 else f"Answer: {first}"
    if draw < 0.5:
        return f"{reasoning(item, pool, rng.randrange(1, 4))} {rng.choice(('', 'Therefore, ', 'So ', 'Thus, '))}{first}"
    more = _explained(item, pool)
    return f"{first} {more if rng.random() < 0.6 else more[: rng.randrange(3, len(more))]}"


def paraphrased(item: Item, pool: Pool) -> str:
    """The answer with some of the words of its text only."""
    rng, words = item.rng, item.texts[item.gold].rstrip(".").split(" ")
    if len(words) < 3:
        return stated(item, pool)
    begin = rng.randrange(len(words) // 2)
    kept = words[begin:] if rng.random() < 0.5 else [word for word in words if rng.random() < 0.75]
    said = " ".join(kept).replace("The ", "the ") or item.texts[item.gold]
    phrase = fill(item, pool.pick("PARAPHRASE").replace("{x}", said))
    return phrase if rng.random() < 0.5 else f"{phrase} {reasoning(item, pool, rng.randrange(1, 3))}"


def cut_in_text(item: Item, pool: Pool) -> str:
    """The letter and the beginning of its text, cut there."""
    text, rng = item.texts[item.gold], item.rng
    if item.kind != "alphabet_option" or len(text) < 5:
        return stated(item, pool)
    begun = text[: rng.randrange(2, len(text) - 1)]
    form = rng.choice(("{}: {}", "{}. {}", "({}) {}", "{} {}", "{}: {}�", "Answer: {}. {}"))
    return rng.choice(("", "", "\n")) + form.format(item.values[item.gold], begun)


PLAIN: dict[str, Family] = {
    "stated_first": stated_first,
    "restating": restating,
    "paraphrased": paraphrased,
    "cut_in_text": cut_in_text,
}
SHARES = {"stated_first": 5, "restating": 9, "paraphrased": 2}
OPTIONS_SHARES = {"cut_in_text": 1}
