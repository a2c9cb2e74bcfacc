"""A run's records to counts and examples, in one pass that keeps no record."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable

from llmgen.reports.views import Example, Tally
from llmgen.types import Completion, Outcome, Record

SHOWN = 25
EXCLUDED: tuple[Outcome, ...] = ("error", "refused", "truncated", "unparsed")
_ORDER: tuple[Outcome, ...] = ("wrong", "stale", "abstain", *EXCLUDED, "correct")


def tally(records: Iterable[Record], shown: int = SHOWN) -> Tally:
    """Counts every record; keeps the first `shown` answers of each outcome, failures of any kind first."""
    outcomes: Counter[str] = Counter()
    exclusions: Counter[str] = Counter(dict.fromkeys(EXCLUDED, 0))
    served: Counter[str] = Counter()
    examples: dict[Outcome, list[Example]] = {outcome: [] for outcome in _ORDER}
    latencies = array("d")
    prompt = completion = cached = 0
    for record in records:
        outcome: Outcome = record.grade.outcome if record.grade else "error"
        graded = record.grade is not None and record.grade.value is not None
        (outcomes if graded else exclusions)[outcome] += 1
        if len(examples[outcome]) < shown:
            examples[outcome].append(_example(record, outcome))
        if record.completion is None:
            continue
        served[_who(record.completion)] += 1
        prompt += record.completion.usage.prompt_tokens
        completion += record.completion.usage.completion_tokens
        cached += record.completion.cached
        if record.completion.via == "live" and not record.completion.cached:
            latencies.append(record.completion.latency_s)
    ordered = sorted(latencies)
    return Tally(
        outcomes=dict(outcomes.most_common()),
        exclusions=dict(exclusions),
        prompt_tokens=prompt if served else None,
        completion_tokens=completion if served else None,
        n_cached=cached,
        latency_p50_s=_quantile(ordered, 0.5),
        latency_p95_s=_quantile(ordered, 0.95),
        served=dict(served.most_common()),
        examples=tuple(example for outcome in _ORDER for example in examples[outcome]),
    )


def _example(record: Record, outcome: Outcome) -> Example:
    reason = record.grade.reason if record.grade else ""
    if record.failure is not None:
        reason = f"{record.failure.stage}: {record.failure.kind}: {record.failure.message}"
    return Example(
        sample_id=record.sample.id,
        repeat=record.repeat,
        outcome=outcome,
        prompt=record.prompt,
        answer=record.completion.text if record.completion else None,
        gold=record.sample.target,
        reason=reason,
    )


def _who(completion: Completion) -> str:
    return f"{completion.model} at {completion.endpoint or 'unknown endpoint'}"


def _quantile(ordered: list[float], share: float) -> float | None:
    """The smallest value with at least `share` of all values at or below it."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)] if ordered else None
