"""CDD: contamination detection by the peakedness of a model's answers (Dong et al., arXiv 2402.15938).

    d_i  = Levenshtein(centre, s_i)          in tokens, of the first 100 of each answer
    Peak = #{i : d_i <= floor(alpha * l)} / n_used,   l = the longest answer's length after the cut

`robust` is the default. `published` and `published-real-world` repeat the authors' code
(YihongDong/CDD-TED4LLMs) with its faults, to compare with others' numbers: a text preparation that empties
fenced answers, no guards, and a threshold of one near copy in fifty.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from llmgen.contamination.answers import Answers, Compared, compared, insufficient, is_answer_only
from llmgen.contamination.base import Options, Preset, Spec
from llmgen.contamination.distance import Tokens, distances, near
from llmgen.contamination.texts import Prepared, final_text, strip_code
from llmgen.contamination.tokens import CAP, Tokenizer, tokenizer_named
from llmgen.evidence import Detector, Evidence
from llmgen.types import Contamination, Draw, Struct

DEFAULTS: dict[Preset, tuple[float, float]] = {
    "robust": (0.05, 0.2),
    "published": (0.05, 0.01),
    "published-real-world": (0.0, 0.2),
}
"""alpha and xi of each preset."""

_EPSILON = 1e-9  # .29 * 100 is 28.999999999999996 in binary
_Z = 1.96
_SHOWN = 5


class Rule(Struct):
    """The settings of one CDD, all decided."""

    preset: Preset
    alpha: float
    xi: float
    medoid: bool
    min_samples: int
    min_tokens: int
    tokenizer: Tokenizer

    @property
    def guarded(self) -> bool:
        """Whether items with too little to tell are refused; the published code judges everything."""
        return self.preset == "robust"


class Peak(Struct):
    """How many of `n_used` answers lie near the centre: `places` are their indices among the draws.

    `length` is the longest answer's length and `within` the largest distance that is near, in tokens;
    `centre` is the length of what was measured from.
    """

    places: tuple[int, ...]
    n_used: int
    length: int
    within: int
    centre: int

    @property
    def near(self) -> int:
        """m: the number of near answers."""
        return len(self.places)

    @property
    def share(self) -> float | None:
        """Peakedness, 0..1; None without answers."""
        return self.near / self.n_used if self.n_used else None


def build(options: Options) -> Detector:
    """CDD by these options. Raises UsageError when the tokenizer cannot be loaded."""
    alpha, xi = DEFAULTS[options.preset]
    rule = Rule(
        preset=options.preset,
        alpha=alpha if options.alpha is None else options.alpha,
        xi=xi if options.xi is None else options.xi,
        medoid=options.centre == "medoid",
        min_samples=options.min_samples,
        min_tokens=options.min_tokens,
        tokenizer=tokenizer_named(options.tokenizer, specials=options.preset != "robust"),
    )
    return lambda evidence: detect(evidence, rule)


def detect(evidence: Evidence, rule: Rule) -> Contamination:
    """The verdict on one item, with everything that led to it in `details`."""
    answers = compared(evidence, rule.tokenizer, final_text if rule.guarded else published_text)
    used = [draw for draw in answers.draws if draw.missing is None]
    centre = answers.greedy if answers.greedy and answers.greedy.missing is None else None
    if rule.medoid:
        centre, used = medoid(used)
    peak = None if centre is None else peakedness(centre.tokens, used, rule.alpha)
    reason = _guard(evidence, peak, len(used), rule)
    share = None if peak is None or reason == "answer_only" else peak.share
    if peak is not None and not rule.guarded and share is None:
        share = 0.0  # without answers the published code says so
    flagged = None if reason or peak is None else peak.near > rule.xi * peak.n_used + _EPSILON
    verdict = insufficient(reason) if flagged is None else _verdict(flagged=flagged)
    return Contamination(
        detector="cdd",
        score=share,
        flagged=flagged,
        n_asked=max(evidence.n_asked, len(evidence.draws)),
        n_used=len(used),
        details={**verdict, **_details(peak, answers, rule), "notes": _notes(evidence, peak, used)},
    )


def peakedness(centre: Tokens, draws: Sequence[Compared], alpha: float) -> Peak:
    """Which `draws` lie within `alpha` times the longest answer's length of `centre`."""
    tokens = [draw.tokens for draw in draws]
    length = max(len(centre), max(map(len, tokens), default=0))
    within = math.floor(alpha * length + _EPSILON)
    places = tuple(draws[at].place for at in near(centre, tokens, within))
    return Peak(places=places, n_used=len(draws), length=length, within=within, centre=len(centre))


