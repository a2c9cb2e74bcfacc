"""Glicko-2: the note's worked example, all players at once against one at a time, periods, bad input."""

import json
import math

import numpy as np
import pytest

from llmgen.analysis.glicko import Ratings, rate, start, update
from llmgen.errors import UsageError

SCALE = 173.7178


def players(*rows):
    rating, rd, volatility = (np.array(column, float) for column in zip(*rows, strict=True))
    return Ratings(rating=rating, rd=rd, volatility=volatility, games=np.zeros(len(rows), dtype=np.intp))


def example(tau):
    field = players((1500, 200, 0.06), (1400, 30, 0.06), (1550, 100, 0.06), (1700, 300, 0.06))
    after = update(field, [0, 0, 0], [1, 2, 3], [1, 0, 0], tau=tau)
    return after.rating[0], after.rd[0], after.volatility[0]


def one_player(rating, rd, sigma, games, tau=0.5):
    """The note, step by step, for one player: games are (rating, rd, score)."""
    mu, phi = (rating - 1500) / SCALE, rd / SCALE
    if not games:
        return rating, min(math.hypot(phi, sigma), 350 / SCALE) * SCALE, sigma
    information = surplus = 0.0
    for other, other_rd, score in games:
        g = 1 / math.sqrt(1 + 3 * (other_rd / SCALE) ** 2 / math.pi**2)
        expected = 1 / (1 + math.exp(-g * (mu - (other - 1500) / SCALE)))
        information += g * g * expected * (1 - expected)
        surplus += g * (score - expected)
    v, delta = 1 / information, surplus / information

    def f(x):
        e = math.exp(x)
        return (
            e * (delta**2 - phi**2 - v - e) / (2 * (phi**2 + v + e) ** 2) - (x - math.log(sigma**2)) / tau**2
        )

    a = math.log(sigma**2)
    if delta**2 > phi**2 + v:
        b = math.log(delta**2 - phi**2 - v)
    else:
        k = 1
        while f(a - k * tau) < 0:
            k += 1
        b = a - k * tau
    fa, fb = f(a), f(b)
    while abs(b - a) > 1e-6:
        c = a + (a - b) * fa / (fb - fa)
        fc = f(c)
        if fc * fb <= 0:
            a, fa = b, fb
        else:
            fa /= 2
        b, fb = c, fc
    sigma = math.exp(a / 2)
    phi = 1 / math.sqrt(1 / (phi**2 + sigma**2) + 1 / v)
    return (mu + phi**2 * surplus) * SCALE + 1500, phi * SCALE, sigma


@pytest.mark.parametrize(
    ("tau", "rating", "rd", "volatility"),
    [
        (0.5, 1464.050671, 151.516524, 0.059995984),
        (0.3, 1464.050666, 151.516534, 0.059998554),
        (1.2, 1464.050706, 151.516449, 0.059976881),
    ],
)
def test_the_worked_example(tau, rating, rd, volatility):
    got = example(tau)
    assert got[:2] == pytest.approx((rating, rd), abs=1e-5)
    assert got[2] == pytest.approx(volatility, abs=1e-8)


def test_the_worked_example_as_stored_and_as_the_note_prints_it(shared_data):
    stored = json.loads((shared_data / "irt" / "reference.json").read_text())["glicko2"]
    rating, rd, volatility = example(0.5)
    assert (rating, rd) == pytest.approx((stored["r"], stored["RD"]), abs=1e-5)
    assert volatility == pytest.approx(stored["sigma"], abs=1e-8)
    printed = stored["document_rounded"]
    assert (rating, rd) == pytest.approx((printed["r"], printed["RD"]), abs=0.02)


def test_idle_players_grow_unsure_up_to_the_cap():
    field = players((1500, 200, 0.06), (1600, 349.9, 0.5))
    after = update(field, [], [], [])
    assert after.rd == pytest.approx([200.271417, 350.0], abs=1e-6)
    assert after.rating.tolist() == [1500, 1600]
    assert after.volatility.tolist() == [0.06, 0.5]
    assert after.games.tolist() == [0, 0]


