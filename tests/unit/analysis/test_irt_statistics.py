"""Fit statistics, item audit, linking and drift on simulated answers."""

import numpy as np
import pytest

from llmgen.analysis.irt.audit import audit
from llmgen.analysis.irt.drift import benjamini_hochberg, drift
from llmgen.analysis.irt.fit import fit
from llmgen.analysis.irt.grid import fitting_grid
from llmgen.analysis.irt.item_fit import (
    item_fit,
    mean_squares,
    rest_distribution,
    score_distribution,
)
from llmgen.analysis.irt.items import Items, curves, items_of
from llmgen.analysis.irt.linking import Link, link_items, link_models
from llmgen.analysis.irt.model import Options
from llmgen.analysis.irt.model_fit import model_fit
from llmgen.errors import UsageError


def drawn(items, theta, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random((theta.size, items.a.size)) < curves(items, theta)).astype(np.int8)


def some_items(n, seed=0):
    rng = np.random.default_rng(seed)
    a = np.exp(rng.normal(0.0, 0.4, n))
    return items_of(a, -a * rng.normal(size=n))


def abilities(n, seed=1):
    return np.random.default_rng(seed).normal(size=n)


def test_score_distributions_are_those_of_all_patterns():
    p = np.array([[0.2, 0.6], [0.9, 0.5], [0.4, 0.1]])
    scores = score_distribution(p)
    brute = np.zeros((4, 2))
    for pattern in np.ndindex(2, 2, 2):
        brute[sum(pattern)] += np.prod(np.where(np.array(pattern)[:, None] == 1, p, 1 - p), axis=0)
    assert scores == pytest.approx(brute)
    rest = rest_distribution(scores, p)
    for item in range(3):
        assert rest[item] == pytest.approx(score_distribution(np.delete(p, item, axis=0)))


def test_leaving_one_of_many_items_out_keeps_its_digits():
    p = curves(some_items(300), np.linspace(-6, 6, 41)).T
    rest = rest_distribution(score_distribution(p), p[:3])
    assert rest[1] == pytest.approx(score_distribution(np.delete(p, 1, axis=0)), abs=1e-12)


@pytest.mark.parametrize(("n_models", "n_items", "statistic"), [(600, 40, "S-X2"), (80, 40, "Q1")])
def test_items_of_the_model_are_rarely_called_misfits(n_models, n_items, statistic):
    p = []
    for seed in range(5):
        matrix = drawn(some_items(n_items, seed), abilities(n_models, seed + 50), seed)
        found = fit(matrix, Options(priors="none"))
        tested = item_fit(matrix[:, ~found.extreme], found.items.take(~found.extreme), found.theta, 2)
        assert tested.statistic == statistic
        p.extend(tested.p[np.isfinite(tested.p)])
    assert 0.01 < np.mean(np.array(p) < 0.05) < 0.1


@pytest.mark.parametrize("n_items", [40, 320])
def test_an_item_with_another_curve_is_a_misfit(n_items):
    theta = abilities(1500)
    matrix = drawn(some_items(n_items), theta)
    matrix[:, 0] = np.random.default_rng(3).random(theta.size) < np.where(np.abs(theta) < 0.8, 0.9, 0.2)
    found = fit(matrix, Options())
    tested = item_fit(matrix, found.items, found.theta, 2)
    assert tested.statistic == ("S-X2" if n_items == 40 else "Q1")
    assert tested.p_holm[0] < 1e-6
    assert (tested.p_holm[1:] < 0.05).mean() < 0.05


def test_mean_squares_are_near_one_and_find_a_guesser():
    theta, items = abilities(800), some_items(60)
    matrix = drawn(items, theta)
    matrix[0] = np.random.default_rng(5).integers(0, 2, 60)
    matrix[5, :10] = -1
    for axis, n in ((0, 60), (1, 800)):
        infit, outfit = mean_squares(matrix, items, theta, axis=axis)
        assert infit.shape == outfit.shape == (n,)
        assert np.mean(infit) == pytest.approx(1.0, abs=0.03)
    infit, outfit = mean_squares(matrix, items, np.where(np.arange(800) == 0, 0.0, theta), axis=1)
    assert infit[0] > np.quantile(infit, 0.9)
    matrix[7] = -1
    assert np.isnan(mean_squares(matrix, items, theta, axis=1)[0][7])


def test_m2_holds_its_level_and_finds_a_second_dimension():
    ratios = []
    for seed in range(8):
        options = Options(priors="none")
        matrix = drawn(some_items(12, seed), abilities(500, seed + 9), seed)
        found = fit(matrix, options)
        ratios.append(model_fit(matrix, found.items, fitting_grid(found.items, None), options))
    assert np.mean([result.m2 / result.df for result in ratios]) == pytest.approx(1.0, abs=0.2)
    theta, other = abilities(500), abilities(500, 2)
    items = some_items(12)
    matrix = np.where(np.arange(12) < 6, drawn(items, theta), drawn(items, other, 1)).astype(np.int8)
    found = fit(matrix, Options())
    assert model_fit(matrix, found.items, fitting_grid(found.items, None), Options()).p < 1e-6


