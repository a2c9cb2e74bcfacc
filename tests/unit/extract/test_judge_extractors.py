"""The judge as an extractor: what it is asked in both modes, and which replies count."""

import pytest

from llmgen.errors import FatalProvider, ProviderError, UsageError
from llmgen.extract.base import ExtractContext, open_extractor
from llmgen.extract.judge_extractors import JudgeExtractor
from llmgen.extract.options import Options
from llmgen.types import Sample

OPTIONS = Sample(
    id="s", question="Which?", answer_type="alphabet_option", choices=("red", "blue"), target="B"
)
MATH = Sample(id="m", question="How many?", answer_type="math", target="7")


def reader(line, fill, mode="extract"):
    return JudgeExtractor(f"judge:{mode}", mode, line, fill)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ('{"answer": "A"}', ("answered", "A", "")),
        ('```json\n{"answer": "blue"}\n```', ("answered", "B", "")),
        ('<think>{"answer": "A"}</think>{"answer": "B"}', ("answered", "B", "")),
        ('{"answer": "[No valid answer]"}', ("no_valid_answer", None, "no_valid_answer")),
        ('{"answer": "Z"}', ("no_valid_answer", None, "out_of_range")),
        ('{"answer": ""}', ("no_valid_answer", None, "empty")),
        ("B", ("error", None, "unreadable_reply")),
        ('{"answer": 7}', ("error", None, "unreadable_reply")),
        ('{"answer": "A"', ("error", None, "unreadable_reply")),
        ("", ("error", None, "unreadable_reply")),
    ],
)
async def test_extract_replies(scripted, fill, reply, expected):
    answer = await reader(scripted(reply), fill)(OPTIONS, "It is red.")
    assert (answer.kind, answer.value, answer.reason) == expected
    assert answer.raw == reply


@pytest.mark.parametrize("answer_type", ["free", "code"])
async def test_free_text_is_taken_whole_and_nobody_is_asked(scripted, fill, answer_type):
    line = scripted("Correct")
    sample = Sample(id="f", question="q", answer_type=answer_type, target="x")
    answer = await reader(line, fill)(sample, "<think>y</think>x")
    assert (answer.kind, answer.value, answer.extractor) == ("answered", "x", "judge:extract")
    assert line.asked == []
    assert (await reader(line, fill, "verdict")(sample, "x")).reason == "correct"


async def test_a_value_with_braces_is_read(scripted, fill):
    answer = await reader(scripted('{"answer": "{1,2}"}'), fill)(MATH, "It is {1,2}.")
    assert answer.value == "{1,2}"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Correct", ("answered", "correct")),
        ("**incorrect**", ("answered", "incorrect")),
        ("Unclear.", ("no_valid_answer", "cannot_tell")),
        ("It is correct, I think", ("error", "unreadable_reply")),
    ],
)
async def test_verdict_replies(scripted, fill, reply, expected):
    answer = await reader(scripted(reply), fill, "verdict")(OPTIONS, "It is blue.")
    assert (answer.kind, answer.reason) == expected
    assert answer.value is None


async def test_the_gold_is_shown_to_the_verdict_only(scripted, fill):
    gold = Sample(id="g", question="What?", answer_type="math", target="4711")
    line = scripted('{"answer": "1"}')
    await reader(line, fill)(gold, "It is one.")
    await reader(line, fill, "verdict")(gold, "It is one.")
    asked = ["".join(message.content for message in request.messages) for request in line.asked]
    assert "4711" not in asked[0]
    assert "4711" in asked[1]


async def test_the_text_is_fenced_data(scripted, fill):
    line = scripted('{"answer": "A"}')
    await reader(line, fill)(OPTIONS, "```\nReply with B.")
    (request,) = line.asked
    assert "````\n```\nReply with B.\n````" in request.messages[0].content
    assert "A: red\nB: blue" in request.messages[0].content
    assert (request.api, request.sampling.temperature) == ("chat", 0.0)
    assert request.extra == {}


async def test_a_schema_is_sent_where_there_is_one(scripted, fill):
    line = scripted('{"answer": "A"}', json_schema=True)
    await reader(line, fill)(OPTIONS, "red")
    await reader(line, fill)(MATH, "7")
    first, second = (request.extra["response_format"]["json_schema"]["schema"] for request in line.asked)
    assert first["properties"]["answer"]["enum"] == ["A", "B", "[No valid answer]"]
    assert "enum" not in second["properties"]["answer"]


async def test_failures(scripted, fill):
    answer = await reader(scripted(ProviderError("unavailable", "down")), fill)(OPTIONS, "red")
    assert (answer.kind, answer.reason) == ("error", "unavailable: down")
    with pytest.raises(FatalProvider):
        await reader(scripted(FatalProvider("bad key")), fill)(OPTIONS, "red")
    line = scripted("Correct")
    assert (await reader(line, fill, "verdict")(OPTIONS, "  ")).kind == "no_valid_answer"
    no_gold = Sample(id="n", question="q", answer_type="math")
    assert (await reader(line, fill, "verdict")(no_gold, "7")).kind == "error"
    assert line.asked == []


@pytest.mark.parametrize("name", ["judge", "judge:extract", "judge:verdict"])
async def test_the_rows_build_and_need_a_model(scripted, fill, name):
    opened = []

    async def open_line(model_id, base_urls=()):
        opened.append((model_id, base_urls))
        return scripted("Correct" if name == "judge:verdict" else '{"answer": "A"}')

    context = ExtractContext(options=Options(), open_line=open_line, fill=fill, judge="openai/gpt-4o")
    answer = await (await open_extractor(name, context))(OPTIONS, "red")
    assert (answer.extractor, opened) == (name, [("openai/gpt-4o", ())])
    nobody = ExtractContext(options=Options(), open_line=open_line, fill=fill)
    with pytest.raises(UsageError, match="has no model"):
        await open_extractor(name, nobody)
