"""Recording and replay: same answers, no vendor, no secrets; and answers that a benchmark brings along."""

import json

import msgspec
import pytest

from llmgen.config import Settings
from llmgen.errors import ProviderError, StoreError, UsageError
from llmgen.gateway.emulator.faults import Fault
from llmgen.gateway.emulator.plan import script
from llmgen.gateway.providers.recorded import RecordedAnswers
from llmgen.gateway.providers.table import open_provider


async def replayed(path, model="emulated-model"):
    return await open_provider(f"replay/{model}", Settings(), {"replay": path})


def unlike(completion):
    """What a replay cannot and must not repeat."""
    return msgspec.structs.replace(completion, via="live", latency_s=0.0)


@pytest.mark.parametrize("name", ["openai", "together", "openrouter", "vllm", "gemini"])
async def test_a_replay_answers_as_the_vendor_did(ask, request_for, emulator, tmp_path, name):
    path = tmp_path / "deep" / "run.jsonl"
    recording = await ask(name, record=path)
    requests = [request_for(recording, f"question {i}", logprobs=2, temperature=0) for i in range(3)]
    live = [await recording.complete(request) for request in requests]
    n_asked = emulator.n_requests
    replay = await replayed(path)
    assert replay.endpoint == recording.endpoint
    again = [await replay.complete(request) for request in reversed(requests)]
    assert [unlike(each) for each in reversed(again)] == [unlike(each) for each in live]
    assert {each.via for each in again} == {"replay"}
    assert emulator.n_requests == n_asked
    assert await replay.models() is None
    with pytest.raises(ProviderError, match="holds no answer") as caught:
        await replay.complete(request_for(recording, "never asked"))
    assert caught.value.kind == "replay_miss"
    await replay.aclose()


@pytest.mark.parametrize("api", ["completions", "responses"])
async def test_other_apis(ask, request_for, tmp_path, api):
    recording = await ask("openai", record=tmp_path / "r")
    request = request_for(recording, api=api)
    live = await recording.complete(request)
    replay = await replayed(tmp_path / "r")
    assert (await replay.complete(request)).texts == live.texts


async def test_no_secret_is_recorded(ask, request_for, emulator, keys, tmp_path):
    emulator.plan = script(Fault(name="401", headers={"x-echo": f"Bearer {keys}", "set-cookie": "id=1"}))
    emulator.reply_text = f"the key is {keys}, and sk-abcdefghijk too"
    recording = await ask("openai", record=tmp_path / "r")
    with pytest.raises(ProviderError):
        await recording.complete(request_for(recording, f"is {keys} my key?"))
    await recording.complete(request_for(recording, "and now?"))
    text = (tmp_path / "r").read_text()
    assert keys not in text
    assert "sk-abc" not in text
    assert "set-cookie" not in text
    assert "is *** my key?" in text
    assert "the key is ***, and *** too" in text


async def test_a_failure_is_replayed_only_where_no_answer_followed(ask, request_for, emulator, tmp_path):
    emulator.plan = script("429", None, "context_too_long", "silent")
    recording = await ask("openai", record=tmp_path / "r")
    first, second, third = (request_for(recording, text) for text in ("first", "second", "third"))
    for request in (first, second, third):
        with pytest.raises(ProviderError):
            await recording.complete(request)
        if request is first:
            await recording.complete(request)
    replay = await replayed(tmp_path / "r")
    assert (await replay.complete(first)).text == "You said: first"
    with pytest.raises(ProviderError) as caught:
        await replay.complete(second)
    assert (caught.value.kind, caught.value.should_retry) == ("context_length", False)
    with pytest.raises(ProviderError, match="holds no answer"):
        await replay.complete(third)


async def test_equal_requests_get_their_answers_in_turn(ask, request_for, emulator, tmp_path):
    recording = await ask("ollama", record=tmp_path / "r")
    request = request_for(recording)
    for text in ("a", "b"):
        emulator.reply_text = text
        await recording.complete(request)
    replay = await replayed(tmp_path / "r")
    assert replay.row.n_mode == "loop"
    assert [(await replay.complete(request)).text for _ in range(3)] == ["a", "b", "a"]


async def test_n_native_stays_native(ask, request_for, tmp_path):
    recording = await ask("openai", record=tmp_path / "r")
    await recording.complete(request_for(recording, n=3))
    assert (await replayed(tmp_path / "r")).row.n_mode == "native"


async def test_an_engine_without_http_is_recorded_too(request_for, tmp_path):
    options = {"record": tmp_path / "r"}
    recording = await open_provider("fake/echo", Settings(), options)
    request = request_for(recording, "hello", model="echo", logprobs=1)
    live = await recording.complete(request)
    await recording.aclose()
    replay = await replayed(tmp_path / "r", "echo")
    assert unlike(await replay.complete(request)) == unlike(live)


async def test_rate_headers_still_reach_the_observer(ask, request_for, emulator, tmp_path):
    seen = []
    emulator.limit(600)
    recording = await ask("openai", record=tmp_path / "r")
    recording.observe = seen.append
    await recording.complete(request_for(recording))
    assert [info.limit_requests for info in seen] == [600]
    assert recording.observe is not None


async def test_a_line_cut_by_a_kill_is_left_out_and_a_bad_one_named(ask, request_for, tmp_path):
    path = tmp_path / "r"
    recording = await ask("openai", record=path)
    request = request_for(recording)
    await recording.complete(request)
    with path.open("a") as file:
        file.write('{"key": "half')
    assert (await (await replayed(path)).complete(request)).text
    with path.open("a") as file:
        file.write("\n")
    with pytest.raises(UsageError, match=r"r:2: not a recorded answer"):
        await replayed(path)


async def test_bad_recordings(tmp_path):
    with pytest.raises(UsageError, match="replay needs a recording"):
        await open_provider("replay/m", Settings(), {})
    with pytest.raises(UsageError, match="No such file"):
        await replayed(tmp_path / "missing")
    (tmp_path / "empty").touch()
    with pytest.raises(UsageError, match="no model 'emulated-model'"):
        await replayed(tmp_path / "empty")
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot record to"):
        await open_provider("fake/echo", Settings(), {"record": tmp_path / "file" / "below"})


async def test_an_unrecorded_model_is_told_which_were(ask, request_for, tmp_path):
    recording = await ask("openai", record=tmp_path / "r")
    await recording.complete(request_for(recording))
    with pytest.raises(UsageError, match="no model 'other'") as caught:
        await replayed(tmp_path / "r", "other")
    assert caught.value.hint == "recorded models: emulated-model"


async def test_the_lines_are_as_documented(ask, request_for, tmp_path):
    recording = await ask("openai", record=tmp_path / "r")
    request = request_for(recording)
    await recording.complete(request)
    (line,) = map(json.loads, (tmp_path / "r").read_text().splitlines())
    assert set(line) == {"key", "request", "dialect", "status", "headers", "body"}
    assert line["key"] == request.key
    assert line["status"] == 200
    assert line["body"]["choices"][0]["message"]["content"].startswith("You said")


async def test_answers_by_sample_id(request_for):
    provider = RecordedAnswers({"s1": "Paris"}, endpoint="recorded:abc")
    request = msgspec.structs.replace(request_for(provider), sample_id="s1")
    completion = await provider.complete(request)
    assert (completion.text, completion.via, completion.endpoint) == ("Paris", "replay", "recorded:abc")
    with pytest.raises(ProviderError, match="'s2'") as caught:
        await provider.complete(msgspec.structs.replace(request, sample_id="s2"))
    assert caught.value.kind == "replay_miss"
