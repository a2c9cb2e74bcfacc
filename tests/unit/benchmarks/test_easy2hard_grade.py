"""Easy2Hard: how answers of each kind are graded."""

import importlib.util
import json

import pytest

from llmgen.benchmarks.base import Context
from llmgen.benchmarks.easy2hard import SPEC, moves
from llmgen.benchmarks.easy2hard.program import assemble, cases_of
from llmgen.extract.comparators import open_comparators
from llmgen.extract.pinpoint import build
from llmgen.sandbox import open_runner
from llmgen.types import Answer, Completion

FEN = "r1bqkb1r/pppp1ppp/2n2n2/4p2Q/2B1P3/8/PPPP1PPP/RNB1K1NR w KQkq - 4 4"
CASTLES = "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1"
PROMOTES = "8/4P2k/8/8/8/8/8/K7 w - - 0 1"
needs_chess = pytest.mark.skipif(
    importlib.util.find_spec("chess") is None, reason="the library chess is not installed"
)


@pytest.fixture
async def easy2hard(root):
    """The packaged sample without a sandbox, its comparator open."""
    comparators, close = open_comparators()
    context = Context(model="m", datasets=root / "datasets", comparators=comparators)
    yield SPEC.load(SPEC.options(no_exec=True), context)
    await close()


async def test_every_target_is_right_and_another_answer_is_not(easy2hard):
    read = build()
    done = Completion(texts=("",), finish_reasons=("stop",), model="m")
    seen = set()
    for sample in easy2hard.samples():
        if sample.answer_type == "code" or (sample.tags["set"] in seen and sample.answer_type == "math"):
            continue
        seen.add(sample.tags["set"])
        right = await read(sample, f"So it is.\nAnswer: {sample.target}")
        assert (await easy2hard.grade(sample, [right], done)).value == 1.0, sample.id
        other = next((letter for letter in "ABCD" if letter != sample.target), "")
        wrong = await read(
            sample, f"Answer: {other if sample.choices else 'a1b8' if 'fen' in sample.tags else 777123}"
        )
        assert (await easy2hard.grade(sample, [wrong], done)).value == 0.0, sample.id
    assert seen == {"amc", "arc", "gsm8k", "lichess", "winogrande"}


async def test_what_was_not_read_has_no_grade(easy2hard):
    done = Completion(texts=("",), finish_reasons=("length",), model="m")
    sample = next(easy2hard.samples())
    grade = await easy2hard.grade(sample, [Answer(kind="no_valid_answer", reason="unsure")], done)
    assert (grade.outcome, grade.value, grade.was_truncated) == ("unparsed", None, True)
    puzzle = next(sample for sample in easy2hard.samples() if "fen" in sample.tags)
    grade = await easy2hard.grade(puzzle, [Answer(kind="answered", value="the queen wins")], done)
    assert (grade.outcome, grade.value, grade.reason) == ("unparsed", None, "no move")


@pytest.mark.parametrize(
    ("fen", "text", "san", "uci", "found"),
    [
        (FEN, "Qxf7#", "Qxf7#", "h5f7", "same"),
        (FEN, "h5f7", "Qxf7#", "", "same"),
        (FEN, "4. Qxf7+ and mates", "Qxf7#", "h5f7", "same"),
        (FEN, "Qh5xf7", "Qxf7#", "h5f7", "same"),
        (FEN, "Bxf7+", "Qxf7#", "h5f7", "other"),
        (FEN, "Ra8", "Qxf7#", "h5f7", "illegal"),
        (CASTLES, "0-0-0", "O-O-O", "e1c1", "same"),
        (CASTLES, "O-O", "O-O-O", "e1c1", "other"),
        (PROMOTES, "e8=Q", "e8=Q", "e7e8q", "same"),
        (PROMOTES, "e7e8Q", "e8=Q", "e7e8q", "same"),
        (PROMOTES, "e8=N", "e8=Q", "e7e8q", "other"),
        (FEN, "checkmate", "Qxf7#", "h5f7", "no_move"),
    ],
)
@needs_chess
def test_moves_are_compared_on_the_board(fen, text, san, uci, found):
    assert moves.compare(fen, text, san, uci) == found


@pytest.mark.parametrize(
    ("text", "san", "uci", "same"),
    [
        ("Qf7", "Qxf7#", "h5f7", True),
        ("h5f7", "Qxf7#", "h5f7", True),
        ("e8Q", "e8=Q+", "", True),
        ("0-0", "O-O", "", True),
        ("Kf7", "Qxf7#", "h5f7", False),
    ],
)
def test_moves_are_compared_as_text_without_the_library(monkeypatch, text, san, uci, same):
    monkeypatch.setattr(moves, "has_library", lambda: False)
    assert moves.compare(FEN, text, san, uci) == ("same" if same else "other")


@needs_chess
@pytest.mark.parametrize(("fen", "san"), [("no position at all w", "Qxf7#"), (CASTLES, "Qxf7#")])
def test_a_position_that_does_not_fit_its_answer_leaves_the_text(fen, san):
    assert moves.compare(fen, "Qf7", san, "") == "same"
    assert moves.compare(fen, "Qf8", san, "") == "other"


def test_without_the_library_a_reader_is_told(root, monkeypatch):
    monkeypatch.setattr(moves, "has_library", lambda: False)
    loaded = SPEC.load(SPEC.options(no_exec=True), Context(model="m", datasets=root / "datasets"))
    assert any("llmgen[chess]" in note for note in loaded.notes)


TESTS = cases_of([("1 2\n", "3")], [("5 6", "11\n"), ("0.5 0.25", "0.750000")])
PROGRAMS = {
    "right": ("a, b = map(float, input().split())\nprint(a + b if a + b < 1 else int(a + b))", "pass"),
    "raw": (
        "import sys, os\nx = sys.stdin.buffer.read().split()\nos.write(1, (b'%g' % sum(map(float, x))))",
        "pass",
    ),
    "main": (
        (
            "def f():\n    print('%g' % sum(map(float, input().split())))\n    exit()\n"
            "if __name__ == '__main__':\n    f()"
        ),
        "pass",
    ),
    "wrong": ("print(3)", "fail"),
    "silent": ("pass", "fail"),
    "fails": ("print(3)\nraise SystemExit(1)", "fail"),
    "broken": ("print(", "fail"),
    "loops": ("while True: pass", "timeout"),
    "ends": ("import os\nos._exit(0)", "fail"),
}


@pytest.mark.parametrize("name", PROGRAMS)
async def test_programs_run_on_every_case(bubblewrap, name):  # noqa: ARG001  # skips without bubblewrap
    code, ended = PROGRAMS[name]
    found = await open_runner("bwrap", 2.0)(*assemble(code, TESTS))
    assert found.ended == ended, found
    if name == "wrong":
        assert "test 2 of 3: wrong output: 3" in found.reason


async def test_our_own_programs_solve_their_problems(bubblewrap, root):  # noqa: ARG001  # skips without bubblewrap
    run = open_runner("bwrap", 20.0)
    for line in (root / "datasets/easy2hard/sample/codeforces.jsonl").read_text().splitlines():
        row = json.loads(line)
        shown = list(zip(row["sample_inputs"], row["sample_outputs"], strict=True))
        hidden = list(zip(row["inputs"], row["answers"], strict=True))
        found = await run(*assemble(row["solution"], cases_of(shown, hidden)))
        assert found.ended == "pass", (row["problem_name"], found)
