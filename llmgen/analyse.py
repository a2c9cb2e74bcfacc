"""Analyse responses with item response theory: a matrix, or stored results, to difficulties and abilities.

matrix -> connected parts -> a fit each -> numbers for machines, arrays for a file, rows in the store
"""

from __future__ import annotations

import hashlib
import math
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from llmgen.analysis.irt.fit import Fit
from llmgen.analysis.irt.items import items_of
from llmgen.analysis.irt.linking import FEWEST_COMMON, Link, link_items, link_models, linked
from llmgen.analysis.irt.model import ModelName, Options
from llmgen.analysis.irt.parts import Part, arrays, fit_parts
from llmgen.analysis.irt.study import Study, study
from llmgen.store import irt as stored
from llmgen.store.cells import Matrix, Reading
from llmgen.store.irt import Columns, FitRow
from llmgen.store.item_answers import MANY_ANSWERS, WrongAnswer, conflicts, wrong_answers
from llmgen.store.matrix import read_matrix, write_arrays
from llmgen.store.queries import catch_up
from llmgen.store.responses import Selection, stored_matrix
from llmgen.types import Struct

_LOOKED_AT = 200  # items whose wrong answers are compared


class Calibrated(Struct, frozen=True, eq=False):
    """A matrix and its fits: one, or one for each part when no scale joins them.

    `seconds` of fitting. `studies` and `fit_ids` of the parts, where they were studied and stored. `notes`
    say what the store could not show yet.
    """

    matrix: Matrix
    parts: tuple[Part, ...]
    seconds: float
    studies: tuple[Study | None, ...] = ()
    fit_ids: tuple[str | None, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_connected(self) -> bool:
        """Whether one scale holds everything."""
        return len(self.parts) == 1

    @property
    def has_converged(self) -> bool:
        """Whether every fit that was made arrived."""
        return all(part.fit is None or part.fit.converged for part in self.parts)


def calibrate_file(path: Path, how: Reading, model: ModelName | None, options: Options) -> Calibrated:
    """Calibrates the matrix in a file; `model` None chooses by the number of models.

    Raises UsageError for a bad file, or a matrix of which a fit would say nothing.
    """
    return calibrate(read_matrix(path, how), model, options)


def calibrate(matrix: Matrix, model: ModelName | None, options: Options) -> Calibrated:
    """Calibrates a matrix. Raises UsageError where a fit would say nothing."""
    started = time.perf_counter()
    parts = fit_parts(matrix.responses, model, options)
    return Calibrated(matrix=matrix, parts=parts, seconds=time.perf_counter() - started)


def write_calibration(path: Path, calibrated: Calibrated) -> None:
    """Writes parameters, abilities and errors with their names to an npz file.

    Raises UsageError when the file cannot be written.
    """
    matrix = calibrated.matrix
    values = arrays(calibrated.parts, (len(matrix.models), len(matrix.items)))
    write_arrays(path, {**values, "models": matrix.models, "items": matrix.items})


def studied(calibrated: Calibrated) -> Calibrated:
    """With tests, audit and true scores of every fit that was made."""
    studies = tuple(
        None if part.fit is None else study(part.fit, _responses(calibrated.matrix, part))
        for part in calibrated.parts
    )
    return msgspec.structs.replace(calibrated, studies=studies)


class Task(Struct, frozen=True):
    """What to calibrate: which stored answers, how they become 1 and 0, how to fit, whose scale to take.

    `model` None chooses by the number of models; `link_to` is a stored fit (an id, the beginning of one, or
    `last`).
    """

    selection: Selection = Selection()
    how: Reading = Reading()
    model: ModelName | None = None
    options: Options = Options()
    link_to: str | None = None


def calibrate_store(home: Path, task: Task) -> Calibrated:
    """Calibrates stored results and stores what it finds, each part by itself.

    Raises UsageError when nothing fits the selection, a fit would say nothing, or a link has too little in
    common; StoreError when the store cannot be read or written.
    """
    behind = catch_up(home)
    reference = None if task.link_to is None else stored.fit_id(home, task.link_to)
    source = stored_matrix(home, task.selection, task.how)
    calibrated = calibrate(source.matrix, task.model, task.options)
    conflict = conflicts(home, task.selection) if source.matrix.responses.size <= MANY_ANSWERS else {}
    kept: list[tuple[Part, Study | None, str | None]] = []
    for part in calibrated.parts:
        if part.fit is None:
            kept.append((part, None, None))
            continue
        named = _Named(
            fit=part.fit,
            responses=_responses(source.matrix, part),
            items=[(source.benchmarks[j], source.matrix.items[j]) for j in part.block.columns],
            models=[source.matrix.models[i] for i in part.block.rows],
        )
        seen, wrong = _looked_into(home, task.selection, named, conflict)
        link = None if reference is None else _link(home, reference, named)
        if link is not None:
            named = msgspec.structs.replace(named, fit=linked(named.fit, link))
        fit_id = f"irt-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        row = _fit_row(named, seen, task, calibrated.seconds)
        if link is not None:
            row = msgspec.structs.replace(
                row, linked_to=reference, link_scale=link.scale, link_shift=link.shift
            )
        stored.save_fit(home, fit_id, row, _item_columns(named, seen, wrong), _ability_columns(named, seen))
        kept.append((msgspec.structs.replace(part, fit=named.fit), seen, fit_id))
    parts, studies, fit_ids = zip(*kept, strict=True)
    return msgspec.structs.replace(
        calibrated, parts=parts, studies=studies, fit_ids=fit_ids, notes=(behind,) if behind else ()
    )


class _Named(Struct, frozen=True, eq=False):
    """A fit with its responses, and the names of its columns (benchmark, sample id) and rows."""

    fit: Fit
    responses: Any
    items: list[tuple[str, str]]
    models: list[str]


def _responses(matrix: Matrix, part: Part) -> Any:
    return matrix.responses[part.block.rows][:, part.block.columns]


def _looked_into(
    home: Path, selection: Selection, named: _Named, conflict: Mapping[tuple[str, str], float]
) -> tuple[Study, dict[tuple[str, str], WrongAnswer]]:
    """The study, and for its most suspect items the wrong answer that able models agree on."""
    differing = [conflict.get(item, math.nan) for item in named.items]
    first = study(named.fit, named.responses, conflict=differing)
    worst = [named.items[j][1] for j in first.audit.worst(_LOOKED_AT)]
    able = [named.models[i] for i in first.able(named.fit.theta)]
    wrong = wrong_answers(home, selection, worst, able)
    agreement = [wrong[item].share if item in wrong else math.nan for item in named.items]
    return study(named.fit, named.responses, conflict=differing, agreement=agreement), wrong


def _link(home: Path, reference: str, named: _Named) -> Link:
    """By common items where there are enough of them, else by common models."""
    known = {(item.benchmark, item.sample_id): item for item in stored.stored_items(home, reference)}
    columns = [j for j, item in enumerate(named.items) if item in known]
    if len(columns) >= FEWEST_COMMON:
        theirs = [known[named.items[j]] for j in columns]
        items = items_of(*([getattr(item, name) for item in theirs] for name in ("a", "d", "c")))
        return link_items(items, named.fit.items.take(columns))
    abilities = stored.stored_abilities(home, reference)
    rows = [i for i, model in enumerate(named.models) if model in abilities]
    return link_models([abilities[named.models[i]] for i in rows], [named.fit.theta[i] for i in rows])


def _fit_row(named: _Named, seen: Study, task: Task, seconds: float) -> FitRow:
    found, options = named.fit, named.fit.options
    names = msgspec.json.encode((named.items, named.models))
    return FitRow(
        model_name=options.model,
        slope=options.slope,
        priors=options.priors,
        quadrature=options.quadrature,
        n_models=found.n_models,
        n_items=found.n_items,
        n_responses=found.n_responses,
        loglik=found.loglik,
        loglik_grid61=found.loglik_grid61,
        objective=found.objective,
        cycles=found.cycles,
        converged=found.converged,
        seconds=seconds,
        m2=None if seen.model is None else seen.model.m2,
        m2_df=None if seen.model is None else seen.model.df,
        m2_p=None if seen.model is None else seen.model.p,
        item_statistic=seen.items.statistic,
        linked_to=None,
        link_scale=None,
        link_shift=None,
        selection=msgspec.to_builtins(task.selection) | msgspec.to_builtins(task.how),
        notes=found.notes,
        data_hash=hashlib.sha256(names + named.responses.tobytes()).hexdigest(),
        created=time.time(),
    )


def _item_columns(named: _Named, seen: Study, wrong: Mapping[tuple[str, str], WrongAnswer]) -> Columns:
    found, tested, audited = named.fit, seen.items, seen.audit
    numbers = {
        "a": found.items.a, "b": found.items.b, "c": found.items.c, "d": found.items.d,
        "se_a": found.se_a, "se_b": found.se_b, "se_c": found.se_c, "se_d": found.se_d,
        "n": audited.n, "p_value": audited.p_value, "suspect": audited.suspect,
        "x2": tested.x2, "df": tested.df, "p": tested.p, "p_holm": tested.p_holm,
        "infit": tested.infit, "outfit": tested.outfit,
    }  # fmt: skip
    agreed = [wrong.get(item) for item in named.items]
    return {name: values.tolist() for name, values in numbers.items()} | {
        "benchmark": [benchmark for benchmark, _ in named.items],
        "sample_id": [sample for _, sample in named.items],
        "flags": audited.flags,
        "top_wrong": [None if one is None else one.answer for one in agreed],
        "agreement": [None if one is None else one.share for one in agreed],
    }


def _ability_columns(named: _Named, seen: Study) -> Columns:
    found = named.fit
    numbers = {
        "theta": found.theta, "se": found.se_theta, "se_pool": found.se_pool, "infit": seen.infit,
        "outfit": seen.outfit, "true_score": seen.true_score, "true_lo": seen.true_lo,
        "true_hi": seen.true_hi, "coverage": seen.coverage, "n_items": seen.n_asked,
    }  # fmt: skip
    return {"model": named.models} | {name: values.tolist() for name, values in numbers.items()}
