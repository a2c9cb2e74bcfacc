"""What is open while a run goes on: the line to the model, the journal, the counts and the spend."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, islice

import msgspec

from llmgen.benchmarks.base import Benchmark
from llmgen.config import Settings
from llmgen.errors import (
    EXIT_BUDGET,
    EXIT_FAILED_SAMPLES,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    LlmgenError,
    RunStopped,
)
from llmgen.examine import Examiner
from llmgen.gateway.preflight import preflight
from llmgen.gateway.stack import Member, Stack, Traffic
from llmgen.plan import Plan
from llmgen.prompts import Prompts
from llmgen.store.fold import fold_in_child
from llmgen.store.journal import Journal
from llmgen.store.lines import Key, Spend, add_spend
from llmgen.subset import Subset
from llmgen.types import Completion, Extract, Outcome, Record, Request, Run, RunState, Sample, Sampling

# why a run ended early, by exit code, the gravest last: when there are several reasons it counts
_GRAVITY = (EXIT_FAILED_SAMPLES, EXIT_BUDGET, EXIT_USAGE, EXIT_INTERRUPTED)


class Line:
    """A way to one model: ask through it. It knows its identity, the model's name there, and its spend."""

    def __init__(self, stack: Stack, members: Sequence[Member], endpoint: str) -> None:
        self.stack = stack
        self.members = tuple(members)
        self.endpoint = endpoint
        self.model = members[0].model
        self._unsaid = self._nothing()

    @property
    def max_stop(self) -> int | None:
        """The most stop strings that every member takes, None when there is no limit."""
        limits = [m.provider.row.max_stop for m in self.members if m.provider.row.max_stop is not None]
        return min(limits, default=None)

    @property
    def prompt_logprobs(self) -> bool:
        """Whether every member gives log probabilities of raw prompts."""
        rows = [member.provider.row for member in self.members]
        return all(row.prompt_logprobs and "completions" in row.apis for row in rows)

    @property
    def json_schema(self) -> bool:
        """Whether every member can hold a reply to a JSON schema."""
        return all(member.provider.row.json_schema for member in self.members)

    async def __call__(self, request: Request) -> Completion:
        """Asks, and counts what it cost."""
        completion = await self.stack(request)
        self._unsaid = add_spend(self._unsaid, self._spend(completion))
        return completion

    async def ready(self, request: Request) -> None:
        """Raises UsageError when requests like this one can never be answered: wrong API, no such model."""
        self.stack.check(request)
        today = dt.datetime.now(dt.UTC).date()
        for member in self.members:
            member.provider.check(request)
            await preflight(member.provider, member.model, estimated_usd=None, today=today)

    def spend(self) -> Spend:
        """What was spent since the last call."""
        spent, self._unsaid = self._unsaid, self._nothing()
        return spent

    def _nothing(self) -> Spend:
        return Spend(endpoint=self.endpoint, model=self.model, requests=0, usd=0.0)

    def _spend(self, completion: Completion) -> Spend:
        usage = completion.usage
        if completion.cached:
            return msgspec.structs.replace(self._nothing(), saved_usd=usage.saved_usd)
        return Spend(
            endpoint=self.endpoint,
            model=self.model,
            requests=completion.n_asked if self.stack.tariff.prompt_per_text else 1,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            usd=usage.cost_usd,
        )


class Rehearsal(Line):
    """A line of a preview: it notes what it is asked for, and asks nobody."""

    def __init__(self, stack: Stack, members: Sequence[Member], endpoint: str) -> None:
        super().__init__(stack, members, endpoint)
        self.asked: list[Request] = []

    async def __call__(self, request: Request) -> Completion:
        """Notes the request; the completion is empty."""
        self.asked.append(request)
        return Completion(texts=("",), finish_reasons=("stop",), model=self.model, endpoint=self.endpoint)

    async def ready(self, request: Request) -> None:
        """As `Line.ready`, but for what only the endpoint can say."""
        self.stack.check(request)
        for member in self.members:
            member.provider.check(request)


