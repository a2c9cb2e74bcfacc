"""A small model in this process: answers, log probabilities, seeds, batches, and a loop that never stalls."""

import asyncio
import importlib.util

import pytest

from llmgen.config import Settings
from llmgen.errors import ProviderError, UsageError
from llmgen.gateway.providers import transformers as provider_module
from llmgen.gateway.providers.table import open_provider
from llmgen.types import Message, Request, Sampling

PROMPTS = ["the cat", "what is it", "one two three and said that this is", "mat"]


@pytest.fixture
async def provider(tiny_chat, tmp_path):
    opened = await open_provider(f"transformers/{tiny_chat.folder}", Settings(home=str(tmp_path)), {})
    yield opened
    await opened.aclose()


def request(provider, text, api="completions", extra=None, **sampling):
    return Request(
        endpoint=provider.endpoint,
        model="tiny",
        api=api,
        messages=(Message(role="user", content=text),),
        sampling=Sampling(**{"temperature": 0.0, "max_tokens": 12, **sampling}),
        extra=extra or {},
    )


async def ask(provider, text, **how):
    return await provider.complete(request(provider, text, **how))


def scores(tiny, ids):
    """Log probabilities of every next token after each position: one full forward pass, no cache."""
    batch = tiny.tokenizer.pad({"input_ids": [ids]}, return_tensors="pt").input_ids
    return tiny.model(batch).logits[0].detach().float().log_softmax(-1)


def reference(tiny, text, steps=12):
    """(length of the prompt, tokens, log probabilities) of greedy decoding."""
    ids = tiny.tokenizer(text).input_ids
    start, logprobs = len(ids), []
    while len(ids) < start + steps:
        last = scores(tiny, ids)[-1]
        token = int(last.argmax())
        if token == tiny.tokenizer.eos_token_id:
            break
        ids = [*ids, token]
        logprobs.append(float(last[token]))
    return start, ids[start:], logprobs


async def test_greedy_is_the_models_own_choice(tiny_chat, provider):
    for text in PROMPTS:
        start, tokens, logprobs = reference(tiny_chat, text)
        answer = await ask(provider, text, logprobs=0)
        assert answer.text == tiny_chat.tokenizer.decode(tokens, skip_special_tokens=True)
        assert answer.logprobs[0].logprobs == pytest.approx(logprobs, abs=1e-4)
        assert answer.logprobs[0].top == ()
        assert answer.usage.prompt_tokens == start
        assert (answer.finish_reasons[0] == "length") == (len(tokens) == 12)


async def test_asked_together_or_alone_is_the_same(provider):
    alone = [await ask(provider, text, logprobs=2) for text in PROMPTS]
    together = await asyncio.gather(*(ask(provider, text, logprobs=2) for text in PROMPTS))
    assert [answer.texts for answer in together] == [answer.texts for answer in alone]
    for one, other in zip(alone, together, strict=True):
        assert one.logprobs[0].logprobs == pytest.approx(other.logprobs[0].logprobs, abs=1e-4)


async def test_requests_that_arrive_together_are_one_batch(provider, monkeypatch):
    sizes = []
    write = provider._engine.write

    def counted(jobs, cancelled):
        sizes.append(len(jobs))
        return write(jobs, cancelled)

    monkeypatch.setattr(provider._engine, "write", counted)
    answers = await asyncio.gather(*(ask(provider, f"the cat {n}", n=3) for n in range(7)))
    assert [len(answer.texts) for answer in answers] == [3] * 7
    assert sizes == [15, 6]  # 16 rows at most, no request is split


async def test_a_seed_repeats_itself_whoever_else_is_asked(provider):
    alone = await ask(provider, "the cat", temperature=1.0, seed=7)
    together = await asyncio.gather(
        *(ask(provider, text, temperature=1.0, seed=7 + n) for n, text in enumerate(["the cat", *PROMPTS]))
    )
    assert together[0].texts == alone.texts
    assert (await ask(provider, "the cat", temperature=1.0, seed=8)).texts != alone.texts


