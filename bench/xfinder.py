"""xFinder through vLLM: is the engine's batch full? Beside the engine's own benchmark, `vllm bench serve`.

    LLMGEN_VLLM_PYTHON=.venv-vllm/bin/python python bench/xfinder.py [--model MODEL --prompts N --at-once N]

One managed vLLM server; the same prompts, stop strings, longest replies and concurrency for both sides, which
take turns; no prefix cache, since one side would fill it for the other. MODEL is what `llmgen vllm up` takes,
for example the weights of an xFinder; without it a small model of its architecture is built here, which
answers in two tokens, as an xFinder does.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, median
from typing import Any, NamedTuple, Self

import msgspec
from lab import LLMGEN, Bars, child, data_home, number, table

from llmgen.assets import asset_dir
from llmgen.extract.ranges import Range
from llmgen.extract.xfinder.extractor import MAX_TOKENS
from llmgen.extract.xfinder.prompt import STOPS, SYSTEM, Form
from llmgen.gateway.engines.records import load_all
from llmgen.gateway.providers.table import ROWS
from llmgen.prompts import Prompts

ROUNDS = 5
IN_HAND = re.compile(r"^vllm:num_requests_(?:running|waiting)\{.*\} (\S+)", re.MULTILINE)
OPTIONS = (["A", "red"], ["B", "blue"])
QUESTION = "Which colour has the pier? Answer Choices: (A) red (B) blue"
FILLER = "The keeper of the pier writes down what the boats bring in, how many came and from where. "
ENGINE = """
from vllm.benchmarks import serve
from vllm.utils.argparse_utils import FlexibleArgumentParser
flags = FlexibleArgumentParser()
serve.add_cli_args(flags)
serve.main(flags.parse_args())
"""  # `vllm bench serve`: the CPU build's own command fails, since it asks for a package `vllm`


def build_model(folder: Path) -> str:
    """A Qwen2 of two layers over bytes that says B after a colon and ends after everything else."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    names = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "<|endoftext|>"]
    vocabulary = {name: place for place, name in enumerate(names)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=names[-1]).save_pretrained(folder)
    width, end = 512, vocabulary[names[-1]]
    shape = {"vocab_size": width, "hidden_size": width, "intermediate_size": width, "num_hidden_layers": 2}
    config = Qwen2Config(
        **shape, num_attention_heads=8, num_key_value_heads=8, eos_token_id=end, tie_word_embeddings=False
    )
    model = Qwen2ForCausalLM(config)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "o_proj" in name or "down_proj" in name:
                weights.zero_()  # the layers cost their time and add nothing: the last byte decides
        model.model.embed_tokens.weight.copy_(torch.eye(width))
        model.lm_head.weight.zero_()
        model.lm_head.weight[end, : len(names)] = 1.0
        model.lm_head.weight[[end, vocabulary["B"]], vocabulary[":"]] = torch.tensor([0.0, 1.0])
    model.save_pretrained(folder)
    return str(folder)


