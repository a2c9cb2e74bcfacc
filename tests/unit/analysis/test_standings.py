"""Ranks and Kendall's tau."""

import pytest

from llmgen.analysis.standings import kendall_tau, ranks


def test_ranks():
    assert ranks([0.2, 0.9, None, 0.9, 0.5]) == [4, 1, None, 1, 3]
    assert ranks([]) == []


@pytest.mark.parametrize(
    ("a", "b", "tau"),
    [
        ([1, 2, 3], [10, 20, 30], 1.0),
        ([1, 2, 3], [3, 2, 1], -1.0),
        ([1, 2, 3, 4], [1, 3, 2, 4], 4 / 6),
        ([1, 2, None, 3], [1, 3, 9, 2], 1 / 3),
        # SciPy's documented example of tau-b with ties
        ([12, 2, 1, 12, 2], [1, 4, 7, 1, 0], -0.47140452079103173),
        ([1, 1], [1, 2], None),
        ([1], [1], None),
        ([], [], None),
    ],
)
def test_kendall_tau(a, b, tau):
    assert kendall_tau(a, b) == (None if tau is None else pytest.approx(tau))
