"""Settings and a plan become objects here, and only here; whatever is opened is closed here."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from llmgen import __version__
from llmgen.assets import asset_dir
from llmgen.benchmarks import BENCHMARKS
from llmgen.benchmarks.base import Benchmark, Context, Spec
from llmgen.config import Settings
from llmgen.contamination import DETECTORS
from llmgen.contamination.base import Need
from llmgen.contamination.base import Options as ContaminationOptions
from llmgen.contamination.base import Spec as DetectorSpec
from llmgen.contamination.companions import load_control, load_twins
from llmgen.errors import UsageError
from llmgen.examine import Examiner
from llmgen.extract.base import ExtractContext, open_extractor
from llmgen.extract.comparators import open_comparators
from llmgen.extract.judge import build_judge
from llmgen.extract.options import Options as ExtractorOptions
from llmgen.gateway.providers.recorded import RecordedAnswers
from llmgen.gateway.stack import Member
from llmgen.lines import Gateway, open_gateway
from llmgen.plan import Plan
from llmgen.prompts import Prompts
from llmgen.sandbox import open_runner
from llmgen.session import Line, Scorer, Session
from llmgen.store.journal import Journal
from llmgen.store.parquet import read_parquet
from llmgen.subset import Subset, read_subset
from llmgen.types import Extract, Judge, Run, Sample, Struct, content_hash

S = TypeVar("S", bound=Struct)


async def open_scorer(gateway: Gateway, plan: Plan) -> Scorer:
    """Loads the benchmark with its extractors, comparators and, when one is named, its judge."""
    spec: Spec = BENCHMARKS.load(plan.benchmark)
    prompts = Prompts(asset_dir("prompts"))
    judge = await _judge(gateway, plan.judge, prompts)
    options = _convert(plan.options, spec.options, plan.benchmark)
    comparators, close = open_comparators()
    gateway.closing.push_async_callback(close)
    private = [gateway.settings.home_path, Path(os.environ.get("HOME", "/")), Path()]
    context = Context(
        model=plan.model,
        datasets=asset_dir("datasets"),
        judge=judge,
        comparators=comparators,
        open_runner=partial(open_runner, hidden=private),
        read_parquet=read_parquet,
    )
    benchmark = await asyncio.to_thread(spec.load, options, context)
    names = plan.extractors or spec.extractors
    extractors = await _extractors(gateway, plan, prompts, names)
    return Scorer(benchmark, extractors, prompts, _companions(benchmark, plan))


def _companions(benchmark: Benchmark, plan: Plan) -> tuple[Sample, ...]:
    """The control set and the twins that the plan names."""
    options = _contamination_options(plan)
    if options.control is None and options.twins is None:
        return ()
    samples = list(islice(benchmark.samples(), plan.limit))
    found: list[Sample] = []
    if options.control is not None:
        found += load_control(Path(options.control), samples[0] if samples else None)
    if options.twins is not None:
        found += load_twins(Path(options.twins), {sample.id: sample for sample in samples})
    return tuple(found)


def _detectors(plan: Plan) -> list[DetectorSpec]:
    """The detectors that the plan names, or the benchmark's own."""
    spec: Spec = BENCHMARKS.load(plan.benchmark)
    return [DETECTORS.load(name) for name in plan.detectors or spec.detectors]


def rereader(plan: Plan) -> Examiner:
    """Those of the plan's detectors whose readings rest on grades; they read stored draws again."""
    options = _contamination_options(plan)
    rows = [row for row in _detectors(plan) if "grades" in row.needs]
    detectors = [row.build(options) for row in rows if row.build is not None]
    return Examiner(detectors, frozenset(), options, recorded=None, gives_prompt_logprobs=False)


def _examiner(plan: Plan, benchmark: Benchmark, line: Line) -> Examiner:
    """What looks at every sample of a run."""
    options = _contamination_options(plan)
    rows = _detectors(plan)
    needs = frozenset[Need]().union(*(row.needs for row in rows))
    if "twins" in needs and options.twins is None:
        raise UsageError("the detector twins needs --twins FILE", hint="see docs/contamination.md")
    return Examiner(
        [row.build(options) for row in rows if row.build is not None],
        needs,
        options,
        recorded=benchmark.evidence,
        gives_prompt_logprobs=line.prompt_logprobs,
    )


def _contamination_options(plan: Plan) -> ContaminationOptions:
    return _convert(plan.contamination, ContaminationOptions, "contamination options")


async def _extractors(gateway: Gateway, plan: Plan, prompts: Prompts, names: Sequence[str]) -> list[Extract]:
    """The named extractors; those that ask a model do so behind the run's own gateway and budget."""

    async def open_line(model_id: str, base_urls: Sequence[str] = ()) -> Line:
        return await gateway.open(model_id, {"drop_unsupported": True}, base_urls)

    context = ExtractContext(
        options=_convert(plan.extractor_options, ExtractorOptions, "extractor options"),
        open_line=open_line,
        fill=prompts.fill,
        judge=plan.judge or gateway.settings.judge,
    )
    return [await open_extractor(name, context) for name in names]


def _convert(values: Mapping[str, Any], options: type[S], whose: str) -> S:
    try:
        return msgspec.convert(values, options, strict=False)  # rescore --set gives text
    except msgspec.ValidationError as error:
        raise UsageError(f"{whose}: {error}", hint=f"see llmgen eval {whose} --help") from error


