"""What a contamination detector looks at: an item's answers and the log probabilities of its own text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from llmgen.types import Contamination, Draw, Sample, Struct


class GivenText(Struct):
    """Natural log probabilities of the tokens of prompt + target under the model, without the first token.

    The first token has no log probability, so index i holds token i + 1. `target_start` is the number of the
    target's first token, counted from 0 among all tokens: `logprobs[target_start - 1:]` are the target's.
    `mu` and `sigma` are the mean and the standard deviation of log p over the whole vocabulary at the same
    places, None where the engine gives the most likely alternatives only.
    """

    logprobs: tuple[float, ...]
    target_start: int
    mu: tuple[float, ...] | None = None
    sigma: tuple[float, ...] | None = None


class Evidence(Struct):
    """Everything that was gathered about one item.

    `greedy` is the answer at temperature 0, `draws` the answers at a higher temperature; `n_asked` counts
    the draws that were asked for, which may be more than came back. `given` is None when the log
    probabilities of the item's own text could not be had, and `no_given` says why (`no_prompt_logprobs`,
    `no_target`, `error`). `greedy_unstable`: the greedy answer asked twice differed.
    """

    sample: Sample
    greedy: Draw | None = None
    draws: tuple[Draw, ...] = ()
    n_asked: int = 0
    given: GivenText | None = None
    no_given: str = ""
    greedy_unstable: bool = False


Detector: TypeAlias = Callable[[Evidence], Contamination]
"""The one interface of the contamination stage: pure, without waiting."""
