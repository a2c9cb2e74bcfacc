"""Which item is seen how often, and in what company."""

from collections import Counter

import pytest

from llmgen.errors import UsageError
from llmgen.tuning.exposures import assign, schedule


def test_every_dose_gets_its_items_and_the_seed_says_which():
    doses = assign(30, (1, 4, 12), 5, 10, seed=3)
    assert Counter(doses.values()) == {1: 5, 4: 5, 12: 5, 0: 10}
    assert set(doses) <= set(range(30))
    assert assign(30, (1, 4, 12), 5, 10, seed=3) == doses
    assert assign(30, (1, 4, 12), 5, 10, seed=4) != doses


def test_too_few_items():
    assert len(assign(25, (1, 4, 12), 5, 10, seed=3)) == 25
    with pytest.raises(
        UsageError, match=r"25 items are needed \(3 x 5 contaminated, 10 clean\), the file has 24"
    ):
        assign(24, (1, 4, 12), 5, 10, seed=3)


def test_copies_come_as_often_as_they_say_and_others_fill_the_rest():
    texts = schedule([("a", 1), ("b", 4), ("clean", 0)], ["x", "y", "z"], 12, seed=1)
    assert Counter(texts) == {"a": 1, "b": 4, "x": 3, "y": 2, "z": 2}
    assert texts == schedule([("a", 1), ("b", 4), ("clean", 0)], ["x", "y", "z"], 12, seed=1)
    assert texts != schedule([("a", 1), ("b", 4), ("clean", 0)], ["x", "y", "z"], 12, seed=2)


def test_a_training_that_is_too_short_for_its_texts():
    assert len(schedule([("a", 5)], ["x", "y"], 7, seed=1)) == 7
    with pytest.raises(UsageError, match="training sees 6 texts, but 5 copies of items and 2 others"):
        schedule([("a", 5)], ["x", "y"], 6, seed=1)
