"""Choose fewer items of a benchmark: which to keep, how wrong their score is, how many are needed.

matrix -> errors of each method on held-out models -> a subset with its estimator, for `eval --items-from`
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from llmgen.analysis.irt.responses import check
from llmgen.analysis.subset.chosen import pick
from llmgen.analysis.subset.methods import METHODS, PREDICTING
from llmgen.analysis.subset.validation import FEW_MODELS, Validated, needed, sizes, validate
from llmgen.errors import UsageError
from llmgen.store import queries
from llmgen.store.cells import Matrix, Reading
from llmgen.store.matrix import read_matrix
from llmgen.store.responses import Selection, stored_matrix
from llmgen.subset import Method, Subset
from llmgen.types import Struct

_RIGHT_FROM = 0.5


class Wanted(Struct, frozen=True):
    """`k` items by `method` (None: stratified below 100 models, else gp-IRT); `half_width` asks how many
    items keep 95 % of the errors within it.
    """

    k: int
    method: Method | None = None
    half_width: float | None = None
    seed: int = 0


class Chosen(Struct, frozen=True, eq=False):
    """Errors of the methods with `k` items, the subset, and the items that each method needs (`plan`).

    `subset` is None where none can be written down. `plan` is None unless a half-width was asked for.
    """

    k: int
    method: Method
    n_models: int
    n_items: int
    table: tuple[Validated, ...]
    subset: Subset | None
    plan: dict[Method, int | None] | None
    notes: tuple[str, ...]


def choose_stored(home: Path, which: Selection, how: Reading, wanted: Wanted) -> Chosen:
    """Chooses items of a stored benchmark. Of several, each counts alike in the score, and no subset is made.

    Raises UsageError when nothing fits, or when there are fewer items than asked for.
    """
    behind = queries.catch_up(home)
    stored = stored_matrix(home, which, how)
    chosen = _choose(stored.matrix, stored.benchmarks, how, wanted)
    return msgspec.structs.replace(chosen, notes=(*((behind,) if behind else ()), *chosen.notes))


def choose_file(path: Path, how: Reading, wanted: Wanted, benchmark: str) -> Chosen:
    """Chooses items of a matrix in a file, whose items are samples of `benchmark`.

    Raises UsageError as `choose_stored` does, and for a bad file.
    """
    matrix = read_matrix(path, how)
    return _choose(matrix, (benchmark,) * len(matrix.items), how, wanted)


def check_out(path: Path, wanted: Wanted) -> None:
    """Raises UsageError when no subset could be written to `path`: said before anything is computed."""
    if wanted.method == "adaptive":
        raise UsageError(
            "adaptive asks every model other items: there is no subset to write", hint="--method stratified"
        )
    if not path.absolute().parent.is_dir():
        raise UsageError(f"cannot write {path}: there is no such folder", hint="name another file")


def write_subset(path: Path, chosen: Chosen) -> None:
    """Writes the file that `eval --items-from` reads. Raises UsageError when there is nothing to write."""
    if chosen.subset is None:
        raise UsageError("no subset to write: there are several benchmarks", hint="--benchmark NAME")
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(chosen.subset), indent=1) + b"\n")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}", hint="name another file") from error


def _choose(matrix: Matrix, benchmarks: tuple[str, ...], how: Reading, wanted: Wanted) -> Chosen:
    responses = check(matrix.responses)
    answered = (responses >= 0).max(axis=0, initial=False)
    kept = answered.nonzero()[0].tolist()
    responses = responses[:, kept][(responses >= 0).any(axis=1)]
    of = [benchmarks[at] for at in kept]
    n_models, n_items = responses.shape
    if wanted.k > n_items:
        raise UsageError(f"{wanted.k} of {n_items} answered items", hint=f"--items {max(n_items // 2, 1)}")
    sizes_of = Counter(of)
    weights = [1.0 / (len(sizes_of) * sizes_of[name]) for name in of]
    method: Method = wanted.method or ("stratified" if n_models < FEW_MODELS else "gpirt")
    table = validate(responses, weights, METHODS, (wanted.k,), seed=wanted.seed)
    plan = None
    if wanted.half_width is not None:
        tried = validate(responses, weights, METHODS, sizes(n_items), repetitions=1, seed=wanted.seed)
        plan = needed(tried, wanted.half_width)
    chosen = None
    if len(sizes_of) == 1 and method != "adaptive":
        chosen = pick(
            of[0],
            method,
            wanted.k,
            responses=responses,
            sample_ids=[matrix.items[at] for at in kept],
            weights=weights,
            threshold=_RIGHT_FROM if how.threshold is None else how.threshold,
            validated=next((row for row in table if row.method == method), None),
            seed=wanted.seed,
        )
    return Chosen(
        k=wanted.k,
        method=method,
        n_models=n_models,
        n_items=n_items,
        table=table,
        subset=chosen,
        plan=plan,
        notes=tuple(_notes(n_models, len(sizes_of), table, chosen)),
    )


def _notes(
    n_models: int, n_benchmarks: int, table: tuple[Validated, ...], chosen: Subset | None
) -> list[str]:
    notes = [] if chosen is None else [*chosen.warnings]
    if n_models < FEW_MODELS and not notes:
        those = ", ".join(sorted(PREDICTING))
        notes.append(f"{n_models} models: below {FEW_MODELS} {those} can be biased; use stratified")
    if not table:
        notes.append("too few models with answers to 90 % of the items: no error can be estimated")
    elif any(row.half_width is None for row in table):
        notes.append(f"{table[0].n_models} models were held out, 20 are needed for an interval")
    if n_benchmarks > 1:
        notes.append("several benchmarks: no subset is made, name one with --benchmark")
    return notes


def as_plain(chosen: Chosen) -> dict[str, Any]:
    """What was found as JSON; `sample_ids` are the items to keep."""
    return {
        "items": chosen.k,
        "method": chosen.method,
        "n_models": chosen.n_models,
        "n_items": chosen.n_items,
        "methods": msgspec.to_builtins(chosen.table),
        "plan": chosen.plan,
        "sample_ids": None if chosen.subset is None else list(chosen.subset.sample_ids),
        "mae": None if chosen.subset is None else chosen.subset.mae,
        "half_width": None if chosen.subset is None else chosen.subset.half_width,
        "notes": list(chosen.notes),
    }
