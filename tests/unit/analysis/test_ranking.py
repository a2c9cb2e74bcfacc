"""Ranks, Borda, Kemeny and its search, missing cells, bootstrap intervals, tables that rank nothing."""

import itertools

import numpy as np
import pytest

from llmgen.analysis.ranking.kemeny import cost, count_optima, exact
from llmgen.analysis.ranking.rank import rank
from llmgen.analysis.ranking.ranks import mid_ranks, preferences
from llmgen.analysis.ranking.search import improved
from llmgen.errors import UsageError

NAN = np.nan


def ranked(scores, method="borda", **options):
    return rank(scores, **{"higher_is_better": True, "method": method, "replicates": 200, **options})


def noisy(n_tasks, n_systems, spread, seed=0):
    """Systems in order of merit, each task with noise of its own."""
    rng = np.random.default_rng(seed)
    return -np.arange(n_systems) + rng.normal(0, spread, (n_tasks, n_systems))


def brute_force(table):
    orders = [np.array(order) for order in itertools.permutations(range(table.shape[0]))]
    costs = [cost(table, order) for order in orders]
    return min(costs), sum(value == min(costs) for value in costs)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([3, 2, 1], [1, 2, 3]),
        ([1, 1, 0, 1, 0], [2, 2, 4.5, 2, 4.5]),
        ([1, NAN, 2], [2, NAN, 1]),
        ([5, 5], [1.5, 1.5]),
        ([NAN, 7], [NAN, 1]),
    ],
)
def test_mid_ranks(row, expected):
    np.testing.assert_array_equal(mid_ranks(np.array([row], float))[0], expected)


def test_mid_ranks_are_one_and_those_above_and_half_of_those_level():
    scores = np.random.default_rng(0).integers(4, size=(200, 9)).astype(float)
    scores[np.random.default_rng(1).random(scores.shape) < 0.2] = NAN
    above = (scores[:, :, None] < scores[:, None, :]).sum(axis=2)
    level = (scores[:, :, None] == scores[:, None, :]).sum(axis=2)
    expected = np.where(np.isnan(scores), NAN, 1 + above + (level - 1) / 2)
    np.testing.assert_array_equal(mid_ranks(scores), expected)


def test_ties_do_not_depend_on_the_order_of_rows_or_columns():
    rng = np.random.default_rng(0)
    scores = rng.integers(2, size=(40, 6)).astype(float)
    scores[:, 5] = scores[:, 0]
    ranking = ranked(scores)
    assert ranking.rank[5] == ranking.rank[0]
    turned = ranked(scores[::-1, ::-1])
    assert turned.rank[::-1].tolist() == ranking.rank.tolist()
    assert turned.points[::-1].tolist() == ranking.points.tolist()


def test_every_row_has_its_own_direction():
    ranking = ranked([[0.9, 0.5, 0.1], [10, 20, 30], [0.8, 0.7, 0.6]], higher_is_better=[True, False, True])
    assert ranking.points.tolist() == [6, 3, 0]


def test_preferences_count_ties_half_and_missing_cells_for_neither():
    table = preferences(np.array([[1, 1, 0], [2, NAN, 1], [0, 1, NAN]]), np.array([[1, 1, 2]]))[0]
    assert table.tolist() == [[0, 0.5, 2], [2.5, 0, 1], [0, 0, 0]]


@pytest.mark.parametrize("seed", range(6))
def test_kemeny_is_the_best_of_all_orders(seed):
    rng = np.random.default_rng(seed)
    table = preferences(rng.integers(3, size=(5, 6)).astype(float), np.ones((1, 5)))[0]
    least, optima = brute_force(table)
    (order,), (found,) = exact(table[None])
    assert found == cost(table, order) == least
    assert count_optima(table) == optima


def test_several_optima_are_counted():
    assert ranked([[1, 1, 1, 1]] * 3, "kemeny").n_optimal == 24
    assert ranked([[3, 2, 1], [1, 2, 3]], "kemeny").n_optimal == 6
    assert ranked([[3, 2, 1], [3, 2, 1]], "kemeny").n_optimal == 1


def test_fourteen_systems_are_exact_and_fifteen_are_approximate():
    exact_one, searched = ranked(noisy(9, 14, 3), "kemeny", replicates=20), ranked(noisy(9, 15, 3), "kemeny")
    assert (exact_one.approximate, searched.approximate) == (False, True)
    assert exact_one.n_optimal >= 1
    assert searched.n_optimal is None
    assert searched.cost <= ranked(noisy(9, 15, 3)).cost


@pytest.mark.parametrize("seed", range(5))
def test_the_search_comes_close_to_the_exact_order_and_never_makes_it_worse(seed):
    table = preferences(noisy(8, 12, 6, seed), np.ones((1, 8)))[0]
    start = np.random.default_rng(seed).permutation(12)
    found = cost(table, improved(table[None], start)[0])
    least = exact(table[None])[1][0]
    assert least <= found <= least + 3
    assert found < cost(table, start)


