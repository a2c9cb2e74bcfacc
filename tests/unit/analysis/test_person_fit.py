"""Person fit: statistics of simulated models, the empirical null, injected answers, too little to tell."""

import math

import numpy as np
import pytest

from llmgen.analysis.irt.fit import fit
from llmgen.analysis.irt.items import items_of
from llmgen.analysis.irt.model import Options
from llmgen.analysis.person_fit.injection import SHARES, injected
from llmgen.analysis.person_fit.population import Population, alarm_level, family_codes, matched_z
from llmgen.analysis.person_fit.statistic import fits
from llmgen.analysis.person_fit.verdicts import contamination, is_flagged, person_fit
from llmgen.errors import UsageError


def make_items(n, seed=0, c=0.0):
    rng = np.random.default_rng(seed)
    a = np.exp(rng.normal(0, 0.5, n))
    return items_of(a, -a * rng.normal(0, 1, n), c)


def answers(items, theta, seed=0, wobble=0.0):
    """Answers of honest models; `wobble` makes each a specialist: its own shift of every item's intercept."""
    rng = np.random.default_rng(seed)
    z = np.outer(theta, items.a) + items.d + rng.normal(0, wobble, (theta.size, items.a.size))
    p = items.c + (1 - items.c) / (1 + np.exp(-z))
    return (rng.random(p.shape) < p).astype(np.int8)


def abilities(n, seed=0):
    return np.random.default_rng([seed, n]).normal(size=n)


def by_hand(row, items):
    """theta by bisection of the posterior's slope, lz and lz* term by term, of one logistic model."""

    def slope(theta):
        return sum(
            a * (x - 1 / (1 + math.exp(-a * theta - d)))
            for x, a, d in zip(row, items.a, items.d, strict=True)
            if x >= 0
        )

    low, high = -8.0, 8.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) - middle > 0 else (low, middle)
    total = variance = above = below = 0.0
    terms = []
    for x, a, d in zip(row, items.a, items.d, strict=True):
        if x >= 0:
            p = 1 / (1 + math.exp(-a * low - d))
            w = math.log(p / (1 - p))
            total += (x - p) * w
            variance += p * (1 - p) * w * w
            above += p * (1 - p) * a * w
            below += p * (1 - p) * a * a
            terms.append((p * (1 - p), w, a))
    c = above / below
    corrected = sum(pq * (w - c * a) ** 2 for pq, w, a in terms)
    return low, total / math.sqrt(variance), (total - c * low) / math.sqrt(corrected)


def test_one_model_by_hand():
    items = make_items(40)
    matrix = answers(items, abilities(6))
    matrix[1, ::3] = -1
    found = fits(matrix, items)
    for row in range(6):
        theta, lz, lz_star = by_hand(matrix[row].tolist(), items)
        assert found.theta[row] == pytest.approx(theta, abs=1e-8)
        assert (found.lz[row], found.lz_star[row]) == pytest.approx((lz, lz_star), abs=1e-7)
    assert found.n_items.tolist() == [40, 26, 40, 40, 40, 40]


@pytest.mark.parametrize(("n_items", "guessing"), [(200, 0.0), (20, 0.0), (200, 0.2)])
def test_lz_star_of_simulated_models_is_standard_normal_and_lz_is_not(n_items, guessing):
    items = make_items(n_items, c=guessing)
    found = fits(answers(items, abilities(6000)), items)
    assert np.nanmean(found.lz_star) == pytest.approx(0, abs=0.12)
    assert np.nanstd(found.lz_star) == pytest.approx(1, abs=0.07)
    assert np.nanmean(found.lz_star < -1.645) == pytest.approx(0.05, abs=0.012)
    assert np.nanstd(found.lz) < 0.95
    assert np.nanmean(found.lz < -1.645) < np.nanmean(found.lz_star < -1.645)


def test_false_alarms_of_new_honest_models_are_five_percent_on_the_empirical_null():
    items = make_items(80)
    stored = fits(answers(items, abilities(2000), seed=1, wobble=0.8), items)
    new = fits(answers(items, abilities(3000), seed=2, wobble=0.8), items)
    assert np.mean(new.lz_star < -1.645) > 0.1  # specialists: the normal null would cry wolf
    population = Population(value=stored.lz_star, theta=stored.theta, family=np.arange(2000))
    level = alarm_level(matched_z(stored.lz_star, stored.theta, population.family, population))
    z = matched_z(new.lz_star, new.theta, np.arange(2000, 5000), population)
    assert np.mean(z < level) == pytest.approx(0.05, abs=0.015)


def test_injected_answers_are_noticed_the_more_the_more_there_are():
    items = make_items(250)
    result = person_fit(answers(items, abilities(400), wobble=0.5), items)
    table = result.sensitivity
    assert [row.share for row in table] == list(SHARES)
    assert [row.tpr for row in table] == sorted(row.tpr for row in table)
    assert table[-1].tpr > 0.8
    assert table[-1].auc_z > 0.95
    assert table[-1].auc_lz_star > 0.95
    assert table[0].fpr == pytest.approx(0.05, abs=0.015)
    assert {row.n for row in table} == {240}


