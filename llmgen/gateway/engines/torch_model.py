"""A causal language model in this process: tokens in, tokens and log probabilities out. Imports torch.

One batch is decoded in lock step with left padding; every row has its own temperature, seed, stop
sequences and length, so that no answer's random draws depend on who else is in the batch. What several rows
have in common, their prompt or the beginning of their answers, is computed once.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

from llmgen.types import Message, Struct, TokenLogprobs

_CHUNK = 512  # prompt positions whose logits are held at once


class Job(Struct):
    """One text to write. `logprobs` and `prompt_logprobs`: None = none, k = with k alternatives."""

    tokens: tuple[int, ...]
    max_new: int
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    logprobs: int | None = None


class Written(Struct):
    """What became of a job. `finish` is `stop` or `length`; `n_tokens` counts the end token, too.

    `token_ids` are those of the text, without the end token; the last one may reach into a stop sequence.
    """

    text: str
    token_ids: tuple[int, ...]
    finish: str
    n_tokens: int
    logprobs: TokenLogprobs | None = None


class TorchModel:
    """Weights and tokenizer. Not safe for two threads at once."""

    def __init__(self, source: str, dtype: str = "auto") -> None:
        """Loads a folder or a name on the hub, `auto`: in the type that its weights have.

        Raises OSError or ValueError when there is no such model.
        """
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self._tokenizer: Any = AutoTokenizer.from_pretrained(source)
        model: Any = AutoModelForCausalLM.from_pretrained(source, dtype=dtype)
        self._model = model.to(self.device).eval()
        self.dtype = str(model.dtype).removeprefix("torch.")
        self.commit: str | None = getattr(model.config, "_commit_hash", None)
        self.context: int = getattr(model.config, "max_position_embeddings", 2048)
        self.chats = bool(self._tokenizer.chat_template)
        self._ends = _end_tokens(model.generation_config.eos_token_id, self._tokenizer.eos_token_id)
        self._pad = next(iter(self._ends), 0)

    def chat_tokens(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """The chat as the model's template writes it, with the answer's opening."""
        plain = [{"role": message.role, "content": message.content} for message in messages]
        text = self._tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=True)
        return tuple(self._tokenizer(text, add_special_tokens=False).input_ids)

    def text_tokens(self, text: str) -> tuple[int, ...]:
        """A raw prompt, with the special tokens that the model expects around one."""
        return tuple(self._tokenizer(text).input_ids)

    @torch.inference_mode()
    def write(self, jobs: Sequence[Job], cancelled: threading.Event) -> list[Written]:
        """Decodes all jobs together until each has ended; what is there so far when `cancelled` is set."""
        rows = [_Row(job) for job in jobs]
        open_rows = [row for row in rows if row.job.max_new > 0]
        cache = DynamicCache(config=self._model.config)
        logits: Any = None
        mask: Any = None
        positions: Any = None
        if open_rows:
            logits, mask, positions = self._read(open_rows, cache)
        while open_rows and not cancelled.is_set():
            self._step(open_rows, logits[self._tensor([row.lane for row in open_rows])])
            open_rows = [row for row in open_rows if row.finish is None]
            if open_rows:
                logits, mask, positions = self._advance(open_rows, mask, positions, cache)
        return [self._written(row) for row in rows]

    @torch.inference_mode()
    def prompt_logprobs(self, tokens: Sequence[int], k: int) -> TokenLogprobs:
        """Log probabilities of a prompt's tokens under the model with their moments, the first one None."""
        ids = self._tensor([list(tokens)])
        hidden = self._model(input_ids=ids, use_cache=False).logits[0]
        values: list[float | None] = [None]
        mu: list[float | None] = [None]
        sigma: list[float | None] = [None]
        tops: list[dict[str, float]] = [{}]
        for start in range(0, len(tokens) - 1, _CHUNK):
            logits = hidden[start : min(start + _CHUNK, len(tokens) - 1)].float()
            chosen = ids[0, start + 1 : start + 1 + len(logits)]
            some, more = self._logprobs(logits, chosen.tolist(), k)
            values += some
            tops += more
            mean, deviation = _moments(logits)
            mu += mean
            sigma += deviation
        return TokenLogprobs(
            tokens=self._pieces(tokens),
            logprobs=tuple(values),
            top=tuple(tops) if k else (),
            mu=tuple(mu),
            sigma=tuple(sigma),
        )

    def _read(self, rows: Sequence[_Row], cache: Any) -> tuple[Any, Any, Any]:
        """Reads the distinct prompts into `cache`, a lane each: logits, mask, last positions by lane."""
        distinct = list(dict.fromkeys(row.job.tokens for row in rows))
        for row in rows:
            row.lane = distinct.index(row.job.tokens)
        width = max(map(len, distinct))
        ids = self._tensor([[self._pad] * (width - len(tokens)) + list(tokens) for tokens in distinct])
        mask = self._tensor([[0] * (width - len(tokens)) + [1] * len(tokens) for tokens in distinct])
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        return self._forward(ids, mask, positions, cache), mask, positions[:, -1:]

    def _advance(self, rows: Sequence[_Row], mask: Any, positions: Any, cache: Any) -> tuple[Any, Any, Any]:
        """Reads the tokens drawn last. Lanes part where rows part, and end where no row is left in them."""
        grown = list(dict.fromkeys((row.lane, row.tokens[-1]) for row in rows))
        at = {pair: lane for lane, pair in enumerate(grown)}
        for row in rows:
            row.lane = at[row.lane, row.tokens[-1]]
        before = [lane for lane, _ in grown]
        if before != list(range(len(mask))):
            chosen = self._tensor(before)
            cache.batch_select_indices(chosen)
            mask, positions = mask[chosen], positions[chosen]
        ids = self._tensor([[token] for _, token in grown])
        mask = torch.cat([mask, torch.ones_like(ids)], dim=-1)
        positions = positions + 1
        return self._forward(ids, mask, positions, cache), mask, positions

    def _forward(self, ids: Any, mask: Any, positions: Any, cache: Any) -> Any:
        """Logits of each lane's next token, in single precision."""
        out = self._model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            cache=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        return out.logits[:, -1].float()

    def _step(self, rows: Sequence[_Row], logits: Any) -> None:
        """Draws the next token of every row and notes how it ends, if it does."""
        greedy = logits.argmax(-1).tolist()
        divisors = torch.tensor([[row.job.temperature or 1.0] for row in rows])
        probabilities = torch.softmax(logits.cpu() / divisors, -1)
        drawn = [
            token if row.job.temperature == 0 else row.draw(probabilities[index])
            for index, (row, token) in enumerate(zip(rows, greedy, strict=True))
        ]
        for index, (row, token) in enumerate(zip(rows, drawn, strict=True)):
            row.tokens.append(token)
            if token in self._ends:
                row.finish = "stop"
                continue
            if row.job.logprobs is not None:
                some, more = self._logprobs(logits[index : index + 1], [token], row.job.logprobs)
                row.logprobs += some
                row.top += more
            if row.job.stop and any(stop in self._text(row.tokens) for stop in row.job.stop):
                row.finish = "stop"
            elif len(row.tokens) >= row.job.max_new:
                row.finish = "length"

    def _logprobs(
        self, logits: Any, tokens: Sequence[int], k: int
    ) -> tuple[list[float], list[dict[str, float]]]:
        """Of each position's token and of its k most likely ones, the token itself among them."""
        norm = logits.logsumexp(-1, keepdim=True)
        own = (logits.gather(-1, self._tensor(tokens)[:, None]) - norm)[:, 0].tolist()
        if k == 0:
            return own, [{} for _ in tokens]
        best = logits.topk(min(k, logits.shape[-1]), dim=-1)
        values = (best.values - norm).tolist()
        top = []
        for row, (ids, token) in enumerate(zip(best.indices.tolist(), tokens, strict=True)):
            alternatives = {self._pieces([token])[0]: own[row]}
            for piece, value in zip(self._pieces(ids), values[row], strict=True):
                alternatives.setdefault(piece, value)  # two tokens of one spelling: the likelier is first
            top.append(alternatives)
        return own, top

    def _written(self, row: _Row) -> Written:
        ids = [token for token in row.tokens if token not in self._ends]
        text = self._text(ids)
        cut = min((at for stop in row.job.stop if (at := text.find(stop)) >= 0), default=len(text))
        kept = len(ids)
        while kept and len(self._text(ids[: kept - 1])) >= cut and cut < len(text):
            kept -= 1
        logprobs = None
        if row.job.logprobs is not None:
            top = tuple(row.top[:kept]) if row.job.logprobs else ()
            logprobs = TokenLogprobs(
                tokens=self._pieces(ids[:kept]), logprobs=tuple(row.logprobs[:kept]), top=top
            )
        finish = row.finish or "length"
        return Written(
            text=text[:cut],
            token_ids=tuple(ids[:kept]),
            finish=finish,
            n_tokens=len(row.tokens),
            logprobs=logprobs,
        )

    def _text(self, ids: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    def _pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        return tuple(self._tokenizer.decode([token]) for token in ids)

    def _tensor(self, values: Any) -> Any:
        return torch.tensor(values, dtype=torch.long, device=self.device)


class _Row:
    """A job while it is being written. Rows whose tokens are the same so far share a lane of the batch."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.lane = 0
        self.tokens: list[int] = []
        self.finish: str | None = None
        self.logprobs: list[float] = []
        self.top: list[dict[str, float]] = []
        self._generator = torch.Generator()
        if job.seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(job.seed)

    def draw(self, probabilities: Any) -> int:
        """One token from `probabilities`, cut to the smallest set of at least top_p."""
        if self.job.top_p < 1:
            ordered, indices = probabilities.sort(descending=True)
            ordered[ordered.cumsum(-1) - ordered >= self.job.top_p] = 0
            return int(indices[self._pick(ordered)])
        return self._pick(probabilities)

    def _pick(self, weights: Any) -> int:
        """An index with probability in proportion to its weight: a tenth of torch.multinomial's time."""
        upto = weights.cumsum(-1, dtype=torch.float64)
        at = torch.rand((), dtype=torch.float64, generator=self._generator) * upto[-1]
        return int(torch.searchsorted(upto, at, right=True).clamp(max=len(upto) - 1))


def _moments(logits: Any) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of log p over the whole vocabulary, weighted by p, at each position.

    Zhang et al. 2404.02936 (Min-K%++). The deviation is that of log p from its mean, which is the root of
    E[(log p)^2] - mu^2 without the cancellation.
    """
    logp = logits.log_softmax(-1)
    p = logp.exp()
    logp = logp.masked_fill(p == 0, 0.0)  # a token that cannot come adds nothing, though its log p is -inf
    mu = (p * logp).sum(-1, keepdim=True)
    sigma = (p * (logp - mu).square()).sum(-1).sqrt()
    return mu[:, 0].tolist(), sigma.tolist()


def _end_tokens(*given: int | list[int] | None) -> frozenset[int]:
    """All tokens that end an answer: a model's configuration names none, one or several."""
    ends: set[int] = set()
    for value in given:
        ends.update(value if isinstance(value, list) else [] if value is None else [value])
    return frozenset(ends)