def test_no_insertion_and_no_swap_improves_what_the_search_found():
    tables = np.stack([preferences(noisy(9, 10, 8, seed), np.ones((1, 9)))[0] for seed in range(20)])
    for table, order in zip(tables, improved(tables, np.arange(10)), strict=True):
        found = cost(table, order)
        for one, other in itertools.permutations(range(10), 2):
            swapped = order.copy()
            swapped[[one, other]] = swapped[[other, one]]
            moved = np.insert(np.delete(order, one), other, order[one])
            assert min(cost(table, swapped), cost(table, moved)) >= found


def test_missing_cells_do_not_punish_and_are_counted():
    complete = noisy(12, 5, 0.1)
    holes = complete.copy()
    holes[:6, 0] = holes[4:10, 3] = NAN
    ranking = ranked(holes)
    assert ranking.order.tolist() == [0, 1, 2, 3, 4]
    assert ranking.share[0] == 1.0
    assert ranking.n_missing == 12
    assert ranked(holes, "kemeny").order.tolist() == [0, 1, 2, 3, 4]
    labels = np.arange(12) % 4
    assert ranked(holes, "borda2", tasks=labels).order.tolist() == [0, 1, 2, 3, 4]


def test_two_levels_weigh_tasks_alike_however_many_instances_they_have():
    large, small = np.tile([1.0, 0.0], (90, 1)), np.tile([0.0, 1.0], (5, 1))
    scores = np.concatenate((large, small, small))
    tasks = ["large"] * 90 + ["b"] * 5 + ["c"] * 5
    assert ranked(scores).order.tolist() == [0, 1]
    two = ranked(scores, "borda2", tasks=tasks)
    assert two.order.tolist() == [1, 0]
    assert two.points.tolist() == [1, 2]
    assert (two.n_tasks, two.n_rankings, two.cost) == (3, 100, None)


@pytest.mark.parametrize("method", ["borda", "kemeny"])
def test_clear_systems_are_separate_and_close_ones_are_a_group(method):
    rng = np.random.default_rng(3)
    scores = np.array([9.0, 5.0, 5.0, 1.0]) + rng.normal(0, 0.3, (40, 4))
    ranking = ranked(scores, method, replicates=500)
    assert ranking.order[[0, 3]].tolist() == [0, 3]
    assert ranking.low[[0, 3]].tolist() == ranking.high[[0, 3]].tolist() == [1, 4]
    assert ranking.p_best.tolist() == [1, 0, 0, 0]
    assert [set(group) for group in ranking.groups] == [{1, 2}]


def test_rank_intervals_cover_the_true_ranks():
    rng = np.random.default_rng(8)
    merit = np.linspace(0, 1.5, 6)
    covered = []
    for seed in range(60):
        ranking = ranked(merit + rng.normal(0, 1, (30, 6)), seed=seed, replicates=300)
        true = np.arange(6, 0, -1)
        covered.append((ranking.low <= true) & (true <= ranking.high))
    assert np.mean(covered) >= 0.92


def test_the_two_level_bootstrap_draws_tasks_and_instances():
    rng = np.random.default_rng(0)
    tasks = np.repeat(np.arange(6), 50)
    scores = (rng.random((300, 3)) < np.array([0.8, 0.55, 0.5])).astype(float)
    ranking = ranked(scores, "borda2", tasks=tasks, replicates=400)
    assert ranking.order[0] == 0
    assert ranking.p_best[0] > 0.95
    assert ranking.high[1] > ranking.low[1]
    assert ranked(scores, "borda2", tasks=tasks, replicates=400).p_best.tolist() == ranking.p_best.tolist()


@pytest.mark.parametrize(
    ("scores", "options", "message"),
    [
        ([[1], [2]], {}, "shape"),
        ([1, 2], {}, "shape"),
        ([[1, 2]], {}, "share 1 rankings"),
        ([[1, 2, NAN], [1, NAN, 2], [NAN, 1, 2]], {}, "share 1 rankings"),
        ([[1, np.inf], [1, 2]], {}, "infinite"),
        ([[1, 2], [2, 1]], {"method": "borda2"}, "task"),
        ([[1, 2], [2, 1]], {"method": "borda2", "tasks": ["a", "a"]}, "share 1 tasks"),
        ([[1, 2], [2, 1]], {"tasks": ["a"]}, "labels"),
    ],
)
def test_tables_that_rank_nothing_are_refused(scores, options, message):
    with pytest.raises(UsageError, match=message):
        ranked(scores, **options)


def test_messages_name_the_systems():
    with pytest.raises(UsageError, match="ours and theirs share 1 rankings"):
        ranked([[1, 2]], names=["ours", "theirs"])


def test_the_direction_has_to_be_named():
    with pytest.raises(TypeError):
        rank([[1, 2], [2, 1]], method="borda")