def medoid(draws: Sequence[Compared]) -> tuple[Compared | None, list[Compared]]:
    """The draw whose distances to all others have the smallest sum (the first of equals), and the others.

    For models without a temperature setting, which have no greedy answer.
    """
    if not draws:
        return None, []
    tokens = [draw.tokens for draw in draws]
    sums = [sum(distances(one, tokens)) for one in tokens]
    at = sums.index(min(sums))
    return draws[at], [*draws[:at], *draws[at + 1 :]]


def published_text(draw: Draw) -> Prepared:
    """What the published code compares: a refused answer is the text `None`, an empty one stays empty."""
    if draw.text is None and draw.reason == "refused":
        return Prepared(text="None")
    if draw.text is None:
        return final_text(draw)
    return Prepared(text=strip_code(draw.text))


def wilson(k: int, n: int) -> tuple[float | None, float | None]:
    """The 95 % Wilson interval of k in n; nothing without n."""
    if n == 0:
        return None, None
    centre, half = k + _Z * _Z / 2, _Z * math.sqrt(k * (n - k) / n + _Z * _Z / 4)
    return max(0.0, (centre - half) / (n + _Z * _Z)), min(1.0, (centre + half) / (n + _Z * _Z))


def _guard(evidence: Evidence, peak: Peak | None, n_used: int, rule: Rule) -> str:
    """Why nothing can be said, or nothing; the order is part of the rule."""
    if rule.guarded and is_answer_only(evidence.sample):
        return "answer_only"
    if peak is None:
        return "too_few_samples" if rule.medoid else "no_greedy"
    if rule.guarded and n_used < rule.min_samples:
        return "too_few_samples"
    if rule.guarded and peak.centre < rule.min_tokens:
        return "too_short"
    return ""


def _verdict(*, flagged: bool) -> dict[str, Any]:
    return {"verdict": "flagged" if flagged else "not_flagged", "reason": ""}


def _details(peak: Peak | None, answers: Answers, rule: Rule) -> dict[str, Any]:
    low, high = wilson(peak.near, peak.n_used) if peak else (None, None)
    return {
        "preset": rule.preset,
        "alpha": rule.alpha,
        "xi": rule.xi,
        "l": peak.length if peak else None,
        "c": peak.within if peak else None,
        "near": peak.near if peak else None,
        "near_draws": list(peak.places[:_SHOWN]) if peak else [],
        "greedy_tokens": peak.centre if peak else None,
        "tokenizer": answers.tokenizer,
        "centre": "medoid" if rule.medoid else "greedy",
        "ci_low": low,
        "ci_high": high,
        **answers.counts(),
    }


def _notes(evidence: Evidence, peak: Peak | None, used: Sequence[Compared]) -> list[str]:
    """What a reader of the verdict has to know."""
    notes = {
        "degenerate": len(used) > 1 and len({draw.text for draw in used}) == 1,
        "prefix_only": peak is not None and peak.length >= CAP,
        "greedy_unstable": evidence.greedy_unstable,
    }
    return [note for note, holds in notes.items() if holds]


SPEC = Spec(needs=frozenset({"draws"}), build=build)
