"""Our own coding items: solutions pass, answers that do nothing fail, the other texts are other functions."""

import ast
import doctest
import tomllib

import pytest

from llmgen.assets import asset_dir
from llmgen.tuning.labelled import read_fillers, read_items

FOLDER = asset_dir("datasets") / "detcon"
ITEMS = read_items(FOLDER / "items.jsonl")
FILLERS = read_fillers(FOLDER / "filler.jsonl")


def run(item, body):
    """Runs our own code with its own test, as the protocol of HumanEval puts them together."""
    space = {}
    exec(f"{item.prompt}{body}\n{item.test}\ncheck({item.entry_point})\n", space)
    return space[item.entry_point]


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.entry_point)
def test_an_item_is_what_it_should_be(item):
    solution = run(item, item.canonical_solution)
    (examples,) = doctest.DocTestFinder().find(solution, item.entry_point, globs=solution.__globals__)
    shown = doctest.DocTestRunner().run(examples)
    assert shown.attempted > 0
    assert shown.failed == 0
    assert ast.parse(item.prompt + item.canonical_solution).body[0].name == item.entry_point
    for body in ("    return None\n", "    pass\n"):
        with pytest.raises((AssertionError, TypeError)):
            run(item, body)


def test_there_are_enough_of_each():
    assert len(ITEMS) >= 96
    assert len({item.entry_point for item in ITEMS}) == len(ITEMS)
    assert len(set(FILLERS)) == len(FILLERS) >= 80
    lines = sorted(item.canonical_solution.count("\n") for item in ITEMS)
    assert 3 <= lines[len(lines) // 2] <= 12


def test_no_filler_is_an_item():
    names = {ast.parse(text).body[0].name for text in FILLERS}
    assert len(names) == len(FILLERS)
    assert not names & {item.entry_point for item in ITEMS}


def test_the_problems_of_another_benchmark_are_others():
    own = {item.entry_point for item in ITEMS} | {ast.parse(text).body[0].name for text in FILLERS}
    card = tomllib.loads((FOLDER.parent / "humaneval" / "card.toml").read_text())
    others = read_items(FOLDER.parent / "humaneval" / card["sample"]["file"])
    assert not own & {item.entry_point for item in others}
