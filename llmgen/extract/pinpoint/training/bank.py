"""Invented questions with their answer ranges, and the ways to write an element of each."""
# ruff: noqa: E501, PLR2004, RUF001  # Chinese words; seeded draws, not secrets; tables of words and forms read best in one line each

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from llmgen.extract.pinpoint.training.phrases import Pool
from llmgen.extract.pinpoint.training.words import (
    ADJECTIVES,
    CHINESE,
    LABEL_SETS,
    NAMES,
    NOUNS,
    NOUNS_ZH,
    NUMBER_WORDS,
    PLACES,
    RELATING,
    RESTATING,
    SPECIAL,
    SPECIAL_ZH,
)
from llmgen.extract.ranges import MATH_RANGE, Range, letters

_UNIT = re.compile(r" \\mathrm\{[^}]*\}")
_NUMBERED = ("\n1. ", "\n1) ", "\n(1) ")
_REFUSALS = frozenset(text.lower() for text in (*SPECIAL, *SPECIAL_ZH)) | {"neither", "not enough info", "no"}


@dataclass
class Item:
    """A question with its range. `gold` is the index of the answer that the output will give (math: of `values`)."""

    answers: Range
    question: str
    values: tuple[str, ...]
    texts: tuple[str, ...]
    gold: int
    chinese: bool
    rng: random.Random
    about: int = -1
    """The element that the question itself names, -1: none or all."""
    stated: str = ""
    """A sentence that answers in the question's own words, {x} for the element; "" for most questions."""

    @property
    def kind(self) -> str:
        """The answer type."""
        return self.answers.answer_type

    @property
    def has_special(self) -> bool:
        """Whether an element sounds like a refusal: "Unknown", "None of the above", "neutral"."""
        said = {text.lower() for text in self.texts}
        return not _REFUSALS.isdisjoint(said)

    def others(self) -> list[int]:
        """All but the answer, shuffled."""
        rest = [i for i in range(len(self.values)) if i != self.gold]
        self.rng.shuffle(rest)
        return rest

    def say(self, i: int, *, lone: bool = False) -> str:
        """Element `i` as a model may write it. `lone`: nothing around it would say that it is an answer."""
        if self.kind == "math":
            return say_number(self.values[i], self.rng)
        value, text = self.values[i], self.texts[i]
        lettered = self.kind == "alphabet_option" or "(A) " in self.question
        numbered = not lettered and any(mark in self.question for mark in _NUMBERED)
        if self.kind != "alphabet_option" and not numbered and (not lettered or self.rng.random() < 0.5):
            return self.rng.choice(
                (
                    value,
                    value,
                    value,
                    f'"{value}"',
                    f"**{value}**",
                    value.lower(),
                    value.capitalize(),
                    f"'{value}'",
                    f"{value}",
                )
            )
        if "\\" in text and self.rng.random() < 0.6:
            formula = _UNIT.sub("", text).strip("$").replace(" ", "")
            return self.rng.choice(
                (
                    f"\\boxed{{{formula}}}",
                    f"$\\boxed{{{formula}}}$",
                    formula,
                    f"${formula}$",
                    f"\\({formula}\\)",
                )
            )
        letter = value if self.kind == "alphabet_option" else letters(len(self.values))[i]
        if numbered and self.rng.random() < 0.8:
            number = str(i + 1)
            return self.rng.choice(
                (number, f"({number})", f"**{number}**", f"{number}. {text}", f"{number}: {text}")
            )
        forms = [letter, f"({letter})", f"{letter}. {text}", f"({letter}) {text}", f"{letter}) {text}", f"{letter}: {text}", f"**{letter}**",
                 f"**{letter}. {text}**", f"{letter}.", f"{letter})", f"**({letter})**", f'"{letter}"', f"{letter} ({text})", f"**{letter}) {text}**", f"[{letter}]", f"{letter}、{text}", f"({letter}) {text.lower()}"]  # fmt: skip
        if not lone:
            forms += [
                f"({letter.lower()})",
                f"`{letter}`",
                f"option {letter}" if not self.chinese else f"选项{letter}",
                f"$\\boxed{{{letter}}}$",
                f"\\boxed{{{letter}}}",
                f"\\text{{{letter}}}",
            ]
        if self.rng.random() < 0.5:
            return self.rng.choice((letter, f"({letter})", f"({letter})"))
        return self.rng.choice(forms)

    def topic(self) -> str:
        """A few words that mean nothing for the answer."""
        if self.chinese:
            return self.rng.choice(NOUNS_ZH)
        noun = self.rng.choice(NOUNS)
        return noun if self.rng.random() < 0.4 else f"{self.rng.choice(ADJECTIVES)} {noun}"


