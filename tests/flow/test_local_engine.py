"""`local/...` for real: llama.cpp answers through the gateway's provider, and the commands around it."""

import asyncio
import json
import os
import signal

import pytest

from llmgen.config import Settings
from llmgen.errors import ProviderError, StoreError, UsageError
from llmgen.gateway.engines.weights import KNOWN
from llmgen.gateway.providers.table import open_provider
from llmgen.types import Message, Request, Sampling

NAME = "smollm2-135m"
QUESTION = "What is the capital of France?"


@pytest.fixture
def home(tmp_path, weights):
    """A data home with the embedded model."""
    (tmp_path / "models").symlink_to(weights)
    return tmp_path


@pytest.fixture
async def provider(home):
    opened = await open_provider(f"local/{NAME}", Settings(home=str(home)), {})
    yield opened
    if opened._server.users:
        await opened.aclose()


def request(provider, text=QUESTION, api="chat", **sampling):
    return Request(
        endpoint=provider.endpoint,
        model=NAME,
        api=api,
        messages=(Message(role="user", content=text),),
        sampling=Sampling(**{"temperature": 0.0, "max_tokens": 12, **sampling}),
    )


async def test_a_chat(provider):
    answer = await provider.complete(request(provider, max_tokens=24))
    assert answer.text.strip()
    assert answer.model == NAME
    assert answer.usage.prompt_tokens > 5
    assert 0 < answer.usage.completion_tokens <= 24
    assert [info.id for info in await provider.models()] == [NAME]
    assert provider.endpoint.startswith("managed:llama.cpp:")
    assert KNOWN[NAME].sha256 in provider.endpoint


async def test_a_completion_with_alternatives(provider):
    asked = request(provider, "The capital of France is", api="completions", logprobs=3, max_tokens=4)
    answer = await provider.complete(asked)
    assert answer.text.startswith(" Paris")
    (logprobs,) = answer.logprobs
    assert "".join(logprobs.tokens) == answer.text
    assert all(len(top) >= 3 for top in logprobs.top)
    assert all(value <= 0 for value in logprobs.logprobs)


async def test_stop_and_length(provider):
    cut = await provider.complete(request(provider, "Count from 1 to 9.", stop=("\n",), max_tokens=60))
    assert "\n" not in cut.text
    assert cut.finish_reasons == ("stop",)
    short = await provider.complete(request(provider, "Tell me a long story.", max_tokens=3))
    assert short.finish_reasons == ("length",)
    assert short.usage.completion_tokens == 3


async def test_the_same_question_has_the_same_answer_whatever_else_is_asked(provider):
    alone = await provider.complete(request(provider))
    others = [request(provider, f"Name {n} fruits.", temperature=1.0, seed=n, max_tokens=6) for n in range(4)]
    answers = await asyncio.gather(*(provider.complete(asked) for asked in (*others, request(provider))))
    assert answers[-1].texts == alone.texts


async def test_several_answers_come_from_a_second_server_and_leave_single_ones_alone(provider):
    alone = await provider.complete(request(provider))
    drawn = request(provider, "Name a fruit.", temperature=1.5, seed=5, n=6, max_tokens=8)
    many, single = await asyncio.gather(provider.complete(drawn), provider.complete(request(provider)))
    assert single.texts == alone.texts
    assert len(many.texts) == many.n_asked == 6
    assert len(set(many.texts)) > 1
    assert many.usage.completion_tokens > 6
    server, _ = provider._drawing
    assert server.pid not in {None, provider._server.pid}
    await provider.aclose()
    assert server.pid is None


async def test_what_the_server_refuses(provider):
    with pytest.raises(ProviderError) as long:
        await provider.complete(request(provider, "word " * 6000))
    assert long.value.kind == "context_length"
    for problem, wrong in (("at most 50", {"logprobs": 51}), ("prompt_logprobs", {"prompt_logprobs": 0})):
        with pytest.raises(UsageError, match=problem):
            provider.check(request(provider, **wrong))


