"""Edit distances are those of the textbook, and so is who is near."""

from hypothesis import given
from hypothesis import strategies as st

from llmgen.contamination.distance import distances, near

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
def test_near_are_those_within_the_cutoff(centre, others, cutoff):
    assert near(centre, others, cutoff) == [
        at for at, other in enumerate(others) if textbook(centre, other) <= cutoff
    ]


def test_a_known_pair_that_other_implementations_get_wrong():
    assert distances(list(b"a"), [list(b"cabcabcacab")]) == [10]


def test_nothing_to_compare():
    assert distances([1], []) == []
    assert distances([], [[]]) == [0]
    assert near([1], [], 3) == []
    assert near([], [[], [1]], 0) == [0]
