"""The public scorer of FineTuneBench: is `response` right, given the gold answer and how it was asked?

Deterministic, no network. Rules and their reasons: FineTuneBench specification, section 5. The verdict is
about the answer's content only; truncation, refusals and errors are the grader's business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

from llmgen.benchmarks.finetunebench.identifier import same_identifier
from llmgen.errors import UsageError
from llmgen.text import (
    Reading,
    is_abstention,
    is_number,
    is_year,
    read,
    split_tokens,
    without_dates,
    yes_or_no,
)

Mode: TypeAlias = Literal["short", "contains", "yesno", "abstain", "identifier", "judge"]

_NEGATIONS = frozenset({"not", "no", "never", "isnt", "wasnt", "neither", "nor", "rather", "instead"})
_NEGATION_REACH = 2
_UNITS_BEFORE, _UNITS_AFTER = 1, 4  # window around a number: one token before to three after
_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_ASKED_SCALE = re.compile(r"\bin (hundred|thousand|million|billion|trillion)s?\b", re.IGNORECASE)
_PARENTHESES = re.compile(r"\(([^()]*)\)")
_REMEMBERED = 8192  # golds and questions: one item is scored for many models

_read_gold = lru_cache(_REMEMBERED)(read)
_read_response = lru_cache(16)(read)  # one answer is read for several verdicts


def score(mode: str, gold: str, response: str, question: str = "") -> bool:
    """Whether `response` gives the gold answer.

    `mode` is `short`, `contains`, `yesno`, `abstain` or `identifier`. Raises UsageError for `judge`, which
    needs a model, and for an unknown mode.
    """
    rule = _RULES.get(mode)
    if rule is None:
        needs_model = " needs a judge model" if mode in get_args(Mode) else " is unknown"
        raise UsageError(f"scorer mode {mode!r}{needs_model}", hint=f"known: {', '.join(_RULES)}")
    return rule(gold, response, question)


def needs_judge(gold: str, question: str) -> bool:
    """Whether the gold answer occurs in its own question, so that `contains` cannot see it in a sentence."""
    return _occurs_in_question(gold, question) > 0


def short(gold: str, response: str, question: str) -> bool:
    """Equal tokens, or the same quantity; hedges count ("more than 7" is not "7")."""
    return _same_answer(gold, response, question, hedges=True)


def contains(gold: str, response: str, question: str) -> bool:
    """`short` without hedges, or the gold occurs, not negated, and more often than in the question.

    Known limit: a negation three tokens away is not seen ("He did not flee to Spain").
    """
    if _same_answer(gold, response, question, hedges=False):
        return True
    if is_abstention(response):
        return False
    wanted = _read_gold(gold)
    if not wanted.core:
        return False
    heard = _read_response(response)
    tokens = split_tokens(without_dates(heard.folded)) if _dates_disturb(wanted) else heard.tokens
    found = _occurrences(wanted, tokens)
    affirmed = sum(_NEGATIONS.isdisjoint(tokens[max(0, at - _NEGATION_REACH) : at]) for at in found)
    return affirmed > 0 and affirmed > _occurs_in_question(gold, question)


def yesno(gold: str, response: str, question: str) -> bool:  # noqa: ARG001  # one signature for all modes
    """The response says the gold's yes or no, and only that."""
    said = yes_or_no(response)
    return said is not None and said == yes_or_no(gold)


def abstain(gold: str, response: str, question: str) -> bool:  # noqa: ARG001  # one signature for all modes
    """The whole response declines to answer."""
    return is_abstention(response)


_RULES: dict[str, Callable[[str, str, str], bool]] = {
    "short": short,
    "contains": contains,
    "yesno": yesno,
    "abstain": abstain,
    "identifier": same_identifier,
}


def _same_answer(gold: str, response: str, question: str, *, hedges: bool) -> bool:
    wanted = _read_gold(gold)
    return any(_same(wanted, heard, question, hedges=hedges) for heard in _readings(response))


def _readings(response: str) -> Iterator[Reading]:
    """The response, the response without its parentheses, and each parenthesised part."""
    yield _read_response(response)
    parts = _PARENTHESES.findall(response) if "(" in response else []
    if parts:
        yield read(_PARENTHESES.sub(" ", response))
        yield from map(read, parts)


def _same(wanted: Reading, heard: Reading, question: str, *, hedges: bool) -> bool:
    if not wanted.tokens:  # nothing but articles: "A"
        return bool(wanted.folded) and wanted.folded == heard.folded
    if wanted.tokens == heard.tokens or (not hedges and wanted.core == heard.core):
        return True
    if wanted.number is None or heard.number is None or (hedges and wanted.hedged != heard.hedged):
        return False
    if wanted.units and heard.units and wanted.units != heard.units:
        return False
    return wanted.number == heard.number or _equal_under_scale(wanted.number, heard.number, question)


def _equal_under_scale(a: str, b: str, question: str) -> bool:
    """Whether the numbers differ by the scale that the question fixes ("in millions of dollars")."""
    exponent = _asked_scale(question)
    if not exponent:
        return False
    left, right = Decimal(a), Decimal(b)
    return left.scaleb(exponent) == right or right.scaleb(exponent) == left


@lru_cache(_REMEMBERED)
def _asked_scale(question: str) -> int:
    found = _ASKED_SCALE.search(question)
    return _SCALES[found[1].lower()] if found else 0


@lru_cache(_REMEMBERED)
def _occurs_in_question(gold: str, question: str) -> int:
    wanted, folded = _read_gold(gold), read(question).folded
    return len(
        _occurrences(wanted, split_tokens(without_dates(folded) if _dates_disturb(wanted) else folded))
    )


def _dates_disturb(wanted: Reading) -> bool:
    """Whether the gold is purely numeric, so that a date could pass for it; a gold year is a date itself."""
    return all(is_number(word) or word == "-" for word in wanted.core) and not is_year(wanted.folded)


def _occurrences(wanted: Reading, tokens: tuple[str, ...]) -> list[int]:
    """Where the gold's tokens stand in a row, or its number with all its units nearby."""
    needle, size = wanted.core, len(wanted.core)
    found = []
    for at, token in enumerate(tokens):
        if token == needle[0] and tokens[at : at + size] == needle:
            found.append(at)
        elif token == wanted.number and wanted.units:
            window = tokens[max(0, at - _UNITS_BEFORE) : at + _UNITS_AFTER]
            found += [at] if wanted.units.issubset(window) else []
    return found
