"""Detectors that ask how likely the item's own text is to the model: perplexity, Min-K% and Min-K%++.

Formulas over the T tokens of the scope, natural logarithms:

    perplexity   mean log p(x_t);                                         PPL = exp(-mean)
    min_k        mean of the max(1, floor(k T)) lowest log p(x_t)         (Shi et al., arXiv 2310.16789)
    min_k_pp     the same of z_t = (log p(x_t) - mu_t) / max(sigma_t, 1e-3)   (Zhang et al., arXiv 2404.02936)

with mu_t and sigma_t over the whole vocabulary. Higher is more suspicious. No threshold holds for all models:
without the scores of a control set nothing is flagged (`no_control`), and the analysis has those.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, TypeAlias

from llmgen.contamination.answers import insufficient
from llmgen.contamination.base import Options, Spec
from llmgen.evidence import Detector, Evidence, GivenText
from llmgen.types import Contamination

Name: TypeAlias = Literal["perplexity", "min_k", "min_k_pp"]

_SMALLEST_SIGMA = 1e-3
_LARGEST_EXPONENT = 700.0  # e to the 710th is no float any more


def build(name: Name, options: Options) -> Detector:
    """The detector `name` by these options."""
    return lambda evidence: detect(name, evidence, options)


def detect(name: Name, evidence: Evidence, options: Options) -> Contamination:
    """The score of one item's own text; `flagged` is None, see above.

    Reasons: why there are no log probabilities (`no_prompt_logprobs`, `no_target`, `error`),
    `no_full_distribution` (an engine that gives the likeliest alternatives only), `no_tokens` (an empty
    scope), `not_finite` (a token of probability 0), `no_control` (a score, and nothing to compare it with).
    """
    given = evidence.given
    if given is None:
        return _reading(name, options, evidence.no_given or "no_prompt_logprobs")
    start = max(given.target_start - 1, 0) if options.scope == "target" else 0
    values: Sequence[float] = given.logprobs[start:]
    n_tokens = len(values)
    if not values:
        return _reading(name, options, "no_tokens")
    if name == "min_k_pp":
        if given.mu is None or given.sigma is None:
            return _reading(name, options, "no_full_distribution", n_tokens=n_tokens)
        values = standardised(given)[start:]
    if not all(map(math.isfinite, values)):
        return _reading(name, options, "not_finite", n_tokens=n_tokens)
    score = mean(values) if name == "perplexity" else mean(lowest(values, options.min_k))
    known = {"ppl": perplexity(score)} if name == "perplexity" else {"k": options.min_k}
    return _reading(name, options, "no_control", score, n_tokens=n_tokens, **known)


def perplexity(mean_logprob: float) -> float:
    """exp(-mean log p)."""
    return math.exp(min(-mean_logprob, _LARGEST_EXPONENT))


def lowest(values: Sequence[float], k: float) -> list[float]:
    """The share `k` of the lowest values, at least one."""
    # k * T may lie just below a whole number: .29 * 100 is 28.999999999999996
    return sorted(values)[: max(1, math.floor(k * len(values) + 1e-9))]


def standardised(given: GivenText) -> list[float]:
    """z_t of every token with a log probability. Raises ValueError when mu and sigma have other lengths."""
    return [
        (p - mu) / max(sigma, _SMALLEST_SIGMA)
        for p, mu, sigma in zip(given.logprobs, given.mu or (), given.sigma or (), strict=True)
    ]


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean."""
    return math.fsum(values) / len(values)


def _reading(
    name: Name, options: Options, reason: str, score: float | None = None, **details: Any
) -> Contamination:
    return Contamination(
        detector=name, score=score, details=insufficient(reason, scope=options.scope, **details)
    )


def _spec(name: Name) -> Spec:
    return Spec(needs=frozenset({"logprobs"}), build=partial(build, name))


PERPLEXITY, MIN_K, MIN_K_PP = _spec("perplexity"), _spec("min_k"), _spec("min_k_pp")