def test_equal_to_one_player_at_a_time_to_1e_12():
    rng = np.random.default_rng(5)
    n, games = 60, 900
    field = players(
        *zip(rng.normal(1500, 300, n), rng.uniform(30, 350, n), rng.uniform(0.03, 0.3, n), strict=True)
    )
    one, other = rng.integers(n - 5, size=games), rng.integers(n, size=games)  # the last five are idle
    one[:40] = 0
    score = rng.choice([0, 0.5, 1], size=games)
    score[:40] = 1.0  # a streak that raises the volatility: delta² > phi² + v
    after = update(field, one, other, score)
    for at in range(n):
        mine = [(field.rating[j], field.rd[j], score[k]) for k, j in enumerate(other) if one[k] == at]
        expected = one_player(field.rating[at], field.rd[at], field.volatility[at], mine)
        assert (after.rating[at], after.rd[at], after.volatility[at]) == pytest.approx(expected, rel=1e-12)
        assert after.games[at] == len(mine)
    assert after.volatility[0] > field.volatility[0]


def test_a_period_uses_the_values_from_its_start_for_both_sides():
    history = rate([0, 0, 1], [0, 1, 1], [1, 0, 0.5], [3, 3, 3], n_solvers=2, n_problems=2)
    solver = one_player(1500, 350, 0.06, [(1500, 350, 1), (1500, 350, 0)])
    problem = one_player(1500, 350, 0.06, [(1500, 350, 1), (1500, 350, 0.5)])  # beat solver 0, drew with 1
    assert history.final.rating[0] == pytest.approx(solver[0], rel=1e-12)
    assert history.final.rating[3] == pytest.approx(problem[0], rel=1e-12)
    assert history.final.games.tolist() == [2, 1, 1, 2]


def test_periods_follow_each_other_whatever_the_order_of_rows():
    rng = np.random.default_rng(1)
    columns = [rng.integers(8, size=300), rng.integers(20, size=300), rng.integers(2, size=300)]
    when = rng.integers(5, size=300)
    history = rate(*columns, when, n_solvers=8, n_problems=21)
    shuffled = rng.permutation(300)
    again = rate(*(c[shuffled] for c in columns), when[shuffled], n_solvers=8, n_problems=21)
    assert again.final.rating == pytest.approx(history.final.rating, rel=1e-12)
    assert [period.label for period in history.periods] == [0, 1, 2, 3, 4]
    assert history.final.games[28] == 0
    assert history.final.rd[28] == pytest.approx(350)  # nobody asked it
    last = history.periods[-1]
    assert last.ratings.rating.tolist() == history.final.rating[last.players].tolist()
    assert 28 not in last.players


def test_ratings_find_the_difficulties_of_a_simulation():
    rng = np.random.default_rng(2)
    theta, b = rng.normal(size=200), rng.normal(size=1000)
    solver, problem = np.repeat(np.arange(200), 1000), np.tile(np.arange(1000), 200)
    right = rng.random(solver.size) < 1 / (1 + np.exp(b[problem] - theta[solver]))
    period = rng.integers(10, size=solver.size)
    final = rate(solver, problem, right, period, n_solvers=200, n_problems=1000).final
    assert np.corrcoef(final.rating[200:], b)[0, 1] > 0.97
    assert np.corrcoef(final.rating[:200], theta)[0, 1] > 0.97


def test_extreme_opponents_keep_every_number_finite():
    field = players((1500, 350, 0.06), (9000, 30, 0.06), (-9000, 30, 0.06))
    after = update(field, [0, 0, 1, 2], [1, 2, 0, 0], [1, 0, 0, 1])
    assert all(np.isfinite(column).all() for column in (after.rating, after.rd, after.volatility))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([0], [0], [0.3], [0]), "score"),
        (([0], [0], [math.nan], [0]), "score"),
        (([2], [0], [1], [0]), "solver"),
        (([0], [-1], [1], [0]), "problem"),
        (([0, 1], [0], [1], [0]), "length"),
        (([], [], [], []), "no games"),
    ],
)
def test_bad_games_are_refused(columns, message):
    with pytest.raises(UsageError, match=message):
        rate(*columns, n_solvers=2, n_problems=2)


def test_tau_has_to_be_positive():
    with pytest.raises(UsageError, match="tau"):
        update(start(2), [0], [1], [1], tau=0)