def outputs(count: int, turn: str) -> list[str]:
    """Outputs to read, of 100 to 900 characters, the longest first, as the extractor reads them."""
    lengths = [FILLER * (1 + number_ * 9 // count) for number_ in range(count)]
    return [f"{turn}, number {place}: {text}So it is (B)." for place, text in enumerate(reversed(lengths))]


def rows_of(texts: list[str]) -> list[dict[str, Any]]:
    """The texts as labelled rows."""
    return [
        {
            "id": str(place),
            "key_answer_type": "alphabet_option",
            "question": QUESTION,
            "llm_output": text,
            "standard_answer_range": OPTIONS,
            "correct_answer": "B",
            "extracted_label": "B",
        }
        for place, text in enumerate(texts)
    ]


def prompts_of(texts: list[str]) -> list[dict[str, Any]]:
    """The same prompts that the extractor sends."""
    form = Form(template="xfinder_qwen1505", system=SYSTEM, instruction="", escape=False)
    answers = Range(
        answer_type="alphabet_option",
        values=tuple(letter for letter, _ in OPTIONS),
        texts=tuple(text for _, text in OPTIONS),
    )
    fill = Prompts(asset_dir("prompts")).fill
    return [{"prompt": form.render(fill, answers, QUESTION, text)} for text in texts]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    """One JSON object a line."""
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


class Served:
    """A managed server, and both sides that ask it."""

    def __init__(self, home: Path, python: str, model: str, at_once: int) -> None:
        self._home, self._python, self._at_once = home, python, at_once
        self._llmgen("vllm", "up", model, "--max-model-len", "4096", "--", "--no-enable-prefix-caching")
        (self._record,) = load_all(home)
        self._name = next(iter(self._record.identities))
        words = self._record.command
        self._weights = words[words.index("serve" if "serve" in words else "--model") + 1]

    def close(self) -> None:
        """Ends the server."""
        self._llmgen("vllm", "down", "--all")

    def batch(self) -> float:
        """How many requests the engine has in hand, waiting ones too."""
        with urllib.request.urlopen(f"{self._record.base_url.removesuffix('/v1')}/metrics") as reply:
            text = reply.read().decode()
        return sum(float(count) for count in IN_HAND.findall(text))

    def engine(self, texts: list[str]) -> float:
        """Requests a second by the engine's own benchmark. Raises RuntimeError when some failed."""
        file = write(self._home / "prompts.jsonl", prompts_of(texts))
        flags = {
            "backend": "openai",
            "base-url": self._record.base_url.removesuffix("/v1"),
            "endpoint": "/v1/completions",
            "model": self._name,
            "tokenizer": self._weights,
            "dataset-name": "custom",
            "dataset-path": file,
            "custom-output-len": MAX_TOKENS,
            "num-prompts": len(texts),
            "max-concurrency": self._at_once,
            "temperature": 0,
            "logprobs": 0,
            "extra-body": json.dumps({"stop": STOPS[: ROWS["vllm"].max_stop]}),
            "result-dir": self._home,
            "result-filename": "engine.json",
        }
        switches = ["--skip-chat-template", "--disable-shuffle", "--disable-tqdm", "--save-result"]
        words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
        environ = {**os.environ, "OPENAI_API_KEY": self._record.key}
        done = subprocess.run(
            [self._python, "-c", ENGINE, *words, *switches],
            env=environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        found = json.loads((self._home / "engine.json").read_text())
        if found["completed"] != len(texts):
            raise RuntimeError(f"the engine's benchmark got {found['completed']} of {len(texts)} replies")
        return float(found["request_throughput"])

    def ours(self, texts: list[str]) -> float:
        """Requests a second of `llmgen eval kaf`, from the opened run to its last reading."""
        file = write(self._home / "rows.jsonl", rows_of(texts))
        words = ["--data", file, "--extractor", "xfinder", "--xfinder-served-name", self._name]
        limits = ["--cache", "off", "--max-in-flight", self._at_once]
        found = json.loads(self._llmgen("eval", "kaf", *words, *limits, "--json"))
        read = found["metrics"]["extractors"]["xfinder"]
        if read["errors"] or read["n"] != len(texts):
            raise RuntimeError(f"xfinder read {read['n']} texts, {read['errors']} of them failed")
        run = msgspec.json.decode(self._llmgen("runs", "show", found["run_id"], "--json"))
        return len(texts) / (run["ended_at"] - run["started_at"])

    def _llmgen(self, *words: object) -> str:
        done = child([LLMGEN, "--home", str(self._home), *map(str, words)], cwd=self._home)
        if done.code:
            raise RuntimeError(f"llmgen {words[0]} ended with exit code {done.code}")
        return done.out


class Gauge:
    """Samples a figure in a thread of its own; `mean` is over the time in which it was not zero."""

    def __init__(self, read: Callable[[], float]) -> None:
        self._read, self._ended = read, threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._seen: list[float] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def mean(self) -> float:
        """The mean of the samples that are not zero."""
        return fmean([value for value in self._seen if value] or [0.0])

    def _sample(self) -> None:
        while not self._ended.wait(0.25):
            self._seen.append(self._read())


class Round(NamedTuple):
    """One turn of both sides: requests a second, and requests in the engine's hand."""

    engine: float
    ours: float
    engine_batch: float
    our_batch: float


def take_turns(served: Served, turn: int, count: int) -> Round:
    """Both sides once, each with prompts of its own."""
    with Gauge(served.batch) as theirs:
        engine = served.engine(outputs(count, f"Engine {turn}"))
    with Gauge(served.batch) as own:
        ours = served.ours(outputs(count, f"xFinder {turn}"))
    return Round(engine, ours, theirs.mean, own.mean)


def main() -> int:
    """Measures; exit code 1 when the bar was missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model")
    parser.add_argument("--prompts", type=int, default=256)
    parser.add_argument("--at-once", type=int, default=32)
    asked = parser.parse_args()
    python = os.environ.get("LLMGEN_VLLM_PYTHON")
    if not python:
        print("xFinder through vLLM: skipped, LLMGEN_VLLM_PYTHON names no interpreter with vLLM")
        return 0
    bars = Bars()
    with data_home() as home:
        served = Served(home, python, asked.model or build_model(home / "small-qwen2"), asked.at_once)
        try:
            served.ours(outputs(asked.at_once, "Warm-up"))
            rounds = [take_turns(served, turn, asked.prompts) for turn in range(ROUNDS)]
        finally:
            served.close()
    columns = ("round", "vllm bench serve", "llmgen eval kaf", "its batch", "our batch")
    rows = [(str(turn), *map(number, figures)) for turn, figures in enumerate(rounds)]
    table(
        f"xFinder through vLLM: {asked.prompts} prompts, {asked.at_once} at once, requests/s", columns, rows
    )
    bars.at_least(
        "batch against the engine's own benchmark", median(r.our_batch / r.engine_batch for r in rounds), 0.9
    )
    bars.at_least("throughput against it", median(r.ours / r.engine for r in rounds), 0.9)
    return bars.report()


if __name__ == "__main__":
    sys.exit(main())
