"""CDD against the published rule in pure Python: edit distances alone, and from answers to verdicts.

    python bench/contamination.py [--data FILE.jsonl] [--tokenizer FOLDER]

Two sets of items: synthetic ones (50 draws of about 90 tokens, a quarter of them duplicates), and real ones
from --data, by default `shared/data/contamination/mini_detcon.jsonl` beside the checkout, if it is there; its
answers are short, so that reading the lists weighs more. CPU time of this process, the fastest of some rounds
on both sides, because neighbours on the machine only add to it. The counts of near draws have to be equal on
every item. With --tokenizer (a folder with a tokenizer.json) that route is measured too.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lab import ROOT, Bars, number, table

from llmgen.contamination.answers import Compared, compared
from llmgen.contamination.base import Options
from llmgen.contamination.cdd import build, peakedness
from llmgen.contamination.texts import final_text
from llmgen.contamination.tokens import CAP, Tokenizer, encode_distinct, tokenizer_named
from llmgen.evidence import Evidence
from llmgen.types import Draw, Sample

SLOW_ROUNDS, FAST_ROUNDS = 2, 31
ALPHA = 0.05
SYNTHETIC_BAR, REAL_BAR = 1_000, 1_000
WHOLE_BARS, BPE_BAR = {"ids": 50, "regex": 30}, 8
SYNTHETIC_ITEMS, DRAWS = 40, 50
REAL = ROOT.parent / "shared" / "data" / "contamination" / "mini_detcon.jsonl"

Tokens = Sequence[int]


def levenshtein(a: Tokens, b: Tokens) -> int:
    """The distance by the whole table, as textbooks and the published code have it."""
    rows = [[i + j if i == 0 or j == 0 else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            if a[i - 1] == b[j - 1]:
                rows[i][j] = rows[i - 1][j - 1]
            else:
                rows[i][j] = 1 + min(rows[i - 1][j - 1], rows[i - 1][j], rows[i][j - 1])
    return rows[-1][-1]


def near(greedy: Tokens, draws: Sequence[Tokens]) -> int:
    """The published rule: draws within alpha times the longest answer's length."""
    longest = max(len(greedy), *map(len, draws))
    within = int(ALPHA * longest + 1e-9)
    return sum(levenshtein(greedy, draw) <= within for draw in draws)


def synthetic(seed: int = 1) -> list[Evidence]:
    """Items whose draws are other answers, edited copies of the greedy one, and copies of each other."""
    rng = random.Random(seed)
    items = []
    for number_ in range(SYNTHETIC_ITEMS):
        greedy = [rng.randrange(800) for _ in range(rng.randint(75, 103))]
        draws: list[list[int]] = []
        while len(draws) < DRAWS:
            if draws and rng.random() < 0.25:
                draws.append(rng.choice(draws))
                continue
            edits = rng.choice((2, 8, 30, 90))
            draw = list(greedy)
            for _ in range(edits):
                draw[rng.randrange(len(draw))] = rng.randrange(800)
            draws.append(draw[: rng.randint(75, 103)])
        items.append(evidence(str(number_), [(" ".join(map(str, ids)), ids) for ids in (greedy, *draws)]))
    return items


def real(path: Path) -> list[Evidence]:
    """The items of a labelled sample file that carries token ids."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        evidence(
            row["id"],
            list(
                zip(
                    [row["greedy"], *row["samples"]],
                    [row["greedy_token_ids"], *row["sample_token_ids"]],
                    strict=True,
                )
            ),
        )
        for row in rows
    ]


def evidence(name: str, answers: Sequence[tuple[str, Tokens]]) -> Evidence:
    """The greedy answer and the draws, each with its token ids."""
    greedy, *draws = (Draw(text=text, token_ids=tuple(ids)) for text, ids in answers)
    sample = Sample(id=name, question="", answer_type="code")
    return Evidence(sample=sample, greedy=greedy, draws=tuple(draws), n_asked=len(draws))


def cpu_ms(work: Callable[[], list[int]], rounds: int = SLOW_ROUNDS) -> tuple[float, list[int]]:
    """Least CPU time of `work`, and what it found."""
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        found = work()
        spent.append((time.process_time() - start) * 1000)
    return min(spent), found


def token_lists(items: Sequence[Evidence], tokenizer: Tokenizer) -> list[tuple[Tokens, list[Compared]]]:
    """Of each item the greedy answer's tokens and the draws, cut to the cap."""
    found = []
    for item in items:
        answers = compared(item, tokenizer)
        assert answers.greedy is not None
        found.append((answers.greedy.tokens, list(answers.draws)))
    return found


