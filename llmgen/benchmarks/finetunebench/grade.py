"""From an answer to a grade: every verdict that can be had, the one that counts, and the outcome."""

from __future__ import annotations

from llmgen.benchmarks.finetunebench.options import Scorer
from llmgen.benchmarks.finetunebench.scorer import score
from llmgen.text import is_abstention, without_reasoning, yes_or_no
from llmgen.types import Answer, Completion, Grade, Judge, Sample

_CUT = frozenset({"length", "MAX_TOKENS"})
_READ = frozenset({"short", "contains", "yesno"})  # in the other modes the whole text is the answer
_VERDICTS = {"correct": 1.0, "incorrect": 0.0}  # of an extractor that judges and names no value
_UNSURE = frozenset({"no_match", "cannot_tell"})  # the reader could not tell, the model may have answered


def reading_counts(sample: Sample, scorer: Scorer) -> bool:
    """Whether what an extractor read decides over the grade; else the whole text does, whoever read it."""
    return scorer == "normalised" and sample.tags["mode"] in _READ


def deterministic_scores(sample: Sample, text: str, read: str | None) -> dict[str, float | None]:
    """Every verdict that needs no model, by name; None where a scorer has no say.

    On the whole text, as published: `exact` is byte equality, `notebook` the authors' `strip().lower()`
    equality, `normalised` the scorer of the item's mode (None for judged items and for answers that are
    neither yes nor no). Where yes or no was asked for, on the reading: `said_yes`, and `recomputed_gold`,
    the verdict under the gold derived anew.
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
        said = yes_or_no(read or "")
        scores["said_yes"] = None if said is None else float(said == "yes")
        if "gold_recomputed" in sample.tags:
            scores["recomputed_gold"] = float(score(mode, sample.tags["gold_recomputed"], read or ""))
        if yes_or_no(text) is None:
            return scores
    scores["normalised"] = float(score(mode, gold, text, sample.tags["scorer_question"]))
    return scores


async def grade_answer(
    sample: Sample, answer: Answer, completion: Completion, scorer: Scorer, judge: Judge | None
) -> Grade:
    """The grade of one answer. Raises LlmgenError when the judge could not be asked.

    Where the reading counts, the rule of the item's mode is put to what `answer` says; nothing said in
    reply to a question for a fact is an abstention. Elsewhere the whole text is graded.
    """
    text, mode = without_reasoning(completion.text), sample.tags["mode"]
    reads = reading_counts(sample, scorer)
    if not text.strip() and (answer.value is None or not reads):
        return Grade(outcome="unparsed", reason="reasoning only" if completion.text.strip() else "empty")
    scores = deterministic_scores(sample, text, answer.value if reads else text)
    cut = bool(completion.finish_reasons) and completion.finish_reasons[0] in _CUT
    reason = "neither yes nor no"
    if scorer == "judge" or (scorer == "normalised" and mode == "judge"):
        correct, reason = await _judged(judge, sample, answer, text)
        scores["judge"] = correct
    elif reads:
        correct, reason = _by_reading(sample, answer)
    else:
        correct = scores[scorer]
    if correct:
        return Grade(outcome="correct", value=1.0, was_truncated=cut, scores=scores)
    if cut:
        return Grade(outcome="truncated", reason="length", was_truncated=True, scores=scores)
    abstains = mode != "abstain" and (is_abstention(text) or (reads and _declines(sample, answer)))
    if correct is None and not (scorer == "normalised" and abstains):
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


def _by_reading(sample: Sample, answer: Answer) -> tuple[float | None, str]:
    """The verdict on what was read, or None and why there is none."""
    if answer.value is None:
        return _VERDICTS.get(answer.reason), answer.reason or answer.kind
    mode = sample.tags["mode"]
    if mode == "yesno" and yes_or_no(answer.value) is None:
        return None, "neither yes nor no"
    return float(score(mode, sample.target or "", answer.value, sample.tags["scorer_question"])), ""


def _declines(sample: Sample, answer: Answer) -> bool:
    """Whether the text was read and states no fact; a question for yes or no may be answered otherwise."""
    is_none = answer.kind == "no_valid_answer" and answer.reason not in _UNSURE
    return is_none and sample.tags["mode"] != "yesno"


async def _judged(judge: Judge | None, sample: Sample, answer: Answer, text: str) -> tuple[float | None, str]:
    """The judge's verdict, or None and why there is none; that of an extractor that judged will do."""
    if answer.value is None and answer.reason in _VERDICTS:
        return _VERDICTS[answer.reason], ""
    if judge is None:
        return None, "no judge model was named"
    tags = sample.tags
    verdict = await judge(tags["scorer_question"], sample.target or "", tags.get("fact", ""), text)
    if verdict.word == "unparsed":
        return None, f"the judge's reply is neither Correct nor Incorrect: {verdict.raw[:80]!r}"
    return float(verdict.word == "correct"), ""
