"""Answer extraction: pinpoint against regexes, the comparator's cheap steps, math against math-verify.

    python bench/extraction.py [--data FILE.jsonl]

Without --data the packaged sample is read, lengthened to the length of real outputs. One core, one output
at a time, processor time of the reading alone; all sides take turns in one run.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from lab import Bars, number, table

from llmgen.assets import asset_dir
from llmgen.benchmarks.kaf.files import load_files
from llmgen.benchmarks.kaf.rows import Item
from llmgen.extract import EXTRACTORS
from llmgen.extract.comparator import compare
from llmgen.extract.ranges import range_of
from llmgen.types import Answer, Extract, Sample

ROUNDS = 5
LEAST_ITEMS = 300
FILLER = "The keeper of the pier writes down what the boats bring in, how many came and from where. "


def finished(reading: Coroutine[Any, Any, Answer]) -> Answer:
    """The result of an extractor that waits for nothing."""
    try:
        reading.send(None)
    except StopIteration as end:
        answer: Answer = end.value
        return answer
    raise RuntimeError("the extractor waited for something")


def items(data: str | None) -> list[Item]:
    """The items to read; few ones are multiplied, each copy another text."""
    path = Path(data) if data else asset_dir("datasets") / "kaf" / "sample.jsonl"
    found = load_files([path], skip_bad=False).items
    copies = -(-LEAST_ITEMS // len(found))
    lead = "" if data else FILLER * 2
    return [
        Item(item.sample, item.output if copy == 0 and data else f"{lead}Entry {copy}.\n{item.output}")
        for copy in range(copies)
        for item in found
    ]


def microseconds(extract: Extract, group: Sequence[Item]) -> list[float]:
    """The time of each reading, as if its range and its question had never been seen."""
    for name, module in list(sys.modules.items()):
        if name.startswith("llmgen.extract"):
            for found in vars(module).values():
                if hasattr(found, "cache_clear"):
                    found.cache_clear()
    times = []
    for item in group:
        start = time.thread_time()
        finished(extract(item.sample, item.output))  # type: ignore[arg-type]  # an async function's coroutine
        times.append((time.thread_time() - start) * 1e6)
    return times


def rate(times: Sequence[float]) -> float:
    """Outputs per second."""
    return len(times) / sum(times) * 1e6


def middle(group: Sequence[Item]) -> list[int]:
    """Where in a group the outputs of middling length stand: the middle third."""
    ordered = sorted(range(len(group)), key=lambda i: len(group[i].output))
    return ordered[len(group) // 3 : -(-2 * len(group) // 3)]


def measure_readings(bars: Bars, found: Sequence[Item]) -> None:
    """Options and labels: pinpoint beside first-option and flexible; math: pinpoint alone."""
    readers = {name: EXTRACTORS.load(name)() for name in ("pinpoint", "first-option", "flexible")}
    closed = [i for i in found if i.sample.answer_type in {"alphabet_option", "categorical_label"}]
    options = [i for i in closed if i.sample.answer_type == "alphabet_option"]
    rounds = [{name: microseconds(reader, closed) for name, reader in readers.items()} for _ in range(ROUNDS)]
    rates = {name: median(rate(one[name]) for one in rounds) for name in readers}
    usual = {name: median(rate([one[name][i] for i in middle(closed)]) for one in rounds) for name in readers}
    slower = median(
        sum(microseconds(readers["pinpoint"], options)) / sum(microseconds(readers["first-option"], options))
        for _ in range(ROUNDS)
    )
    length = median(len(item.output) for item in closed)
    table(
        f"Options and labels, {len(closed)} outputs of median length {length:,.0f}, outputs/s",
        ("extractor", "all", "of middling length"),
        [(name, number(rates[name]), number(usual[name])) for name in readers],
    )
    least = min(rates["pinpoint"], usual["pinpoint"])
    bars.at_least("pinpoint, options and labels, the slower of both", least, 5_000, "outputs/s")
    bars.at_most("pinpoint against first-option, options", slower, 5, "x")
    math = [item for item in found if item.sample.answer_type == "math"]
    once = median(microseconds(readers["pinpoint"], math)) / 1000
    bars.at_most("pinpoint, median math output", once, 1, "ms")


def measure_load(bars: Bars) -> None:
    """Processor time in which a fresh interpreter has imported pinpoint and loaded its weights."""
    code = (
        "import time; start = time.process_time(); import llmgen.extract.pinpoint as p; p.build();"
        "print(time.process_time() - start)"
    )
    spent = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for _ in range(2 * ROUNDS)
    ]
    bars.at_most("pinpoint, import and load", min(spent) * 1000, 30, "ms")


def measure_math(bars: Bars, found: Sequence[Item]) -> None:
    """Reading and comparing math outputs, beside math-verify parsing and verifying the same outputs."""
    import math_verify  # its sympy takes a while to load

    logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns that its own clock is off

    reader = EXTRACTORS.load("pinpoint")()
    math = [item for item in found if item.sample.answer_type == "math"]

    def ours() -> None:
        for sample, output in math:
            answer = finished(reader(sample, output))
            compare(range_of(sample), answer.value, sample.target, question=sample.question)

    def theirs() -> None:
        for sample, output in math:
            gold = math_verify.parse(f"${sample.target}$", parsing_timeout=None)
            math_verify.verify(gold, math_verify.parse(output, parsing_timeout=None), timeout_seconds=None)

    pairs = [(timed(ours), timed(theirs)) for _ in range(ROUNDS)]
    table(
        f"Math, {len(math)} outputs: read and compare",
        ("", "ms an output"),
        [
            ("pinpoint and comparator", number(median(a for a, _ in pairs) / len(math) * 1000)),
            ("math-verify", number(median(b for _, b in pairs) / len(math) * 1000)),
        ],
    )
    bars.at_most("math: ours against math-verify", median(a / b for a, b in pairs), 3, "x")


def measure_comparator(bars: Bars) -> None:
    """Pairs that the ladder decides without a child process."""
    range_ = range_of(Sample(id="", question="", answer_type="math"))
    pairs = [
        (f"{n:,}", str(n)) if n % 3 else (f"\\frac{{{n}}}{{4}}", f"{n / 4}") for n in range(1_000, 3_000)
    ] + [(f"${n} dollars", f"{n + 1}") for n in range(1_000)]

    def run() -> None:
        for a, b in pairs:
            compare(range_, a, b)

    run()
    bars.at_least(
        "comparator, cheap steps", len(pairs) / median(timed(run) for _ in range(ROUNDS)), 50_000, "pairs/s"
    )


def timed(work: Callable[[], None]) -> float:
    """Seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> int:
    """Measures everything that was asked for; exit code 1 when a bar was missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data")
    flags = parser.parse_args()
    bars = Bars()
    found = items(flags.data)
    measure_load(bars)
    measure_comparator(bars)
    measure_readings(bars, found)
    measure_math(bars, found)
    return bars.report()


if __name__ == "__main__":
    sys.exit(main())
