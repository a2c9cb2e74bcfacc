"""A matrix that may fall into parts: each is fitted by itself, since nothing puts them on one scale."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from llmgen.analysis.irt.design import Block, connected, default_model
from llmgen.analysis.irt.fit import Fit, fit
from llmgen.analysis.irt.items import Array, Matrix
from llmgen.analysis.irt.model import ModelName, Options
from llmgen.analysis.irt.responses import check
from llmgen.errors import UsageError
from llmgen.types import Struct


class Part(Struct, frozen=True, eq=False):
    """Models and items on one scale, by their numbers in the matrix: the fit, or why there is none."""

    block: Block
    fit: Fit | None
    refusal: str = ""


def fit_parts(responses: ArrayLike, model: ModelName | None, options: Options) -> tuple[Part, ...]:
    """Fits every connected part; `model` None chooses by the part's number of models.

    Raises UsageError as `fit` does when there is one part; among several the part carries the refusal.
    """
    matrix = check(responses)
    blocks = connected(matrix)
    if len(blocks) > 1:
        return tuple(_part(matrix, block, model, options) for block in blocks)
    whole = Block(rows=np.arange(matrix.shape[0]), columns=np.arange(matrix.shape[1]))
    return (Part(block=whole, fit=fit(matrix, _chosen(matrix.shape[0], model, options))),)


def arrays(parts: tuple[Part, ...], shape: tuple[int, int]) -> dict[str, NDArray[np.generic]]:
    """The parts' numbers in the order of the matrix, nan where there are none.

    a, d, c, b with se_a, se_d, se_c, se_b (J,), theta, se_theta, se_pool (N,); `block_of_model` and
    `block_of_item` say which values share a scale (-1: none).
    """
    n_models, n_items = shape
    of_items = {
        name: np.full(n_items, np.nan) for name in ("a", "d", "c", "b", "se_a", "se_d", "se_c", "se_b")
    }
    of_models = {name: np.full(n_models, np.nan) for name in ("theta", "se_theta", "se_pool")}
    block_of_model, block_of_item = np.full(n_models, -1), np.full(n_items, -1)
    for number, part in enumerate(parts):
        rows, columns = part.block.rows, part.block.columns
        block_of_model[rows], block_of_item[columns] = number, number
        if part.fit is None:
            continue
        for name, values in _item_values(part.fit).items():
            of_items[name][columns] = values
        for name, everywhere in of_models.items():
            everywhere[rows] = getattr(part.fit, name)
    return {**of_items, **of_models, "block_of_model": block_of_model, "block_of_item": block_of_item}


def _item_values(found: Fit) -> dict[str, Array]:
    parameters = {name: getattr(found.items, name) for name in ("a", "d", "c", "b")}
    return parameters | {f"se_{name}": getattr(found, f"se_{name}") for name in parameters}


def _part(matrix: Matrix, block: Block, model: ModelName | None, options: Options) -> Part:
    try:
        found = fit(matrix[np.ix_(block.rows, block.columns)], _chosen(block.rows.size, model, options))
    except UsageError as refused:
        return Part(block=block, fit=None, refusal=f"{refused.message}; {refused.hint}")
    return Part(block=block, fit=found)


def _chosen(n_models: int, model: ModelName | None, options: Options) -> Options:
    return msgspec.structs.replace(options, model=model or default_model(n_models))
