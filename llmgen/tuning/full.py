"""Full fine-tuning of a small causal language model in this process. Imports torch."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from llmgen.errors import Interrupted
from llmgen.types import Struct

_IGNORED = -100  # a place whose token does not count in the loss


class Recipe(Struct):
    """`steps` batches of `batch` texts, AdamW without weight decay at the constant rate `lr`."""

    steps: int
    batch: int
    lr: float
    seed: int


def train(  # noqa: PLR0913  # where from, what with, how, where to, and who is told
    place: str,
    texts: Sequence[str],
    recipe: Recipe,
    target: Path,
    *,
    on_step: Callable[[int, float], None],
    cancelled: threading.Event,
) -> None:
    """Tunes all weights of the model at `place` on `texts`, in order, and saves it as the folder `target`.

    The loss is the mean of -log p over all tokens of a batch and of the end token behind each text. Runs in
    single precision; on a CPU the same call gives the same weights. `on_step` gets the number of steps done
    and the loss of the last one. `target` appears when it is whole. Raises Interrupted once `cancelled` is
    set.
    """
    torch.manual_seed(recipe.seed)
    tokenizer: Any = AutoTokenizer.from_pretrained(place)
    model: Any = AutoModelForCausalLM.from_pretrained(place, dtype="float32")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device).train()
    longest = getattr(model.config, "max_position_embeddings", 2048)
    rows = [_tokens(tokenizer, text)[:longest] for text in texts]
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.lr, weight_decay=0.0)
    for step in range(recipe.steps):
        if cancelled.is_set():
            raise Interrupted("training was interrupted")
        batch = _batch(rows[step * recipe.batch : (step + 1) * recipe.batch], device)
        loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        on_step(step + 1, loss.item())
    _save(model, tokenizer, target)


def _tokens(tokenizer: Any, text: str) -> list[int]:
    ids = list(tokenizer(text).input_ids)
    end = tokenizer.eos_token_id
    return ids if end is None or ids[-1:] == [end] else [*ids, end]


def _batch(rows: Sequence[list[int]], device: str) -> dict[str, Any]:
    """Rows padded on the right; what is padded is neither looked at nor learnt."""
    width = max(map(len, rows))

    def padded(value: int, given: Sequence[list[int]]) -> Any:
        return torch.tensor([[*row, *[value] * (width - len(row))] for row in given], device=device)

    return {
        "input_ids": padded(0, rows),
        "attention_mask": padded(0, [[1] * len(row) for row in rows]),
        "labels": padded(_IGNORED, rows),
    }


def _save(model: Any, tokenizer: Any, target: Path) -> None:
    part = target.with_name(f".{target.name}-part")
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(part)
    tokenizer.save_pretrained(part)
    part.rename(target)
