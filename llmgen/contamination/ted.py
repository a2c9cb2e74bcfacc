"""TED: a score without the answers that the output distribution peaks at (Dong et al., arXiv 2402.15938).

1. Exclusion: drop draws within `tau` tokens of the greedy answer.
2. Duplicates: of equal texts keep the first.

What is left is scored as before, so a verdict counts draws and right draws after each rule. TED cannot tell
contamination from honest determinism: a model that knows the answer and gives it every time scores 0.

The published code cuts draws to the greedy answer's length, so that a draw which goes on where the greedy
answer ends counts as its copy; here both are cut to 100 tokens as in CDD, and `cut="greedy"` (the
default of the published presets) repeats it. It searches texts for `def NAME`; we take the extracted code.
Published presets compare tokens without white space around the text, but duplicates with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llmgen.contamination.answers import Answers, Compared, compared, insufficient, is_answer_only
from llmgen.contamination.base import Options, Spec
from llmgen.contamination.distance import near
from llmgen.contamination.texts import Prepared, final_text
from llmgen.contamination.tokens import Tokenizer, tokenizer_named
from llmgen.evidence import Detector, Evidence
from llmgen.types import Contamination, Draw, Struct


class Rule(Struct):
    """The settings of one TED, all decided. `cut`: draws are cut to the greedy answer's length."""

    preset: str
    tau: int
    cut: bool
    tokenizer: Tokenizer

    @property
    def guarded(self) -> bool:
        """Whether items with too little to tell are refused; the published code judges everything."""
        return self.preset == "robust"


class Kept(Struct):
    """Which draws each rule keeps, and which both together."""

    dedupe: tuple[Compared, ...]
    exclude: tuple[Compared, ...]
    left: tuple[Compared, ...]


def build(options: Options) -> Detector:
    """TED by these options. Raises UsageError when the tokenizer cannot be loaded."""
    published = options.preset != "robust"
    rule = Rule(
        preset=options.preset,
        tau=options.tau,
        cut=(options.cut or ("greedy" if published else "cap")) == "greedy",
        tokenizer=tokenizer_named(options.tokenizer, specials=published),
    )
    return lambda evidence: detect(evidence, rule)


def detect(evidence: Evidence, rule: Rule) -> Contamination:
    """What the rules remove from one item. It corrects a score and never flags; score = share removed."""
    answers = compared(evidence, rule.tokenizer, final_text if rule.guarded else published_text)
    reason = _guard(evidence, answers, rule)
    texts = [draw.text if rule.guarded else evidence.draws[draw.place].text for draw in answers.draws]
    kept = None if answers.greedy is None or reason else keep(answers.greedy, answers.draws, texts, rule)
    verdict = (
        insufficient("correction", **_corrected(evidence, answers, kept)) if kept else insufficient(reason)
    )
    n_used = len(answers.draws)
    return Contamination(
        detector="ted",
        score=1 - len(kept.left) / n_used if kept else None,
        n_asked=max(evidence.n_asked, len(evidence.draws)),
        n_used=n_used,
        details={
            **verdict,
            "preset": rule.preset,
            "tau": rule.tau,
            "cut": "greedy" if rule.cut else "cap",
            "tokenizer": answers.tokenizer,
            **answers.counts(),
        },
    )


def keep(greedy: Compared, draws: Sequence[Compared], texts: Sequence[str | None], rule: Rule) -> Kept:
    """Both rules, each alone and one after the other; `texts` say which draws are duplicates.

    Blank draws are answers too: wrong ones.
    """
    length = len(greedy.tokens)
    tokens = [draw.tokens[:length] if rule.cut else draw.tokens for draw in draws]
    gone = set(near(greedy.tokens, tokens, rule.tau))
    pairs = list(zip(draws, texts, strict=True))
    far = [pair for at, pair in enumerate(pairs) if at not in gone]
    return Kept(dedupe=_firsts(pairs), exclude=tuple(draw for draw, _ in far), left=_firsts(far))


def published_text(draw: Draw) -> Prepared:
    """The text without white space around it."""
    if draw.text is None:
        return final_text(draw)
    return Prepared(text=draw.text.strip())


def _firsts(pairs: Sequence[tuple[Compared, str | None]]) -> tuple[Compared, ...]:
    first: dict[str | None, Compared] = {}
    for draw, text in pairs:
        first.setdefault(text, draw)
    return tuple(first.values())


def _guard(evidence: Evidence, answers: Answers, rule: Rule) -> str:
    if rule.guarded and is_answer_only(evidence.sample):
        return "answer_only"
    if answers.greedy is None or answers.greedy.missing is not None:
        return "no_greedy"
    if not answers.draws:
        return "too_few_samples"
    return ""


def _corrected(evidence: Evidence, answers: Answers, kept: Kept) -> dict[str, Any]:
    """What was removed, and the graded and right draws after each rule, from which any pass@k follows."""
    details: dict[str, Any] = {
        "n_near": len(answers.draws) - len(kept.exclude),
        "n_duplicates": len(kept.exclude) - len(kept.left),
        "n_left": len(kept.left),
        "near_draws": _removed(answers.draws, kept.exclude),
        "duplicate_draws": _removed(answers.draws, kept.dedupe),
        "emptied": not kept.left,
        "greedy_value": evidence.greedy.value if evidence.greedy else None,
    }
    stages = {"raw": answers.draws, "dedupe": kept.dedupe, "exclude": kept.exclude, "left": kept.left}
    for name, draws in stages.items():
        values = [value for draw in draws if (value := evidence.draws[draw.place].value) is not None]
        details[f"graded_{name}"] = len(values)
        details[f"right_{name}"] = sum(values)
    return details


def _removed(draws: Sequence[Compared], kept: Sequence[Compared]) -> list[int]:
    left = {draw.place for draw in kept}
    return [draw.place for draw in draws if draw.place not in left]


SPEC = Spec(needs=frozenset({"draws", "grades"}), build=build)
