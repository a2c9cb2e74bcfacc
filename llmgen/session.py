"""What is open while a run goes on: the line to the model, the journal, the counts and the spend."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

import msgspec

from llmgen.benchmarks.base import Benchmark
from llmgen.config import Settings
from llmgen.errors import LlmgenError
from llmgen.gateway.preflight import preflight
from llmgen.gateway.stack import Member, Stack, Traffic
from llmgen.plan import Plan
from llmgen.prompts import Prompts
from llmgen.store.fold import fold
from llmgen.store.journal import Journal
from llmgen.store.lines import Spend, add_spend
from llmgen.types import Completion, Extract, Outcome, Record, Request, Run, RunState, Sample, Sampling


class Line:
    """A way to one model: ask through it. It knows its identity, the model's name there, and its spend."""

    def __init__(self, stack: Stack, members: Sequence[Member], endpoint: str) -> None:
        self.stack = stack
        self.members = tuple(members)
        self.endpoint = endpoint
        self.model = members[0].model
        self._unsaid = self._nothing()

    async def __call__(self, request: Request) -> Completion:
        """Asks, and counts what it cost."""
        completion = await self.stack(request)
        self._unsaid = add_spend(self._unsaid, self._spend(completion))
        return completion

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
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            usd=usage.cost_usd,
        )


class Scorer:
    """A benchmark with its prompts and extractors: what is needed to grade stored answers again."""

    def __init__(self, benchmark: Benchmark, extractors: Sequence[Extract], prompts: Prompts) -> None:
        self.benchmark = benchmark
        self.extractors = tuple(extractors)
        self.prompts = prompts


class Session:
    """One run, open. `stop()` ends it in order: nothing new is sent, answers in flight are kept."""

    def __init__(  # noqa: PLR0913  # the parts, put together by wiring
        self,
        settings: Settings,
        plan: Plan,
        scorer: Scorer,
        *,
        run: Run,
        lines: Sequence[Line],
        traffic: Traffic,
        journal: Journal | None,
        retry: Collection[Outcome] = (),
    ) -> None:
        self.settings = settings
        self.plan = plan
        self.run = run
        self.benchmark = scorer.benchmark
        self.prompts = scorer.prompts
        self.extractors = scorer.extractors
        self.line = lines[0]
        self.sampling: Sampling = plan.sampling.apply(scorer.benchmark.sampling)
        self.traffic = traffic
        self.done = self.failed = 0
        self.finished = journal.finished(retry) if journal else set()
        self.stopping = asyncio.Event()
        self.abandon = asyncio.Event()
        self._lines = tuple(lines)
        self._journal = journal
        self._spent = journal.spent() if journal else []
        self._count_earlier_spend()

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

    def samples(self) -> Iterator[Sample]:
        """The benchmark's samples, up to the plan's limit."""
        return islice(self.benchmark.samples(), self.plan.limit)

    def keep(self, record: Record) -> None:
        """Journals and counts one record."""
        self.journal.append(record)
        self.done += 1
        self.failed += record.failure is not None

    def stop(self) -> None:
        """No new sample and no new send; requests in flight go on to their end."""
        self.stopping.set()
        self.traffic.stop()

    async def preflight(self, request: Request, n_requests: int) -> tuple[str, ...]:
        """Checks key, model and parameters before anything is paid for; returns what a user should read.

        `request` stands for the `n_requests` that are to come.
        """
        self.line.stack.check(request)
        _, usd = self.line.stack.estimate(request)
        total = None if usd is None else usd * n_requests
        today = dt.datetime.now(dt.UTC).date()
        lines: list[str] = []
        for member in self.line.members:
            member.provider.check(request)
            lines += await preflight(member.provider, member.model, estimated_usd=total, today=today)
        return tuple(lines)

    async def fold(self, patience_s: float) -> None:
        """Folds what is journalled into the database, off the event loop."""
        await asyncio.to_thread(fold, self.settings.home_path, self.run.id, patience_s)

    def journal_spend(self) -> None:
        """Journals what was spent since the last call, so that a killed run knows what it has cost."""
        spends = [line.spend() for line in self._lines]
        uncertain = self.traffic.budget.uncertain_usd - sum(spend.uncertain_usd for spend in self._spent)
        spends[0] = msgspec.structs.replace(spends[0], uncertain_usd=max(0.0, uncertain))
        for spend in spends:
            if spend.requests or spend.saved_usd or spend.uncertain_usd:
                self._spent.append(spend)
                self.journal.spend(spend)

    def close(self, state: RunState, ended_at: float, n_samples: int) -> None:
        """Journals how the run ended."""
        self.journal_spend()
        costs = [spend.usd for spend in self._spent]
        self.run = msgspec.structs.replace(
            self.run,
            state=state,
            ended_at=ended_at,
            n_samples=n_samples,
            cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        )
        self.journal.end(self.run)

    def _count_earlier_spend(self) -> None:
        """A resumed run goes on with the budget it has already used: caps hold for the whole run."""
        budget = self.traffic.budget
        for spend in self._spent:
            budget.spent_usd += spend.usd or 0.0
            budget.uncertain_usd += spend.uncertain_usd
            budget.spent_tokens += spend.prompt_tokens + spend.completion_tokens
            budget.spent_requests += spend.requests