def test_m2_is_for_short_tests():
    matrix = drawn(some_items(41), abilities(100))
    found = fit(matrix, Options())
    assert model_fit(matrix, found.items, fitting_grid(found.items, None), Options()) is None


@pytest.fixture(scope="module")
def audited():
    theta = abilities(600)
    matrix = drawn(some_items(60), theta)
    matrix[:, 0] = 1 - matrix[:, 0]
    matrix[:, 1] = np.random.default_rng(4).integers(0, 2, 600)
    matrix[:, 2] = 1
    matrix[15:, 3] = -1
    found = fit(matrix, Options())
    conflict = np.where(np.arange(60) == 4, 0.3, 0.0)
    agreement = np.where(np.arange(60) == 1, 0.9, np.nan)
    return audit(
        found, item_fit(matrix, found.items, found.theta, 2), matrix, conflict=conflict, agreement=agreement
    )


def test_flags(audited):
    assert "negative_slope" in audited.flags[0]
    assert "flat" in audited.flags[1]
    assert "extreme" in audited.flags[2]
    assert "unused" in audited.flags[3]
    assert "extraction_conflict" in audited.flags[4]
    assert sum(bool(flags) for flags in audited.flags[5:]) <= 4
    assert audited.n[3] == 15
    assert audited.p_value[2] == 1.0


def test_the_suspects_are_the_reversed_and_those_with_one_wrong_answer(audited):
    assert set(audited.worst(2)) == {0, 1}


def test_links_bring_scales_together():
    items, theta = some_items(30), abilities(50)
    link = Link(scale=1.4, shift=-0.6, kept=np.ones(30, bool))
    assert curves(link.items(items), link.abilities(theta)) == pytest.approx(curves(items, theta))


def test_stocking_lord_finds_the_link_in_spite_of_changed_items():
    new = some_items(60)
    truth = Link(scale=1.3, shift=0.5, kept=np.ones(60, bool))
    reference = truth.items(new)
    found = link_items(reference, new)
    assert (found.scale, found.shift) == pytest.approx((1.3, 0.5), abs=1e-6)
    d = reference.d.copy()
    d[:4] -= 3.0
    moved = Items(a=reference.a, d=d, c=reference.c, u=reference.u)
    found = link_items(moved, new)
    assert (found.scale, found.shift) == pytest.approx((1.3, 0.5), abs=1e-6)
    assert not found.kept[:4].any()
    assert found.kept[4:].mean() > 0.85


def test_calibrations_of_two_pools_are_linked():
    items = some_items(80)
    able, weak = abilities(600) * 0.8 + 1.0, abilities(600, 7)
    reference, new = (
        fit(drawn(items, theta, seed), Options(priors="none")) for seed, theta in ((0, weak), (1, able))
    )
    link = link_items(reference.items, new.items)
    assert link.scale == pytest.approx(0.8 / weak.std() * able.std() / 0.8, abs=0.08)
    on_reference = link.abilities(new.theta) * weak.std() + weak.mean()
    assert np.mean(on_reference - able) == pytest.approx(0.0, abs=0.1)


def test_common_models_link_too():
    theta = abilities(40)
    link = link_models(1.2 * theta + 0.3, theta)
    assert (link.scale, link.shift) == pytest.approx((1.2, 0.3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: link_models(np.arange(9.0), np.arange(9.0)), "9 common models"),
        (lambda: link_models(np.arange(12.0), np.ones(12)), "all have one ability"),
        (lambda: link_items(some_items(8), some_items(8)), "8 common items"),
    ],
)
def test_too_little_in_common_is_refused(call, message):
    with pytest.raises(UsageError, match=message):
        call()


def test_drift_finds_what_changed_and_little_else():
    items, old, new = some_items(100), abilities(400), abilities(400, 3)
    d = items.d.copy()
    d[:5] += 1.5
    changed = Items(a=items.a, d=d, c=items.c, u=items.u)
    found = drift(drawn(items, old), drawn(changed, new, 1), old, new)
    assert found.drifted[:5].all()
    assert found.drifted[5:].mean() <= 0.03
    assert (found.area[:5] > 0.1).all()
    assert not found.benchmark
    d[5:15] -= 1.5
    assert drift(drawn(items, old), drawn(changed, new, 1), old, new).benchmark


def test_nothing_changed_is_no_drift():
    items, old, new = some_items(200), abilities(300), abilities(300, 3)
    found = drift(drawn(items, old), drawn(items, new, 1), old, new)
    assert not found.benchmark
    assert (found.p < 0.05).mean() == pytest.approx(0.05, abs=0.04)


def test_items_that_one_side_never_saw_have_no_drift():
    items, old, new = some_items(20), abilities(100), abilities(100, 3)
    x, y = drawn(items, old), drawn(items, new, 1)
    y[:, 0] = -1
    x[:, 1] = 1
    found = drift(x, y, old, new)
    assert np.isnan([found.p[0], found.area[0], found.p_adjusted[0]]).all()
    assert np.isfinite(found.p[1:]).all()


def test_benjamini_hochberg():
    assert benjamini_hochberg(np.array([0.01, np.nan, 0.04, 0.03, 0.5])) == pytest.approx(
        [0.04, np.nan, 0.16 / 3, 0.16 / 3, 0.5], nan_ok=True
    )
