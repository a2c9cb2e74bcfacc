"""From an answer to a grade: every verdict that can be had, the one that counts, and the outcome."""

from __future__ import annotations

from llmgen.benchmarks.finetunebench.options import Scorer
from llmgen.benchmarks.finetunebench.scorer import score
from llmgen.text import is_abstention, yes_or_no
from llmgen.types import Completion, Grade, Judge, Sample

_CUT = frozenset({"length", "MAX_TOKENS"})


def deterministic_scores(sample: Sample, text: str) -> dict[str, float | None]:
    """Every verdict that needs no model, by name; None where a scorer has no say.

    `exact` is byte equality; `notebook` is the authors' `strip().lower()` equality; `normalised` is the
    scorer of the item's mode, None for judged items and for answers that are neither yes nor no. Where yes
    or no was asked for, `said_yes`, and `recomputed_gold` is the verdict under the gold derived anew.
    """
    mode, gold = sample.tags["mode"], sample.target or ""
    scores: dict[str, float | None] = {
        "exact": float(text == gold),
        "notebook": float(text.strip().lower() == gold.lower()),
        "normalised": None,
    }
    if mode == "judge":
        return scores
    if mode == "yesno":
        said = yes_or_no(text)
        scores["said_yes"] = None if said is None else float(said == "yes")
        if "gold_recomputed" in sample.tags:
            scores["recomputed_gold"] = float(score(mode, sample.tags["gold_recomputed"], text))
        if said is None:
            return scores
    scores["normalised"] = float(score(mode, gold, text, sample.tags["scorer_question"]))
    return scores


async def grade_answer(
    sample: Sample, text: str, completion: Completion, scorer: Scorer, judge: Judge | None
) -> Grade:
    """The grade of one answer that was read. Raises LlmgenError when the judge could not be asked."""
    scores, mode = deterministic_scores(sample, text), sample.tags["mode"]
    cut = bool(completion.finish_reasons) and completion.finish_reasons[0] in _CUT
    counts, reason = scorer, "neither yes nor no"
    if scorer == "judge" or (scorer == "normalised" and mode == "judge"):
        counts = "judge"
        scores["judge"], reason = await _ask(judge, sample, text)
    correct = scores[counts]
    if correct:
        return Grade(outcome="correct", value=1.0, was_truncated=cut, scores=scores)
    if cut:
        return Grade(outcome="truncated", reason="length", was_truncated=True, scores=scores)
    abstains = mode != "abstain" and is_abstention(text)
    if correct is None and not (counts == "normalised" and abstains):
        return Grade(outcome="unparsed", reason=reason, scores=scores)
    if is_stale(sample, text):
        return Grade(outcome="stale", value=0.0, scores=scores)
    return Grade(outcome="abstain" if abstains else "wrong", value=0.0, scores=scores)


def is_stale(sample: Sample, text: str) -> bool:
    """Whether a wrong answer is the one that held before the change.

    For date_changed that is the trained answer to the unchanged question, for updates `answer_before`.
    """
    tags = sample.tags
    trained, before = tags.get("trained_gold"), tags.get("answer_before")
    if trained:
        return score("short", trained, text, tags.get("original_question", ""))
    if before:
        mode = "identifier" if tags["mode"] == "identifier" else "contains"
        return score(mode, before, text, tags["scorer_question"])
    return False


async def _ask(judge: Judge | None, sample: Sample, text: str) -> tuple[float | None, str]:
    """The judge's verdict, or None and why there is none."""
    if judge is None:
        return None, "no judge model was named"
    tags = sample.tags
    verdict = await judge(tags["scorer_question"], sample.target or "", tags.get("fact", ""), text)
    if verdict.word == "unparsed":
        return None, f"the judge's reply is neither Correct nor Incorrect: {verdict.raw[:80]!r}"
    return float(verdict.word == "correct"), ""
