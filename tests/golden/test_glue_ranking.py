"""Rank aggregation on the GLUE leaderboard's first rows: exact scores, orders and costs."""

import itertools
import json

import numpy as np
import pytest

from llmgen.analysis.ranking.kemeny import cost, exact
from llmgen.analysis.ranking.rank import rank
from llmgen.analysis.ranking.ranks import preferences

# CoLA, SST-2, MRPC a/b, STS-B a/b, QQP a/b, MNLI m/mm, QNLI, RTE, WNLI, AX
GLUE = np.array(
    [
        [72.6, 97.6, 93.8, 91.7, 93.7, 93.3, 76.4, 91.1, 92.6, 92.4, 97.9, 94.1, 95.9, 57.0],
        [75.5, 97.8, 93.9, 91.8, 93.0, 92.6, 75.2, 90.9, 92.3, 91.7, 97.3, 92.6, 95.9, 51.7],
        [75.3, 97.7, 93.9, 91.9, 93.5, 93.1, 75.6, 90.8, 91.7, 91.5, 97.4, 92.5, 95.2, 49.1],
        [74.2, 97.5, 93.3, 91.0, 93.2, 92.9, 76.4, 90.9, 92.1, 91.7, 96.7, 93.1, 96.6, 35.2],
        [71.5, 97.5, 94.0, 92.0, 92.9, 92.6, 76.2, 90.8, 91.9, 91.6, 99.2, 93.2, 94.5, 53.2],
        [74.8, 97.0, 94.5, 92.6, 92.8, 92.6, 74.7, 90.6, 91.3, 91.1, 97.8, 92.0, 94.5, 52.6],
        [73.5, 97.2, 94.0, 92.0, 93.0, 92.4, 76.1, 91.0, 91.6, 91.3, 97.5, 91.7, 94.5, 51.2],
        [71.6, 97.5, 92.8, 90.4, 93.1, 92.8, 75.1, 90.6, 92.2, 91.9, 96.9, 92.8, 94.5, 53.1],
        [69.5, 97.5, 93.7, 91.6, 92.9, 92.5, 73.9, 90.2, 91.0, 90.8, 99.2, 89.7, 94.5, 50.2],
        [71.7, 97.3, 93.3, 91.0, 92.4, 91.9, 75.2, 90.7, 91.5, 91.3, 96.2, 90.3, 94.5, 47.9],
        [70.5, 97.5, 93.4, 91.2, 92.6, 92.3, 75.4, 90.7, 91.4, 91.1, 95.8, 90.0, 94.5, 51.6],
        [71.7, 97.1, 93.1, 90.7, 92.9, 92.5, 75.6, 90.8, 91.3, 90.8, 95.8, 89.8, 91.8, 50.7],
    ]
).T
TOP8 = GLUE[:, :8]


def ranked(table, method):
    return rank(table, higher_is_better=True, method=method, replicates=200)


def preferred(table):
    return preferences(table, np.ones((1, table.shape[0])))[0]


def test_borda_of_the_first_eight():
    ranking = ranked(TOP8, "borda")
    assert ranking.points.tolist() == [78, 55.5, 51, 50.5, 51, 33, 37, 36]
    assert ranking.order.tolist() == [0, 1, 2, 4, 3, 6, 7, 5]
    assert ranking.rank.tolist() == [1, 2, 3.5, 5, 3.5, 8, 6, 7]
    assert ranking.cost == 139
    assert np.argsort(-ranking.mean, kind="stable").tolist() == [0, 1, 4, 2, 5, 6, 7, 3]


def test_kemeny_of_the_first_eight():
    ranking = ranked(TOP8, "kemeny")
    assert ranking.order.tolist() == [0, 1, 3, 4, 2, 7, 5, 6]
    assert (ranking.cost, ranking.n_optimal, ranking.approximate) == (133, 1, False)
    assert ranking.low[0] == 1
    assert ranking.p_best.sum() == pytest.approx(1)


def test_no_other_order_of_the_first_eight_is_as_good():
    table = preferred(TOP8)
    orders = np.array(list(itertools.permutations(range(8))))
    costs = np.zeros(len(orders))
    for first, later in itertools.combinations(range(8), 2):
        costs += table[orders[:, later], orders[:, first]]
    assert len(orders) == 40_320
    assert np.count_nonzero(costs == costs.min()) == 1
    assert (costs.min(), orders[costs.argmin()].tolist()) == (133, [0, 1, 3, 4, 2, 7, 5, 6])


def test_all_twelve():
    ranking = ranked(GLUE, "kemeny")
    assert ranking.order.tolist() == [0, 1, 3, 4, 2, 7, 5, 6, 10, 8, 9, 11]
    assert ranking.cost == 244
    assert ranked(GLUE, "borda").cost == 250


def test_lower_is_better_turns_the_table_round():
    ranking = rank(-TOP8, higher_is_better=False, method="kemeny", replicates=10)
    assert ranking.order.tolist() == [0, 1, 3, 4, 2, 7, 5, 6]


def test_the_stored_reference_says_the_same(shared_data):
    stored = json.loads((shared_data / "irt" / "reference.json").read_text())
    top8, top12 = stored["glue_top8_14columns"], stored["glue_top12"]
    borda = ranked(TOP8, "borda")
    assert borda.points.tolist() == top8["borda_scores_midrank"]
    assert borda.order.tolist() == top8["borda"]
    for table, reference in ((TOP8, top8), (GLUE, top12)):
        (order,), (least,) = exact(preferred(table)[None])
        assert order.tolist() == reference["kemeny"]
        assert least == cost(preferred(table), order) == reference["kemeny_cost"]
