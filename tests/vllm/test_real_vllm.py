"""A real vLLM on CPU, started and stopped by `llmgen vllm`, asked through the provider. `make test-vllm`."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from llmgen.config import Settings
from llmgen.errors import ProviderError, UsageError
from llmgen.gateway.engines.process import alive
from llmgen.gateway.engines.records import load_all
from llmgen.gateway.engines.weights import KNOWN, find
from llmgen.gateway.providers.table import open_provider
from llmgen.types import Message, Request, Sampling

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1200)]
LLMGEN = str(Path(sys.executable).with_name("llmgen"))
NAME = "smollm2-135m"


def llmgen(home, *words):
    """`llmgen WORDS` to its end."""
    return subprocess.run(
        [LLMGEN, "--home", str(home), *words], capture_output=True, text=True, check=False, timeout=900
    )


@pytest.fixture(scope="module")
def home(root, tmp_path_factory):
    """A data home with the embedded weights and one vLLM server that is up."""
    if not os.environ.get("LLMGEN_VLLM_PYTHON"):
        pytest.skip("LLMGEN_VLLM_PYTHON names no interpreter with vLLM (make test-vllm does)")
    kept = root / ".llmgen"
    if find(KNOWN[NAME], kept) is None:
        pulled = llmgen(kept, "models", "pull", NAME)
        assert pulled.returncode == 0, pulled.stderr
    home = tmp_path_factory.mktemp("home")
    (home / "models").mkdir()
    shutil.copy(find(KNOWN[NAME], kept), home / "models")
    up = llmgen(home, "vllm", "up", NAME, "--max-model-len", "2048", "--", "--enforce-eager")
    assert up.returncode == 0, up.stderr
    assert up.stdout.split() == [f"vllm/{NAME}"]
    yield home
    llmgen(home, "vllm", "down", "--all")


@pytest.fixture
async def provider(home):
    """The provider of the managed server, found by the name it serves."""
    opened = await open_provider(f"vllm/{NAME}", Settings(home=str(home)), {})
    yield opened
    await opened.aclose()


def request(provider, text="What is the capital of France?", *, model=NAME, api="chat", **sampling):
    chosen = {"temperature": 0.0, "max_tokens": 12, **sampling}
    message = Message(role="user", content=text)
    return Request(
        endpoint=provider.endpoint, model=model, messages=(message,), api=api, sampling=Sampling(**chosen)
    )


async def test_chat(provider):
    completion = await provider.complete(request(provider, max_tokens=24))
    assert "Paris" in completion.text
    assert completion.model == NAME
    assert completion.usage.prompt_tokens > 5
    assert 0 < completion.usage.completion_tokens <= 24
    assert provider.endpoint.startswith("managed:vllm:")
    assert [info.id for info in await provider.models()] == [NAME]


async def test_completions_with_prompt_logprobs(provider):
    asked = request(
        provider, "The capital of France is", api="completions", logprobs=2, prompt_logprobs=2, max_tokens=3
    )
    completion = await provider.complete(asked)
    prompt = completion.prompt_logprobs
    assert "".join(prompt.tokens) == "The capital of France is"
    assert prompt.logprobs[0] is None
    assert all(value <= 0 for value in prompt.logprobs[1:])
    assert len(prompt.tokens) == completion.usage.prompt_tokens
    assert "".join(completion.logprobs[0].tokens) == completion.text


async def test_four_texts_of_one_request(provider):
    completion = await provider.complete(request(provider, "Name a fruit.", n=4, temperature=1.0, seed=1))
    assert len(completion.texts) == len(completion.finish_reasons) == 4
    assert len(set(completion.texts)) > 1
    again = await provider.complete(request(provider, "Name a fruit.", n=4, temperature=1.0, seed=1))
    assert again.texts == completion.texts


async def test_twenty_alternatives_and_no_more(provider):
    completion = await provider.complete(request(provider, logprobs=20, max_tokens=4))
    (logprobs,) = completion.logprobs
    assert len(logprobs.tokens) == len(logprobs.top) == completion.usage.completion_tokens
    assert all(len(top) >= 20 for top in logprobs.top)
    beyond = request(provider, logprobs=21)
    with pytest.raises(UsageError, match="20"):
        provider.check(beyond)
    with pytest.raises(ProviderError) as refused:
        await provider.complete(beyond)
    assert (refused.value.kind, refused.value.status) == ("bad_request", 400)


async def test_an_unknown_model_is_not_found(provider):
    with pytest.raises(ProviderError) as missing:
        await provider.complete(request(provider, model="smollm3"))
    assert (missing.value.kind, missing.value.status) == ("not_found", 404)


def test_eval_through_vllm(home):
    done = llmgen(
        home,
        "eval",
        "finetunebench",
        "--model",
        f"vllm/{NAME}",
        "--limit",
        "6",
        "--max-tokens",
        "16",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["n"], summary["exclusions"]["error"]) == (6, 0)


def test_status_and_a_wrong_model(home):
    (server,) = json.loads(llmgen(home, "vllm", "status", "--json").stdout)
    assert (server["state"], server["model"]) == ("ready", NAME)
    assert "key" not in server
    wrong = llmgen(
        home,
        "eval",
        "finetunebench",
        "--model",
        "vllm/smollm3",
        "--limit",
        "1",
        "--base-url",
        server["base_url"],
    )
    assert wrong.returncode == 2
    assert wrong.stdout == ""


def test_down_leaves_no_process(home):
    (record,) = load_all(home)
    assert record.is_alive
    members = record.members
    assert llmgen(home, "vllm", "down", record.id).returncode == 0
    assert load_all(home) == []
    assert members
    assert [who.pid for who in members if alive(who)] == []
    unknown = llmgen(home, "vllm", "down", record.id)
    assert unknown.returncode == 2
    assert len(unknown.stderr.strip().splitlines()) == 1
