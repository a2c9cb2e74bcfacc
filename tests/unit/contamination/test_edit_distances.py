"""Edit distances are those of the textbook, with and without a cut-off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmgen.contamination.distance import distances

TOKENS = st.lists(st.integers(0, 4), max_size=12)


def textbook(a, b):
    """Levenshtein's distance by two rows of the table."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (x != y)))
    return row[-1]


@given(TOKENS, st.lists(TOKENS, max_size=5))
def test_distances_are_the_textbooks(centre, others):
    assert distances(centre, others) == [textbook(centre, other) for other in others]


@given(TOKENS, st.lists(TOKENS, max_size=5), st.integers(0, 13))
def test_above_the_cutoff_all_are_one_more_than_it(centre, others, cutoff):
    full = [textbook(centre, other) for other in others]
    assert distances(centre, others, cutoff) == [min(d, cutoff + 1) for d in full]


def test_a_known_pair_that_other_implementations_get_wrong():
    assert distances(list(b"a"), [list(b"cabcabcacab")]) == [10]


@pytest.mark.parametrize("cutoff", [None, 0, 3])
def test_nothing_to_compare(cutoff):
    assert distances([1], [], cutoff) == []
    assert distances([], [[]], cutoff) == [0]