async def test_text_i_is_drawn_with_seed_plus_i(provider):
    many = await ask(provider, "the cat", temperature=1.5, seed=3, n=4)
    single = [await ask(provider, "the cat", temperature=1.5, seed=3 + i) for i in range(4)]
    assert list(many.texts) == [answer.text for answer in single]
    assert len(set(many.texts)) > 1
    assert many.usage.completion_tokens == sum(answer.usage.completion_tokens for answer in single)
    assert many.usage.prompt_tokens == single[0].usage.prompt_tokens


async def test_without_a_seed_draws_differ(provider):
    answers = await asyncio.gather(*(ask(provider, "the cat", temperature=2.0) for _ in range(6)))
    assert len({answer.text for answer in answers}) > 1


async def test_a_tiny_top_p_leaves_the_likeliest_token(provider):
    greedy = await ask(provider, "the cat")
    assert (await ask(provider, "the cat", temperature=2.0, top_p=1e-6, seed=1)).texts == greedy.texts


async def test_alternatives_are_the_k_likeliest_and_the_chosen_token(tiny_chat, provider):
    answer = await ask(provider, "the cat", temperature=2.0, seed=6, logprobs=4)
    (logprobs,) = answer.logprobs
    assert len(logprobs.tokens) == len(logprobs.logprobs) == len(logprobs.top) > 0
    for token, value, top in zip(logprobs.tokens, logprobs.logprobs, logprobs.top, strict=True):
        assert top[token] == pytest.approx(value)
        assert len(top) <= 5
    best = scores(tiny_chat, tiny_chat.tokenizer("the cat").input_ids)[-1].topk(4)
    likeliest = {}
    for token, value in zip(best.indices.tolist(), best.values.tolist(), strict=True):
        likeliest.setdefault(tiny_chat.tokenizer.decode([token]), value)
    first = {token: value for token, value in logprobs.top[0].items() if token in likeliest}
    assert first == pytest.approx(likeliest, abs=1e-4)


async def test_prompt_logprobs_are_those_of_a_full_pass(tiny_chat, provider):
    text = "what is it and said that"
    prompt = (await ask(provider, text, prompt_logprobs=3, max_tokens=1)).prompt_logprobs
    ids = tiny_chat.tokenizer(text).input_ids
    expected = [float(row[token]) for row, token in zip(scores(tiny_chat, ids), ids[1:], strict=False)]
    assert prompt.logprobs[0] is None
    assert list(prompt.logprobs[1:]) == pytest.approx(expected, abs=1e-4)
    assert "".join(prompt.tokens) == text
    assert (prompt.top[0], len(prompt.top)) == ({}, len(ids))
    assert len(prompt.mu) == len(prompt.sigma) == len(ids)


async def test_a_stop_sequence_cuts_the_text(provider):
    whole = (await ask(provider, "the cat", max_tokens=20)).text
    stop = whole[5:8]
    cut = await ask(provider, "the cat", max_tokens=20, stop=(stop,), logprobs=0)
    assert cut.text == whole[: whole.index(stop)]
    assert cut.finish_reasons == ("stop",)
    kept = "".join(cut.logprobs[0].tokens)
    assert kept.startswith(cut.text)
    assert not kept.removeprefix(cut.text).startswith(stop)


async def test_a_chat_goes_through_the_models_template(tiny_chat, provider):
    answer = await ask(provider, "the cat", api="chat", prompt_logprobs=0)
    prompt = "<|im_start|>user\nthe cat<|im_end|>\n<|im_start|>assistant\n"
    assert "".join(answer.prompt_logprobs.tokens) == prompt
    assert answer.usage.prompt_tokens == len(tiny_chat.tokenizer(prompt).input_ids)


async def test_beyond_the_context(provider):
    long, short = await asyncio.gather(
        ask(provider, "the cat " * 300), ask(provider, "the cat"), return_exceptions=True
    )
    assert isinstance(long, ProviderError)
    assert long.kind == "context_length"
    assert "the model's context is 256" in long.message
    assert short.text
    filled = await ask(provider, "the cat", max_tokens=100_000)
    assert filled.usage.prompt_tokens + filled.usage.completion_tokens <= 256


