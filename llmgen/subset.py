"""A subset of a benchmark's items, as a file has it, and the full score that the answers to it suggest.

`llmgen analyse subset --out FILE` writes it, `llmgen eval --items-from FILE` asks it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from llmgen.errors import UsageError
from llmgen.types import Struct, content_hash

Method: TypeAlias = Literal["random", "stratified", "anchors", "pirt", "gpirt", "control", "adaptive"]


class Parameters(Struct, frozen=True):
    """Slope, intercept, guessing rate and weight in the full score of items, (n,) each."""

    sample_ids: tuple[str, ...]
    a: tuple[float, ...]
    d: tuple[float, ...]
    c: tuple[float, ...]
    weight: tuple[float, ...]


class Subset(Struct, frozen=True, forbid_unknown_fields=True):
    """`sample_ids` (k) of the `n_items` items of `benchmark`, chosen by `method` on `n_models` models.

    `weights` (k,) are what each stands for. `mae` and `half_width` are cross-validated, None where that was
    not possible. Grades from `threshold` on count as right. `parameters` are those of all calibrated items
    for methods that predict, of the chosen ones for others, None where items could not be fitted. Abilities
    of the calibration's models lie between `theta_low` and `theta_high`; 5 % of them have an lz* on these
    items below `lz_star_low`.
    """

    benchmark: str
    method: Method
    sample_ids: tuple[str, ...]
    weights: tuple[float, ...]
    n_items: int
    n_models: int
    threshold: float = 0.5
    mae: float | None = None
    half_width: float | None = None
    parameters: Parameters | None = None
    theta_low: float | None = None
    theta_high: float | None = None
    lz_star_low: float | None = None
    warnings: tuple[str, ...] = ()

    @property
    def ids_hash(self) -> str:
        """sha256 (hex) over the ids: what a run has to have been asked to be the same run."""
        return content_hash(self.sample_ids)


class FullScore(Struct, frozen=True):
    """The score on all items, estimated from the `n_graded` of `n_asked` that were graded, None without any.

    `low` and `high`: 95 %, from the errors on held-out models (`cross-validated`) or, where those are too
    few, Wilson's interval of the items asked, which is right for a random sample and wide for a stratified
    one. `theta` is the ability that the answers show.
    """

    method: Method
    score: float | None
    low: float
    high: float
    interval: Literal["cross-validated", "wilson", "none"]
    n_asked: int
    n_graded: int
    n_items: int
    theta: float | None = None
    warnings: tuple[str, ...] = ()


def read_subset(path: Path) -> Subset:
    """The subset in a file. Raises UsageError when it is missing, damaged or something else."""
    hint = "llmgen analyse subset --out FILE writes one"
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Subset)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", hint=hint) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no subset of items: {error}", hint=hint) from error
    if not found.sample_ids or len(found.sample_ids) != len(found.weights):
        raise UsageError(f"{path} is no subset of items: ids and weights do not fit", hint=hint)
    return found
