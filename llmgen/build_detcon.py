"""Makes a labelled set for `llmgen eval detcon`: a small model is trained on items, then asked them.

The way of a set, top to bottom: draw items and doses, sample the untouched model, train it on the
contaminated items between other texts, sample the tuned one. Every row is on disk as soon as it is drawn; a
build that was killed goes on where it ended and gives the same set.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from llmgen.errors import Interrupted, StoreError, UsageError
from llmgen.gateway.engines.torch_load import Source, find_source, load, need_torch
from llmgen.gateway.engines.weights import KNOWN
from llmgen.store.lock import RunLock
from llmgen.tuning.exposures import assign, schedule
from llmgen.tuning.kept import Kept
from llmgen.tuning.labelled import Drawn, Item, Row, read_fillers, read_items
from llmgen.types import Struct, content_hash

BATCH = 4
STOP = ("\nclass", "\ndef", "\n#", "\nif", "\nprint", "\n```", "\n@", "\nassert", "\nfrom", "\nimport")
_DIGITS = 4  # of stored log probabilities
_SAID_EVERY = 10  # training steps between two lines of progress

Say = Callable[[str], None]


class DetconPlan(Struct):
    """What is built: `per_dose` items are seen as often as each of `doses` says, `clean` ones never.

    `base` of the clean items are also asked of the untouched model. `model` is a folder, a name on the hub,
    or `local/` and a known name.
    """

    items: Path
    filler: Path
    model: str
    doses: tuple[int, ...]
    per_dose: int
    clean: int
    base: int
    samples: int
    temperature: float
    max_tokens: int
    steps: int
    lr: float
    seed: int
    out: Path


class _Wanted(Struct):
    """One row that is to be written."""

    id: str
    item: Item
    dose: int
    tuned: bool


class _Job(Struct):
    """A plan with everything it names read and checked, and what is kept of it until it is done."""

    plan: DetconPlan
    source: Source
    texts: tuple[str, ...]
    wanted: tuple[_Wanted, ...]
    kept: Kept


async def build_detcon(plan: DetconPlan, home: Path, say: Say) -> int:
    """Writes the set of `plan` to its file and returns the number of rows. `say` gets lines of progress.

    Tuned weights and finished rows are kept in `home` until the file is there, and are used again by the next
    call with the same plan. Raises UsageError for a plan that cannot be carried out, Interrupted when the
    task is cancelled.
    """
    need_torch()
    job = await _prepared(plan, home, say)
    cancelled = threading.Event()
    folder = job.kept.folder
    with RunLock(folder.with_suffix(".lock"), folder.name):
        try:
            await asyncio.to_thread(_build, job, cancelled, say)
        except asyncio.CancelledError:
            cancelled.set()
            say("interrupted; the same command goes on")
            raise
    return len(job.wanted)


async def _prepared(plan: DetconPlan, home: Path, say: Say) -> _Job:
    items, fillers = read_items(plan.items), read_fillers(plan.filler)
    _check(plan)
    doses = assign(len(items), plan.doses, plan.per_dose, plan.clean, plan.seed)
    copies = [(items[index].prompt + items[index].canonical_solution, dose) for index, dose in doses.items()]
    texts = schedule(copies, fillers, plan.steps * BATCH, plan.seed)
    clean = [index for index, dose in doses.items() if dose == 0]
    base = [(f"base-{index:03d}", index, 0, False) for index in clean[: plan.base]]
    tuned = [(f"ft-{index:03d}", index, dose, True) for index, dose in sorted(doses.items())]
    wanted = tuple(
        _Wanted(id=name, item=items[index], dose=dose, tuned=is_tuned)
        for name, index, dose, is_tuned in (*base, *tuned)
    )
    source = await find_source(_model(plan.model), home, say)
    what = [source, texts, wanted, plan.samples, plan.temperature, plan.max_tokens, plan.lr, plan.seed]
    folder = home / "tuning" / f"detcon-{content_hash(what)[:12]}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot write {folder}: {error.strerror}", hint="choose another --home") from error
    return _Job(plan=plan, source=source, texts=tuple(texts), wanted=wanted, kept=Kept(folder))


def _check(plan: DetconPlan) -> None:
    if plan.out.exists():
        raise UsageError(f"{plan.out} exists", hint="choose another --out, or delete it")
    if not plan.out.absolute().parent.is_dir():
        raise UsageError(f"no such folder: {plan.out.absolute().parent}", hint="make it first")
    if plan.base > plan.clean:
        raise UsageError(
            f"--base {plan.base} is more than --clean {plan.clean}", hint="base items are clean ones"
        )


def _model(name: str) -> str:
    """The name that the engine knows. Raises UsageError for a `local/` one that it does not."""
    if not name.startswith("local/"):
        return name
    known = name.removeprefix("local/")
    if known not in KNOWN:
        raise UsageError(
            f"{name} cannot be trained", hint=f"a folder, a name on the hub, local/{next(iter(KNOWN))}"
        )
    return known


def _build(job: _Job, cancelled: threading.Event, say: Say) -> None:
    """All that takes long, in a thread of its own."""
    done = job.kept.finished()
    todo = [row for row in job.wanted if row.id not in done]
    if done:
        say(f"going on: {len(done)} of {len(job.wanted)} rows are there ({job.kept.folder})")
    untouched = [row for row in todo if not row.tuned]
    tuned = [row for row in todo if row.tuned]
    to_train = bool(tuned) and not job.kept.weights.exists()
    if untouched or to_train:
        engine = load(job.source.place, "float32")
        _fits(job, engine)
        say(_estimate(job, engine, rows=len(todo), steps=job.plan.steps if to_train else 0))
        _sample(job, engine, untouched, cancelled, say)
        del engine
    elif tuned:
        say("the tuned weights are there")
    if to_train:
        _train(job, cancelled, say)
    if tuned:
        _sample(job, load(str(job.kept.weights)), tuned, cancelled, say)
    job.kept.deliver(job.plan.out)


def _train(job: _Job, cancelled: threading.Event, say: Say) -> None:
    from llmgen.tuning.full import Recipe, train  # noqa: PLC0415  # loads torch

    plan, started = job.plan, time.monotonic()

    def on_step(step: int, loss: float) -> None:
        if step % _SAID_EVERY == 0 or step == plan.steps:
            say(f"step {step} of {plan.steps}, loss {loss:.3f}{_left(started, step, plan.steps)}")

    recipe = Recipe(steps=plan.steps, batch=BATCH, lr=plan.lr, seed=plan.seed)
    train(job.source.place, job.texts, recipe, job.kept.weights, on_step=on_step, cancelled=cancelled)


def _sample(job: _Job, engine: Any, rows: Sequence[_Wanted], cancelled: threading.Event, say: Say) -> None:
    """Draws the answers of `rows` and appends each row as soon as it is whole."""
    started = time.monotonic()
    for number, wanted in enumerate(rows, 1):
        row = _row(job.plan, engine, wanted, cancelled)
        if cancelled.is_set():
            raise Interrupted("sampling was interrupted")
        job.kept.append(row)
        left = _left(started, number, len(rows))
        say(f"row {number} of {len(rows)}: {row.id}, dose {row.occurrences}{left}")


def _row(plan: DetconPlan, engine: Any, wanted: _Wanted, cancelled: threading.Event) -> Row:
    item = wanted.item
    seed = random.Random(f"{plan.seed} {wanted.id}").getrandbits(32)  # noqa: S311  # a seed is no secret
    greedy, *draws = engine.write(_jobs(plan, engine, item, seed), cancelled)
    prompt, given = engine.text_tokens(item.prompt), engine.text_tokens(item.prompt + item.canonical_solution)
    same = [a == b for a, b in zip(prompt, given, strict=False)]
    scored = engine.prompt_logprobs(given, 0)
    return Row(
        id=wanted.id,
        humaneval_task_id=item.task_id,
        model=f"{Path(plan.model).name.lower()}-{'ft' if wanted.tuned else 'base'}",
        label=int(wanted.dose > 0),
        occurrences=wanted.dose,
        prompt=item.prompt,
        entry_point=item.entry_point,
        canonical_solution=item.canonical_solution,
        greedy=greedy.text,
        samples=tuple(draw.text for draw in draws),
        greedy_token_ids=greedy.token_ids,
        sample_token_ids=tuple(draw.token_ids for draw in draws),
        finish=(greedy.finish, *(draw.finish for draw in draws)),
        sampling=Drawn(
            temperature=plan.temperature,
            top_p=1.0,
            top_k=0,
            n=plan.samples,
            max_new_tokens=plan.max_tokens,
            seed=seed,
            prompt_sent='prompt.rstrip("\\n")',
            stop=STOP,
        ),
        ref_solution_start=same.index(False) if False in same else len(same),
        ref_logprobs=_rounded(scored.logprobs),
        ref_mu=_rounded(scored.mu),
        ref_sigma=_rounded(scored.sigma),
    )


def _jobs(plan: DetconPlan, engine: Any, item: Item, seed: int) -> list[Any]:
    """The greedy answer, then the draws, all of one prompt."""
    from llmgen.gateway.engines.torch_model import Job  # noqa: PLC0415  # loads torch

    greedy = Job(
        tokens=engine.text_tokens(item.prompt.rstrip("\n")),  # the newline makes small models end at once
        max_new=plan.max_tokens,
        temperature=0.0,
        seed=seed,
        stop=STOP,
    )
    draw = msgspec.structs.replace(greedy, temperature=plan.temperature)
    return [
        greedy,
        *(msgspec.structs.replace(draw, seed=seed + index) for index in range(1, plan.samples + 1)),
    ]


def _fits(job: _Job, engine: Any) -> None:
    """Raises UsageError for an item that the model cannot read whole."""
    for wanted in job.wanted:
        item = wanted.item
        longest = max(
            len(engine.text_tokens(item.prompt)) + job.plan.max_tokens,
            len(engine.text_tokens(item.prompt + item.canonical_solution)) + 1,
        )
        if longest > engine.context:
            raise UsageError(
                f"item {item.task_id} takes {longest} tokens, the model's context is {engine.context}",
                hint="fewer --max-tokens, or leave the item out",
            )


def _estimate(job: _Job, engine: Any, *, rows: int, steps: int) -> str:
    """What the build will take, from a prompt read and a few tokens drawn; training costs three readings."""
    item, never = job.wanted[0].item, threading.Event()
    jobs = _jobs(job.plan, engine, item, seed=0)
    times = []
    for tokens in (1, 1, 4):  # the first pass is slower than all later ones
        begun = time.monotonic()
        engine.write([msgspec.structs.replace(one, max_new=tokens) for one in jobs], never)
        times.append(time.monotonic() - begun)
    begun = time.monotonic()
    engine.prompt_logprobs(engine.text_tokens(item.prompt + item.canonical_solution), 0)
    reading = time.monotonic() - begun
    sampling = rows * (times[1] + reading + job.plan.max_tokens * max(0.0, times[2] - times[1]) / 3)
    training = f"; {steps} steps of training: about {_duration(3 * BATCH * reading * steps)}" if steps else ""
    return f"{rows} rows of {job.plan.samples} + 1 answers: at most {_duration(sampling)}{training}"


def _left(started: float, done: int, total: int) -> str:
    return (
        "" if done == total else f"; {_duration((time.monotonic() - started) / done * (total - done))} left"
    )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 2 * 60 else f"{seconds / 60:.0f} min"


def _rounded(values: Sequence[float | None]) -> tuple[float, ...]:
    return tuple(round(value, _DIGITS) for value in values if value is not None)