async def test_the_prompt_alone_and_no_prompt_at_all(provider):
    none, some, empty = await asyncio.gather(
        ask(provider, "the cat", max_tokens=0, prompt_logprobs=0),
        ask(provider, "the cat"),
        ask(provider, ""),
        return_exceptions=True,
    )
    assert (none.texts, none.finish_reasons, none.usage.completion_tokens) == (("",), ("length",), 0)
    assert "".join(none.prompt_logprobs.tokens) == "the cat"
    assert some.text
    assert (empty.kind, empty.message) == ("bad_request", "the prompt is empty")


async def test_the_loop_goes_on_while_the_model_works(provider):
    asked = asyncio.create_task(ask(provider, "the cat", max_tokens=200, n=8, temperature=2.0, seed=1))
    turns = 0
    while not asked.done():
        await asyncio.sleep(0)
        turns += 1
    assert (await asked).texts
    assert turns > 100


async def test_closing_ends_what_is_under_way(tiny_chat, tmp_path):
    opened = await open_provider(f"transformers/{tiny_chat.folder}", Settings(home=str(tmp_path)), {})
    asked = [asyncio.create_task(ask(opened, "the cat", max_tokens=200)) for _ in range(40)]
    await asyncio.sleep(provider_module.GATHER_S)
    await opened.aclose()
    ended = await asyncio.gather(*asked, return_exceptions=True)
    assert {error.kind for error in ended if isinstance(error, ProviderError)} == {"cancelled"}
    assert len(ended) == 40
    with pytest.raises(ProviderError, match="closed"):
        await ask(opened, "the cat")


async def test_an_asker_that_went_away_does_not_hold_up_the_others(provider):
    gone = asyncio.create_task(ask(provider, "the cat", max_tokens=200))
    await asyncio.sleep(0)
    stays = asyncio.create_task(ask(provider, "mat"))
    gone.cancel()
    assert (await stays).text
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_a_model_that_fails_is_an_error_for_everybody_in_the_batch(provider, monkeypatch):
    def broken(*_):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(provider._engine, "write", broken)
    ended = await asyncio.gather(*(ask(provider, text) for text in PROMPTS), return_exceptions=True)
    assert [error.kind for error in ended] == ["unavailable"] * 4
    assert "out of memory" in ended[0].message


async def test_what_can_never_be_honoured_is_said_before(provider):
    provider.check(request(provider, "x", api="chat", logprobs=50, prompt_logprobs=5))
    for problem, wrong in (
        ("at most 50", {"logprobs": 51}),
        ("no extra fields: top_k", {"extra": {"top_k": 3}}),
        ("responses", {"api": "responses"}),
    ):
        with pytest.raises(UsageError, match=problem):
            provider.check(request(provider, "x", **wrong))


async def test_a_base_model_does_not_chat(tiny_qwen2, tmp_path):
    opened = await open_provider(f"transformers/{tiny_qwen2({'a': 'b'})}", Settings(home=str(tmp_path)), {})
    with pytest.raises(UsageError, match="no chat template") as error:
        opened.check(request(opened, "a", api="chat"))
    assert "completions" in error.value.hint
    assert (await ask(opened, "a")).text == "b"
    await opened.aclose()


async def test_the_identity_is_the_models(tiny_chat, provider, tmp_path):
    again = await open_provider(f"transformers/{tiny_chat.folder}/", Settings(home=str(tmp_path)), {})
    assert again.endpoint == provider.endpoint
    assert provider.endpoint.startswith("managed:transformers:")
    assert provider.endpoint.endswith(":-:float32")
    await again.aclose()


async def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(UsageError, match="cannot load") as error:
        await open_provider(f"transformers/{tmp_path}", Settings(home=str(tmp_path)), {})
    assert "\n" not in error.value.message


async def test_without_the_extra_that_loads_models(tmp_path, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "torch" else find_spec(name)
    )
    with pytest.raises(UsageError, match="torch is not installed") as error:
        await open_provider("transformers/x", Settings(home=str(tmp_path)), {})
    assert error.value.hint == "pip install 'llmgen[transformers]'"