async def test_a_server_that_is_killed_between_two_questions(provider):
    before = await provider.complete(request(provider))
    pid = provider._server.pid
    os.kill(pid, signal.SIGKILL)
    await provider._server._child.wait()
    assert (await provider.complete(request(provider))).texts == before.texts
    assert provider._server.pid != pid


async def test_a_server_that_is_killed_under_a_question(provider):
    asked = asyncio.create_task(provider.complete(request(provider, "Tell me a story.", max_tokens=2000)))
    slow = asyncio.create_task(provider.complete(request(provider, "Tell me another.", max_tokens=20)))
    await provider.models()  # it is at work, and still answers
    os.kill(provider._server.pid, signal.SIGKILL)
    lost, waited = await asyncio.gather(asked, slow, return_exceptions=True)
    assert lost.kind in {"reset", "unavailable", "truncated_body"}
    # until it is reaped, it is asked in vain: the retry's business; then it is started again
    assert getattr(waited, "kind", None) in {None, "reset", "unavailable"}
    await provider._server._child.wait()
    assert (await provider.complete(request(provider))).text


async def test_two_users_of_one_engine(provider, home):
    judge = await open_provider(f"local/{NAME}", Settings(home=str(home)), {})
    assert judge._server is provider._server
    await judge.aclose()
    assert (await provider.complete(request(provider))).text


async def test_a_gguf_file_by_its_path(weights, tmp_path):
    path = weights / KNOWN[NAME].file
    opened = await open_provider(f"local/{path}", Settings(home=str(tmp_path)), {})
    assert [info.id for info in await opened.models()] == [str(path)]
    assert KNOWN[NAME].sha256 in opened.endpoint
    await opened.aclose()


async def test_damaged_weights(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / KNOWN[NAME].file).write_bytes(b"GGUF" * 100)
    with pytest.raises(StoreError, match="is damaged"):
        await open_provider(f"local/{NAME}", Settings(home=str(tmp_path)), {})


def test_pull_and_list(llmgen, weights):
    llmgen.home.mkdir()
    (llmgen.home / "models").symlink_to(weights)
    pulled = llmgen("models", "pull")
    assert (pulled.code, pulled.err) == (0, "")
    assert pulled.out.strip() == str(llmgen.home / "models" / KNOWN[NAME].file)
    listed = llmgen("models", "list")
    assert pulled.out.strip() in listed.out
    assert f"local/{NAME}" in listed.out


def test_list_and_price_what_vendors_serve(llmgen):
    served = llmgen("models", "list", "--endpoint", "openai")
    assert served.out.split() == ["openai/gpt-4o", "openai/gpt-4o-mini", "openai/judge"]
    prices = llmgen("models", "prices", "--filter", "4o-mini")
    assert "openai/gpt-4o-mini" in prices.out
    assert "0.15" in prices.out
    for words in (("prices", "--filter", "zzz"), ("list", "--endpoint", "opnai"), ("pull", "smollm")):
        wrong = llmgen("models", *words)
        assert wrong.code == 2
        assert len(wrong.err.strip().splitlines()) == 1
        assert wrong.out == ""


def test_doctor(llmgen, weights):
    llmgen.home.mkdir()
    (llmgen.home / "models").symlink_to(weights)
    well = llmgen("doctor")
    assert well.code == 0
    assert f"{NAME} (Q4_1)" in well.out
    assert "OPENAI_API_KEY is set" in well.out
    (llmgen.home / "results.duckdb").write_bytes(b"no database" * 999)
    ill = llmgen("doctor", "--json")
    assert ill.code == 1
    failed = [finding for finding in json.loads(ill.out) if finding["status"] == "fail"]
    assert [finding["subject"] for finding in failed] == ["database"]


def test_no_managed_servers(llmgen):
    assert json.loads(llmgen("vllm", "status", "--json").out) == []
    assert "none" in llmgen("vllm", "down", "vllm-1").err
    assert llmgen("vllm", "down").code == 2
    assert llmgen("vllm", "down", "--all").code == 0
    assert llmgen("vllm", "up", "x", "--adapter", "no-separator").code == 2
