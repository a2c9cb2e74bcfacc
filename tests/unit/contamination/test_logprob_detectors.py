"""Perplexity, Min-K% and Min-K%++ on small lists that can be computed by hand."""

import math

import pytest

from llmgen.contamination import DETECTORS
from llmgen.contamination.base import Options
from llmgen.evidence import Evidence, GivenText
from llmgen.types import Sample

NAMES = ("perplexity", "min_k", "min_k_pp")
# four tokens of prompt, so list index 3 is the target's first
LOGPROBS = (-9.0, -9.0, -9.0, -1.0, -2.0, -3.0, -0.5, -0.25)
MU, SIGMA = (-4.0,) * 8, (2.0,) * 8


def read(name, given, **fields):
    sample = Sample(id="s", question="q", answer_type="code", target="t")
    return DETECTORS.load(name).build(Options(**fields))(Evidence(sample=sample, given=given))


@pytest.fixture
def whole():
    return GivenText(logprobs=LOGPROBS, target_start=4, mu=MU, sigma=SIGMA)


def test_the_mean_over_the_target_and_its_perplexity(whole):
    found = read("perplexity", whole)
    assert found.score == pytest.approx(-6.75 / 5)
    assert found.details["ppl"] == pytest.approx(math.exp(6.75 / 5))
    assert found.details["n_tokens"] == 5


def test_the_scope_with_the_prompt(whole):
    found = read("perplexity", whole, scope="prompt+target")
    assert found.score == pytest.approx(-33.75 / 8)
    assert (found.details["n_tokens"], found.details["scope"]) == (8, "prompt+target")


@pytest.mark.parametrize(("k", "score"), [(0.2, -3.0), (0.39, -3.0), (0.4, -2.5), (1.0, -1.35), (0.01, -3.0)])
def test_the_lowest_share_is_at_least_one_token(whole, k, score):
    assert read("min_k", whole, min_k=k).score == pytest.approx(score)


def test_a_share_that_is_whole_in_decimals_is_whole():
    """.29 * 100 is 28.999999999999996 in binary."""
    given = GivenText(logprobs=tuple(-float(n) for n in range(101)), target_start=2)
    assert read("min_k", given, min_k=0.29).score == pytest.approx(-sum(range(72, 101)) / 29)


def test_z_scores_over_the_whole_vocabulary(whole):
    assert read("min_k_pp", whole).score == pytest.approx((-3 + 4) / 2)
    assert read("min_k_pp", whole, min_k=0.4).score == pytest.approx((0.5 + 1.0) / 2)


def test_a_sigma_of_zero_is_no_division_by_zero():
    given = GivenText(logprobs=(-1.0, -1.0), target_start=1, mu=(-1.0, -1.0), sigma=(0.0, 0.0))
    assert read("min_k_pp", given).score == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_without_a_control_set_nothing_is_flagged(whole, name):
    found = read(name, whole)
    assert found.score is not None
    assert found.flagged is None
    assert (found.details["verdict"], found.details["reason"]) == ("insufficient", "no_control")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("why", ["no_prompt_logprobs", "no_target", "error"])
def test_log_probabilities_that_could_not_be_had(name, why):
    sample = Sample(id="s", question="q", answer_type="code")
    found = DETECTORS.load(name).build(Options())(Evidence(sample=sample, no_given=why))
    assert (found.score, found.details["reason"]) == (None, why)


def test_the_likeliest_alternatives_are_no_distribution():
    found = read("min_k_pp", GivenText(logprobs=LOGPROBS, target_start=4))
    assert (found.score, found.details["reason"]) == (None, "no_full_distribution")
    assert read("min_k", GivenText(logprobs=LOGPROBS, target_start=4)).score == -3.0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("start", [9, 100])
def test_an_empty_target(name, start):
    found = read(name, GivenText(logprobs=LOGPROBS, target_start=start, mu=MU, sigma=SIGMA))
    assert (found.score, found.details["reason"]) == (None, "no_tokens")


def test_a_text_without_a_prompt_loses_its_first_token_only():
    assert read("perplexity", GivenText(logprobs=(-1.0, -3.0), target_start=0)).score == -2.0


@pytest.mark.parametrize("odd", [-math.inf, math.nan])
@pytest.mark.parametrize("name", NAMES)
def test_a_token_of_probability_zero_gives_no_score(name, odd):
    given = GivenText(logprobs=(-1.0, odd), target_start=1, mu=(-1.0, -1.0), sigma=(1.0, 1.0))
    assert read(name, given).details["reason"] == "not_finite"


def test_a_hopeless_text_has_a_finite_perplexity():
    found = read("perplexity", GivenText(logprobs=(-1e6,), target_start=1))
    assert math.isfinite(found.details["ppl"])