def say_number(value: str, rng: random.Random) -> str:
    """A mathematical value as written in a text."""
    plain = value.isdigit()
    forms = [
        value,
        value,
        value,
        f"${value}$",
        f"**{value}**",
        f"\\({value}\\)",
        f"$\\boxed{{{value}}}$",
        f"\\boxed{{{value}}}",
        f"\\[{value}\\]",
    ]
    if plain:
        forms += [f"${value}", f"{value} {rng.choice(NOUNS)}s", f"{value} {rng.choice(NOUNS)}s", f"{value} dollars", f"{value}.00", f"${value}.00", f"**{value} {rng.choice(NOUNS)}s**",
                  f"{int(value):,}", f"${int(value):,}", f"{value}元", f"{value} km", f"{value} hours", f"${value} \\text{{ cm}}$", f"\\${value}", f"about {value}", f"{value} m/s", f"**${value}**", f"$\\boxed{{{value} \\text{{ hours}}}}$", f"${value}$ {rng.choice(NOUNS)}s"]  # fmt: skip
    return rng.choice(forms)


def options_item(rng: random.Random) -> Item:
    """A question with lettered options: names, phrases, numbers, sentences, Chinese; 2 to 12 of them."""
    chinese = rng.random() < 0.3
    count = rng.choice((2, 3, 4, 4, 4, 4, 5, 5, 6, 8, 10, 10, 12))
    texts = (
        _distinct(lambda: _option_text(rng, chinese, style), count)
        if (style := rng.randrange(8)) >= 0
        else []
    )
    if rng.random() < 0.15:
        texts[rng.randrange(count)] = rng.choice(SPECIAL_ZH if chinese else SPECIAL)
    names = letters(count)
    listed = " ".join(f"({a}) {b}" for a, b in zip(names, texts, strict=True))
    question = f"{'下列说法正确的是' if chinese else 'Which of these describes the ' + rng.choice(NOUNS) + '?'} Answer Choices: {listed}"
    gold, about, stated = rng.randrange(count), -1, ""
    draw = rng.random()
    if not chinese and draw > 0.7:
        question, stated = _restatable(rng, texts, gold, question)
        question += f" Answer Choices: {listed}"
    elif rng.random() < 0.2:
        about = rng.choice([i for i in range(count) if i != gold])
        question = rng.choice(RELATING).replace("{y}", texts[about]).replace("{noun}", rng.choice(NOUNS))
        question += f" Answer Choices: {listed}"
    answers = Range(answer_type="alphabet_option", values=names, texts=tuple(texts))
    return Item(answers, question, names, tuple(texts), gold, chinese, rng, about, stated)


def _restatable(rng: random.Random, texts: list[str], gold: int, question: str) -> tuple[str, str]:
    """A question of four or five words of its own, and the sentence that answers it with them."""
    if rng.random() < 0.2:
        return question, ""
    asked, stated = rng.choice(RESTATING)
    other = texts[rng.choice([i for i in range(len(texts)) if i != gold])]
    pair = [texts[gold], other]
    rng.shuffle(pair)
    slots = {"{n}": rng.choice(NOUNS), "{m}": rng.choice(NOUNS), "{a}": rng.choice(ADJECTIVES), "{p}": rng.choice(PLACES),
             "{q}": rng.choice(NAMES), "{one}": pair[0], "{two}": pair[1], "{y}": other}  # fmt: skip
    for mark, word in slots.items():
        asked, stated = asked.replace(mark, word), stated.replace(mark, word)
    return asked, stated


def labels_item(rng: random.Random) -> Item:
    """A question with a list of labels or short texts."""
    draw = rng.random()
    if draw < 0.55:
        values = list(rng.choice(LABEL_SETS))
    elif draw < 0.65:
        values = list(NUMBER_WORDS)
    else:
        style = rng.randrange(5)
        values = _distinct(lambda: _option_text(rng, False, style), rng.choice((2, 2, 3, 3, 4, 4, 5)))  # noqa: FBT003
    if draw >= 0.65 and rng.random() < 0.25:
        values[rng.randrange(len(values))] = rng.choice(SPECIAL)
    chinese = values[0][0] >= CHINESE
    kind = "categorical_label" if draw < 0.55 else "short_text"
    question = f"{'请判断下面内容的类别。' if chinese else 'Decide about the ' + rng.choice(NOUNS) + '.'}"
    gold, about, stated = rng.randrange(len(values)), -1, ""
    form = rng.random() if draw >= 0.65 else 1.0
    if form < 0.4:
        listed = " ".join(f"({a}) {b}" for a, b in zip(letters(len(values)), values, strict=True))
        question += f" Answer Choices: {listed}"
    elif form < 0.6:
        mark = rng.choice(("{}. {}", "{}) {}", "({}) {}"))
        question += "\n" + "\n".join(mark.format(number, value) for number, value in enumerate(values, 1))
    elif form < 0.85:
        about = rng.choice([i for i in range(len(values)) if i != gold])
        question = rng.choice(RELATING).replace("{y}", values[about]).replace("{noun}", rng.choice(NOUNS))
    else:
        question, stated = _restatable(rng, values, gold, question) if not chinese else (question, "")
    answers = Range(answer_type=kind, values=tuple(values))  # type: ignore[arg-type]
    return Item(answers, question, tuple(values), tuple(values), gold, chinese, rng, about, stated)


