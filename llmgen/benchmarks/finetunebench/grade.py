"""From an answer to a grade: every verdict that can be had, the one that counts, and the outcome."""

from __future__ import annotations

from llmgen.benchmarks.finetunebench.options import Scorer
from llmgen.benchmarks.finetunebench.scorer import score
from llmgen.text import is_abstention, yes_or_no
from llmgen.types import Completion, Grade, Judge, Sample, Struct, Verdict

_CUT = frozenset({"length", "MAX_TOKENS"})


class Verdicts(Struct, frozen=True):
    """What the deterministic scorers say. None: this scorer has no say here.

    `exact` is byte equality; `notebook` is the authors' `strip().lower()` equality; `normalised` is the
    scorer of the item's mode, None for judged items and for answers that are neither yes nor no.
    """

    exact: bool
    notebook: bool
    normalised: bool | None
    said: str | None

    def scores(self, mode: str) -> dict[str, float | None]:
        """The verdicts as scores by name; `said_yes` only where yes or no was asked for."""
        scores: dict[str, float | None] = {
            "exact": float(self.exact),
            "notebook": float(self.notebook),
            "normalised": None if self.normalised is None else float(self.normalised),
        }
        if mode == "yesno":
            scores["said_yes"] = None if self.said is None else float(self.said == "yes")
        return scores


def look(sample: Sample, text: str) -> Verdicts:
    """All deterministic verdicts on one answer."""
    mode, gold = sample.tags["mode"], sample.target or ""
    said = yes_or_no(text) if mode == "yesno" else None
    has_verdict = mode != "judge" and (mode != "yesno" or said is not None)
    return Verdicts(
        exact=text == gold,
        notebook=text.strip().lower() == gold.lower(),
        normalised=score(mode, gold, text, sample.tags["scorer_question"]) if has_verdict else None,
        said=said,
    )


async def grade_answer(
    sample: Sample, text: str, completion: Completion, scorer: Scorer, judge: Judge | None
) -> Grade:
    """The grade of one answer that was read. Raises LlmgenError when the judge could not be asked."""
    verdicts, mode = look(sample, text), sample.tags["mode"]
    scores = verdicts.scores(mode)
    cut = bool(completion.finish_reasons) and completion.finish_reasons[0] in _CUT
    judged = None
    if scorer == "judge" or (scorer == "normalised" and mode == "judge"):
        judged = await _ask(judge, sample, text)
        scores["judge"] = _as_score(judged)
    correct, reason = _verdict_that_counts(verdicts, judged, scorer, mode)
    if correct:
        return Grade(outcome="correct", value=1.0, was_truncated=cut, scores=scores)
    if cut:
        return Grade(outcome="truncated", reason="length", was_truncated=True, scores=scores)
    if correct is None and not (mode == "yesno" and is_abstention(text)):
        return Grade(outcome="unparsed", reason=reason, scores=scores)
    if is_stale(sample, text):
        return Grade(outcome="stale", value=0.0, scores=scores)
    if mode != "abstain" and is_abstention(text):
        return Grade(outcome="abstain", value=0.0, scores=scores)
    return Grade(outcome="wrong", value=0.0, scores=scores)


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


async def _ask(judge: Judge | None, sample: Sample, text: str) -> Verdict | None:
    if judge is None:
        return None
    return await judge(sample.tags["scorer_question"], sample.target or "", sample.tags.get("fact", ""), text)


def _as_score(verdict: Verdict | None) -> float | None:
    return None if verdict is None or verdict.word == "unparsed" else float(verdict.word == "correct")


def _verdict_that_counts(
    verdicts: Verdicts, judged: Verdict | None, scorer: Scorer, mode: str
) -> tuple[bool | None, str]:
    """The verdict (None = none could be had) and, for None, why."""
    if scorer == "exact":
        return verdicts.exact, ""
    if scorer == "notebook":
        return verdicts.notebook, ""
    if scorer == "judge" or mode == "judge":
        if judged is None:
            return None, "no judge model was named"
        if judged.word == "unparsed":
            return None, f"the judge's reply is neither Correct nor Incorrect: {judged.raw[:80]!r}"
        return judged.word == "correct", ""
    return verdicts.normalised, "neither yes nor no"