class Scorer:
    """A benchmark with its prompts and extractors: what is needed to grade stored answers again.

    `companions` are items that are asked beside the benchmark's own, for contamination detectors.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        extractors: Sequence[Extract],
        prompts: Prompts,
        companions: Sequence[Sample] = (),
    ) -> None:
        self.benchmark = benchmark
        self.extractors = tuple(extractors)
        self.prompts = prompts
        self.companions = tuple(companions)


class Session:
    """One run, open. It has to be given its journal (`write_to`) before anything is asked for good."""

    def __init__(  # noqa: PLR0913  # the parts, put together by wiring
        self,
        settings: Settings,
        plan: Plan,
        scorer: Scorer,
        examiner: Examiner,
        *,
        run: Run,
        lines: Sequence[Line],
        traffic: Traffic,
        subset: Subset | None = None,
    ) -> None:
        self.settings = settings
        self.plan = plan
        self.run = run
        self.benchmark = scorer.benchmark
        self.prompts = scorer.prompts
        self.extractors = scorer.extractors
        self.examiner = examiner
        self.line = lines[0]
        self.sampling: Sampling = plan.sampling.apply(scorer.benchmark.sampling)
        self.traffic = traffic
        self.done = self.failed = 0
        self.finished: AbstractSet[Key] = frozenset()
        self.stopped: RunStopped | None = None
        self.stopping = asyncio.Event()
        self.abandon = asyncio.Event()
        self._lines = tuple(lines)
        self._companions = scorer.companions
        self._only = None if subset is None else frozenset(subset.sample_ids)
        self._journal: Journal | None = None
        self._usd: float | None = 0.0
        self._uncertain_usd = 0.0

    def write_to(self, journal: Journal, retry: Collection[Outcome] = ()) -> None:
        """Goes on in `journal`: what it holds is not asked again, what it has cost counts for the caps."""
        self._journal = journal
        self.run = journal.run
        self.finished = journal.finished(retry)
        budget = self.traffic.budget
        for spend in journal.spent():
            budget.spent_usd += spend.usd or 0.0
            budget.uncertain_usd += spend.uncertain_usd
            budget.spent_tokens += spend.prompt_tokens + spend.completion_tokens
            budget.spent_requests += spend.requests
            self._count(spend)

    @property
    def journal(self) -> Journal:
        """The run's open journal."""
        if self._journal is None:
            raise LlmgenError("a preview has no journal")
        return self._journal

    @property
    def workers(self) -> int:
        """How many samples may be under way at once."""
        return self.settings.limits.max_in_flight

    @property
    def rehearsals(self) -> tuple[Rehearsal, ...]:
        """In a preview: the lines of extractors and judges."""
        return tuple(line for line in self._lines[1:] if isinstance(line, Rehearsal))

    def samples(self) -> Iterator[Sample]:
        """The benchmark's samples, or the subset of them, up to the plan's limit, and their companions."""
        only = self._only
        asked = (sample for sample in self.benchmark.samples() if only is None or sample.id in only)
        return chain(islice(asked, self.plan.limit), self._companions)

    def requests(self, sample: Sample, repeat: int) -> list[Request]:
        """All that is asked about one sample: its question, and what contamination detectors need."""
        first = self.ask(sample, repeat)
        if not self.examiner.looks_at(sample, repeat):
            return [first]
        return [first, *self.examiner.requests(sample, first)]

    def ask(self, sample: Sample, repeat: int) -> Request:
        """The request that puts `sample` to the run's model."""
        return Request(
            endpoint=self.run.endpoint,
            model=self.line.model,
            messages=self.prompts.render(self.benchmark.template, sample),
            sampling=self.sampling,
            repeat=repeat,
            sample_id=sample.id,
        )

    def keep(self, record: Record) -> None:
        """Journals one record, and before it what was spent: no answer is stored without its cost."""
        self._journal_spend()
        self.journal.append(record)
        self.done += 1
        self.failed += is_failed(record)

    def stop(self, reason: RunStopped) -> None:
        """No new sample and no new send; requests in flight go on to their end. The gravest reason counts."""
        known = self.stopped
        if known is None or _GRAVITY.index(known.exit_code) < _GRAVITY.index(reason.exit_code):
            self.stopped = reason
        self.stopping.set()
        self.traffic.stop()

    async def preflight(self, sample: Sample, repeat: int, n_samples: int) -> tuple[str, ...]:
        """Checks key, model and parameters before anything is paid for; returns what a user should read.

        What is asked about this sample stands for the `n_samples` that are to come.
        """
        costs: list[float | None] = []
        lines: list[str] = []
        requests = self.requests(sample, repeat)
        for request in requests:
            self.line.stack.check(request)
            costs.append(self.line.stack.estimate(request)[1])
            for member in self.line.members:
                member.provider.check(request)
        known = [usd for usd in costs if usd is not None]
        total = sum(known) * n_samples if len(known) == len(costs) else None
        if len(requests) > 1:
            answers = sum(request.sampling.n for request in requests)
            lines.append(
                f"contamination: {answers} answers an item instead of 1, {answers * n_samples} in all"
            )
        again = self.examiner.regrades(sample)
        if again and len(self._lines) > 1:
            readers = ", ".join(sorted({line.model for line in self._lines[1:]}))
            lines.append(
                f"contamination: up to {again} more answers an item are read or judged by {readers}, on top "
                "of the estimated cost; --dry-run says how much"
            )
        today = dt.datetime.now(dt.UTC).date()
        for member in self.line.members:
            lines += await preflight(member.provider, member.model, estimated_usd=total, today=today)
        return tuple(lines)

    async def fold(self, patience_s: float) -> None:
        """Folds what is journalled into the database, in a process of its own: this one stays small."""
        await asyncio.to_thread(fold_in_child, self.settings.home_path, self.run.id, patience_s)

    def close(self, state: RunState, ended_at: float, n_samples: int) -> None:
        """Journals how the run ended."""
        self._journal_spend()
        self.run = msgspec.structs.replace(
            self.run, state=state, ended_at=ended_at, n_samples=n_samples, cost_usd=self._usd
        )
        self.journal.end(self.run)

    def _journal_spend(self) -> None:
        """Journals what was spent since the last call."""
        spends = [line.spend() for line in self._lines]
        uncertain = self.traffic.budget.uncertain_usd - self._uncertain_usd
        spends[0] = msgspec.structs.replace(spends[0], uncertain_usd=max(0.0, uncertain))
        for spend in spends:
            if spend.requests or spend.saved_usd or spend.uncertain_usd:
                self._count(spend)
                self.journal.spend(spend)

    def _count(self, spend: Spend) -> None:
        self._usd = None if self._usd is None or spend.usd is None else self._usd + spend.usd
        self._uncertain_usd += spend.uncertain_usd


def is_failed(record: Record) -> bool:
    """Whether the sample has to be asked (or graded) again: it failed, or its extractor or judge did."""
    return record.failure is not None or (record.grade is not None and record.grade.outcome == "error")
