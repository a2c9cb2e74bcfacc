"""The FineTuneBench scorer against `strip().lower()` equality, on answers like those that models give.

    python bench/scoring.py

Every answer is another one, each gold answer and question comes back for several "models": what the scorer
remembers between calls helps here as much as it does in a run, and no more. Ratios are medians of rounds
in which both sides take turns.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from statistics import median

from lab import Bars, number, table

from llmgen.benchmarks.finetunebench import score

Case = tuple[str, str, str]
ROUNDS, FACTS, MODELS = 7, 200, 5
SHORT_BAR, CONTAINS_BAR = 350, 3_800
TOWNS = ("Uppsala", "Porto Alegre", "Ghent", "Kraków", "Hobart", "Leith", "Cusco", "Aarhus")


def short_cases() -> list[Case]:
    """(gold, answer, question): names, numbers and quantities, as models decorate them."""
    wrap = ("{}\n", "**{}**", "Answer: {}.", "`{}`", "{} ")
    cases = []
    for model in range(MODELS):
        for fact in range(FACTS):
            town = f"{TOWNS[fact % len(TOWNS)]} {fact}"
            gold = (town, f"{1000 + 37 * fact:,}", f"{fact + 3} feet", f"${fact + 2} million")[fact % 4]
            heard = gold if (fact + model) % 3 else f"{gold} {model}"
            cases.append((gold, wrap[(fact + model) % 5].format(heard), f"What is fact {fact}?"))
    return cases


def sentence_cases() -> list[Case]:
    """(gold, answer, question): the same golds inside whole sentences, some of them denied."""
    cases = []
    for at, (gold, _, question) in enumerate(short_cases()):
        denial = "not " if at % 7 == 0 else ""
        sentence = (
            f"According to the report of September {at % 30 + 1}, 2024, it was {denial}{gold}, which about "
            f"{at} members of the council of Leith confirmed before the end of the year."
        )
        cases.append((gold, sentence, f"{question} Please answer in one sentence."))
    return cases


def plain(gold: str, answer: str, question: str) -> bool:  # noqa: ARG001  # the signature of a scorer
    """What is compared with."""
    return answer.strip().lower() == gold.strip().lower()


def microseconds(scorer: Callable[[str, str, str], bool], cases: Sequence[Case]) -> float:
    """Mean time of one call."""
    start = time.perf_counter()
    for gold, answer, question in cases:
        scorer(gold, answer, question)
    return (time.perf_counter() - start) / len(cases) * 1e6


def main() -> int:
    """Measures both modes; exit code 1 when a bar was missed."""
    bars, rows = Bars(), []
    for mode, cases, limit in (
        ("short", short_cases(), SHORT_BAR),
        ("contains", sentence_cases(), CONTAINS_BAR),
    ):

        def ours(gold: str, answer: str, question: str, mode: str = mode) -> bool:
            return score(mode, gold, answer, question)

        pairs = [(microseconds(plain, cases), microseconds(ours, cases)) for _ in range(ROUNDS)]
        base, cost = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
        ratio = median(mine / theirs for theirs, mine in pairs)
        rows.append((mode, number(base), number(cost), f"{ratio:,.0f}x"))
        bars.at_most(f"{mode}: score against strip().lower()", ratio, limit, "x")
    table(f"Scoring, {FACTS * MODELS:,} answers", ("mode", "strip().lower() us", "score us", "ratio"), rows)
    return bars.report()


if __name__ == "__main__":
    sys.exit(main())