def test_injection_turns_the_share_of_the_wrong_answers_and_nothing_else():
    rng = np.random.default_rng(0)
    matrix = rng.integers(-1, 2, size=(30, 200)).astype(np.int8)
    turned = injected(matrix, 0.25, rng)
    changed = turned != matrix
    assert (matrix[changed] == 0).all()
    assert (turned[changed] == 1).all()
    assert changed.sum(axis=1).tolist() == np.rint(0.25 * (matrix == 0).sum(axis=1)).tolist()


def test_a_model_that_memorised_hard_items_is_flagged_and_its_items_are_named():
    items = make_items(200)
    matrix = answers(items, abilities(300), wobble=0.3)
    weak = int(np.argsort(matrix.sum(axis=1))[60])
    hard = np.argsort(-items.b)[:40]
    matrix[weak, hard] = 1
    result = person_fit(matrix, items)
    assert is_flagged(result, weak) is True
    assert result.z[weak] == np.nanmin(result.z)
    reading = contamination(result, weak, [f"q{at}" for at in range(200)])
    assert (reading.detector, reading.flagged, reading.n_used) == ("person_fit", True, 200)
    assert reading.score == -result.z[weak]
    assert reading.details["verdict"] == "flagged"
    assert reading.details["reason"] == "response pattern unusual for its ability"
    assert reading.details["n_population"] == 300
    assert len(reading.details["items"]) == 20
    assert len(set(reading.details["items"]) & {f"q{at}" for at in hard}) >= 15
    flags = [is_flagged(result, row) for row in range(300)]
    assert sum(flag is True for flag in flags) == 15  # 5 % of the population, by construction


def test_a_whole_pipeline_with_fitted_items():
    items = make_items(100)
    matrix = answers(items, abilities(150))
    matrix[:, 7] = 1  # an item without parameters when there are no priors
    result = person_fit(matrix, fit(matrix, Options(priors="none")).items)
    assert result.fits.n_items.tolist() == [99] * 150
    assert np.isfinite(result.z).all()
    assert all(7 not in at for at in result.drivers)


def test_families_are_not_compared_with_themselves():
    codes = family_codes(["a", "", "a", ""])
    assert codes[0] == codes[2]
    assert len(set(codes.tolist())) == 3
    items = make_items(60)
    matrix = answers(items, abilities(80), wobble=0.4)
    alone = person_fit(matrix, items)
    related = person_fit(matrix, items, families=["x"] * 40 + [""] * 40)
    assert not np.allclose(alone.z[:40], related.z[:40])
    all_one = person_fit(matrix, items, families=["x"] * 80)
    assert np.isnan(all_one.z).all()
    assert set(all_one.reasons) == {"too few models outside its family, or all alike"}


def test_the_null_is_the_nearest_tenth_in_ability():
    theta = np.linspace(-2, 2, 201)
    value = np.where(theta > 0, 5.0, -5.0) + np.tile([-1.0, 0.0, 1.0], 67)
    population = Population(value=value, theta=theta, family=np.arange(201))
    z = matched_z(
        np.array([-8.0, 8.0, np.nan]), np.array([-2.0, 2.0, 0.0]), np.array([900, 901, 902]), population
    )
    assert z[:2] == pytest.approx([-3 / 1.4826, 3 / 1.4826])
    assert np.isnan(z[2])


@pytest.mark.parametrize(
    ("matrix", "reason"),
    [
        (np.tile([1, 0], (40, 5)), "10 items, 20 are needed"),
        (np.tile([1, 0], (20, 15)), "20 models to compare with, 30 are needed"),
        (np.tile([1, 0], (40, 15)), "too few models outside its family, or all alike"),
        (np.ones((40, 30)), "all right or all wrong"),
        (np.full((40, 30), -1), "0 items, 20 are needed"),
    ],
)
def test_too_little_to_tell(matrix, reason):
    result = person_fit(matrix, make_items(matrix.shape[1]))
    assert set(result.reasons) == {reason}
    reading = contamination(result, 0, [str(at) for at in range(matrix.shape[1])])
    assert (reading.score, reading.flagged) == (None, None)
    assert reading.details["verdict"] == "insufficient"
    assert reading.details["reason"] == reason
    assert result.level is None
    assert result.sensitivity == ()


def test_rows_that_say_nothing_are_no_part_of_the_population():
    items = make_items(60)
    matrix = answers(items, abilities(60))
    matrix[0], matrix[1], matrix[2, 15:] = 1, 0, -1
    result = person_fit(matrix, items)
    assert result.n_population == 57
    assert [is_flagged(result, row) for row in range(3)] == [None, None, None]
    assert np.isfinite(result.z[3:]).all()


def test_other_values_are_refused():
    with pytest.raises(UsageError, match="responses holds 2"):
        person_fit(np.full((40, 30), 2), make_items(30))