def measure(
    bars: Bars, title: str, items: Sequence[Evidence], distance_bar: float, names: dict[str, str]
) -> None:
    """Distances on the stored ids, then the whole way by every tokenizer of `names` (title -> option)."""
    lists = token_lists(items, tokenizer_named("ids"))
    base, expected = cpu_ms(lambda: [near(greedy, [d.tokens for d in draws]) for greedy, draws in lists])
    ours, found = cpu_ms(
        lambda: [peakedness(greedy, draws, ALPHA).near for greedy, draws in lists], rounds=FAST_ROUNDS
    )
    rows = [("distances, stored ids", number(base), number(ours), f"{base / ours:,.0f}x")]
    bars.at_least(f"{title}: distances against pure Python", base / ours, distance_bar, "x")
    differ = sum(a != b for a, b in zip(expected, found, strict=True))
    for name, option in names.items():
        tokenizer = tokenizer_named(option)
        base, expected = cpu_ms(lambda tokenizer=tokenizer: whole_reference(items, tokenizer))
        detect = build(Options(tokenizer=option))
        ours, found = cpu_ms(
            lambda detect=detect: [detect(item).details["near"] for item in items], rounds=FAST_ROUNDS
        )
        rows.append((f"whole CDD, {name}", number(base), number(ours), f"{base / ours:,.0f}x"))
        bars.at_least(f"{title}: whole CDD, {name}", base / ours, WHOLE_BARS.get(name, BPE_BAR), "x")
        differ += sum(a != b for a, b in zip(expected, found, strict=True))
    table(f"{title}, CPU ms", ("", "pure Python", "ours", "ratio"), rows)
    bars.at_most(f"{title}: items with another count of near draws", differ, 0)
    bars.at_most(f"{title}: tokenizer calls for a distinct text", calls_per_text(items), 1)


def whole_reference(items: Sequence[Evidence], tokenizer: Tokenizer) -> list[int]:
    """Every text tokenised (or the stored ids taken), every distance by the whole table."""
    found = []
    for item in items:
        answers = [draw for draw in (item.greedy, *item.draws) if draw is not None]
        if tokenizer.own_ids:
            lists: list[Tokens] = [(draw.token_ids or ())[:CAP] for draw in answers]
        else:
            lists = list(tokenizer.encode([draw.text or "" for draw in answers]))
        found.append(near(lists[0], lists[1:]))
    return found


def calls_per_text(items: Sequence[Evidence]) -> float:
    """Texts that reach the tokenizer, over the distinct texts of each item."""
    reached = 0

    def encode(texts: Sequence[str]) -> list[list[int]]:
        nonlocal reached
        reached += len(texts)
        return [[0] for _ in texts]

    distinct = 0
    for item in items:
        texts = [final_text(draw).text for draw in (item.greedy, *item.draws) if draw is not None]
        distinct += len(set(texts))
        encode_distinct(Tokenizer(name="counting", encode=encode), texts)
    return reached / distinct


def main() -> int:
    """Measures both sets; exit code 1 when a bar was missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=REAL)
    parser.add_argument("--tokenizer")
    asked = parser.parse_args()
    bars, names = Bars(), {"ids": "ids", "regex": "regex"}
    measure(bars, f"{SYNTHETIC_ITEMS} synthetic items", synthetic(), SYNTHETIC_BAR, names)
    if asked.data.is_file():
        if asked.tokenizer:
            names[Path(asked.tokenizer).name] = asked.tokenizer
        items = real(asked.data)
        measure(bars, f"{len(items)} real items", items, REAL_BAR, names)
    else:
        print(f"\nno real items: there is no {asked.data.name} (--data FILE)")
    return bars.report()


if __name__ == "__main__":
    sys.exit(main())