def math_item(rng: random.Random) -> Item:
    """A question with a mathematical answer; `values` are the answer and other results on the way."""
    draw = rng.random()
    values = _distinct(lambda: _number(rng), 5)
    if draw < 0.3:
        values[0] = _expression(rng)
    chinese = rng.random() < 0.15
    question = (
        "求下面的结果。"
        if chinese
        else f"{rng.choice(NAMES)} counts the {rng.choice(NOUNS)}s. How many are there?"
    )
    if rng.random() < 0.35:
        shown = rng.sample(values, rng.randrange(1, 5))
        question = f"{'文书：' if chinese else 'Text: '}{', '.join(f'{rng.choice(NOUNS)} {value}' for value in shown)}. {question}"
    answers = Range(answer_type="math", description=MATH_RANGE)
    return Item(answers, question, tuple(values), tuple(values), 0, chinese, rng)


def with_format(item: Item, pool: Pool) -> Item:
    """The item, for some with a request for a format in the question that shows an example answer."""
    rng = item.rng
    if item.kind == "math" or rng.random() < 0.5:
        return item
    wish = pool.pick("FORMAT_ZH" if item.chinese else "FORMAT").replace("{e}", rng.choice(item.values))
    matter = (
        "".join(f"{rng.choice(NOUNS_ZH)}与{rng.choice(NOUNS_ZH)}，" for _ in range(4))
        if item.chinese
        else f"The {item.topic()} of {rng.choice(NAMES)} was seen near the {item.topic()} in {rng.choice(PLACES)}."
    )
    label = (
        rng.choice(("句子:", "咨询：", "问："))
        if item.chinese
        else rng.choice(("Passage:", "Sentence:", "Text:", "Review:"))
    )
    item.question = f"{wish}\n{label}{matter}\n{item.question}"
    return item


def _number(rng: random.Random) -> str:
    draw = rng.random()
    if draw < 0.65:
        return str(rng.randrange(1, rng.choice((10, 60, 400, 5_000, 90_000))))
    if draw < 0.8:
        return f"{rng.uniform(0, 200):.{rng.randrange(1, 4)}f}"
    if draw < 0.9:
        return f"{rng.randrange(1, 30)}/{rng.randrange(2, 30)}"
    return f"-{rng.randrange(1, 40)}" if draw < 0.95 else f"{rng.randrange(1, 99)}%"


def _expression(rng: random.Random) -> str:
    a, b, c = (rng.randrange(2, 30) for _ in range(3))
    forms = (
        rf"\frac{{{a}}}{{{b}}}", rf"{a}\sqrt{{{b}}}", f"({a}, {b})", rf"\frac{{\sqrt{{{a}}}}}{{{b}}}", f"[{a},{a + b})", f"x^2+{a}x+{b}", rf"{a}\pi", f"{a}x+{b}",
        rf"(-\infty,{a}]", f"{a}^{{{b}}}", f"{a}!+{b}", rf"-\frac{{{a}}}{{{b}}}", rf"{a}+{b}i", rf"\sqrt{{{c}}}", rf"\{{{a},{a + b}\}}", rf"\begin{{pmatrix}}{a}&{b}\\{c}&{a}\end{{pmatrix}}",
    )  # fmt: skip
    return rng.choice(forms)


def _option_text(rng: random.Random, chinese: bool, style: int) -> str:  # noqa: FBT001
    if chinese:
        text = f"{rng.choice(NOUNS_ZH)}{rng.choice(('的成立', '无效', '应当登记', '可以撤销', '与' + rng.choice(NOUNS_ZH), ''))}"
        return text + (f"，{rng.choice(NOUNS_ZH)}不受影响" if style > 4 else "")
    noun, adjective = rng.choice(NOUNS), rng.choice(ADJECTIVES)
    sentence = f"The {adjective} {noun} is {rng.choice(ADJECTIVES)} when the {rng.choice(NOUNS)} changes"
    unit = f" \\mathrm{{~{rng.choice(('cm', 'm', 'kg', 'km'))}}}"
    made = (
        rng.choice(PLACES),
        rng.choice(NAMES),
        f"{adjective} {noun}",
        str(rng.randrange(1, 500)),
        noun,
        f"{rng.uniform(0, 50):.2f} {rng.choice(('m', 'kg', 'J', 'V'))}",
        sentence,
        f"${_expression(rng)}{rng.choice(('', '', unit))}$",
    )
    return made[style]


def _distinct(make, count: int) -> list[str]:  # type: ignore[no-untyped-def]  # noqa: ANN001
    found: dict[str, None] = {}
    while len(found) < count:
        found[make()] = None
    return list(found)