@asynccontextmanager
async def open_session(
    settings: Settings,
    plan: Plan,
    *,
    run_id: str | None = None,
    base_run: str | None = None,
    rehearse: bool = False,
) -> AsyncIterator[Session]:
    """Opens gateway and benchmark for `plan`, without a journal; closes everything on the way out.

    With `rehearse` models are only named, see `open_gateway`.
    """
    async with open_gateway(settings, plan.cache, rehearse=rehearse) as gateway:
        scorer = await open_scorer(gateway, plan)
        line = await _line(gateway, plan, scorer)
        subset = _subset(plan, scorer.benchmark)
        yield Session(
            settings,
            plan,
            scorer,
            _examiner(plan, scorer.benchmark, line),
            run=new_run(plan, scorer, line.endpoint, line.model, run_id, base_run, subset),
            lines=[line, *(other for other in gateway.lines if other is not line)],
            traffic=gateway.traffic,
            subset=subset,
        )


def _subset(plan: Plan, benchmark: Benchmark) -> Subset | None:
    """The items that the plan asks alone. Raises UsageError when they are not those of this benchmark."""
    if plan.items_from is None:
        return None
    subset = read_subset(Path(plan.items_from))
    if subset.ids_hash != plan.items_hash:
        raise UsageError(
            f"{plan.items_from} names other items than when the run started", hint="start a new run"
        )
    missing = set(subset.sample_ids) - {sample.id for sample in benchmark.samples()}
    if missing or subset.benchmark != plan.benchmark:
        raise UsageError(
            f"{plan.items_from} is a subset of {subset.benchmark}: {len(missing)} of its "
            f"{len(subset.sample_ids)} items are not in {plan.benchmark} as it is loaded here",
            hint="load the same data, with the same options",
        )
    return subset


@asynccontextmanager
async def open_journal(settings: Settings, run: Run, resumed: Run | None = None) -> AsyncIterator[Journal]:
    """A new journal for `run`, or that of `resumed`, which has to be the same evaluation; closed at the end.

    Raises UsageError when the run exists, is being written, or is not the same any more (says what changed).
    """
    if resumed is None:
        journal = Journal.create(settings.home_path, run, settings.durability)
    else:
        _check_unchanged(resumed, run)
        journal = Journal.resume(settings.home_path, resumed.id, settings.durability)
    try:
        if resumed is not None:
            journal.write_run(msgspec.structs.replace(journal.run, state="running", ended_at=None))
        yield journal
    except BaseException:
        await asyncio.to_thread(journal.abandon)
        raise
    await asyncio.to_thread(journal.close)


async def _line(gateway: Gateway, plan: Plan, scorer: Scorer) -> Line:
    """The line to the plan's model, or to its recorded answers when the benchmark brought them."""
    recorded = scorer.benchmark.recorded
    if recorded is not None:
        endpoint = f"recorded:{scorer.benchmark.dataset_hash[:16]}"
        member = Member(RecordedAnswers(recorded, endpoint), "replay", plan.model)
        # answers are found by sample: the cache would give equal questions one answer
        return gateway.connect(plan.model, [member], mode="off")
    options = {"drop_unsupported": plan.drop_unsupported, "replay": plan.recording}
    return await gateway.open(plan.model, options, plan.base_urls, plan.record)


async def _judge(gateway: Gateway, name: str | None, prompts: Prompts) -> Judge | None:
    """The judge that the plan names, behind the same gateway and budget."""
    if name is None:
        return None
    line = await gateway.open(name, {})
    return build_judge(line, prompts.fill, endpoint=line.endpoint, model=line.model)


def new_run(  # noqa: PLR0913, PLR0917  # what makes a run comparable, each part from somewhere else
    plan: Plan,
    scorer: Scorer,
    endpoint: str,
    served: str,
    run_id: str | None = None,
    base_run: str | None = None,
    subset: Subset | None = None,
) -> Run:
    """A new run: what is asked of whom, with the hashes that make it comparable.

    `served` is the model's name at the endpoint.
    """
    benchmark = scorer.benchmark
    prompt_hash = scorer.prompts.hash(benchmark.template)
    sampling = msgspec.to_builtins(plan.sampling.apply(benchmark.sampling))
    return Run(
        id=run_id or f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(3)}",
        benchmark=plan.benchmark,
        model=plan.model,
        endpoint=endpoint,
        state="running",
        started_at=time.time(),
        n_repeats=plan.repeats,
        settings={
            "plan": msgspec.to_builtins(plan),
            "sampling": sampling,
            "context": benchmark.context,
            **({} if subset is None else {"subset": msgspec.to_builtins(subset)}),
        },
        settings_hash=content_hash(plan),
        prompt_hash=prompt_hash,
        dataset_hash=benchmark.dataset_hash,
        identity=content_hash(
            [plan, benchmark.dataset_hash, prompt_hash, endpoint, served, sampling, scorer.companions],
        ),
        code_version=__version__,
        base_run=base_run,
        notes=benchmark.notes,
    )


def _check_unchanged(resumed: Run, run: Run) -> None:
    if resumed.identity == run.identity:
        return
    names = ("dataset_hash", "prompt_hash", "endpoint")
    changed = [name for name in names if getattr(resumed, name) != getattr(run, name)]
    raise UsageError(
        f"run {resumed.id} cannot go on: {', '.join(changed) or 'its settings'} changed since it started",
        hint="start a new run; what is in the cache is not asked again",
    )
